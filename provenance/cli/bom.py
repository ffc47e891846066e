"""`provenance bom`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from provenance.cli import terminal
from provenance.cli.notice import notice
from provenance.cli.options import CACHE_DIR, OUTPUT, QUIET
from provenance.cli.outcome import INCOMPLETE
from provenance.errors import ConfigError
from provenance.workspace import lockfile
from provenance.workspace.measuring import measured


@click.command(name="bom")
@click.argument("lockfile_path", metavar="LOCKFILE", type=click.Path(path_type=Path))
@click.argument("directories", nargs=-1, metavar="[DIR]...", type=click.Path(path_type=Path))
@click.option(
    "--spec-version",
    metavar="VERSION",
    help="Version of CycloneDX (default: the newest), such as 1.6 for older tools.",
)
@CACHE_DIR
@OUTPUT
@QUIET
def command(
    lockfile_path: Path,
    directories: tuple[Path, ...],
    spec_version: str | None,
    cache_dir: Path | None,
    output: str | None,
    quiet: bool,
) -> int:
    """Write a CycloneDX bill of materials of the models in LOCKFILE.

    It is of measured bytes only: of models that were measured when they were locked, and of those
    that lie in DIR or that `fetch` put into the Hub's cache, which are measured now. Exit 3 names
    the models that are neither.
    """
    try:
        from provenance.produce.bom import document, schema
    except ImportError as error:
        message = f"needs {error.name}: pip install 'hf-provenance[bom]'"
        raise ConfigError(message, path="bom") from None
    spec, at = schema(spec_version), datetime.now(UTC)
    found = measured(
        lockfile.load(lockfile_path),
        directories,
        at=at,
        progress=terminal.progress(quiet=quiet),
        cache_dir=cache_dir,
    )
    if found.unmeasured:
        notice(f"error: {found.reason}")
        return INCOMPLETE
    terminal.emit(document(found.entries, found.licences, at, spec), output)
    return 0
