"""The report in SARIF 2.1.0, as code scanning reads it, its rules out of the manual."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from urllib.parse import quote

from provenance import manual
from provenance.report.common import (
    NOT_JUDGED,
    UNJUDGED_RULE,
    SourceLine,
    Summary,
    own_problems,
    place_of,
    printable,
    printable_lines,
    severity,
)
from provenance.report.taxa import relationships, taxonomies
from provenance.verdict import Finding, Level, Outcome, failed

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
FINGERPRINT = "provenanceFinding/v1"
CODE_SCANNING = "primaryLocationLineHash"
"""The one fingerprint by which code scanning tells alerts apart."""
DIGITS = 16
BRACKETS = re.compile(r"([\[\]\\])")
MOST_RESULTS = 5_000
"""Code scanning shows so many of a run, and refuses one of more than 25,000."""
NOWHERE = SourceLine(file="provenance.toml", line=1)
"""Where a model would be named that no file of the caller's names: every result needs a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One result: what was found of which model, and where that is named."""

    model: str
    finding: Finding
    place: SourceLine

    @property
    def fingerprint(self) -> str:
        """The same for the same finding on the same model, whatever its commit and its words."""
        parts = "\0".join((self.model, self.finding.rule, self.finding.where))
        return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()


def sarif(summary: Summary) -> str:
    """The report as one SARIF log with one run; what a pass says is no result.

    What was not judged is a result too, for an empty list would close every open alert, and then
    the run says that it did not succeed. The most telling results come first, and the rest is
    counted where there are too many.
    """
    every = [*_unjudged(summary), *_found(summary)]
    rows, left = every[:MOST_RESULTS], len(every) - MOST_RESULTS
    names = sorted({row.finding.rule for row in rows})
    texts = manual.rules()
    document = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "provenance",
                        "semanticVersion": version("hf-provenance"),
                        "rules": [_rule(name, texts.get(name, name)) for name in names],
                    }
                },
                "invocations": [
                    {
                        "executionSuccessful": bool(summary.verdicts and not summary.unjudged),
                        "toolExecutionNotifications": list(_notifications(summary, left)),
                    }
                ],
                "taxonomies": taxonomies(names),
                "columnKind": "unicodeCodePoints",
                "results": list(_results(rows, names)),
                "properties": {
                    "verdict": summary.result,
                    "policy": printable(summary.policy),
                    "registry": printable(summary.registry),
                    "mirrors": {
                        printable(one.name): printable(one.mirror_of)
                        for one in summary.verdicts
                        if one.mirror_of
                    },
                },
            }
        ],
    }
    return json.dumps(document, indent=2)


def _unjudged(summary: Summary) -> Iterator[_Row]:
    for model in summary.unjudged:
        finding = failed(UNJUDGED_RULE, f"{NOT_JUDGED}: {model.reason}")
        yield _Row(model=model.name, finding=finding, place=summary.of(model).place or NOWHERE)
    if not summary.verdicts and not summary.unjudged:
        finding = failed(UNJUDGED_RULE, "nothing was judged")
        yield _Row(model="provenance", finding=finding, place=NOWHERE)


def _found(summary: Summary) -> Sequence[_Row]:
    """Every finding that is no pass, of all models those that decided first.

    What is found of the caller's own files is one result, in the file that it is about.
    """
    rows = [
        _Row(model="", finding=finding, place=place_of(finding) or NOWHERE)
        for finding in summary.above
    ]
    rows += [
        _Row(model=v.name, finding=finding, place=summary.of(v).place or NOWHERE)
        for v in summary.verdicts
        for finding in own_problems(v)
    ]
    return sorted(rows, key=lambda row: severity(row.finding))


def _notifications(summary: Summary, left: int) -> Iterator[dict[str, object]]:
    for model in summary.unjudged:
        text = printable(f"{model.name}: {NOT_JUDGED}: {model.reason}")
        yield {"level": "error", "message": {"text": _escaped(text)}}
    if left > 0:
        text = f"{left} more results were left out: see the report in another form, such as JSON"
        yield {"level": "warning", "message": {"text": text}}


def _rule(name: str, text: str) -> dict[str, object]:
    folded = " ".join(text.split())
    first = folded.partition(". ")[0].rstrip(".") + "."
    return {
        "id": name,
        "name": "".join(part.capitalize() for part in re.split("[/-]", name)),
        "shortDescription": {"text": first},
        "fullDescription": {"text": folded},
        "help": {"text": f"{folded}\n\nprovenance explain {name}"},
        "relationships": relationships(name),
    }


def _results(rows: Sequence[_Row], names: Sequence[str]) -> Iterator[dict[str, object]]:
    """One result each; the same finding once more has a number of its own."""
    met: Counter[str] = Counter()
    for row in rows:
        met[row.fingerprint] += 1
        yield _result(row, names.index(row.finding.rule), met[row.fingerprint])


def _result(row: _Row, index: int, occurrence: int) -> dict[str, object]:
    finding = row.finding
    about = "".join(f"{part}: " for part in (row.model, finding.where) if part)
    return {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": _level(finding),
        "message": {"text": _escaped(f"{printable(about)}{printable_lines(finding.message)}")},
        "locations": [_location(row)],
        "partialFingerprints": {
            FINGERPRINT: row.fingerprint,
            CODE_SCANNING: f"{row.fingerprint[:DIGITS]}:{occurrence}",
        },
        "suppressions": [
            {"kind": "external", "justification": printable(reason)}
            for reason in (finding.waived, finding.exempted)
            if reason
        ],
    }


def _escaped(text: str) -> str:
    """The text without a link (SARIF 2.1.0, section 3.11.6)."""
    return BRACKETS.sub(r"\\\1", text)


def _level(finding: Finding) -> str:
    if finding.level is Level.OFF or finding.exempted:
        return "note"
    if finding.level is Level.WARN:
        return "warning"
    return "error" if finding.outcome is Outcome.FAIL else "warning"


def _uri(file: str) -> str:
    """The path as a URI, relative to the top of the repository where it lies in one.

    A name that is not UTF-8 is in it byte by byte (RFC 8089, section 4).
    """
    path = quote(os.fsencode(file))
    return f"file://{path}" if file.startswith("/") else path


def _location(row: _Row) -> dict[str, object]:
    named = [{"name": printable(row.model), "kind": "module"}] if row.model else []
    return {
        "logicalLocations": named,
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(row.place.file)},
            "region": {"startLine": row.place.line},
        },
    }
