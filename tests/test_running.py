"""What a run decides before it touches anything: by which names models are found, and what its
command is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from provenance.errors import ConfigError
from provenance.lock import Entry, LockedMember, Part
from provenance.source.laid import Laid
from provenance.workspace.naming import Names
from provenance.workspace.running import UNSET, environment_of

A, B = "a" * 40, "b" * 40
BASE = "acme/base"


def model(
    name: str, repo: str, commit: str, *members: LockedMember, at: str | None = None
) -> Entry:
    return Entry(name=name, repo=repo, commit=commit, revision=at, members=members)


def member(commit: str, revision: str | None = None, brings: str = "weights") -> LockedMember:
    return LockedMember(repo=BASE, commit=commit, revision=revision, brings=brings)


def closure(commit: str) -> Entry:
    return Entry(name=f"{BASE}@{commit}", repo=BASE, commit=commit, part=Part.CLOSURE)


NAMED: dict[str, tuple[list[Entry], dict[tuple[str, str], str]]] = {
    "a model": ([model("m", "acme/m", A)], {("acme/m", "main"): A}),
    "at a tag": (
        [model("m", "acme/m", A, at="v1")],
        {("acme/m", "main"): A, ("acme/m", "v1"): A},
    ),
    "at a commit": ([model("m", "acme/m", A, at=A)], {("acme/m", "main"): A}),
    "one commit twice": (
        [model("m", "acme/m", A), model("n", "acme/m", A)],
        {("acme/m", "main"): A},
    ),
    "a member by its branch": (
        [model("m", "acme/m", A, member(B)), closure(B)],
        {("acme/m", "main"): A, (BASE, "main"): B},
    ),
    "a member by a tag": (
        [model("m", "acme/m", A, member(B, "v2")), closure(B)],
        {("acme/m", "main"): A, (BASE, "v2"): B},
    ),
    "a member by commit alone": (
        [model("m", "acme/m", A, member(B, B)), closure(B)],
        {("acme/m", "main"): A},
    ),
    "another commit of a model, by commit": (
        [model("m", "acme/m", A, member(B, B)), model("base", BASE, A), closure(B)],
        {("acme/m", "main"): A, (BASE, "main"): A},
    ),
    "a kernel": (
        [model("m", "acme/m", A, member(B, "v1", "kernel")), closure(B)],
        {("acme/m", "main"): A, (f"kernels/{BASE}", "v1"): B},
    ),
}


@pytest.mark.parametrize("name", NAMED)
def test_each_name_leads_to_one_commit(name: str) -> None:
    entries, expected = NAMED[name]
    found = Names.of(entries)
    assert {(one.home, one.revision): one.commit for one in found.names} == expected


TORN: dict[str, list[Entry]] = {
    "two models": [model("m", "acme/m", A), model("n", "acme/m", B)],
    "two tags that are one": [
        model("m", "acme/m", A, at="v1"),
        model("n", "acme/m", B, at="v1"),
    ],
    "a model, and a member by its branch": [
        model("base", BASE, A),
        model("m", "acme/m", A, member(B)),
        closure(B),
    ],
    "two members by one branch": [
        model("m", "acme/m", A, member(A)),
        model("n", "acme/n", A, member(B)),
        closure(A),
        closure(B),
    ],
}


@pytest.mark.parametrize("name", TORN)
def test_a_name_that_would_lead_to_two_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="it can lead to one of them alone: choose a model"):
        Names.of(TORN[name])


def test_the_command_is_told_of_the_laid_cache_and_of_no_other() -> None:
    elsewhere = dict.fromkeys((*UNSET, "HF_HUB_CACHE", "HF_MODULES_CACHE", "HF_HUB_OFFLINE"), "x")
    told = environment_of({**elsewhere, "PATH": "/bin", "HF_TOKEN": "t"}, Laid(Path("/r"), -1))
    assert told == {
        "PATH": "/bin",
        "HF_TOKEN": "t",
        "HF_HUB_CACHE": "/r/hub",
        "HF_MODULES_CACHE": "/r/modules",
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }


LOADERS = (
    "HF_ENDPOINT HUGGINGFACE_HUB_CACHE SENTENCE_TRANSFORMERS_HOME KERNELS_CACHE LOCAL_KERNELS "
    "VLLM_USE_MODELSCOPE TRANSFORMERS_CACHE PYTORCH_TRANSFORMERS_CACHE"
)


@pytest.mark.parametrize("name", LOADERS.split())
def test_what_would_win_over_the_laid_cache_is_unset(name: str) -> None:
    assert name not in environment_of({name: "x"}, Laid(Path("/r"), -1))


def test_what_starts_a_command_loads_nothing_that_asks_a_hub() -> None:
    text = (
        "import provenance.gate, provenance.workspace.running, sys; "
        "print(*{'httpx', 'httpx2', 'requests', 'tqdm', 'asyncio'} & sys.modules.keys())"
    )
    ended = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == []
