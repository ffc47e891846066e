"""What evaluators and verifiers said of a tiny model, as a case for the check of attestations."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from provenance.case.case import Case
from provenance.model import Document, Evidence, Ref
from provenance.policy import Policy, Settings
from provenance.policy.required import TEST_RESULT, VSA, RequiredAttestation
from provenance.signature import Attestation, VerificationResult
from provenance.source import directory
from provenance.trust import Registry, Role
from provenance.wire import oms
from provenance.wire.intoto import STATEMENT_TYPE
from tests import forge

REPO = "acme/bot"
TESTED = RequiredAttestation(predicate=TEST_RESULT, role=Role.EVALUATOR)
RECENT = replace(TESTED, max_age=timedelta(days=30))
VERIFIED = RequiredAttestation(predicate=VSA, role=Role.VERIFIER)
RESULTS = {TEST_RESULT: "result", VSA: "verificationResult"}
TIMES = {TEST_RESULT: "timeCreated", VSA: "timeVerified"}
ABSENT = "no such field"


@dataclass(frozen=True, kw_only=True)
class Said:
    """A statement by the key `who`, which says that it is of `days` ago, if it says so.

    Its subjects are the files, but for those `without`, or `only` some, under other names where
    `renamed`, with the whole by one digest where `whole` names it. `others` are the files of
    another model, under the names of this one. `stamps` are days at which somebody saw it. `more`
    are subjects beside these. `suites` are names in its configuration, else that
    is `configuration`.
    """

    who: str = "red"
    result: object = "PASSED"
    days: int | None = 1
    predicate: str = TEST_RESULT
    without: Sequence[str] = ()
    only: Sequence[str] = ()
    others: Sequence[str] = ()
    renamed: bool = False
    whole: str = ""
    stamps: Sequence[int] = ()
    more: Sequence[Mapping[str, Any]] = ()
    suites: Sequence[str] = ()
    configuration: object = ABSENT


def registry(**revoked: Any) -> Registry:
    audit = forge.org(
        "Audit",
        forge.signer("red", ["evaluator"], repos=["acme/*"]),
        forge.signer("blue", ["evaluator"], repos=["acme/*"]),
        forge.signer("elsewhere", ["evaluator"], repos=["other/*"]),
        forge.signer("gate", ["verifier"], repos=["acme/*"]),
    )
    acme = forge.org("Acme", forge.signer("release", ["publisher", "trainer"]))
    return Registry.from_table(forge.registry(audit, acme, **revoked), source="trust.toml")


def case(
    folder: Path,
    said: Sequence[Said],
    required: Iterable[RequiredAttestation] = (TESTED,),
    trust: Registry | None = None,
    *,
    files: Mapping[str, bytes] = forge.MODEL,
    repo: str = REPO,
    exclude: Sequence[str] = (),
) -> Case:
    forge.sign(forge.write(folder, files), forge.TufKey(key=forge.key("release")))
    evidence = directory.collect(
        folder, ref=Ref(text=repo, repo=repo), at=forge.NOW, exclude=tuple(exclude)
    )
    (signature,) = evidence.bundles
    documents, times = [signature], {}
    for number, one in enumerate(said):
        made = forge.bundle_of(statement(one, evidence), forge.TufKey(key=forge.key(one.who)))
        documents.append(Document(path=f"{number}.sigstore.json", data=json.dumps(made).encode()))
        times[f"{number}.sigstore.json"] = tuple(
            forge.NOW - timedelta(days=days) for days in one.stamps
        )
    policy = replace(Policy.of(Settings()), required=tuple(required))
    heard = Case.heard(replace(evidence, bundles=tuple(documents)), policy, trust or registry())
    return replace(heard, verifications=tuple(stamped(one, times) for one in heard.verifications))


def stamped(
    verification: VerificationResult, times: Mapping[str, tuple[datetime, ...]]
) -> VerificationResult:
    seen = times.get(verification.bundle)
    if not seen or not isinstance(verification, Attestation):
        return verification
    return replace(verification, moments=replace(verification.moments, not_later_than=seen))


def statement(one: Said, evidence: Evidence) -> dict[str, Any]:
    files = {file.path: file.sha256 for file in evidence.manifest.files}
    subjects = [
        (f"old/{path}" if one.renamed else path, "0" * 64 if path in one.others else digest)
        for path, digest in files.items()
        if path not in one.without and path in (one.only or files)
    ]
    if one.whole:
        wholes = {
            "manifest": evidence.manifest.digest.removeprefix("sha256:"),
            "oms": oms.root_digest(evidence.manifest.files),
            "signature": forge.root(_payload(evidence.bundles[0])),
        }
        subjects = [("x", wholes[one.whole])]
    predicate = {
        RESULTS.get(one.predicate, "result"): one.result,
        "configuration": [{"name": name} for name in one.suites] or one.configuration,
    }
    if one.days is not None:
        when = forge.NOW - timedelta(days=one.days)
        predicate |= {TIMES[one.predicate]: when.strftime("%Y-%m-%dT%H:%M:%SZ")}
    return {
        "_type": STATEMENT_TYPE,
        "subject": [
            *({"name": name, "digest": {"sha256": digest}} for name, digest in subjects),
            *one.more,
        ],
        "predicateType": one.predicate,
        "predicate": {name: value for name, value in predicate.items() if value != ABSENT},
    }


def _payload(document: Document) -> dict[str, Any]:
    payload = json.loads(document.data)["dsseEnvelope"]["payload"]
    made: dict[str, Any] = json.loads(base64.b64decode(payload))
    return made


WEIGHTS, TOKENIZER = "model.safetensors", "tokenizer.json"
FAIL = Said(result="FAILED")
SIBLING = replace(FAIL, others=("config.json", WEIGHTS))
