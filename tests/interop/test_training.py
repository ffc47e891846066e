"""Training statements beside other programs: a Trainer that writes one, Sigstore that reads one."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path

import pytest
import tomli_w

from tests import forge
from tests.cli.shop import SCHEMA
from tests.interop.servers import ours, sigstore, token, told
from tests.schemas import validate

pytestmark = pytest.mark.interop

TRAIN = """
import sys
from torch.utils.data import Dataset
from transformers import AutoModelForCausalLM, Trainer, TrainingArguments
from provenance.train import AttestationCallback

class Rows(Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, row):
        words = [row + 1, row + 2, row + 3]
        return {"input_ids": words, "labels": words}

out = sys.argv[1]
model = AutoModelForCausalLM.from_pretrained("base")
settings = TrainingArguments(out, max_steps=1, report_to=[], use_cpu=True, save_strategy="no")
trainer = Trainer(model=model, args=settings, train_dataset=Rows())
words = {"policy": "provenance.toml", "key": "key.pem"}
trainer.add_callback(AttestationCallback(model="acme/out", method="sft", parent="base", **words))
trainer.train()
"""
TINY = """
import sys
from transformers import LlamaConfig, LlamaForCausalLM
size = {"vocab_size": 32, "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1}
LlamaForCausalLM(LlamaConfig(**size, num_attention_heads=2)).save_pretrained(sys.argv[1])
"""


def test_a_trainer_attests_what_it_made(tmp_path: Path) -> None:
    python = told("PROVENANCE_TRANSFORMERS") / "python"
    subprocess.run([python, "-c", TINY, "base"], cwd=tmp_path, check=True)
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
    subprocess.run([python, "-c", TRAIN, "out"], cwd=tmp_path, check=True)
    forge.sign(tmp_path / "out", forge.TufKey(key=forge.key("release")))
    ended = ours(tmp_path, "verify", "out", "-v", "--policy", "attested")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "acme/out by sft from acme/base" in ended.stdout


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
