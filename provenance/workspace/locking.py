"""The lockfile is made here, and nowhere else: what passes becomes an entry, and is written."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.case.changes import ACCEPTABLE
from provenance.errors import ConfigError
from provenance.formats.near import near
from provenance.judgement import Evaluation
from provenance.lock import Change, Lock, difference, dumps
from provenance.lock.update import as_proposed, out_of_step
from provenance.verdict import Unjudged, Verdict
from provenance.workspace import lockfile, settings
from provenance.workspace.adding import Looked, seen
from provenance.workspace.gathering import Gathering
from provenance.workspace.lockfile import save
from provenance.workspace.resolver import Resolved, Resolver, unasked
from provenance.workspace.session import Session

if TYPE_CHECKING:
    from provenance.workspace.request import Request
    from provenance.workspace.subjects import Subject
    from provenance.workspace.workspace import Workspace

FILES = frozenset({settings.FILE_NAME, settings.PROJECT_FILE_NAME, lockfile.FILE_NAME})
ACCEPT = re.compile(r"([a-z]+/[a-z-]+)@(.+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class LockOptions:
    """How to lock: what follows its branch anew, which changes are accepted, whether to write.

    `upgrade_models` are names, `accept` words of the form RULE@REPO.
    """

    check: bool = False
    upgrade: bool = False
    upgrade_models: tuple[str, ...] = ()
    accept: tuple[str, ...] = ()
    measure: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """What became of each model, and the lockfile that is there now, or would be.

    `written` says that another lockfile lies there than before; `stale` that one would.
    """

    session: Session
    found: tuple[Resolved, ...]
    lock: Lock
    changes: tuple[Change, ...]
    accepted: Mapping[str, frozenset[str]] = field(default_factory=dict)
    written: bool = False
    stale: bool = False

    @property
    def evaluations(self) -> tuple[Evaluation, ...]:
        """Those of the models that were judged."""
        return tuple(item.evaluation for item in self.found if item.evaluation)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """One verdict for each model that was judged."""
        return tuple(evaluation.verdict for evaluation in self.evaluations)

    @property
    def unjudged(self) -> tuple[Unjudged, ...]:
        """The models that could not be judged, whose entries stay."""
        return tuple(item.unjudged for item in self.found if item.unjudged)

    @property
    def failing(self) -> tuple[Looked, ...]:
        """The models that were judged and got no entry."""
        return tuple(
            seen(item.subject, item.evaluation.verdict, self.session)
            for item in self.found
            if item.evaluation and not item.entry
        )

    @property
    def steps(self) -> tuple[str, ...]:
        """The line to type next where all that was judged passes; none where nothing changed."""
        if self.unjudged or not (self.stale or self.written):
            return ()
        return ("provenance lock",) if self.stale else ("provenance lock --check",)

    def hints(self, *words: str) -> Iterator[str]:
        """What stays as it is and what to type then, where `words` is the command as typed."""
        standing = self.session.standing
        yield from unasked(self.found, standing, words)
        yield from _nothing_accepted(self.found, self.accepted)


def locked(gathering: Gathering, options: LockOptions) -> Locked:
    """The models of the session judged, and the lockfile written unless `check`.

    Raises ConfigError for words that mean nothing here and SourceError where another run changed
    the lockfile meanwhile; nothing is written then.
    """
    session = gathering.session
    check_asked(gathering, "lock")
    accepted = _accepted(session, options.accept)
    resolver = Resolver(
        gathering=gathering.sketching(),
        upgrade=_Upgraded(session, options.upgrade, options.upgrade_models),
        accepted=accepted,
        measure=options.measure,
        known=session.lock,
    )
    found, new = resolver.locked(session.subjects)
    standing = session.standing
    if session.base:
        new = as_proposed(new, standing, session.base.locks)
    would = standing is None or dumps(standing) != dumps(new)
    return Locked(
        session=session,
        found=tuple(found),
        lock=new,
        changes=tuple(difference(standing, new)),
        accepted=accepted,
        written=not options.check and save(session.lock_path, new, known=session.lock),
        stale=options.check and would,
    )


def check_asked(gathering: Gathering, what: str) -> None:
    """ConfigError if a model lies on a Hub that may not be asked."""
    if gathering.hub is None and gathering.session.away:
        raise ConfigError("asks a Hub, and nothing may be asked for offline", path=what)


def check_listed(session: Session, refs: Sequence[str]) -> None:
    """ConfigError for a name that provenance.toml does not have."""
    for ref in refs:
        if not session.settings.named(ref):
            line = shlex.join(["provenance", "add" if session.settings.source else "init", ref])
            names = [model.name for model in session.settings.models]
            meant = near(ref, names) or ":"
            raise ConfigError(f"{ref} is not in provenance.toml{meant} `{line}` writes it there")


def late(session: Session) -> Iterator[str]:
    """In which ways the models of provenance.toml are not locked as it asks for them."""
    entries = session.lock.models() if session.lock else ()
    names = {entry.name for entry in entries}
    for model in session.settings.models:
        if model.name not in names:
            yield f"{model.name} is not locked"
    for entry in entries:
        yield from out_of_step(session.settings, entry, session.registry)


def out_of_step_in(request: Request, workspace: Workspace) -> Iterator[str]:
    """The same of the workspace, or of every folder that the request names, with its settings.

    Raises ConfigError for a name that no settings have.
    """
    for own, folder in folders(request, workspace):
        session = folder.session(own, needs_models=not request.refs)
        check_listed(session, own.refs)
        where = f"{session.settings_path}: " if folder is not workspace else ""
        yield from (f"{where}{text}" for text in late(session))


def folders(request: Request, workspace: Workspace) -> Iterator[tuple[Request, Workspace]]:
    """The workspace as it is; or of each folder in which a file lies that the request names in the
    place of models: provenance.toml, provenance.lock, pyproject.toml."""
    names = [Path(ref) for ref in request.refs if Path(ref).name in FILES]
    if not names:
        yield request, workspace
    words = tuple(ref for ref in request.refs if Path(ref).name not in FILES)
    for folder in sorted({name.parent for name in names}):
        yield replace(request, refs=words), replace(workspace, folder=workspace.folder / folder)


def sums(session: Session, refs: Sequence[str]) -> str:
    """The selected files of one locked model in the form of sha256sum(1), or ConfigError."""
    models = session.lock.models() if session.lock else ()
    chosen = [entry for entry in models if not refs or {entry.name, entry.repo} & set(refs)]
    if len(chosen) != 1:
        names = ", ".join(entry.name for entry in models) or "nothing"
        raise ConfigError(f"name one locked model; {session.lock_path.name} has {names}")
    return "\n".join(f"{file.sha256}  {file.path}" for file in chosen[0].files.files)


class _Upgraded:
    """Whether a model follows its branch anew."""

    def __init__(self, session: Session, every: bool, names: Sequence[str]) -> None:
        for name in names:
            if not session.settings.named(name):
                raise ConfigError(f"{name} is not in provenance.toml", path="--upgrade-model")
        self._every, self._names = every, frozenset(names)

    def __call__(self, subject: Subject) -> bool:
        return self._every or bool({subject.name, subject.ref.repo} & self._names)


def _accepted(session: Session, words: Sequence[str]) -> dict[str, frozenset[str]]:
    """By the name of a model, the rules whose change is accepted for it."""
    found: dict[str, set[str]] = {}
    for word in words:
        match = ACCEPT.fullmatch(word)
        if not match or match[1] not in ACCEPTABLE:
            known = ", ".join(sorted(ACCEPTABLE))
            raise ConfigError(
                f"expected RULE@REPO with one of {known}; found {word!r}", path="--accept"
            )
        models = session.settings.named(match[2])
        if not models:
            raise ConfigError(f"{match[2]} is not in provenance.toml", path="--accept")
        for model in models:
            found.setdefault(model.name, set()).add(match[1])
    return {name: frozenset(rules) for name, rules in found.items()}


def _nothing_accepted(
    found: Sequence[Resolved], accepted: Mapping[str, frozenset[str]]
) -> Iterator[str]:
    """A line for each rule that was to be accepted of a model which was judged without it."""
    for item in found:
        if item.evaluation:
            name, findings = item.subject.name, item.evaluation.verdict.findings
            for rule in sorted(accepted.get(name, frozenset()) - {f.rule for f in findings}):
                commit = item.evaluation.verdict.commit
                at = f" at {commit}" if commit else ""
                yield (
                    f"note: --accept: {name}{at} has no {rule}, and nothing was accepted; "
                    f"a newer commit is judged with --upgrade-model {shlex.quote(name)}"
                )
