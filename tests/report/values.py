"""Reports as values: what a run found, without a run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from provenance.lock import Change
from provenance.model import Basis
from provenance.report import Details, SourceLine, Summary
from provenance.review import Patch, Review, Section
from provenance.verdict import Finding, Outcome, Result, Unjudged, Verdict, failed

NO_ANSWER = "the Hub did not answer"


def verdict(name: str, findings: Iterable[Finding] = (), **fields: Any) -> Verdict:
    """A model with these findings: it passes if it has none."""
    found = tuple(findings)
    words: dict[str, Any] = {
        "ref": name,
        "commit": None,
        "result": Result.FAIL if found else Result.PASS,
        "reason": found[0].message.partition("\n")[0] if found else "signed",
        "manifest": "sha256:" + "0" * 64,
        "basis": Basis.MEASURED,
        "profile": "baseline",
        "checks": (("format", Outcome.FAIL if found else Outcome.PASS),),
        "signers": (),
    }
    return Verdict(name=name, findings=found, **words | fields)


def many(count: int, rule: str = "format/pickle") -> tuple[Finding, ...]:
    """So many findings of one rule, each of another file."""
    return tuple(failed(rule, f"holds pickle {n}", f"f{n:05}.bin") for n in range(count))


def unjudged(name: str = "acme/away") -> Unjudged:
    """A model that could not be judged."""
    return Unjudged(name=name, ref=f"{name}@main", reason=NO_ANSWER)


def review_of(name: str, path: str = "chat_template.jinja", lines: int = 3) -> Review:
    """A new commit of a model, and a text of so many lines that it changes."""
    commit = Change(name=name, what="commit", old="a" * 40, new="b" * 40)
    patch = Patch(path=path, lines=tuple(f"+line {n} of {name}" for n in range(lines)))
    return Review(
        name=name,
        sections=(
            Section(title="verdict", changes=(commit,)),
            Section(title="templates", patches=(patch,)),
        ),
    )


def summary(
    *verdicts: Verdict,
    unjudged: Iterable[Unjudged] = (),
    file: str | None = "provenance.toml",
    changes: Iterable[Review] | None = None,
) -> Summary:
    """The report on them, each named in line 3 of `file`, or nowhere."""
    others = tuple(unjudged)
    names = [*(model.name for model in verdicts), *(model.name for model in others)]
    place = SourceLine(file=file, line=3) if file else None
    return Summary(
        verdicts=verdicts,
        unjudged=others,
        policy="provenance.toml",
        registry="trust.toml",
        shown={name: Details(place=place) for name in names},
        changes=None if changes is None else {one.name: one for one in changes},
    )
