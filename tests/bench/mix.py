"""Stored models as a company has them, made of numbers: 60 % fine-tunes of an 8B shape in four
shards, each with the one ancestor that its card names, 20 % signed ones of that shape, and 20 %
small ones. Heads are their own for one model in ten, for the others those of their family."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from provenance.model import (
    Ancestor,
    Basis,
    Content,
    Document,
    Evidence,
    Facts,
    File,
    Kind,
    Manifest,
    Reach,
    Ref,
)
from provenance.replay import dumps
from provenance.wire import oms
from provenance.wire.intoto import STATEMENT_TYPE
from tests import forge
from tests.claims.models import digest

LAYERS, WIDTH, KEYS, INNER, VOCABULARY = 32, 4096, 1024, 14336, 128256
SHARDS, FAMILIES, OWN_HEADS = 4, 8, 10
Shape = tuple[int, ...]
REPOSITORY = 24
JSON_FILES: Mapping[str, Any] = {
    "generation_config.json": {"do_sample": True, "temperature": 0.6, "top_p": 0.9},
    "special_tokens_map.json": {"bos_token": "<s>", "eos_token": "</s>"},
    "tokenizer_config.json": {"model_max_length": 131072, "tokenizer_class": "LlamaTokenizer"},
}


def models(count: int) -> Iterator[str]:
    """As many documents, as `replay.dumps` writes them."""
    for number in range(count):
        match number % 5:
            case 3:
                yield dumps(signed(number))
            case 4:
                yield dumps(small(number))
            case _:
                yield dumps(tuned(number))


def registry() -> dict[str, Any]:
    """Who may sign, and who publishes the bases."""
    acme = forge.org("Acme", forge.signer("release"), originates=True)
    bases = forge.org("Bases", namespaces=["bases", "tuners", "small"], originates=True)
    return forge.registry(acme, bases)


def tuned(number: int) -> Evidence:
    """A fine-tune of the base of its family."""
    family = number % FAMILIES
    base = base_of(family)
    card = f"---\nbase_model: bases/b{family}\nlicense: llama3.1\n---\n# Tune {number}\n"
    found = evidence(f"tuners/t{number}", files(number, card), (f"bases/b{family}",))
    ancestor = Ancestor(
        claimed=f"bases/b{family}",
        facts=base.facts,
        commit=base.ref.commit,
        manifest=base.listing.digest,
        evidence=base,
    )
    return replace(found, ancestors=(ancestor,))


def signed(number: int) -> Evidence:
    """A model of that shape by Acme, with a bundle over all its files."""
    found = evidence(f"acme/s{number}", files(number, f"# Acme {number}\n"))
    listed = found.manifest.files
    document = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": f"s{number}", "digest": {"sha256": oms.root_digest(listed)}}],
        "predicateType": oms.PREDICATE_TYPE,
        "predicate": oms.predicate(listed, ()),
    }
    bundle = forge.bundle_of(document, forge.TufKey(key=forge.key("release")))
    data = json.dumps(bundle).encode()
    signature = File(path="model.sig", size=len(data), digest=digest(data))
    listing = Manifest.of((*listed, signature))
    content = Content(path="model.sig", kind=Kind.JSON)
    return replace(
        found,
        listing=listing,
        manifest=listing,
        contents=(*found.contents, content),
        bundles=(Document(path="model.sig", data=data),),
    )


def small(number: int) -> Evidence:
    """A model of one small file."""
    head = forge.header(64, f"weight.{number % FAMILIES}")
    named = {**forge.MODEL, "README.md": f"# Small {number}\n".encode()}
    rows = [_kept(path, data) for path, data in named.items() if path != "model.safetensors"]
    return evidence(f"small/m{number}", [*rows, _shard("model.safetensors", head, 64, number)])


@cache
def base_of(family: int) -> Evidence:
    """The model that the others of its family descend from."""
    card = f"# Base {family}\n"
    return evidence(f"bases/b{family}", files(family, card))


Row = tuple[File, Content]


def files(number: int, card: str) -> list[Row]:
    """The files of a model of the 8B shape."""
    family = number % FAMILIES
    own = f"run-{number}" if number % OWN_HEADS == 1 else ""
    config = {"model_type": "llama", "hidden_size": WIDTH, "vocab_size": VOCABULARY + family}
    texts = {"config.json": config, **JSON_FILES}
    kept = {name: json.dumps(value, indent=2).encode() for name, value in texts.items()}
    index, shards = weights(family, own)
    kept |= {"README.md": card.encode(), "model.safetensors.index.json": index}
    rows = [_kept(path, data) for path, data in kept.items()]
    rows += [_shard(path, head, size, number) for path, head, size in shards]
    tokenizer = File(path="tokenizer.json", size=9_085_657, digest=digest(b"tokenizer"))
    return [*rows, (tokenizer, Content(path=tokenizer.path, kind=Kind.JSON))]


def evidence(repo: str, rows: list[Row], parents: tuple[str, ...] = ()) -> Evidence:
    """The evidence on files of a Hub, as it declares them."""
    manifest = Manifest.of(file for file, _ in rows)
    commit = digest(repo.encode())[:40]
    owner = digest(repo.partition("/")[0].encode())[:REPOSITORY]
    known = digest(repo.encode())[:REPOSITORY]
    facts = Facts(
        id=repo, repo_id=known, owner_id=owner, gated=False, private=False, reach=Reach.BRANCH
    )
    return Evidence(
        ref=Ref(text=repo, repo=repo, revision="main", commit=commit),
        at=forge.NOW,
        basis=Basis.DECLARED,
        listing=manifest,
        manifest=manifest,
        contents=tuple(sorted((one for _, one in rows), key=lambda one: one.path)),
        facts=replace(facts, owner=repo.partition("/")[0], parents=parents),
    )


def _kept(path: str, data: bytes) -> Row:
    """A small file, of which everything was read."""
    kind = Kind.JSON if path.endswith(".json") else Kind.TEXT
    return File(path=path, size=len(data), digest=digest(data)), Content(
        path=path, kind=kind, head=data
    )


def _shard(path: str, head: bytes, size: int, number: int) -> Row:
    file = File(path=path, size=len(head) + size, digest=digest(f"{number}/{path}".encode()))
    return file, Content(path=path, kind=Kind.SAFETENSORS, head=head)


@cache
def weights(family: int, own: str) -> tuple[bytes, tuple[tuple[str, bytes, int], ...]]:
    """The index, and of each shard its path, its head and how many bytes its tensors take."""
    shapes = tuple(_shapes(VOCABULARY + family))
    length = -(-len(shapes) // SHARDS)
    groups = [shapes[at : at + length] for at in range(0, len(shapes), length)]
    names = [f"model-{n:05}-of-{SHARDS:05}.safetensors" for n in range(1, SHARDS + 1)]
    table = {tensor: name for name, group in zip(names, groups, strict=True) for tensor, _ in group}
    total = sum(_size(shape) for _, shape in shapes)
    index = json.dumps({"metadata": {"total_size": total}, "weight_map": table}, indent=2)
    shards = [(name, *_head(group, own)) for name, group in zip(names, groups, strict=True)]
    return index.encode(), tuple(shards)


def _shapes(vocabulary: int) -> Iterator[tuple[str, Shape]]:
    yield "lm_head.weight", (vocabulary, WIDTH)
    yield "model.embed_tokens.weight", (vocabulary, WIDTH)
    for layer in range(LAYERS):
        top = f"model.layers.{layer}"
        yield f"{top}.input_layernorm.weight", (WIDTH,)
        yield f"{top}.mlp.down_proj.weight", (WIDTH, INNER)
        yield f"{top}.mlp.gate_proj.weight", (INNER, WIDTH)
        yield f"{top}.mlp.up_proj.weight", (INNER, WIDTH)
        yield f"{top}.post_attention_layernorm.weight", (WIDTH,)
        yield f"{top}.self_attn.k_proj.weight", (KEYS, WIDTH)
        yield f"{top}.self_attn.o_proj.weight", (WIDTH, WIDTH)
        yield f"{top}.self_attn.q_proj.weight", (WIDTH, WIDTH)
        yield f"{top}.self_attn.v_proj.weight", (KEYS, WIDTH)
    yield "model.norm.weight", (WIDTH,)


def _size(shape: Shape) -> int:
    """Bytes of a tensor in bfloat16."""
    rows, columns = (*shape, 1)[:2]
    return 2 * rows * columns


def _head(group: tuple[tuple[str, Shape], ...], own: str) -> tuple[bytes, int]:
    """The head of a shard as transformers writes it, and the bytes of its tensors."""
    table: dict[str, object] = {"__metadata__": {"format": "pt", **({"run": own} if own else {})}}
    at = 0
    for name, shape in group:
        end = at + _size(shape)
        table[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [at, end]}
        at = end
    text = json.dumps(table, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text, at
