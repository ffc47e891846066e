"""The options of every command that makes a signature."""

from __future__ import annotations

import click

from provenance.cli.options import FILE, Decorator, folded
from provenance.workspace.environment import PASSWORD
from provenance.workspace.signing import SignerOptions


class SignApart(SignerOptions):
    """The same in a command where --key has another meaning."""

    KEY = "--sign-key"


def signing_by(kind: type[SignerOptions]) -> Decorator:
    """The options that say who signs, as the argument `signing`."""
    return folded(
        "signing",
        kind,
        click.option(
            kind.KEY,
            "key",
            metavar="FILE|URI",
            help=f"PEM private key, or pkcs11:…, awskms:… (its password or PIN in {PASSWORD}).",
        ),
        click.option("--certificate", type=FILE, help="PEM certificate of that key."),
        click.option("--chain", "issuers", type=FILE, help="PEM certificates above it, root last."),
        click.option(
            "--identity-token", metavar="TOKEN", help="Sign with the identity of this OIDC token."
        ),
        click.option(
            "--trust-config", type=FILE, help="A private Sigstore's client trust configuration."
        ),
        click.option(
            "--timestamp",
            "timestamps",
            multiple=True,
            metavar="URL",
            help="RFC 3161 authority that says when the key signed (repeat).",
        ),
    )


with_signer = signing_by(SignerOptions)
with_signer_apart = signing_by(SignApart)
