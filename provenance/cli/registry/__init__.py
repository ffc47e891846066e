"""`provenance registry`: the commands of whoever maintains whom others trust."""

from __future__ import annotations

import click

from provenance.cli.lazy import lazy

COMMANDS = {
    "init": "Write an empty trust.toml.",
    "show": "Show whom a registry trusts with what, and how old it is.",
    "add-org": "Add an organisation, with its first signer.",
    "add-signer": "Add a signer to an organisation.",
    "add-root": "Name a model at which ancestries end.",
    "add-clock": "Add an authority whose timestamps count.",
    "revoke": "Refuse a manifest, repository, commit, signer or key from now on.",
    "remove": "Take an organisation, signer, root, revocation or clock out.",
    "learn": "Propose an entry from what a repository is signed with.",
    "check": "Look for what is read and still not as it should be.",
    "diff": "Show who gains or loses which power.",
    "affected": "List the locked models that use what was revoked.",
    "publish": "Publish by TUF, as static files for any server.",
    "sign": "Add a signature to what waits for it.",
    "rotate": "Change the keys of a published registry.",
    "refresh": "Renew the snapshot and timestamp before they expire.",
    "pin": "Trust a published registry by its root from now on.",
}


@click.group(name="registry", cls=lazy(__name__, COMMANDS))
def command() -> None:
    """Maintain, review and publish whom you trust.

    Edits keep the comments and the order of trust.toml, and print what they changed.
    """
