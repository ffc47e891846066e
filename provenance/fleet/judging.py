"""One part of the evidence judged: the piece of work that a process, or a scheduler, is given."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from provenance.errors import ConfigError, Malformed, SourceError, TrustError
from provenance.fleet import tables
from provenance.fleet.asked import Heard
from provenance.fleet.days import marks_of
from provenance.fleet.evidence import VERSION, stored
from provenance.fleet.heads import Heads
from provenance.fleet.lines import Gathered, otherwise
from provenance.fleet.rules import Rules
from provenance.fleet.store import VERDICTS, FleetStore, Part
from provenance.fleet.tables import Row
from provenance.judgement import judge
from provenance.model import Evidence
from provenance.verdict import Finding, Level, Outcome, Verdict

NOT_JUDGED = "not judged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A part to judge for a run; of those models alone that are `among`, where the run `before`
    has verdicts on the others that still hold."""

    store: Path
    part: Part
    run: str
    before: str = ""
    among: frozenset[str] = frozenset()
    version: str = VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of a task: how many models were judged, and why none could be read, if so."""

    part: Part
    judged: int = 0
    unread: str = ""


def done(task: Task, rules: Rules) -> Done:
    """The verdicts of the part lie in the run's folder, whole; where they lay already nothing is
    done. TrustError where a trust root of the registry cannot be used, SourceError where another
    version asks than works here."""
    if task.version != VERSION:
        said = f"version {task.version} asks, and the worker has {VERSION}"
        raise SourceError(f"{said}: install the same on both")
    store = FleetStore(root=task.store)
    if store.stands(task.part, VERDICTS, task.run):
        return Done(part=task.part)
    try:
        rows = tables.unpacked(store.evidence(task.part))
    except SourceError as error:
        return Done(part=task.part, unread=str(error))
    known = _known(store, task)
    heads, heard = Heads(store=store), Heard.of(rules.registry)
    found = [known.get(row["ref"]) or judged(row, rules, heard, heads) for row in rows]
    store.derive(tables.packed(found, tables.VERDICTS), task.part, VERDICTS, task.run)
    carried = sum(row["ref"] in known for row in rows)
    return Done(part=task.part, judged=len(rows) - carried)


def _known(store: FleetStore, task: Task) -> dict[str, Row]:
    """The verdicts of the run before that still hold."""
    if not task.before:
        return {}
    rows = tables.unpacked(store.run(task.before) / task.part.name)
    return {row["ref"]: row for row in rows if row["ref"] not in task.among}


def judged(row: Row, rules: Rules, heard: Heard, heads: Heads) -> Row:
    """The row of the verdict on a stored model, or of why there is none."""
    same = {name: row[name] for name in ("ref", "name", "repo", "commit", "manifest")}
    if row["missing"] or not row["evidence"]:
        return _unjudged(same, f"not gathered: {row['missing']}")
    heard.asked.clear()
    try:
        evidence = stored(row, heads, rules.at)
        if other := otherwise(row["ref"], Gathered.of(evidence), rules.settings):
            step = "`provenance fleet gather LIST` asks for it again"
            return _unjudged(same, f"gathered with {other}: {step}")
        verdict = _verdict(row["name"], evidence, rules, heard)
    except (Malformed, SourceError, ConfigError) as error:
        return _unjudged(same, f"the evidence cannot be used: {error}")
    except TrustError:
        raise
    except Exception as error:
        # One model that nobody can judge is no reason to leave the others.
        return _unjudged(same, f"a bug in provenance, please report it: {error!r:.300}")
    days = {day for one in every(evidence) for day in marks_of(one)}
    return _told(same, verdict) | {
        "bundles": any(one.bundles for one in every(evidence)),
        "asked": sorted(heard.asked | days),
    }


def _verdict(name: str, evidence: Evidence, rules: Rules, heard: Heard) -> Verdict:
    model = rules.model(evidence)
    said = rules.said(evidence, model)
    return judge(said, rules.policy(model), heard, name=name, findings=rules.findings)


def _told(same: Row, verdict: Verdict) -> Row:
    deciding = [one for one in verdict.findings if _decides(one)]
    return same | {
        "profile": verdict.profile,
        "result": str(verdict.result),
        "reason": verdict.reason,
        "rules": list(dict.fromkeys(one.rule for one in deciding)),
        "signers": sorted({one.identity for one in verdict.signers}),
        "findings": _findings(verdict),
    }


def _unjudged(same: Row, reason: str) -> Row:
    """It is no pass, and asked of nobody: it is judged once there is something to judge."""
    return same | {
        "profile": "",
        "result": NOT_JUDGED,
        "reason": reason,
        "rules": [],
        "signers": [],
        "findings": "[]",
        "bundles": False,
        "asked": [],
    }


def _decides(finding: Finding) -> bool:
    counts = finding.level is Level.REQUIRE and not (finding.waived or finding.exempted)
    return counts and finding.outcome in (Outcome.FAIL, Outcome.UNKNOWN)


def _findings(verdict: Verdict) -> str:
    """What was found and is no pass, as in the JSON report."""
    rows = [
        {
            "rule": one.rule,
            "outcome": one.outcome,
            "level": one.level,
            "message": one.message,
            "where": one.where,
            **({"waived": one.waived} if one.waived else {}),
            **({"exempted": one.exempted} if one.exempted else {}),
        }
        for one in verdict.findings
        if one.outcome is not Outcome.PASS or one.exempted
    ]
    return json.dumps(rows, ensure_ascii=False)


def every(evidence: Evidence) -> Iterator[Evidence]:
    """The evidence, and all that stands in it on ancestors, members and origins."""
    yield evidence
    origin = (evidence.origin,) if evidence.origin else ()
    for one in (*evidence.ancestors, *evidence.members, *origin):
        if one.evidence:
            yield from every(one.evidence)
