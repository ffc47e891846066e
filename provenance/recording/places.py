"""The folders that models were loaded from, as what is judged: never a network is asked."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from provenance.errors import ConfigError, SourceError
from provenance.policy import Model
from provenance.recording.loaded import Origin
from provenance.recording.terms import Terms
from provenance.source.hub import cache
from provenance.workspace.parents import of_parents
from provenance.workspace.session import Session
from provenance.workspace.subjects import Meant, Subject, subject_of

SNAPSHOT = re.compile(
    r"models--(?P<org>[^/]+?)--(?P<name>[^/]+)/snapshots/(?P<commit>[0-9a-f]{40})"
)
PIPELINE = "modules.json"
"""What sentence-transformers writes above the folders of its parts."""


def session_of(terms: Terms, found: Sequence[Origin]) -> Session:
    """The session of these models alone, each as the folder that holds it; ConfigError for one
    that is not on this machine, and for settings that cannot be used."""
    refs = tuple(dict.fromkeys(_ref(origin, terms) for origin in found))
    request = terms.request(refs)
    session = terms.workspace.session(request, needs_models=bool(refs))
    local = [_local(subject, session, terms) for subject in of_parents(session, refs).subjects]
    once = {os.path.realpath(subject.place or ""): subject for subject in local}
    return replace(session, subjects=tuple(once.values()))


def places_of(terms: Terms, found: Sequence[Origin]) -> tuple[Path, ...]:
    """The folders of these models; raises as `session_of` does."""
    return tuple(one.place for one in session_of(terms, found).subjects if one.place)


def _ref(origin: Origin, terms: Terms) -> str:
    """What is asked for: a folder by its path, of a name the snapshot that was loaded."""
    folder = terms.workspace.folder
    place = folder / origin.text
    if place.is_dir() and (origin.met or os.sep in origin.text):
        whole, top = _whole(place), folder.absolute()
        inside = whole.is_relative_to(top) and whole != top
        return f"./{whole.relative_to(top).as_posix()}" if inside else str(whole)
    if not origin.met:
        return origin.text
    options = terms.workspace.options
    snapshot = cache.snapshot(options.cache_dir, origin.text, origin.commit or "")
    if origin.commit and snapshot.is_dir():
        return str(snapshot)
    message = (
        f"the model was loaded from {origin.text!r}, and nothing is known of the folder that holds "
        "it: name it, parents=['./folder'] (parent='./folder' of the callback)"
    )
    raise ConfigError(message, path="parents")


def _whole(place: Path) -> Path:
    """The folder of the whole pipeline that a part of one lies in, as a path from the top."""
    found = place.absolute()
    return found.parent if (found.parent / PIPELINE).is_file() else found


def _local(subject: Subject, session: Session, terms: Terms) -> Subject:
    """The model where it lies here, by the name that its place in the Hub's cache gives it."""
    place = subject.place or _cached(subject, session, terms)
    if subject.place and subject.model.repo:
        return subject
    match = SNAPSHOT.search(place.absolute().as_posix())
    if not match or not place.absolute().as_posix().endswith(match[0]):
        return subject
    repo = f"{match['org']}/{match['name']}"
    listed = [one for one in session.settings.models if one.repo == repo and not one.path]
    model = listed[0] if len(listed) == 1 else Model(name=repo, repo=repo)
    meant = Meant(model=replace(model, path=str(place), revision=None))
    return subject_of(meant, terms.request(()), session.settings, session.profile)


def _cached(subject: Subject, session: Session, terms: Terms) -> Path:
    """The snapshot of a model of the Hub that a loader takes here."""
    pinned = session.pinned(subject)
    revision = pinned.commit if pinned and pinned.commit else subject.ref.revision
    repo = subject.ref.repo or ""
    try:
        return cache.resolved(terms.workspace.options.cache_dir, repo, revision)[0]
    except SourceError:
        said = f"{repo}@{revision or 'main'}"
        message = f"{said} is not in the Hub's cache here: load it first, or name its folder"
        raise ConfigError(message, path="parents") from None
