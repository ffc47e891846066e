"""What an import statement makes of a copy: a mirror of its origin, a conviction, or a note."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from provenance.errors import Malformed
from provenance.judgement import judge
from provenance.model import Document, Ref
from provenance.policy import Policy, Settings
from provenance.source import directory
from provenance.trust import Registry
from provenance.verdict import Outcome, Result, Verdict
from provenance.wire import intoto
from provenance.wire.imported import Imported, Place, imported, statement
from tests import forge

COMMIT, OTHER = "c" * 40, "d" * 40
ORIGIN = "acme/bot"
COPY = "oci://registry.bank.example/models/bot"
WHOLE = f"sha256:{'a' * 64}"
NOTE = "integrity/import-unverified"
MISMATCH = "integrity/import-mismatch"


def trust(*roles: str, **fields: Any) -> Registry:
    """Acme publishes and does not sign; the bank's gate has these roles for Acme's models."""
    gate = forge.signer("gate", roles or ["importer"], repos=["acme/*"])
    acme = forge.org("Acme", originates=True)
    return Registry.from_table(
        forge.registry(acme, forge.org("Bank", gate), **fields), source="trust.toml"
    )


@dataclass(frozen=True, kw_only=True)
class Copy:
    """A copy of Acme's model beside a statement that `who` signed about the model as it was, but
    for `said`; `changed` files are others by now (None: gone), and `repo` is the name it goes by.
    """

    who: str = "gate"
    said: Mapping[str, Any] = field(default_factory=dict)
    changed: Mapping[str, bytes | None] = field(default_factory=dict)
    repo: str | None = ORIGIN
    bend: Mapping[str, Any] = field(default_factory=dict)
    roles: Sequence[str] = ("importer",)
    revoked: Mapping[str, Any] = field(default_factory=dict)
    beside: bool = False

    def verdict(self, folder: Path, profile: str = "baseline") -> Verdict:
        """What becomes of it."""
        forge.write(folder)
        files = directory.collect(folder, ref=Ref(text="."), at=forge.NOW).manifest.files
        origin = Place(repo=ORIGIN, revision=COMMIT, manifest=WHOLE)
        said = Imported(
            **{"subjects": {f.path: f.sha256 for f in files}, "origin": origin, **self.said}
        )
        document = json.loads(statement(said, builder="urn:tests"))
        key = forge.TufKey(key=forge.key(self.who), statement=self.bend)
        data = json.dumps(forge.bundle_of(document, key)).encode()
        for path, changed in self.changed.items():
            (folder / path).unlink(missing_ok=True)
            if changed is not None:
                forge.write(folder, {path: changed})
        ref = Ref(text=COPY, repo=self.repo, source=COPY)
        found = directory.collect(folder, ref=ref, at=forge.NOW)
        place = "attestations/acme/bot/" if self.beside else ""
        one = Document(path=f"{place}import.intoto.jsonl:1", data=data)
        revoked = [{"reason": "a backdoor", **self.revoked}] * bool(self.revoked)
        registry = trust(*self.roles, revoked=revoked)
        policy = Policy.of(Settings(profile=profile))
        return judge(replace(found, bundles=(*found.bundles, one)), policy, registry)


MIRROR = f"{ORIGIN}@{COMMIT}"
COPIES: Mapping[str, tuple[Copy, Result, str, set[str]]] = {
    "a copy": (Copy(), Result.PASS, MIRROR, set()),
    "a copy that nobody named": (Copy(repo=None), Result.PASS, MIRROR, set()),
    "a copy on a Hub, under its own name": (
        Copy(repo="bank/bot", said={"destination": "bank/bot"}),
        Result.PASS,
        MIRROR,
        set(),
    ),
    "a copy of a copy": (
        Copy(said={"via": Place(source=COPY, revision=WHOLE)}),
        Result.PASS,
        MIRROR,
        set(),
    ),
    "another card": (Copy(changed={"README.md": b"# Ours\n"}), Result.PASS, MIRROR, set()),
    "other weights": (
        Copy(changed={"model.safetensors": forge.safetensors(b"x" * 16)}),
        Result.FAIL,
        "",
        {MISMATCH},
    ),
    "a file more": (Copy(changed={"generation_config.json": b"{}"}), Result.FAIL, "", {MISMATCH}),
    "a file less": (Copy(changed={"tokenizer.json": None}), Result.FAIL, "", {MISMATCH}),
    "a statement of another copy": (
        Copy(said={"subjects": {"model.gguf": "b" * 64}}),
        Result.FAIL,
        "",
        {MISMATCH},
    ),
    "a statement of an earlier copy, which the caller kept": (
        Copy(said={"subjects": {"model.gguf": "b" * 64}}, beside=True),
        Result.PASS,
        "",
        set(),
    ),
    "another name": (Copy(repo="acme/other"), Result.FAIL, "", {"identity/import-name"}),
    "by nobody known": (Copy(who="stranger"), Result.PASS, "", {NOTE}),
    "by a publisher": (Copy(roles=["evaluator"]), Result.PASS, "", {NOTE}),
    "of a model of others": (
        Copy(said={"origin": Place(repo="other/bot", revision=COMMIT)}),
        Result.PASS,
        "",
        {NOTE},
    ),
    "of a store alone": (
        Copy(said={"origin": Place(source=COPY, revision=WHOLE)}),
        Result.PASS,
        "",
        {NOTE},
    ),
    "without an origin": (
        Copy(bend={"predicate.buildDefinition.resolvedDependencies": []}),
        Result.PASS,
        "",
        {NOTE},
    ),
    "the origin's commit revoked": (
        Copy(revoked={"commit": COMMIT}),
        Result.FAIL,
        MIRROR,
        {"registry/revoked"},
    ),
    "the origin revoked": (
        Copy(revoked={"repo": ORIGIN}),
        Result.FAIL,
        MIRROR,
        {"registry/revoked"},
    ),
    "all files of the origin revoked": (
        Copy(revoked={"manifest": WHOLE}),
        Result.FAIL,
        MIRROR,
        {"registry/revoked"},
    ),
    "the origin revoked, by nobody's word": (
        Copy(who="stranger", revoked={"commit": COMMIT}),
        Result.FAIL,
        "",
        {"registry/revoked", NOTE},
    ),
    "the copy between revoked": (
        Copy(
            said={"via": Place(repo="bank/bot", revision=OTHER)},
            revoked={"commit": OTHER},
        ),
        Result.FAIL,
        MIRROR,
        {"registry/revoked"},
    ),
    "the importer's key revoked": (
        Copy(revoked={"signer": "gate", "compromised_since": forge.NOW - 30 * forge.DAY}),
        Result.PASS,
        "",
        {NOTE},
    ),
}


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_is_judged_as_its_origin_where_an_importer_attested_it(
    name: str, tmp_path: Path
) -> None:
    copy, result, mirror, rules = COPIES[name]
    found = copy.verdict(tmp_path)
    odd = (Outcome.FAIL, Outcome.UNKNOWN)
    told = {f.rule for f in found.findings if f.outcome in odd} - {"signature/not-demanded"}
    if copy.repo is None:
        told -= {"identity/unnamed"}
    assert (found.mirror_of, told) == (mirror, rules)
    assert found.result is result, found.reason


BENT: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "a branch": (
        {"predicate.buildDefinition.resolvedDependencies.0.uri": "pkg:huggingface/acme/bot@main"},
        "expected pkg:huggingface/",
    ),
    "no URI": (
        {"predicate.buildDefinition.resolvedDependencies.0.uri": 7},
        "uri",
    ),
    "two commits": (
        {"predicate.buildDefinition.resolvedDependencies.0.digest": {"gitCommit": OTHER}},
        "gitCommit",
    ),
    "two origins": (
        {"predicate.buildDefinition.resolvedDependencies.+": "again"},
        "stands twice",
    ),
    "a subject without a digest": ({"subject.0.digest": {"sha512": "ab"}}, "SHA-256"),
    "another build type": (
        {"predicate.buildDefinition.buildType": "https://example.org/"},
        "not an import",
    ),
    "no definition": ({"predicate": []}, "not an import"),
}


@pytest.mark.parametrize("name", BENT)
def test_what_is_no_import_statement_is_malformed(name: str) -> None:
    bend, words = BENT[name]
    origin = Place(repo=ORIGIN, revision=COMMIT, manifest=WHOLE)
    good = Imported(subjects={"a": "b" * 64}, origin=origin, destination="bank/bot")
    assert imported(_read(statement(good, builder="urn:t"))) == good
    document = forge.bent(json.loads(statement(good, builder="urn:t")), bend)
    with pytest.raises(Malformed, match=words):
        imported(_read(json.dumps(document).encode()))


def _read(payload: bytes) -> intoto.Statement:
    return intoto.statement(
        intoto.Envelope(payload_type=intoto.PAYLOAD_TYPE, payload=payload, signature=b"")
    )
