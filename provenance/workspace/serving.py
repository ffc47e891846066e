"""What a server is about to load, held against the lockfile in the server's own process.

It is the second lock: what was admitted is compared with what lies there now, and judged again by
today's registry. Large files are not hashed again where `fetch` or `run` left word of them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path

from provenance.errors import ConfigError, Malformed
from provenance.formats import json as strict
from provenance.lock import Entry, Lock, file_differences
from provenance.lock.known import matching
from provenance.model import Evidence, Ref
from provenance.source import directory, settling
from provenance.source.store import Store
from provenance.verdict import Verdict
from provenance.workspace.fetching import rules_for
from provenance.workspace.running import STORE
from provenance.workspace.session import Session
from provenance.workspace.workspace import Workspace

LOADED = (
    "config.json",
    "params.json",
    "adapter_config.json",
    "tokenizer_config.json",
    "*.safetensors",
    "*.gguf",
    "*.bin",
    "*.pt",
)
"""Names of which a folder has one, if a server can load it as a model or a part of one."""
STEP = "start it as `provenance run -- COMMAND`, or name the folder of a fetched model"
SHOWN = 5
BETWEEN = re.compile(r"[\s,=:\"'{}\[\]]+")
REMOTE = re.compile(r"\b(?:s3|gs|gcs|az|abfss?|azure)://[^\s,\"'}\]]*", re.IGNORECASE)
"""Addresses from which servers load models themselves."""
Digests = Mapping[str, str]


def held_to_lock(workspace: Workspace, session: Session, place: Path) -> Verdict:
    """The verdict, which is pass, on a folder that holds a locked model and nothing else.

    Raises Refused where it does not pass or is not what is locked, ConfigError for a folder that is
    no locked model and where nothing is locked, SourceError and TrustError.
    """
    from provenance.gate import admit_laid

    real = Path(os.path.realpath(place))
    entry, known = _found(workspace, session, real)
    rules = rules_for(session, workspace.options, entry)
    return admit_laid(rules, real, known=known, progress=workspace.progress)


def places_of(name: str, *, cache_dir: Path | None = None) -> tuple[Path, ...]:
    """The folders that a server takes for this word: itself, if it is one that can be loaded or a
    file in one; else what the Hub's cache has of a repository of this name."""
    from provenance.source.hub import cache

    place = Path(name).parent if os.path.isfile(name) else Path(name)
    if os.path.isdir(place):
        return (place,) if _is_loaded(place) else ()
    if name.count("/") > 1 or name.startswith(("-", ".", "/")) or cache.known(cache_dir) is None:
        return ()
    snapshots = cache.folder(cache_dir, name) / "snapshots"
    return tuple(sorted(snapshots.iterdir())) if os.path.isdir(snapshots) else ()


def remote_of(arguments: Iterable[str]) -> str:
    """The first word of a command that names a place in a store, which the server would load from
    there; nothing where none does."""
    return next((found[0] for one in arguments if (found := REMOTE.search(one))), "")


def words_of(arguments: Iterable[str]) -> Iterator[str]:
    """The words of a command that may name a model, those in lists, pairs and JSON too: what
    follows each `=` is one also as a whole, as a path may have spaces, commas and colons."""
    for argument in arguments:
        parts = argument.split("=")
        values = ("=".join(parts[start:]) for start in range(1, len(parts)))
        texts = _texts_of(argument[argument.find("{") :]) if "{" in argument else ()
        yield from filter(None, (argument, *values, *texts, *BETWEEN.split(argument)))


def _texts_of(text: str) -> Iterator[str]:
    """Every text in a JSON object, as it reads once nothing in it is escaped; none where it is no
    JSON: its words are looked at in any case."""
    try:
        left = [strict.loads(text.encode("utf-8", "surrogateescape"))]
    except Malformed:
        return
    while left:
        match left.pop():
            case str() as found:
                yield found
            case list() as found:
                left += found
            case dict() as found:
                left += found.values()


def _is_loaded(place: Path) -> bool:
    return any(fnmatch(one.name, pattern) for one in place.iterdir() for pattern in LOADED)


def _found(workspace: Workspace, session: Session, place: Path) -> tuple[Entry, Digests]:
    """The entry of what lies there, and the digests of the files that need not be hashed."""
    lock = session.lock
    if lock is None:
        raise ConfigError("does not exist: run `provenance lock`", path=session.lock_path.name)
    if not place.is_dir():
        raise ConfigError(f"expected the folder of a model, found nothing; {STEP}", path=str(place))
    if entry := _delivered(lock, place):
        return entry, {file.path: file.sha256 for file in entry.files.files if file.sha256}
    if entry := _snapshot(lock, place):
        return entry, _laid(workspace, entry, place)
    return _measured(workspace, lock, place)


def _entries(lock: Lock) -> tuple[Entry, ...]:
    return (*lock.models(), *lock.closure())


def _delivered(lock: Lock, place: Path) -> Entry | None:
    """The entry that `fetch` delivered there, if nobody wrote to its files since."""
    untouched = (one for one in _entries(lock) if settling.is_untouched(place, one.selected))
    return next(untouched, None)


def _snapshot(lock: Lock, place: Path) -> Entry | None:
    """The entry whose snapshot it is in a cache of the Hub's form."""
    from provenance.source.hub import cache

    if place.parent.name != "snapshots":
        return None
    for entry in _entries(lock):
        if entry.repo and entry.commit:
            named = cache.folder_name(entry.repo), cache.commit_folder(entry.commit)
            if named == (place.parent.parent.name, place.name):
                return entry
    return None


def _laid(workspace: Workspace, entry: Entry, place: Path) -> Digests:
    """The files that `run` linked there from the store, as they were when they were measured."""
    base = workspace.environment.own_cache
    if base is None or not (base / STORE).is_dir():
        return {}
    return Store(base / STORE).linked(entry.files.files, place)


def _measured(workspace: Workspace, lock: Lock, place: Path) -> tuple[Entry, Digests]:
    """The entry whose files lie there, by their bytes, which were all hashed now."""
    found = directory.collect(
        place, ref=Ref(text=str(place)), at=datetime.now(UTC), progress=workspace.progress
    )
    entry = matching(lock, found)
    if entry is None:
        raise ConfigError(f"{_unlike(lock, found)}; {STEP}", path=str(place))
    return entry, {file.path: file.sha256 for file in found.listing.files if file.sha256}


def _unlike(lock: Lock, found: Evidence) -> str:
    """What is wrong with files that are no locked model's: how they differ from the likest."""
    here = set(found.listing.files)
    likest = max(lock.models(), key=lambda one: len(here & set(one.files.files)), default=None)
    if likest is None or not here & set(likest.files.files):
        known = ", ".join(entry.name for entry in lock.models()) or "nothing"
        return f"holds the files of no locked model; locked are {known}"
    changes = file_differences(likest, found.listing)
    shown = ", ".join(f"{change.name} ({change.what})" for change in changes[:SHOWN])
    more = f" and {len(changes) - SHOWN} more" if len(changes) > SHOWN else ""
    return f"holds something else than what is locked as {likest.name}: {shown}{more}"
