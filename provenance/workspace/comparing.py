"""Two sides of models compared: two releases, two lockfiles, or one lockfile since a commit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import ConfigError, SourceError
from provenance.judgement import evaluate
from provenance.lock import Entry, Lock
from provenance.lock import loads as read_lock
from provenance.review import (
    Review,
    Side,
    models_of,
    of_entry,
    of_trial,
    review_of,
    reviews_of_locks,
)
from provenance.source.tensors import tensor_digests
from provenance.source.together import side_by_side
from provenance.workspace import lockfile
from provenance.workspace.git import Repository
from provenance.workspace.proposed import refuse_link, refuse_linked_rules
from provenance.workspace.request import Request
from provenance.workspace.session import Session
from provenance.workspace.subjects import Subject

if TYPE_CHECKING:
    from provenance.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparing:
    """Everything that two sides are had by; `request` says by which rules, and since when."""

    workspace: Workspace
    request: Request

    def sides(self, old: str | None, new: str | None, *, contents: bool) -> tuple[Review, ...]:
        """What changes between what is named: two models or lockfiles, or one since a commit.

        Raises ConfigError for anything else, SourceError.
        """
        if self.request.base is not None or (old and old.endswith(".lock")):
            return self.locks(old, new, contents=contents)
        if old and new:
            return (self.models(old, new),)
        raise ConfigError("expected two models, two lockfiles, or --git REV")

    def models(self, old: str, new: str) -> Review:
        """What changes from one model to another."""
        sides = side_by_side(self._side, (old, new))
        return review_of(new, sides[0], sides[1])

    def locks(self, old: str | None, new: str | None, *, contents: bool) -> tuple[Review, ...]:
        """What changes from one lockfile to another; with `contents`, in the models too."""
        before, after = (models_of(lock.entries) for lock in self._two(old, new))
        if not contents:
            return reviews_of_locks(before, after)
        return reviews_of_locks(before, after, self._looked_at)

    def _two(self, old: str | None, new: str | None) -> tuple[Lock, Lock]:
        if self.request.base is None:
            if not (old and new):
                raise ConfigError("expected two lockfiles")
            return lockfile.load(Path(old)), lockfile.load(Path(new))
        environment = self.workspace.environment
        refuse_linked_rules(self.workspace.folder.absolute(), environment)
        file = Path(old) if old else self._session(()).lock_path
        repository = Repository.around(file.absolute().parent, environment)
        refuse_link(file.absolute(), repository.top)
        name = file.absolute().relative_to(repository.top).as_posix()
        fork = repository.merge_base(repository.commit(self.request.base))
        text = repository.file(fork, name)
        before = read_lock(text.decode("utf-8", "replace"), source=name) if text else Lock()
        return before, lockfile.load(file) if file.exists() else Lock()

    def _looked_at(self, old: Entry | None, new: Entry | None) -> tuple[Side | None, Side | None]:
        before, after = side_by_side(self._of_entry, (old, new))
        return before, after

    def _of_entry(self, entry: Entry | None) -> Side | None:
        """The model of an entry at its commit, or as the lockfile has it where nobody has more."""
        if entry is None:
            return None
        if entry.repo is None or entry.commit is None or entry.path:
            return of_entry(entry)
        try:
            return self._side(f"{entry.repo}@{entry.commit}")
        except SourceError as error:
            self.workspace.progress.note(f"{entry.name} as the lockfile has it: {error}")
            return of_entry(entry)

    def _side(self, ref: str) -> Side:
        session = self._session((ref,))
        subject = session.one
        evidence = self.workspace.gathering(session).of(subject)
        evaluation = evaluate(evidence, subject.policy, session.registry, name=subject.name)
        return of_trial(evaluation, self._tensors(subject, evidence.manifest.by_path))

    def _tensors(self, subject: Subject, paths: Mapping[str, object]) -> Mapping[str, str]:
        if subject.place is None or not subject.place.is_dir():
            return {}
        return tensor_digests(subject.place, paths)

    def _session(self, refs: tuple[str, ...]) -> Session:
        base = self.request.base if refs else None
        request = replace(self.request, refs=refs, base=base)
        return self.workspace.session(request, needs_models=bool(refs))
