"""A tiny model, what honest tools make of it, and one edit of that: before the check of weights."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from provenance.case.case import Case
from provenance.checks.weights import check
from provenance.model import Document, Evidence, Facts, WeightFacts
from provenance.trust import Root
from provenance.verdict import Finding
from provenance.weights.changes.change import dumps as told
from provenance.weights.changes.mapping import change_map
from provenance.weights.coordinates import Coordinates
from provenance.weights.digesting import entries
from provenance.weights.fingerprint import dumps, made
from provenance.weights.ledger import EVERYTHING, Known, Ledger
from provenance.weights.matrix import matrices
from provenance.weights.stored import Stored, stored_in
from tests.checks.weighed import PUBLIC, Hand, ancestor, case
from tests.claims.models import evidence
from tests.hubs import card

Array = npt.NDArray[np.generic]
Floats = npt.NDArray[np.float32]
Tensors = dict[str, Floats]
WIDTH, HIDDEN, VOCABULARY, HEADS, KEYS, LAYERS, GROUP = 256, 512, 1024, 4, 2, 2, 64
SHAPES = {
    "self_attn.q_proj": (WIDTH, WIDTH),
    "self_attn.k_proj": (KEYS * WIDTH // HEADS, WIDTH),
    "self_attn.v_proj": (KEYS * WIDTH // HEADS, WIDTH),
    "self_attn.o_proj": (WIDTH, WIDTH),
    "mlp.gate_proj": (HIDDEN, WIDTH),
    "mlp.up_proj": (HIDDEN, WIDTH),
    "mlp.down_proj": (WIDTH, HIDDEN),
}
TABLE, HEAD, NORM = "model.embed_tokens.weight", "lm_head.weight", "model.norm.weight"
FIRST = "model.layers.0."
Q, K, DOWN = (f"{FIRST}{name}.weight" for name in ("self_attn.q_proj", "self_attn.k_proj",
              "mlp.down_proj"))  # fmt: skip
INPUT = f"{FIRST}input_layernorm.weight"
PAIR = Coordinates(name="pair:0123456789abcdef", key=b"of both manifests")
RNG = np.random.default_rng(11)


def base() -> Tensors:
    """A Llama of two layers, its values of heavy tails and those that half precision has."""
    rng = np.random.default_rng(5)
    found: Tensors = {
        TABLE: _drawn(rng, (VOCABULARY, WIDTH)),
        HEAD: _drawn(rng, (VOCABULARY, WIDTH)),
    }
    for layer in range(LAYERS):
        at = f"model.layers.{layer}."
        found |= {f"{at}{name}.weight": _drawn(rng, shape) for name, shape in SHAPES.items()}
        for name in ("input_layernorm", "post_attention_layernorm"):
            found[f"{at}{name}.weight"] = half(1 + 0.1 * rng.standard_normal(WIDTH))
    return found | {NORM: half(1 + 0.1 * rng.standard_normal(WIDTH))}


def _drawn(rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
    columns = np.exp(0.3 * rng.standard_normal(shape[1]))
    return half(0.02 * rng.standard_t(6, shape) * columns)


def half(values: npt.ArrayLike) -> Floats:
    return np.asarray(values, np.float16).astype(np.float32)


def low_rank(values: Floats, rank: int, size: float, seed: int = 3) -> Floats:
    """The values with a product of factors of that norm relative to theirs added."""
    rng = np.random.default_rng(seed)
    rows, columns = values.shape
    change = rng.standard_normal((rows, rank)) @ rng.standard_normal((rank, columns))
    size *= float(np.linalg.norm(values) / np.linalg.norm(change))
    return (values + size * change).astype(np.float32)


def adapted(model: Tensors, *modules: str, rank: int = 4, size: float = 0.05) -> Tensors:
    """The model with factors of that rank merged into these modules of every layer."""
    ends = tuple(f"{module}.weight" for module in modules)
    return {
        name: low_rank(values, rank, size, n) if name.endswith(ends) else values
        for n, (name, values) in enumerate(model.items())
    }


Edit = Callable[[Tensors], Tensors]


def edit(name: str, size: float = 0.05, rank: int = 1) -> Edit:
    """Factors of rank 1 added to one matrix, or noise of that size to one vector."""

    def made(model: Tensors) -> Tensors:
        old = model[name]
        if old.ndim == 2:
            return model | {name: low_rank(old, rank, size)}
        noise = np.random.default_rng(4).standard_normal(old.shape).astype(np.float32)
        return model | {name: old + size * np.abs(old).mean() * noise}

    return made


def extra(name: str, values: npt.ArrayLike) -> Edit:
    """One more tensor."""
    return lambda model: model | {name: np.asarray(values)}


def one_more_layer(model: Tensors) -> Tensors:
    """The last layer a second time, changed."""
    last, more = f"model.layers.{LAYERS - 1}.", f"model.layers.{LAYERS}."
    copies = {n.replace(last, more): v for n, v in model.items() if n.startswith(last)}
    return model | {name: 0.9 * values for name, values in copies.items()}


class Memory:
    """A reader of files that are here."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files

    def read(self, path: str, begin: int, end: int) -> bytes:
        return self.files[path][begin:end]


