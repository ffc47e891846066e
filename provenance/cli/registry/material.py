"""Options that say who a signer is."""

from __future__ import annotations

import click

from provenance.cli.options import FILE, Decorator, folded
from provenance.registry.material import Material
from provenance.trust import Role

MATERIAL: tuple[Decorator, ...] = (
    click.option(
        "--identity", metavar="WHO", help="Who signs: an email address or a workflow's URL."
    ),
    click.option("--issuer", metavar="URL", help="The OIDC issuer of the identity."),
    click.option("--sigstore", metavar="NAME", help="Sigstore instance (default: public-good)."),
    click.option("--source-repository", metavar="URL", help="Repository of the workflow."),
    click.option("--source-repository-id", metavar="ID", help="Number of that repository."),
    click.option("--owner-id", metavar="ID", help="Number of that repository's owner."),
    click.option("--key", type=FILE, help="PEM public key."),
    click.option(
        "--certificate-authority", "authority", type=FILE, help="PEM certificates of the authority."
    ),
    click.option("--subject", metavar="DN", help="Subject of the leaf certificate."),
    click.option("--san", metavar="NAME", help="Alternative name in the leaf certificate."),
    click.option("--fingerprint", metavar="SHA256", help="Fingerprint of the leaf certificate."),
    click.option(
        "--role",
        "roles",
        multiple=True,
        type=click.Choice([role.value for role in Role]),
        help="Role (default: publisher).",
    ),
    click.option(
        "--repos",
        multiple=True,
        metavar="ORG/NAME",
        help="Repositories it may sign, such as org/prefix-* (default: all).",
    ),
    click.option("--valid-from", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE"),
)


with_material = folded("material", Material, *MATERIAL)
