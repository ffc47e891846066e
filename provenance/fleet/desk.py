"""What a caller asks of a fleet: judged by their own rules, and answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from provenance.errors import ConfigError
from provenance.fleet.changes import Terms
from provenance.fleet.engines import Certificates
from provenance.fleet.inspecting import inspected
from provenance.fleet.options import JudgeOptions
from provenance.fleet.querying import Answer, Fleet
from provenance.fleet.rules import Rules
from provenance.fleet.running import Judged, Work, judged, shard_of
from provenance.fleet.runs import runs
from provenance.fleet.store import FleetStore
from provenance.names import is_repo
from provenance.workspace.request import Request
from provenance.workspace.session import Session
from provenance.workspace.workspace import Workspace

SHOWN = 20
SHORT = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A run in short: how many came out how, the worst of them, the parts that nobody could read,
    what to say of it, and by what was judged."""

    run: Judged
    counts: Mapping[str, int]
    worst: tuple[tuple[str, str, str], ...]
    unread: tuple[str, ...]
    words: str
    by: str = ""

    @property
    def idle(self) -> bool:
        """Whether the shard has no part of the store."""
        return not (self.run.parts or self.unread)


def judge(store: Path, workspace: Workspace, request: Request, options: JudgeOptions) -> Report:
    """Every model of a store judged as of now by the caller's rules.

    Raises ConfigError for words that mean nothing, RegistryRefused and SourceError for a registry,
    SourceError where the work is lost again and again, TrustError for an unusable trust root.
    """
    opened, work = FleetStore.opened(store), _work(options)
    if not (opened.named() or opened.gone()):
        step = f"`{opened.command('gather LIST')}` stores some"
        raise ConfigError(f"holds no model: {step}", path=str(store))
    session = workspace.session(request, needs_models=False)
    found = judged(opened, Rules.of(session, workspace.now()), work, workspace.progress)
    fleet = Fleet(opened, found.parts, found.run, indexed=False)
    counts = fleet.counts()
    return Report(
        run=found,
        counts=counts,
        worst=fleet.worst(SHOWN),
        unread=found.unread,
        words=_words(found, counts, options.shard),
        by=f"policy: {_policy(session)}; registry: {session.registry_source or 'none'}",
    )


def _policy(session: Session) -> str:
    """The policy, and the profile that the caller named instead of its own."""
    named = f"{session.profile} of --policy, for the rest " if session.profile else ""
    return f"{named}{session.policy_source}"


def _work(options: JudgeOptions) -> Work:
    return Work(
        engine=options.engine,
        workers=options.workers,
        shard=shard_of(options.shard),
        only=options.only,
        certificates=Certificates(
            tls_ca=options.tls_ca, tls_cert=options.tls_cert, tls_key=options.tls_key
        ),
    )


def _words(found: Judged, counts: Mapping[str, int], shard: str) -> str:
    if not (found.parts or found.unread):
        return f"run {found.run[:SHORT]}: shard {shard} has no part of the store: nothing to do"
    how = ", ".join(f"{count} {result}" for result, count in sorted(counts.items()))
    lost = f", {len(found.unread)} parts that cannot be read" if found.unread else ""
    since = f"; all judged again: {found.why}" if found.why else ""
    return f"run {found.run[:SHORT]}: {how or 'no model'}{lost}; {found.judged} judged now{since}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One of three: an ancestor, a run to compare with, or SQL; about a run or the newest."""

    sql: str | None = None
    descends_from: str | None = None
    changed: str | None = None
    run: str = ""


def query(store: Path, question: Question) -> Answer:
    """The rows of an answer. ConfigError for a question that means nothing, or more than one."""
    asked = (question.sql, question.descends_from, question.changed)
    if sum(one is not None for one in asked) != 1:
        raise ConfigError("expected one of SQL, --descends-from and --changed", path="query")
    opened = FleetStore.opened(store)
    known = tuple(runs(opened))
    run, before = _run(known, question.run), _run(known, question.changed or "")
    parts = inspected(opened, run, before if question.changed is not None else "")
    rows = [{"run": one, "judged_at": terms.at, "version": terms.version} for one, terms in known]
    fleet = Fleet(opened, parts, run, before, rows)
    return replace(_answer(fleet, question), step=opened.command("judge"))


def _answer(fleet: Fleet, question: Question) -> Answer:
    if question.changed is not None:
        return fleet.changed()
    if question.descends_from is None:
        return fleet.sql(question.sql or "")
    if not is_repo(question.descends_from):
        found = f"expected org/name, found {question.descends_from[:80]!r}"
        raise ConfigError(found, path="--descends-from")
    return fleet.descends_from(question.descends_from)


def _run(begun: Sequence[tuple[str, Terms]], named: str) -> str:
    """The one run whose name begins so, the newest where none is named; ConfigError."""
    known = [run for run, _ in begun]
    meant = [run for run in known if run.startswith(named)] if named else known[:1]
    if named and len(meant) != 1:
        listed = ", ".join(run[:SHORT] for run in known[:10]) or "none yet"
        raise ConfigError(f"expected the beginning of one run ({listed})", path=named[:80])
    return meant[0] if meant else ""
