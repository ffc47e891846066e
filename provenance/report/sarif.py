"""The report in SARIF 2.1.0, as code scanning reads it, its rules out of the manual."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from importlib.metadata import version

from provenance import manual
from provenance.report.common import Place, Summary, printable, problems
from provenance.verdict import Finding, Level, Outcome, Verdict

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
FINGERPRINT = "provenanceFinding/v1"
BRACKETS = re.compile(r"([\[\]\\])")


def sarif(summary: Summary) -> str:
    """The report as one SARIF log with one run; what a pass says is no result."""
    found = [(v, finding) for v in summary.verdicts for finding in problems(v)]
    names = sorted({finding.rule for _, finding in found})
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
                "columnKind": "unicodeCodePoints",
                "results": [
                    _result(verdict, finding, names.index(finding.rule), summary.of(verdict).place)
                    for verdict, finding in found
                ],
                "properties": {
                    "verdict": summary.result,
                    "policy": printable(summary.policy),
                    "registry": printable(summary.registry),
                },
            }
        ],
    }
    return json.dumps(document, indent=2)


def _rule(name: str, text: str) -> dict[str, object]:
    folded = " ".join(text.split())
    first = folded.partition(". ")[0].rstrip(".") + "."
    return {
        "id": name,
        "name": "".join(part.capitalize() for part in re.split("[/-]", name)),
        "shortDescription": {"text": first},
        "fullDescription": {"text": folded},
        "help": {"text": f"{folded}\n\nprovenance explain {name}"},
    }


def _result(
    verdict: Verdict, finding: Finding, index: int, place: Place | None
) -> dict[str, object]:
    about = f"{finding.where}: " if finding.where else ""
    text = BRACKETS.sub(r"\\\1", printable(f"{verdict.name}: {about}{finding.message}"))
    return {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": _level(finding),
        "message": {"text": text},
        "locations": list(_locations(verdict, place)),
        "partialFingerprints": {FINGERPRINT: _fingerprint(verdict, finding)},
        "suppressions": [
            {"kind": "external", "justification": printable(reason)}
            for reason in (finding.waived,)
            if reason
        ],
    }


def _level(finding: Finding) -> str:
    if finding.level is Level.OFF:
        return "note"
    if finding.level is Level.WARN:
        return "warning"
    return "error" if finding.outcome is Outcome.FAIL else "warning"


def _locations(verdict: Verdict, place: Place | None) -> Iterator[dict[str, object]]:
    location: dict[str, object] = {
        "logicalLocations": [{"name": printable(verdict.name), "kind": "module"}]
    }
    if place:
        location["physicalLocation"] = {
            "artifactLocation": {"uri": place.file},
            "region": {"startLine": place.line},
        }
    yield location


def _fingerprint(verdict: Verdict, finding: Finding) -> str:
    """The same for the same finding on the same model, whatever its commit and its words."""
    parts = "\0".join((verdict.name, finding.rule, finding.where))
    return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()
