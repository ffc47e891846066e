"""A run that goes on from a checkpoint: what it was, and when the run had begun."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from provenance.errors import ConfigError, Malformed, SourceError
from provenance.formats import json as reading
from provenance.recording.data import on_disk
from provenance.source.evidence_files import read
from provenance.source.files import write
from provenance.wire.descriptor import Note
from provenance.wire.training import MOMENT, Material, MaterialKind
from provenance.workspace.materials import Desk

FILE = "provenance_run.json"
"""Beside the files of each checkpoint: when its run had begun. A claim, and no more."""
MOST = 4096


def leave(checkpoint: Path, started: datetime) -> None:
    """The checkpoint says when its run had begun, if it lies there and can be written to."""
    if checkpoint.is_dir():
        said = {"started": started.astimezone(UTC).strftime(MOMENT)}
        # A full disk ends no training for the sake of a claim.
        with suppress(OSError):
            write(checkpoint / FILE, json.dumps(said) + "\n")


def begun_at(checkpoint: Path) -> str:
    """When the run of a checkpoint had begun, if it says so."""
    try:
        found = reading.loads(read(str(checkpoint / FILE), MOST))
        text = found.get("started", "") if isinstance(found, dict) else ""
        return datetime.strptime(str(text), MOMENT).strftime(MOMENT)
    except (SourceError, Malformed, ValueError):
        return ""


def material(checkpoint: Path | None, step: int, desk: Desk) -> Material:
    """The checkpoint as what goes into a run: its digest where it still lies there, and both times.

    Reads every byte of it.
    """
    notes: dict[str, Note] = {"step": step, "resumed": desk.at.astimezone(UTC).strftime(MOMENT)}
    found = Material(kind=MaterialKind.CHECKPOINT)
    if checkpoint is not None:
        notes |= {"started": before} if (before := begun_at(checkpoint)) else {}
        try:
            found = on_disk(checkpoint, MaterialKind.CHECKPOINT, desk)
        except (ConfigError, SourceError):
            # A trainer deletes old checkpoints as it goes on.
            notes["path"] = checkpoint.name
    return replace(found, notes=tuple(sorted({**dict(found.notes), **notes}.items())))