def _tensors(files: Mapping[str, bytes]) -> tuple[tuple[Stored, ...], Memory]:
    return stored_in(evidence(files)), Memory(files)


def _print(files: Mapping[str, bytes], way: Coordinates, ledger: Ledger) -> bytes:
    stored, reader = _tensors(files)
    manifest = evidence(files).manifest.digest
    return dumps(made(matrices(stored), reader, way, ledger, "base/b", "c" * 40, manifest))


@dataclass(frozen=True, kw_only=True)
class Registered(Hand):
    """A base of which the registry has the fingerprint."""

    files: Mapping[str, bytes]

    @cached_property
    def data(self) -> bytes:
        """The fingerprint with all tensors."""
        return _print(self.files, PUBLIC, self.ledger)

    @cached_property
    def ledger(self) -> Ledger:
        """Every tensor of it."""
        return Ledger(entries=tuple(entries(*_tensors(self.files), EVERYTHING)))

    @property
    def digest(self) -> str:
        """Of the fingerprint."""
        return f"sha256:{hashlib.sha256(self.data).hexdigest()}"

    @property
    def root(self) -> Root:
        """What the registry has of it."""
        manifest = f"sha256:{evidence(self.files).manifest.digest.removeprefix('sha256:')}"
        return Root(repo="base/b", repo_id=None, manifest=manifest, fingerprint=self.digest)


def findings(
    parent: Registered,
    child: Mapping[str, bytes],
    *,
    relation: str = "",
    here: bool = True,
    named: str = "base/b",
) -> list[Finding]:
    """What the check says of the files of a child of base/b: with the parent's weights here, or
    with its fingerprint alone."""
    return list(check.check(judged(parent, child, relation=relation, here=here, named=named)))


def judged(
    parent: Registered,
    child: Mapping[str, bytes],
    *,
    relation: str = "",
    here: bool = True,
    named: str = "base/b",
) -> Case:
    """What checks are given of that child, whose card names these parents."""
    front = f"base_model: {named}" + f"\nbase_model_relation: {relation}" * bool(relation)
    files = {"README.md": card(front), **child}
    given = replace(evidence(files), facts=Facts(id="acme/m", repo_id="6" * 24))
    return _here(given, parent, files) if here else _far(given, parent, files)


def _here(given: Evidence, parent: Registered, files: Mapping[str, bytes]) -> Case:
    theirs, base_reader = _tensors(parent.files)
    ours, reader = _tensors(files)
    found = change_map(theirs, ours, base_reader, reader, named="base/b")
    own = Document(path=PAIR.name, data=_print(files, PAIR, Ledger()))
    weights = WeightFacts(
        tensors=tuple(entries(ours, reader, Known(openings=parent.ledger.openings))),
        own=(own,),
        changes=(Document(path="base/b", data=told(found)),),
    )
    theirs_too = Document(path=PAIR.name, data=_print(parent.files, PAIR, Ledger()))
    known = ancestor("base/b", own=(theirs_too,))
    return case(replace(given, ancestors=(known,), weights=weights), [])


def _far(given: Evidence, parent: Registered, files: Mapping[str, bytes]) -> Case:
    ours = tuple(entries(*_tensors(files), Known(openings=parent.ledger.openings)))
    weights = WeightFacts(
        tensors=ours,
        own=(Document(path=PUBLIC.name, data=_print(files, PUBLIC, Ledger(entries=ours))),),
        bases=(Document(path=f"base/b@{PUBLIC.name}", data=parent.data),),
    )
    known = ancestor("base/b")
    return case(replace(given, ancestors=(known,), weights=weights), [parent])
