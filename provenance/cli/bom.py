"""`provenance bom`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from provenance.cli import terminal
from provenance.cli.options import OUTPUT, QUIET
from provenance.cli.outcome import INCOMPLETE
from provenance.errors import ConfigError
from provenance.formats.yaml import front_matter
from provenance.lock import Entry, Lock
from provenance.lock.known import matching
from provenance.model import Basis, Evidence, Ref
from provenance.source import directory
from provenance.source.progress import Progress
from provenance.verdict import Result
from provenance.workspace import lockfile

CARD = "README.md"


@click.command(name="bom")
@click.argument("lockfile_path", metavar="LOCKFILE", type=click.Path(path_type=Path))
@click.argument("directories", nargs=-1, metavar="[DIR]...", type=click.Path(path_type=Path))
@click.option(
    "--spec-version",
    metavar="VERSION",
    help="Of CycloneDX: the newest, or an older one for tools that read no other, such as 1.6.",
)
@click.option(
    "--cache-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="The Hub's cache, if not where huggingface_hub has it.",
)
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
    spec = schema(spec_version)
    lock, at = lockfile.load(lockfile_path), datetime.now(UTC)
    progress = terminal.progress(quiet=quiet)
    found = [
        directory.collect(place, ref=Ref(text=str(place)), at=at, progress=progress)
        for place in directories
    ]
    measured = {_entry(lock, evidence).name: evidence for evidence in found}
    models = [entry for entry in lock.models() if entry.verdict == Result.PASS]
    open_ = [e for e in models if e.name not in measured and e.basis != Basis.MEASURED]
    measured |= {
        entry.name: evidence
        for entry in open_
        if (evidence := _fetched(entry, cache_dir, at, progress))
    }
    known = [e for e in models if e.name in measured or e.basis == Basis.MEASURED]
    if left := [entry.name for entry in models if entry not in known]:
        click.echo(
            f"error: nobody measured {', '.join(left)}, and the Hub's cache does not have what is "
            "locked: run `provenance fetch`, or name the directories in which they lie",
            err=True,
        )
        return INCOMPLETE
    licences = {name: _licence(evidence) for name, evidence in measured.items()}
    terminal.emit(document(known, licences, at, spec), output)
    return 0


def _entry(lock: Lock, evidence: Evidence) -> Entry:
    entry = matching(lock, evidence)
    if entry is None:
        raise ConfigError("holds the files of no locked model", path=evidence.ref.text)
    return entry


def _fetched(
    entry: Entry, cache_dir: Path | None, at: datetime, progress: Progress
) -> Evidence | None:
    """The evidence on a model where it lies in the Hub's cache just as it is locked."""
    from provenance.source.hub import cache

    if entry.repo is None or entry.commit is None:
        return None
    place = cache.snapshot(cache_dir, entry.repo, entry.commit)
    if not place.is_dir():
        return None
    found = directory.collect(
        place,
        ref=Ref(text=entry.name, repo=entry.repo, commit=entry.commit),
        at=at,
        include=entry.include,
        exclude=entry.exclude,
        progress=progress,
    )
    return found if found.manifest.digest == entry.selected else None


def _licence(evidence: Evidence) -> str:
    """The licence that the card states, or nothing."""
    card = evidence.by_path.get(CARD)
    stated = (front_matter(card.head) or {}).get("license") if card else None
    return _first(stated)


def _first(stated: object) -> str:
    if isinstance(stated, Sequence) and not isinstance(stated, str):
        stated = stated[0] if stated else ""
    return stated.strip() if isinstance(stated, str) else ""
