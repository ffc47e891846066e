"""A fleet out of nothing: fine-tunes of an 8B shape, signed models and small ones, in a store."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from hashlib import sha1, sha256
from pathlib import Path
from typing import Any

from provenance.fleet import indexes, tables
from provenance.fleet.evidence import gathered
from provenance.fleet.heads import Heads
from provenance.fleet.mending import Derived
from provenance.fleet.rules import Rules
from provenance.fleet.store import EVIDENCE, VERDICTS, FleetStore, Part
from provenance.formats import content
from provenance.model import (
    Ancestor,
    Basis,
    Content,
    Document,
    Evidence,
    Facts,
    File,
    Manifest,
    Reach,
    Ref,
)
from provenance.policy import Policy, Settings
from provenance.trust import Registry
from provenance.wire import oms
from provenance.wire.intoto import STATEMENT_TYPE
from tests import forge
from tests.hubs import card

AT = datetime(2026, 11, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
LAYERS, SHARDS = 32, 4
MATRICES = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
FAMILIES = 10
A_PART = 50


def commit(name: str) -> str:
    """A commit of forty digits for a name."""
    return sha1(name.encode(), usedforsecurity=False).hexdigest()


@cache
def shard(family: int, number: int, layers: int) -> bytes:
    """The header of a shard of an 8B model."""
    table: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    start, width = 0, 4096 + 8 * family
    for layer in range(number, layers, SHARDS):
        for matrix in MATRICES:
            end = start + 2 * width * width
            name = f"model.layers.{layer}.self_attn.{matrix}.weight"
            table[name] = {"dtype": "BF16", "shape": [width, width], "data_offsets": [start, end]}
            start = end
    text = json.dumps(table).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def size_of(header: bytes) -> int:
    """The size of a file with this header."""
    return len(header) + max(
        int(one["data_offsets"][1])
        for name, one in json.loads(header[8:]).items()
        if name != "__metadata__"
    )


@dataclass(frozen=True, kw_only=True)
class Lab:
    """Makes models of one size; `layers` is how much of an 8B model's headers they have."""

    layers: int = LAYERS

    def evidence(self, repo: str, family: int, *parents: str, seed: str = "") -> Evidence:
        """A model of a Hub, as declared; its weights are its own, of the shape of its family."""
        said = f"base_model: [{', '.join(parents)}]" if parents else "license: mit"
        small = {
            "README.md": card(said),
            "config.json": json.dumps(
                {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": 32000}
            ).encode(),
            "tokenizer.json": json.dumps({"version": "1.0", "family": family}).encode(),
        }
        shards = {
            f"model-{n + 1:05d}-of-{SHARDS:05d}.safetensors": shard(family, n, self.layers)
            for n in range(SHARDS)
        }
        small["model.safetensors.index.json"] = index(shards)
        return _evidence(repo, small, shards, seed)

    def ancestor(self, repo: str, family: int, *parents: str) -> Ancestor:
        """The same, as an ancestor of another model."""
        return known(self.evidence(repo, family, *parents))

    def tuned(self, number: int, generations: int = 1) -> Evidence:
        """A fine-tune, with one ancestor or a chain of them."""
        family = number % FAMILIES
        names = [f"lab{family}/base", f"tuner{number % 7}/step{family}"][:generations]
        chain = [self.ancestor(name, family, *names[n - 1 : n]) for n, name in enumerate(names)]
        own = self.evidence(f"team{number % 13}/m{number}", family, names[-1], seed=str(number))
        return replace(own, ancestors=tuple(reversed(chain)))


def known(found: Evidence) -> Ancestor:
    """A model as an ancestor, or origin, of another."""
    return Ancestor(
        claimed=found.ref.repo or "",
        facts=found.facts,
        commit=found.ref.commit,
        manifest=found.listing.digest,
        evidence=found,
    )


def index(shards: Mapping[str, bytes]) -> bytes:
    """The index of shards."""
    found = {
        name: path
        for path, header in shards.items()
        for name in json.loads(header[8:])
        if name != "__metadata__"
    }
    return json.dumps({"metadata": {}, "weight_map": found}).encode()


def _evidence(
    repo: str, small: Mapping[str, bytes], headers: Mapping[str, bytes], seed: str
) -> Evidence:
    contents: list[Content] = []
    rows: list[File] = []
    for path, data in sorted({**small, **headers}.items()):
        size = size_of(data) if path in headers else len(data)
        contents.append(content.read(io.BytesIO(data), path, size, limit=1 << 20)[0])
        own = f"{repo} {seed} {path}".encode() if path in headers else data
        rows.append(File(path=path, size=size, digest=sha256(own).hexdigest()))
    manifest = Manifest.of(rows)
    return Evidence(
        ref=Ref(text=repo, repo=repo, commit=commit(repo + seed)),
        at=AT,
        basis=Basis.DECLARED,
        listing=manifest,
        manifest=manifest,
        contents=tuple(contents),
        facts=Facts(id=repo, reach=Reach.BRANCH, gated=False, private=False),
    )


def signed(number: int, by: str = "release") -> Evidence:
    """A small model of Acme's, signed by the key of this name."""
    repo = f"acme/bot{number}"
    weights = forge.safetensors(str(number).encode().ljust(16, b"."))
    found = _evidence(repo, {**forge.MODEL, "model.safetensors": weights}, {}, "")
    files = found.listing.files
    document = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": repo, "digest": {"sha256": oms.root_digest(files)}}],
        "predicateType": oms.PREDICATE_TYPE,
        "predicate": oms.predicate(files, ()),
    }
    made = forge.bundle_of(document, forge.TufKey(key=forge.key(by)))
    bundle = Document(path="model.sig", data=json.dumps(made).encode())
    return replace(found, bundles=(bundle,))


