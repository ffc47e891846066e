"""Each header and document of a model and its ancestors is parsed once a judgement."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from provenance.formats import gguf, index, safetensors, yaml_tree
from provenance.formats import json as strict
from provenance.judgement import judge
from provenance.model import Evidence
from provenance.policy import Model, Policy, Settings
from provenance.wire import bundle, intoto, oms
from tests import forge
from tests.bench.verdicts import forget
from tests.lineage.family import BASE, BOT, SFT, Family

PARSERS: tuple[tuple[Any, str], ...] = (
    (strict, "loads"),
    (safetensors, "parse"),
    (gguf, "parse"),
    (index, "pairs"),
    (yaml_tree, "documents"),
    (bundle, "parse"),
    (intoto, "statement"),
    (oms, "signed_manifest"),
)
CHECKS = ("integrity", "format", "code", "identity", "signature", "ancestry", "lineage")
SHARD = "model-00001-of-00001.safetensors"
GGUF = b"GGUF" + (3).to_bytes(4, "little") + bytes(16)


@dataclass(kw_only=True)
class Told(Family):
    """A family of which every member brings files of each kind, no two of them alike."""

    def write(self, repo: str, *parents: str, **files: bytes) -> Path:
        said = json.dumps({"_name_or_path": repo, "weight_map": {"weight": SHARD}}).encode()
        names = ("config.json", "tokenizer_config.json", "other.json", "adapter_config.json")
        own = {name: said + b" " * (n + 1) for n, name in enumerate(names)}
        own |= {
            "model.safetensors.index.json": said,
            "broken.json": b"{" + said,
            SHARD: forge.safetensors(repo.encode().ljust(16, b"."), "weight"),
            "small.gguf": GGUF,
            "mergekit_config.yml": f"merge_method: {repo}\n".encode(),
        }
        return super().write(repo, *parents, **own, **files)


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    family = Told(top=tmp_path)
    family.attested()
    for repo in (BASE, SFT, BOT):
        forge.sign(family.folder(repo), forge.TufKey(key=forge.key("release")))
    return family.case(BOT, SFT, BASE)


def named(evidence: Evidence) -> dict[int, str]:
    """What a verdict may read of a model and its ancestors: each file's bytes, and whose they are.

    They are told apart by where they lie in memory: two files may hold the same.
    """
    known = [evidence, *(one.evidence for one in evidence.ancestors if one.evidence)]
    return {
        id(data): f"{one.ref.repo}/{path}"
        for one in known
        for path, data in (
            *((content.path, content.head) for content in one.contents),
            *((document.path, document.data) for document in one.bundles),
        )
        if data
    }


def counted(monkeypatch: pytest.MonkeyPatch, names: dict[int, str]) -> Counter[tuple[str, str]]:
    """How often each parser is given each file, or a value out of one, from now on."""
    counts: Counter[tuple[str, str]] = Counter()

    def counting(title: str, parse: Any) -> Any:
        def parsed(given: object, *rest: object, **options: object) -> object:
            what = names.get(id(given)) if isinstance(given, bytes) else repr(given)
            if what:
                counts[title, what] += 1
            return parse(given, *rest, **options)

        return parsed

    for module, name in PARSERS:
        title = f"{module.__name__}.{name}"
        monkeypatch.setattr(module, name, counting(title, getattr(module, name)))
    return counts


def test_nothing_is_parsed_twice(
    evidence: Evidence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = Told(top=tmp_path).registry()
    policy = replace(Policy.of(Settings(), Model(name=BOT, repo=BOT)), checks=CHECKS)
    forget()
    counts = counted(monkeypatch, named(evidence))
    judge(evidence, policy, registry)
    assert {title for title, _ in counts} == {f"{m.__name__}.{name}" for m, name in PARSERS}
    assert {what: count for what, count in counts.items() if count > 1} == {}
