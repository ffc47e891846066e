"""Models and ancestors before the check of ancestry, made of what differs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from provenance.case.case import Case
from provenance.checks.ancestry import check
from provenance.model import Ancestor, Evidence, Facts, Reach
from provenance.policy import Demand, Policy
from provenance.trust import Org, Registry, Root
from provenance.verdict import Finding
from tests.claims.models import evidence
from tests.hubs import card

COMMIT, ID = "c" * 40, "1" * 24
REGISTRY = Registry(
    name="r",
    orgs=(
        Org(name="Acme", namespaces=("acme",)),
        Org(name="Base", namespaces=("base",), originates=True),
        Org(name="Rooted", namespaces=("rooted",), roots=(Root(repo="rooted/x", repo_id=ID),)),
    ),
)
POLICY = Policy(profile="baseline", checks=("ancestry",), signature=Demand.REGISTERED)


def ancestor(name: str, *parents: str, claimed: str = "", **facts: Any) -> Ancestor:
    found = replace(Facts(id=name, parents=parents, reach=Reach.BRANCH), **facts)
    return Ancestor(claimed=claimed or name, facts=found, commit=COMMIT)


def gone(name: str) -> Ancestor:
    return Ancestor(claimed=name, missing=f"{name}: the Hub has no such repository")


def model(
    front: str = "",
    adapter: str | None = None,
    *,
    repo: str | None = "acme/m",
    known: Sequence[Ancestor] = (),
    hub: tuple[str, ...] = (),
) -> Evidence:
    files = {"README.md": card(front)} if front else {"config.json": b"{}"}
    if adapter is not None:
        base = {"base_model_name_or_path": adapter}
        files["adapter_config.json"] = json.dumps(base).encode()
    given = evidence(files)
    facts = Facts(id=repo, parents=hub) if hub and repo else None
    return replace(given, ref=replace(given.ref, repo=repo), ancestors=tuple(known), facts=facts)


def found(given: Evidence, *said: str) -> list[Finding]:
    policy = replace(POLICY, parents=said)
    case = Case.heard(given, policy, REGISTRY)
    return list(check.check(case))


def made(**files: bytes) -> Evidence:
    """The model `acme/m` of these files; `__` stands for a dot."""
    given = evidence({name.replace("__", "."): data for name, data in files.items()})
    return replace(given, ref=replace(given.ref, repo="acme/m"))


def tensors(*shape: int, dtype: str = "F32") -> bytes:
    """One weight of this shape."""
    size = {"F32": 4, "I8": 1}[dtype]
    for number in shape:
        size *= number
    entry = {"dtype": dtype, "shape": list(shape), "data_offsets": [0, size]}
    text = json.dumps({"model.layers.0.q.weight": entry}).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + bytes(size)


def based(relation: str, **files: bytes) -> Evidence:
    """A model that says it descends from base/b, whose weight is 4 by 2."""
    text = card(f"base_model: base/b\nbase_model_relation: {relation}")
    child = made(README__md=text, **files)
    base = made(config__json=b'{"hidden_size": 2}', model__safetensors=tensors(4, 2))
    known = replace(ancestor("base/b"), evidence=base)
    return replace(child, ancestors=(known,))