def small(number: int) -> Evidence:
    """A small model that nobody signed."""
    weights = forge.safetensors(f"s{number}".encode().ljust(16, b"."))
    return _evidence(f"free/s{number}", {**forge.MODEL, "model.safetensors": weights}, {}, "")


def mix(count: int, layers: int = LAYERS, generations: int = 1) -> Iterator[Evidence]:
    """Of five models three are fine-tunes, one is signed and one is small."""
    lab = Lab(layers=layers)
    for number in range(count):
        match number % 5:
            case 3:
                yield signed(number, "second" if number % 2 else "release")
            case 4:
                yield small(number)
            case _:
                yield lab.tuned(number, 1 + number % 2 if generations > 1 else 1)


def filled(root: Path, models: Iterable[Evidence], a_part: int = A_PART) -> FleetStore:
    """A store with these models, so many of them in a part."""
    store, some = FleetStore.made(root), list[Evidence]()
    for one in models:
        some.append(one)
        if len(some) == a_part:
            added(store, some)
            some = []
    if some:
        added(store, some)
    return store


def added(store: FleetStore, models: Iterable[Evidence]) -> Part:
    """A part more."""
    policy, registry, heads = Policy.of(Settings()), Registry(name="none"), Heads(store=store)
    evidences = [(one.ref.repo or "", one) for one in models]
    rows = [gathered(ref, ref, one, heads) for ref, one in evidences]
    steps = [row for ref, one in evidences for row in indexes.edges(ref, one, policy, registry)]
    files = [row for ref, one in evidences for row in indexes.files(ref, one)]
    data = tables.packed(rows, tables.EVIDENCE)
    part = Part.of(max((p.number for p in store.named()), default=0) + 1, data)
    store.write(data, EVIDENCE, part.name)
    refs = tuple(ref for ref, _ in evidences)
    Derived(refs=refs, edges=tuple(steps), files=tuple(files)).keep(store, part)
    return part


def trust(*revoked: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """A trust.toml: Acme signs with two keys, and what is said was revoked."""
    acme = forge.org("Acme", forge.signer("release"), forge.signer("second"))
    return {"version": 1, "name": "tests", "org": [acme], "revoked": list(revoked), **fields}


def registry(*revoked: Mapping[str, Any], **fields: Any) -> Registry:
    """The same, read."""
    return Registry.from_table(trust(*revoked, **fields), source="trust.toml")


def rules(*revoked: Mapping[str, Any], at: datetime = NOW, **fields: Any) -> Rules:
    """What judges a fleet in the tests."""
    return Rules(settings=Settings(), registry=registry(*revoked, **fields), at=at)


def verdicts(store: FleetStore, run: str) -> dict[str, tables.Row]:
    """The rows of a run, by their ref, each once."""
    found: dict[str, tables.Row] = {}
    for part in store.parts():
        for row in tables.unpacked(store.place(VERDICTS, run, part.name)):
            assert row["ref"] not in found
            found[row["ref"]] = row
    return found
