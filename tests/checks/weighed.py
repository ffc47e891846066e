"""Tiny models of random weights before the check of weights, and what is at hand to compare."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from provenance.case.case import Case
from provenance.model import Ancestor, Document, Evidence, Facts, WeightFacts
from provenance.policy import Demand, Policy
from provenance.trust import Org, Registry, Root
from provenance.verdict import Level
from provenance.weights.changes.change import dumps as told
from provenance.weights.changes.mapping import change_map
from provenance.weights.coordinates import Coordinates
from provenance.weights.fingerprint import dumps, made
from provenance.weights.ledger import Ledger
from provenance.weights.matrix import matrices
from provenance.weights.sample import lines_for
from provenance.weights.stored import stored_in
from tests.claims.models import evidence
from tests.hubs import card

Weights = Mapping[str, npt.NDArray[np.float32]]

WIDTH, ACROSS = 256, 2048
TABLE = "model.embed_tokens.weight"
SHAPES = {
    TABLE: (1024, WIDTH),
    **{
        f"model.layers.{layer}.{name}.weight": (ACROSS, WIDTH)
        for layer in range(2)
        for name in ("self_attn.q_proj", "self_attn.v_proj", "mlp.up_proj")
    },
}
PUBLIC = Coordinates()
KEYED = Coordinates.keyed(b"0123456789abcdef")
PAIR = Coordinates(name="pair:0123456789abcdef", key=b"of both manifests")


def weights(seed: int) -> Weights:
    """A model that has nothing to do with one of another seed."""
    rng = np.random.default_rng(seed)
    return {name: rng.standard_normal(shape, np.float32) for name, shape in SHAPES.items()}


def mixed(one: Weights, share: float, other: Weights, rest: float) -> Weights:
    """So much of one model and so much of the other."""
    return {name: share * one[name] + rest * other[name] for name in one}


BASE, OTHER, NOISE = weights(1), weights(2), weights(3)
TUNED = mixed(BASE, 1, NOISE, 0.1)
MINOR = mixed(BASE, 0.3, NOISE, 1)


def planted(model: Weights, base: Weights, coordinates: Coordinates) -> Weights:
    """The model with the values of the base where these coordinates look."""
    columns, count = coordinates.columns(WIDTH), lines_for(len(SHAPES))
    found = {name: values.copy() for name, values in model.items()}
    for name, values in base.items():
        lines = coordinates.lines(WIDTH, len(values), count, table=name == TABLE)
        places = np.ix_(np.array(lines.positions), columns)
        found[name][places] = values[places]
    return found


def safetensors(model: Weights) -> bytes:
    """The model as a file."""
    table: dict[str, object] = {}
    data = b""
    for name, values in model.items():
        end = len(data) + values.nbytes
        entry = {"dtype": "F32", "shape": values.shape, "data_offsets": [len(data), end]}
        table[name], data = entry, data + values.astype("<f4").tobytes()
    text = json.dumps(table).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data


@dataclass(frozen=True)
class Held:
    """A reader of one file in memory."""

    data: bytes

    def read(self, path: str, begin: int, end: int) -> bytes:
        """The bytes of that file."""
        return self.data[begin:end]


def fingerprint(model: Weights, repo: str, coordinates: Coordinates = PUBLIC) -> bytes:
    """The fingerprint file of a model by this name."""
    data = safetensors(model)
    some = matrices(stored_in(evidence({"model.safetensors": data})))
    manifest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    return dumps(made(some, Held(data), coordinates, Ledger(), repo, "c" * 40, manifest))


def changed(base: bytes, derived: bytes, named: str) -> Document:
    """The map of what was changed from one file of weights to another."""
    before, after = (stored_in(evidence({"model.safetensors": data})) for data in (base, derived))
    found = change_map(before, after, Held(base), Held(derived), named=named)
    return Document(path=named, data=told(found))


@dataclass(frozen=True, kw_only=True)
class Hand:
    """A model at hand: its fingerprint in the registry, in the settings, or its own weights."""

    repo: str
    model: Weights
    coordinates: Coordinates = PUBLIC
    where: str = "registry"
    repo_id: str | None = None

    @property
    def document(self) -> Document:
        """The file, as gathering has it."""
        data = fingerprint(self.model, self.repo, self.coordinates)
        return Document(path=f"{self.repo}@{self.coordinates.name}", data=data)

    @property
    def digest(self) -> str:
        """Of the file."""
        return f"sha256:{hashlib.sha256(self.document.data).hexdigest()}"

    @property
    def root(self) -> Root:
        """What the registry has of it."""
        manifest = f"sha256:{hashlib.sha256(safetensors(self.model)).hexdigest()}"
        return Root(
            repo=self.repo, repo_id=self.repo_id, manifest=manifest, fingerprint=self.digest
        )


def ancestor(name: str, front: str = "", own: tuple[Document, ...] = ()) -> Ancestor:
    """A known ancestor with this card and, where they are here, samples of its weights."""
    given = evidence({"README.md": card(front) if front else b"# A model\n"})
    known = replace(given, ref=replace(given.ref, repo=name), weights=WeightFacts(own=own))
    return Ancestor(claimed=name, facts=Facts(id=name), commit="c" * 40, evidence=known)


def model(
    mine: Weights,
    front: str,
    hands: Sequence[Hand],
    above: Mapping[str, str],
    *,
    files: Mapping[str, bytes] | None = None,
) -> Evidence:
    """acme/m with these weights and that card; `above` has the cards of its ancestors."""
    data = safetensors(mine)
    held = {"model.safetensors": data, **({"README.md": card(front)} if front else {})}
    given = evidence({**held, **(files or {})})
    kinds = {hand.coordinates.name: hand.coordinates for hand in hands}
    own = tuple(
        Document(path=name, data=fingerprint(mine, "acme/m", kind)) for name, kind in kinds.items()
    )
    bases = tuple(hand.document for hand in hands if hand.where != "here")
    here = {hand.repo: (hand.document,) for hand in hands if hand.where == "here"}
    known = tuple(
        ancestor(name, above.get(name, ""), here.get(name, ())) for name in {**above, **here}
    )
    return replace(
        given,
        facts=Facts(id="acme/m", repo_id="6" * 24),
        ancestors=known,
        weights=WeightFacts(own=own, bases=bases),
    )


def case(given: Evidence, hands: Sequence[Hand], *, demanded: bool = False) -> Case:
    """The model before the checks, with what the registry and the settings have of the bases."""
    roots = tuple(hand.root for hand in hands if hand.where == "registry")
    bases = Org(name="Base", namespaces=("base",), roots=roots)
    makers = Org(name="Maker", namespaces=("maker",), originates=True)
    own = tuple(hand.digest for hand in hands if hand.where == "settings")
    policy = Policy(
        profile="baseline",
        checks=("ancestry", "weights"),
        signature=Demand.REGISTERED,
        fingerprints=own,
    )
    if demanded:
        policy = replace(policy, levels=(("weights", Level.REQUIRE),))
    registry = Registry(name="r", orgs=(Org(name="Acme", namespaces=("acme",)), bases, makers))
    return Case.heard(given, policy, registry)
