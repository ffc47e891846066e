"""What a caller asks of a fleet: judged by their own rules, and answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from provenance.errors import ConfigError
from provenance.fleet.engines import Certificates
from provenance.fleet.options import JudgeOptions
from provenance.fleet.querying import CHANGED, WORST, Answer, Fleet
from provenance.fleet.rules import Rules
from provenance.fleet.running import Judged, Work, judged, runs, shard_of
from provenance.fleet.store import FleetStore
from provenance.names import is_repo
from provenance.workspace.request import Request
from provenance.workspace.workspace import Workspace

SHOWN = 20
SHORT = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A run in short: how many came out how, the worst of them, and what to say of it."""

    run: Judged
    counts: Mapping[str, int]
    worst: tuple[tuple[str, str, str], ...]
    unread: tuple[str, ...]
    words: str


def judge(store: Path, workspace: Workspace, request: Request, options: JudgeOptions) -> Report:
    """Every model of a store judged as of now by the caller's rules.

    Raises ConfigError for words that mean nothing, RegistryRefused and SourceError for a registry,
    SourceError where the work is lost again and again, TrustError for an unusable trust root.
    """
    opened, work = FleetStore.opened(store), _work(options)
    rules = Rules.of(workspace.session(request, needs_models=False), workspace.now())
    found = judged(opened, rules, work, workspace.progress)
    if not found.parts and not found.unread and work.shard == (1, 1):
        raise ConfigError("holds no model: `provenance fleet gather` stores some", path=str(store))
    fleet = Fleet(opened, found.run, parts=found.parts)
    counts = dict(fleet.counts())
    if found.unread:
        counts["not judged"] = counts.get("not judged", 0) + len(found.unread)
    worst = tuple((str(a), str(b), str(c)) for a, b, c in fleet.ask(WORST, [SHOWN]).rows)
    return Report(
        run=found, counts=counts, worst=worst, unread=found.unread, words=_words(found, counts)
    )


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


def _words(found: Judged, counts: Mapping[str, int]) -> str:
    how = ", ".join(f"{count} {result}" for result, count in sorted(counts.items()))
    since = f"; all judged again: {found.why}" if found.why else ""
    return f"run {found.run[:SHORT]}: {how or 'no model'}; {found.judged} judged now{since}"


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
    run = _run(opened, question.run)
    if question.changed is not None:
        return Fleet(opened, run, _run(opened, question.changed)).ask(CHANGED)
    if question.descends_from is None:
        known = [
            {"run": one, "at": terms.at, "version": terms.version} for one, terms in runs(opened)
        ]
        return Fleet(opened, run, runs=known).sql(question.sql or "")
    if not is_repo(question.descends_from):
        found = f"expected org/name, found {question.descends_from[:80]!r}"
        raise ConfigError(found, path="--descends-from")
    return Fleet(opened, run).descends_from(question.descends_from)


def _run(store: FleetStore, named: str) -> str:
    """The one run whose name begins so, the newest where none is named; ConfigError."""
    known = [run for run, _ in runs(store)]
    meant = [run for run in known if run.startswith(named)] if named else known[:1]
    if named and len(meant) != 1:
        listed = ", ".join(run[:SHORT] for run in known[:10]) or "none yet"
        raise ConfigError(f"expected the beginning of one run ({listed})", path=named[:80])
    return meant[0] if meant else ""
