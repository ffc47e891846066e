"""Evidence written and read back is the same evidence, and proves nothing about any bytes here."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance import replay
from provenance.errors import ConfigError
from provenance.judgement import judge
from provenance.model import (
    Ancestor,
    Basis,
    Content,
    Document,
    Evidence,
    Facts,
    File,
    Flag,
    Kind,
    Manifest,
    Member,
    Observation,
    PartDigest,
    Reach,
    Ref,
    TensorDigest,
    WeightFacts,
)
from provenance.policy import Model, Policy, Settings
from provenance.source import directory
from provenance.trust import Registry
from provenance.verdict import Level, Outcome
from tests import forge
from tests.hostile import mutations, truncations

A = File(path="a.json", size=2, digest="a" * 64)
B = File(path="sub/b\u202e.bin", size=9, digest="b" * 64)
SAMPLE = Evidence(
    ref=Ref(text="./m", repo="acme/m", commit="c" * 40),
    at=datetime(2026, 6, 1, 12, 30, tzinfo=timezone(timedelta(hours=2))),
    basis=Basis.MEASURED,
    listing=Manifest.of([A, B]),
    manifest=Manifest.of([A]),
    include=("*.json",),
    exclude=("b/",),
    contents=(
        Content(
            path="a.json",
            kind=Kind.JSON,
            head=b"{}",
            inside=(
                Content(path="b/c.yaml", kind=Kind.TEXT, head=b"a: b"),
                Content(path="d", kind=Kind.BINARY),
            ),
        ),
    ),
    parts=(PartDigest(path="a.json", algorithm="blake2b", start=0, end=2, hex="d" * 128),),
    bundles=(Document(path="model.sig", data=b"\x00\xff any"),),
    observations=(Observation(code="name", path=B.path, detail="odd\n"),),
    facts=Facts(
        id="acme/m",
        repo_id="1" * 24,
        owner="acme",
        gated=True,
        reach=Reach.TAG,
        flags=(Flag(path="a.json", level="unsafe"),),
        parents=("acme/base",),
        relation="finetune",
    ),
    ancestors=(Ancestor(claimed="acme/base", revision="v1", missing="gone"),),
    members=(Member(repo="acme/base", revision="v1", missing="gone"),),
    weights=WeightFacts(
        tensors=(
            TensorDigest(
                path="m.safetensors", name="w", dtype="BF16", shape=(2, 0), opening="e" * 64
            ),
            TensorDigest(
                path="m.safetensors",
                name="",
                dtype="F32",
                shape=(),
                opening="e" * 64,
                digest="f" * 64,
            ),
        ),
        own=(Document(path="public", data=b"wlf1\x00"),),
        bases=(Document(path="acme/base@public", data=b"wlf1\xff"),),
        changes=(Document(path="acme/base", data=b"{}"),),
        skipped="nothing at hand",
        unread="a.json: gone",
    ),
)
TEXT = replay.dumps(SAMPLE).encode()

hexes = st.text("0123456789abcdef", min_size=64, max_size=64)
files = st.builds(
    File,
    path=st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip),
    size=st.integers(0, 1 << 62),
    digest=hexes,
)


@st.composite
def evidences(draw: st.DrawFn) -> Evidence:
    listing = draw(st.lists(files, unique_by=lambda file: file.path, max_size=5))
    chosen = [file for file in listing if draw(st.booleans())]
    return Evidence(
        ref=Ref(text=draw(st.text(st.characters(exclude_categories=["Cs"])))),
        at=draw(st.datetimes(datetime(1971, 1, 1), datetime(9998, 1, 1), timezones=st.just(UTC))),
        basis=draw(st.sampled_from(Basis)),
        listing=Manifest.of(listing),
        manifest=Manifest.of(chosen),
        contents=tuple(
            Content(
                path=file.path,
                kind=draw(st.sampled_from(Kind)),
                head=draw(st.binary(max_size=min(20, file.size))),
                inside=tuple(
                    Content(path=f"m{number}", kind=Kind.TEXT, head=draw(st.binary(max_size=9)))
                    for number in range(draw(st.integers(0, 2)))
                ),
            )
            for file in Manifest.of(chosen).files
        ),
        bundles=tuple(
            Document(path="x", data=draw(st.binary(max_size=50))) for _ in range(len(chosen))
        ),
    )


def outcome(data: bytes) -> Evidence | None:
    """The evidence, or None where it is refused; anything else is the test's failure."""
    try:
        return replay.loads(data)
    except ConfigError:
        return None


def test_what_is_read_back_is_the_same_but_for_its_basis() -> None:
    assert replay.loads(TEXT) == replace(SAMPLE, basis=Basis.REPLAYED)


@given(evidences())
def test_any_evidence_is_read_back(evidence: Evidence) -> None:
    text = replay.dumps(evidence)
    again = replay.loads(text.encode())
    assert again == replace(evidence, basis=Basis.REPLAYED)
    assert replay.dumps(replace(again, basis=evidence.basis)) == text


def test_a_real_folder_with_the_oddest_names(tmp_path: Path) -> None:
    forge.write(tmp_path, {**forge.MODEL, "a\nb\u202e.txt": b""})
    (tmp_path / os.fsdecode(b"\xff.txt")).write_bytes(b"\xff")
    bundle = forge.bundle_of({"any": "statement"}, forge.TufKey(key=forge.key("release")))
    (tmp_path / "model.sig").write_text(json.dumps(bundle))
    evidence = directory.collect(tmp_path, ref=Ref(text="m"), at=forge.NOW)
    assert evidence.bundles
    assert evidence.observations
    again = replay.loads(replay.dumps(evidence).encode())
    assert again == replace(evidence, basis=Basis.REPLAYED)


