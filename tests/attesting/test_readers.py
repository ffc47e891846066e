"""What is attested is read back: by our reader, by in-toto's own, and by the schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from provenance.errors import ConfigError, Malformed
from provenance.model import Evidence, File, Manifest, Ref
from provenance.produce.attest import Making, indented, read_back, statement
from provenance.produce.plain import DEEPEST
from provenance.source import directory
from provenance.wire.training import Material, MaterialKind, Method, Parent
from tests import forge
from tests.cli.shop import COMMIT, SCHEMA
from tests.schemas import validate

NOW = datetime(2026, 1, 2, tzinfo=UTC)
FILES = (
    File(path="config.json", size=7, digest="1" * 64),
    File(path="a b/wëights.safetensors", size=1 << 60, digest="2" * 64),
)
MANIFEST = Manifest.of(FILES)
NAMED = Parent(repo="acme/base", commit=COMMIT, manifest=MANIFEST.digest, files=MANIFEST.files)
UNNAMED = replace(NAMED, repo=None, commit=None, unverified=True)


def deep(levels: int) -> object:
    """So many tables and lists within each other."""
    found: object = {}
    for level in range(1, levels):
        found = {"a": found} if level % 2 else [found]
    return found


LEAST = Making(model="acme/bot", method=Method.SFT, builder="urn:tests")
MOST = Making(
    model="acme/bot",
    method=Method.GRPO,
    adapter=True,
    trainer="trl.GRPOTrainer",
    materials=[
        Material(
            kind=MaterialKind.DATASET,
            uri="https://huggingface.co/datasets/acme/data",
            digest=(("gitCommit", COMMIT),),
            notes=(("fingerprint", "ab"), ("rows", 7)),
        ),
        Material(kind=MaterialKind.DATASET, uri="https://example.org/data"),
        Material(
            kind=MaterialKind.CODE, digest=(("gitCommit", COMMIT),), notes=(("dirty", False),)
        ),
        Material(kind=MaterialKind.CONFIG, digest=(("sha256", "3" * 64),)),
        Material(
            kind=MaterialKind.CONTAINER,
            uri="docker://ghcr.io/acme/train",
            digest=(("sha256", "4" * 64),),
        ),
        Material(kind=MaterialKind.CHECKPOINT, digest=(("hfProvenanceManifest", "5" * 64),)),
    ],
    parameters={"loss": float("nan"), "began": NOW, "text": "ü\n\ud800", "n": 1 << 53},
    environment={"python": "3.11", "packages": {"torch": "2.9"}, "deep": deep(DEEPEST)},
    builder="pkg:pypi/trl@1.16.0",
    versions={"trl": "1.16.0"},
    invocation="urn:uuid:0b0e5a5e-1f7b-4f3e-9d3c-0a0a0a0a0a0a",
    started=NOW,
    finished=NOW,
    byproducts=[Material(kind="trainer_state", digest=(("sha256", "6" * 64),))],
)
STEPS = {"least": (LEAST, [UNNAMED]), "most": (MOST, [NAMED, UNNAMED])}


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    forge.write(tmp_path / "bot", forge.MODEL)
    return directory.collect(tmp_path / "bot", ref=Ref(text=str(tmp_path / "bot")), at=NOW)


@pytest.mark.parametrize("name", STEPS)
def test_our_reader_reads_what_was_meant(name: str, evidence: Evidence) -> None:
    making, parents = STEPS[name]
    step = read_back(statement(evidence, making, parents))
    assert [one.manifest for one in step.parents] == [one.manifest for one in parents]
    assert [one.files for one in step.parents] == [one.files for one in parents]
    assert [one.kind for one in step.materials] == [one.kind for one in making.materials]
    said = ("model", "method", "trainer", "adapter", "builder", "invocation", "started", "finished")
    assert {n: getattr(step, n) for n in said} == {n: getattr(making, n) for n in said}
    assert dict(step.versions) == (making.versions or {})
    assert step.byproducts == tuple(making.byproducts)


@pytest.mark.parametrize("name", STEPS)
def test_the_schema_and_in_toto_itself_accept_it(name: str, evidence: Evidence) -> None:
    document = json.loads(indented(statement(evidence, *STEPS[name])))
    validate(document, SCHEMA)
    assert accepted(document) == len(evidence.manifest.files)


def accepted(document: Mapping[str, Any]) -> int:
    """The subjects that the readers of in-toto find; they refuse names that they do not know."""
    from google.protobuf.json_format import ParseDict
    from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
    from in_toto_attestation.v1 import statement_pb2
    from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
    from in_toto_attestation.v1.statement import Statement

    read = Statement.copy_from_pb(ParseDict(document, statement_pb2.Statement()))
    read.validate()
    provenance = ParseDict(document["predicate"], provenance_pb2.Provenance())
    found = (
        *provenance.build_definition.resolved_dependencies,
        *provenance.run_details.byproducts,
    )
    for one in found:
        ResourceDescriptor.copy_from_pb(one).validate()
    return len(read.pb.subject)


ADAPTER_FILES = {"adapter_config.json": b"{}", "adapter_model.safetensors": b"x"}


@pytest.mark.parametrize(
    ("files", "method", "relation"),
    [
        (ADAPTER_FILES, Method.SFT, "adapter"),
        (ADAPTER_FILES, Method.LORA, "adapter"),
        (ADAPTER_FILES, Method.MERGE, "merge"),
        ({**ADAPTER_FILES, "config.json": b"{}"}, Method.SFT, "finetune"),
    ],
)
def test_an_adapter_is_known_by_its_files(
    files: Mapping[str, bytes], method: Method, relation: str, tmp_path: Path
) -> None:
    folder = forge.write(tmp_path / "out", files)
    evidence = directory.collect(folder, ref=Ref(text=str(folder)), at=NOW)
    step = read_back(statement(evidence, replace(LEAST, method=method), [UNNAMED]))
    assert step.relation == relation


HERE = "predicate.buildDefinition.resolvedDependencies"
LIES: tuple[tuple[str, object], ...] = (
    ("predicate.buildDefinition.externalParameters.method", "magic"),
    ("predicate.buildDefinition.externalParameters.relation", "merge"),
    ("predicate.runDetails.builder.id", ""),
    (f"{HERE}.0.digest", {}),
    (f"{HERE}.0.uri", "pkg:huggingface/acme/base@main"),
    (f"{HERE}.2.annotations.size", -1),
    (f"{HERE}.2.annotations.manifest", "x"),
)


@pytest.mark.parametrize(("place", "value"), LIES)
def test_the_schema_and_our_reader_refuse_the_same(
    place: str, value: object, evidence: Evidence
) -> None:
    document = json.loads(statement(evidence, *STEPS["most"]))
    *above, last = place.split(".")
    inner: Any = document
    for name in above:
        inner = inner[int(name) if name.isdecimal() else name]
    inner[last] = value
    from jsonschema import ValidationError

    with pytest.raises(ValidationError):
        validate(document, SCHEMA)
    if value != {}:
        with pytest.raises(Malformed):
            read_back(json.dumps(document).encode())


def older(document: dict[str, Any]) -> dict[str, Any]:
    """The statement as it was written before files of parents had descriptors of their own."""
    definition = document["predicate"]["buildDefinition"]
    rows = definition["resolvedDependencies"]
    for parent in (one for one in rows if one["name"] == "parent"):
        digest = parent["digest"]["hfProvenanceManifest"]
        files = [
            {**one["annotations"], "sha256": one["digest"]["sha256"]}
            for one in rows
            if one["name"] == "parent-file" and one["annotations"]["manifest"] == digest
        ]
        for file in files:
            del file["manifest"]
        parent["digest"] = {"sha256": digest}
        parent["annotations"] = {**parent.get("annotations", {}), "files": files}
    definition["resolvedDependencies"] = [one for one in rows if one["name"] != "parent-file"]
    return document


def test_an_older_statement_says_the_same_parents(evidence: Evidence) -> None:
    made = statement(evidence, *STEPS["most"])
    document = older(json.loads(made))
    assert "hfProvenanceManifest" not in json.dumps(document["predicate"]["buildDefinition"])[:900]
    validate(document, SCHEMA)
    assert read_back(json.dumps(document).encode()).parents == read_back(made).parents


def test_half_of_a_pair_in_a_name_is_refused(evidence: Evidence) -> None:
    with pytest.raises(ConfigError, match="surrogate"):
        statement(evidence, replace(LEAST, trainer="\ud800"), [UNNAMED])


def test_a_statement_that_nobody_would_read_is_not_made(evidence: Evidence) -> None:
    large = replace(LEAST, parameters={"text": "x" * 10_000_000})
    with pytest.raises(ConfigError, match="no more than"):
        statement(evidence, large, [UNNAMED])


def test_what_must_not_be_published_is_dropped_and_the_rest_is_attested(
    evidence: Evidence,
) -> None:
    secret = "hf_" + "aB3" * 12
    making = replace(
        MOST,
        parameters={"lr": 1, "hub_token": secret, "output_dir": "/home/alice/out"},
        environment={"host": {"name": "gpu-7.corp"}, "python": "3.11"},
        materials=[
            Material(kind="dataset", uri="file:///home/alice/d", digest=(("sha256", "1" * 64),)),
            Material(kind="dataset", uri=f"https://u:{secret}@example.org/d"),
            Material(kind="code", digest=(("gitCommit", COMMIT),), notes=(("path", "/mnt/x"),)),
        ],
        invocation=f"https://example.org/?token={secret}",
    )
    kept, dropped = making.published({"alice"})
    assert set(dropped) == {
        "parameters.hub_token",
        "parameters.output_dir",
        "environment.host.name",
        "invocation",
        "dataset.uri",
        "code.path",
    }
    assert list(making.refusals())
    assert not list(kept.refusals({"alice"}))
    said = statement(evidence, kept, [UNNAMED]).decode()
    assert not [word for word in (secret, "alice", "corp", "/mnt") if word in said]
    assert [one.kind for one in read_back(said.encode()).materials] == ["dataset", "code"]
