"""The JSON report: its form is documented in the README and held by a test."""

from __future__ import annotations

import json

from provenance.report.common import Details, Summary
from provenance.report.history import table
from provenance.verdict import Finding, Unjudged, Verdict

VERSION = 1


def machine(summary: Summary) -> str:
    """The report as one JSON document in ASCII, the same bytes for the same verdicts."""
    document = {
        "version": VERSION,
        "verdict": summary.result,
        "reason": summary.reason,
        "models": [
            *(_model(verdict, summary.of(verdict)) for verdict in summary.verdicts),
            *(_unjudged(model) for model in summary.unjudged),
        ],
        "policy": summary.policy,
        "registry": summary.registry,
    }
    return json.dumps(document, indent=2)


def _model(verdict: Verdict, shown: Details) -> dict[str, object]:
    return {
        "name": verdict.name,
        "ref": verdict.ref,
        "commit": verdict.commit,
        "mirror_of": verdict.mirror_of or None,
        "profile": verdict.profile,
        "verdict": verdict.result,
        "reason": verdict.reason,
        "manifest": verdict.manifest,
        "basis": verdict.basis,
        "checks": dict(verdict.checks),
        "signers": [
            {
                "name": signer.name,
                "organisation": signer.organisation,
                "identity": signer.identity,
                "bundle": signer.bundle,
                "times": list(signer.times),
            }
            for signer in verdict.signers
        ],
        "findings": [
            {
                "rule": finding.rule,
                "outcome": finding.outcome,
                "level": finding.level,
                "message": finding.message,
                "where": finding.where,
                **({"waived": finding.waived} if finding.waived else {}),
                **({"exempted": finding.exempted} if finding.exempted else {}),
                **_alike(finding),
            }
            for finding in verdict.findings
        ],
        "steps": table(shown.graph) if shown.graph else [],
    }


def _alike(finding: Finding) -> dict[str, object]:
    return {"count": finding.count, "names": list(finding.names)} if finding.count > 1 else {}


def _unjudged(model: Unjudged) -> dict[str, object]:
    """A row like any other, so that whoever reads all rows cannot overlook it."""
    return {
        "name": model.name,
        "ref": model.ref,
        "commit": None,
        "mirror_of": None,
        "profile": None,
        "verdict": "unjudged",
        "reason": model.reason,
        "manifest": None,
        "basis": None,
        "checks": {},
        "signers": [],
        "findings": [],
        "steps": [],
    }