DAY = (forge.NOW + forge.DAY).date()
ALLOWED = {"repo": "acme/m", "reason": "for a day", "expires": DAY}
LAPSED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "a registry": ({}, {"expires": DAY}, "registry/expired"),
    "a waiver": (
        {
            "waivers": [
                {**ALLOWED, "rule": "signature/missing", "subject": "acme/m", "any_revision": True}
            ]
        },
        {},
        "signature/missing",
    ),
    "an exemption": (
        {"exempt": [{**ALLOWED, "repo": "someone/m", "manifest": "MANIFEST"}]},
        {},
        "identity/unknown-publisher",
    ),
}


@pytest.mark.parametrize("name", LAPSED)
def test_what_has_expired_since_it_was_stored_does_not_count(tmp_path: Path, name: str) -> None:
    own, trust, rule = LAPSED[name]
    repo = "someone/m" if "exempt" in own else "acme/m"
    evidence = directory.collect(
        forge.write(tmp_path / "m"), ref=Ref(text="m", repo=repo), at=forge.NOW
    )
    for entry in own.get("exempt", ()):
        entry["manifest"] = evidence.manifest.digest
    settings = Settings.from_table({"policy": own}, source="provenance.toml")
    policy = Policy.of(settings, Model(name="m", repo=repo))
    acme = forge.org("Acme", forge.signer("release"), originates=True)
    registry = Registry.from_table(forge.registry(acme, **trust), source="trust.toml")

    def counting(found: Evidence) -> set[str]:
        findings = judge(found, policy, registry).findings
        wrong = (f for f in findings if f.outcome is not Outcome.PASS)
        return {f.rule for f in wrong if f.level is Level.REQUIRE}

    text = replay.dumps(evidence).encode()
    assert rule not in counting(evidence)
    assert rule not in counting(replay.loads(text, now=forge.NOW))
    assert rule in counting(replay.loads(text))
    assert rule in counting(replay.loads(text, now=forge.NOW + 2 * forge.DAY))


@pytest.mark.parametrize("commit", ["main", "C" * 40, "c" * 39])
def test_a_commit_is_one(commit: str) -> None:
    document = json.loads(TEXT)
    document["ref"]["commit"] = commit
    assert outcome(json.dumps(document).encode()) is None


@pytest.mark.parametrize(
    "at", ["yesterday", "2026-06-01", "2026-06-01T00:00:00", "0001-01-01T00:00:00+23:59"]
)
def test_a_moment_is_one(at: str) -> None:
    document = json.loads(TEXT)
    document["at"] = at
    assert outcome(json.dumps(document).encode()) is None


def test_every_node_replaced_by_hostile_values() -> None:
    refused = 0
    for _, document in mutations(json.loads(TEXT)):
        found = outcome(json.dumps(document).encode())
        refused += found is None
        assert found is None or found.basis is Basis.REPLAYED
    assert refused > 0


def test_an_error_leads_to_its_place() -> None:
    document = json.loads(TEXT)
    document["files"][1]["size"] = "x"
    with pytest.raises(ConfigError) as caught:
        replay.loads(json.dumps(document).encode())
    assert caught.value.path == "evidence.files[1].size"


def test_every_key_left_out_and_an_unknown_one_put_in() -> None:
    document = json.loads(TEXT)
    for name in document:
        short = {key: value for key, value in document.items() if key != name}
        assert (outcome(json.dumps(short).encode()) is None) is (name not in OPTIONAL)
        assert outcome(json.dumps({**document, name + "x": 1}).encode()) is None


OPTIONAL = {"parts", "bundles", "observations", "ancestors", "members", "weights"}


def test_evidence_of_before_weights_were_looked_at_is_read() -> None:
    plain = replace(SAMPLE, weights=WeightFacts())
    text = replay.dumps(plain)
    assert "weights" not in json.loads(text)
    assert replay.loads(text.encode()).weights == WeightFacts()


@pytest.mark.parametrize(
    ("name", "value"),
    [("shape", [1.0]), ("shape", [-1]), ("shape", [True]), ("shape", 3), ("opening", "E" * 64)],
)
def test_a_tensor_has_a_shape_and_digests(name: str, value: object) -> None:
    document = json.loads(TEXT)
    document["weights"]["tensors"][0][name] = value
    assert outcome(json.dumps(document).encode()) is None


@pytest.mark.parametrize("cut", list(truncations(TEXT.rstrip())))
def test_cut_short(cut: bytes) -> None:
    assert outcome(cut) is None


@pytest.mark.parametrize(
    "data", [b"\xff", b"[" * 100_000, b"null", b"{}", b'{"version": 2}', b"1" * 5000]
)
def test_what_is_no_evidence(data: bytes) -> None:
    assert outcome(data) is None


def test_a_file_twice_or_another_manifest_is_refused() -> None:
    document = json.loads(TEXT)
    twice = {**document, "files": document["files"] + document["files"][:1]}
    assert outcome(json.dumps(twice).encode()) is None
    changed = json.loads(TEXT)
    changed["files"][0]["digest"] = "e" * 64
    assert outcome(json.dumps(changed).encode()) is None
