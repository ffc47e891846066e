"""The folder that a run writes to: what of it is the model that is attested."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path

from provenance.errors import ConfigError
from provenance.formats.names import is_adapter_name, is_by_product, is_weight_name
from provenance.formats.signatures import is_evidence_name
from provenance.recording.stamp import Stamp
from provenance.source.layout import layout
from provenance.source.limits import DEFAULT
from provenance.workspace.parents import BESIDE, SHARDS

CLOCKS = 2.0
"""Seconds by which the clock of a file system may be behind."""
UNSAVED = "no weights stand here that this run wrote: save the model, then finish()"
UNGATHERED = (
    "only what each process has of the model stands here, which no loader reads: save it whole, "
    "then finish(). FSDP does with state_dict_type FULL_STATE_DICT, ZeRO with "
    "stage3_gather_16bit_weights_on_model_save, or run zero_to_fp32.py"
)
Stamps = dict[str, Stamp]


def stamps(place: Path) -> dict[str, Stamp]:
    """Of each file of a model what tells that nobody wrote to it since; none of no folder."""
    entries = layout(place, DEFAULT.entries).entries if place.is_dir() else ()
    found = ((entry.path, Stamp.of(entry.place)) for entry in entries)
    return {path: stamp for path, stamp in found if stamp}


def state_of(folder: Path) -> Stamps:
    """Of each file of the model what tells that nobody wrote to it since; evidence is none."""
    found = stamps(folder)
    return {
        path: stamp
        for path, stamp in found.items()
        if not is_evidence_name(path)
        and not any(fnmatchcase(path.partition("/")[0], pattern) for pattern in BESIDE)
    }


def weights_of(state: Stamps) -> Stamps:
    """Those of files that a loader takes weights from."""
    return {
        path: stamp
        for path, stamp in state.items()
        if is_weight_name(path) and not is_by_product(path)
    }


def is_written(folder: Path, before: Stamps) -> bool:
    """Whether a model stands in the folder that was not there, just so, when the run began."""
    weights = weights_of(state_of(folder)) if folder.is_dir() else {}
    return any(before.get(path) != stamp for path, stamp in weights.items())


def missing(folder: Path) -> str:
    """Why no model stands in a folder where none does, and what to do then."""
    names = {path.partition("/")[0] for path in stamps(folder)}
    sharded = any(fnmatchcase(name, pattern) for name in names for pattern in SHARDS)
    return UNGATHERED if sharded else UNSAVED


def is_newer(folder: Path, moment: datetime) -> bool:
    """Whether weights stand in the folder that were written after a moment, as far as the clocks
    of file systems agree."""
    weights = weights_of(state_of(folder)) if folder.is_dir() else {}
    begun = (moment.timestamp() - CLOCKS) * 1e9
    return any(stamp.changed >= begun for stamp in weights.values())


def is_adapter(folder: Path) -> bool:
    """Whether what stands there goes upon the weights of another model, and has none itself."""
    weights = weights_of(state_of(folder))
    return bool(weights) and all(is_adapter_name(path) for path in weights)


def check_writable(folder: Path) -> None:
    """The folder, or the first above it that is there, can be written to, or ConfigError."""
    place = folder.absolute()
    while not os.path.lexists(place) and place != place.parent:
        place = place.parent
    if not place.is_dir():
        raise ConfigError("expected a folder, found a file", path=str(place))
    if not os.access(place, os.W_OK | os.X_OK):
        raise ConfigError("cannot be written to by this user", path=str(place))


def check_apart(folder: Path, parents: Sequence[Path]) -> None:
    """The folder is none of the parents, whose files would be replaced, or ConfigError."""
    out = os.path.realpath(folder)
    for parent in parents:
        if out == os.path.realpath(parent):
            message = "is the folder that the run begins with, and would be written over: "
            raise ConfigError(f"{message}choose another one for what is made", path=str(folder))
