"""Every node of what passes, replaced by hostile values and cut short: no traceback, no pass."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load

from provenance import replay, signature
from provenance.claims.files import ModelFiles
from provenance.claims.trained import of_parameters
from provenance.drift import drift
from provenance.errors import ConfigError, Malformed
from provenance.formats import safetensors
from provenance.judgement import judge
from provenance.model import Content, Document, Evidence, Ref
from provenance.policy import Model, Policy, Settings
from provenance.produce.sign import statement
from provenance.signature import Attestation
from provenance.source import directory
from provenance.trust import Registry
from provenance.verdict import Result
from tests import forge
from tests.hostile import mutations, truncations

SEED, SAMPLE = 20_260_602, 250
POLICY = Policy.of(Settings(), Model(name="m", repo="acme/m", path="m"))
ROOT = forge.certificate("root", ca=True)
HANDS = {
    "key": forge.TufKey(key=forge.key("release")),
    "certificate": forge.TufKey(
        key=forge.key("leaf"), chain=(forge.certificate("leaf", "root"), ROOT)
    ),
}
PKI = {"certificate_authority": forge.certificate_pem(ROOT), "subject": "CN=leaf"}
TRUST = Registry.from_table(
    forge.registry(
        forge.org("Acme", forge.signer("release"), forge.signer("pki", **PKI)),
    ),
    source="trust.toml",
)
# Values that leave a bundle as good as it was: no keyid, no log entry where there was none, and a
# timestamp withheld where the log's own time stands beside it.
SAME: dict[str, tuple[object, ...]] = {
    "keyid": ("", None),
    "tlogEntries": ([],),
    "rfc3161Timestamps": ([],),
}


def evidence(folder: Path) -> Evidence:
    return directory.collect(folder, ref=Ref(text="m", repo="acme/m"), at=forge.NOW)


def means_the_same(path: tuple[object, ...], document: Any) -> bool:
    value = document
    for step in path:
        value = value[step]
    return value in SAME.get(str(path[-1]), ())


def bundles(text: str) -> Iterator[bytes]:
    """Every mutation of a bundle that changes what it says, and every cut."""
    for path, mutated in mutations(json.loads(text)):
        data = json.dumps(mutated)
        if data != json.dumps(json.loads(text)) and not (path and means_the_same(path, mutated)):
            yield data.encode("utf-8", "surrogatepass")
    yield from truncations(text.encode())


@pytest.mark.parametrize("tuf_key", HANDS)
def test_no_mutation_of_a_bundle_is_believed(tuf_key: str, tmp_path: Path) -> None:
    folder = forge.sign(forge.write(tmp_path / "m"), HANDS[tuf_key])
    found = evidence(folder)
    assert judge(found, POLICY, TRUST).result is Result.PASS
    for data in bundles((folder / "model.sig").read_text()):
        document = Document(path="model.sig", data=data)
        assert not isinstance(signature.verify(document, TRUST, forge.NOW), Attestation)


def believed(folder: Path, sample: int | None) -> list[bytes]:
    """The mutations of a keyless bundle that verify as somebody all the same."""
    every = list(bundles((folder / "model.sig").read_text()))
    chosen = random.Random(SEED).sample(every, sample) if sample else every
    print(f"{len(chosen)} of {len(every)} mutations, seed {SEED}")
    documents = [Document(path="model.sig", data=data) for data in chosen]
    verifications = [signature.verify(document, TRUST, forge.NOW) for document in documents]
    return [
        document.data
        for document, verification in zip(documents, verifications, strict=True)
        if isinstance(verification, signature.Signed)
    ]


@pytest.mark.each("sigstore/model-transparency-tests/v*-sigstore")
def test_no_mutation_of_a_keyless_bundle_is_believed(each: Path) -> None:
    assert believed(each, SAMPLE) == []


@pytest.mark.exhaustive
@pytest.mark.each("sigstore/model-transparency-tests/v*-sigstore")
def test_no_mutation_of_a_keyless_bundle_is_believed_exhaustively(each: Path) -> None:
    assert believed(each, None) == []


def test_a_mutated_statement_signed_by_the_publisher_never_raises(tmp_path: Path) -> None:
    folder = forge.write(tmp_path / "m")
    found = evidence(folder)
    whole = json.loads(statement(found, "m"))
    for path, mutated in mutations(whole):
        if not isinstance(mutated, dict):
            continue
        made = forge.bundle_of(mutated, HANDS["key"])
        document = Document(path="model.sig", data=json.dumps(made).encode())
        result = judge(replace(found, bundles=(document,)), POLICY, TRUST).result
        touched = {"resources", "digest", "_type", "predicateType"} & set(map(str, path))
        assert not (touched and result is Result.PASS and mutated != whole), path


@pytest.fixture
def replayed(tmp_path: Path) -> Any:
    folder = forge.sign(forge.write(tmp_path / "m"), HANDS["key"])
    return json.loads(replay.dumps(evidence(folder)))


def test_no_mutation_of_evidence_raises_or_passes_with_other_bytes(replayed: Any) -> None:
    bound = {"sha256", "size", "data"}
    for path, mutated in mutations(replayed):
        try:
            found = replay.loads(json.dumps(mutated).encode("utf-8", "surrogatepass"))
        except ConfigError:
            continue
        result = judge(found, POLICY, TRUST).result
        changed = mutated != replayed and bool(path) and path[-1] in bound
        assert not (changed and result is Result.PASS), path


def test_no_cut_of_evidence_raises(replayed: Any) -> None:
    for data in truncations(json.dumps(replayed).encode()):
        with pytest.raises(ConfigError):
            replay.loads(data)


def test_evidence_survives_the_journey(tmp_path: Path) -> None:
    found = evidence(forge.sign(forge.write(tmp_path / "m"), HANDS["key"]))
    again = replay.loads(replay.dumps(found).encode())
    assert replace(again, basis=found.basis) == found


def header(value: object) -> bytes:
    text = json.dumps(value).encode("utf-8", "surrogatepass")
    return len(text).to_bytes(8, "little") + text + bytes(16)


def test_no_mutation_of_a_header_is_read_that_the_library_would_not_read() -> None:
    whole = {
        "__metadata__": {"format": "pt"},
        "a": {"dtype": "F16", "shape": [2, 2], "data_offsets": [0, 8]},
        "b": {"dtype": "U8", "shape": [8], "data_offsets": [8, 16]},
    }
    assert len(safetensors.parse(header(whole)[:-16], len(header(whole))).tensors) == 2
    for _, mutated in mutations(whole):
        data = header(mutated)
        try:
            safetensors.parse(data[:-16], len(data))
        except Malformed:
            continue
        load(data)


def test_no_cut_of_a_header_is_read() -> None:
    data = header({"a": {"dtype": "U8", "shape": [16], "data_offsets": [0, 16]}})
    assert len(safetensors.parse(data, len(data)).tensors) == 1
    for length in range(len(data)):
        with pytest.raises(Malformed):
            safetensors.parse(data[:length], length)


TOKEN = {"content": "<x>", "id": 3, "special": True}
SETTINGS: dict[str, dict[str, Any]] = {
    "adapter_config.json": {
        "base_model_name_or_path": "acme/base",
        "peft_type": "LORA",
        "r": 4,
        "target_modules": ["q_proj"],
        "modules_to_save": ["lm_head"],
        "rank_pattern": {"q_proj": 4},
        "layers_to_transform": [0],
        "trainable_token_indices": {"embed_tokens": [3]},
        "init_lora_weights": True,
        "bias": "none",
    },
    "config.json": {
        "architectures": ["LlamaForCausalLM"],
        "vocab_size": 8,
        "rope_scaling": {"type": "linear"},
        "quantization_config": {"quant_method": "gptq", "bits": 4, "desc_act": False},
    },
    "generation_config.json": {"eos_token_id": [1], "temperature": 0.5, "stop_strings": ["a"]},
    "tokenizer_config.json": {
        "chat_template": [{"name": "default", "template": "{{ x }}"}],
        "added_tokens_decoder": {"3": TOKEN},
        "eos_token": TOKEN,
    },
    "tokenizer.json": {"added_tokens": [TOKEN], "model": {"vocab": {"a": 0}, "merges": ["a b"]}},
    "special_tokens_map.json": {"pad_token": TOKEN},
    "recipe.yaml": {"adapter": "lora", "lora_r": 8, "lora_target_modules": ["q_proj"]},
}
"""What ordinary tools write beside weights, by the file's name."""


@pytest.mark.parametrize("name", SETTINGS)
def test_no_mutation_of_settings_raises(name: str, tmp_path: Path) -> None:
    files = {path: json.dumps(table).encode() for path, table in SETTINGS.items()}
    found = evidence(forge.write(tmp_path / "m", {**forge.MODEL, **files}))
    whole = ModelFiles(evidence=found)
    for path, mutated in mutations(SETTINGS[name]):
        data = json.dumps(mutated).encode("utf-8", "surrogatepass")
        other = replace(found, contents=tuple(_with(one, name, data) for one in found.contents))
        assert judge(other, POLICY, TRUST).findings, path
        assert drift(ModelFiles(evidence=other), whole), path
        assert len(list(of_parameters("said", data.decode("utf-8", "replace")))) <= 1, path


def _with(content: Content, name: str, data: bytes) -> Content:
    return replace(content, head=data) if content.path == name else content
