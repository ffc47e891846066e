"""Options that say who a signer is."""

from __future__ import annotations

from pathlib import Path

import click

from provenance.cli.options import Decorator, folded
from provenance.registry.material import Material
from provenance.trust import Role

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
MATERIAL: tuple[Decorator, ...] = (
    click.option("--identity", metavar="WHO", help="An address, or a workflow's URL."),
    click.option("--issuer", metavar="URL", help="Who vouches for the identity (OIDC)."),
    click.option("--sigstore", metavar="NAME", help="The instance, if not the public-good one."),
    click.option("--source-repository", metavar="URL", help="Whose workflow it is."),
    click.option("--source-repository-id", metavar="ID", help="The same by number."),
    click.option("--owner-id", metavar="ID", help="The owner of that repository by number."),
    click.option("--key", type=FILE, help="PEM public key."),
    click.option("--certificate-authority", "authority", type=FILE, help="PEM certificates."),
    click.option("--subject", metavar="DN", help="The leaf's subject under that authority."),
    click.option("--san", metavar="NAME", help="Or a name in the leaf."),
    click.option("--fingerprint", metavar="SHA256", help="Or the leaf's own fingerprint."),
    click.option(
        "--role",
        "roles",
        multiple=True,
        type=click.Choice([role.value for role in Role]),
        help="Role (default: publisher).",
    ),
    click.option(
        "--repos", multiple=True, metavar="ORG/NAME", help="Only for these; org/prefix-*."
    ),
    click.option("--valid-from", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE"),
)


with_material = folded("material", Material, *MATERIAL)
