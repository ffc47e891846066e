"""What the tensors of a model are for, by their names alone, and in which layer each stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from provenance.model import TensorDigest
from provenance.weights.ledger import Ledger
from provenance.weights.names import Use, fused_of, meanings, respelled, role_in, table
from provenance.weights.roles import Numbers, role_of

Place = tuple[str, Numbers]


def by_place(ledger: Ledger) -> dict[Place, list[TensorDigest]]:
    """The tensors by what they are for; two files may have one each."""
    found: dict[Place, list[TensorDigest]] = {}
    for one, place in zip(ledger.entries, places(one.name for one in ledger.entries), strict=True):
        found.setdefault(place, []).append(one)
    return found


def in_their_places(ours: Ledger, theirs: Ledger) -> bool:
    """Whether no tensor of ours has other values than theirs in its place, where those are known:
    layers in another order are the same tensors, and another model."""
    known = by_place(theirs)
    spots = places(one.name for one in ours.entries)
    return not any(
        is_elsewhere(one, known.get(spot, ()))
        for one, spot in zip(ours.entries, spots, strict=True)
    )


def is_elsewhere(own: TensorDigest, here: Sequence[TensorDigest]) -> bool:
    """Whether a base has other values in the place of a tensor, those of all that it has `here`."""
    return bool(here) and all(one.digest not in ("", own.digest) for one in here)


def places(names: Iterable[str]) -> list[Place]:
    """What each tensor is for, whatever program wrote its name, and in which layer."""
    spelled = [role_of(name) for name in names]
    known = meanings(stem(role) for role, _ in spelled)
    single = len({said.group for said in known.values() if said.layered}) <= 1
    roles = {role: role_in(known[stem(role)], single) for role, _ in spelled}
    vectors = respelled(
        roles[role].removesuffix(".weight") + _ending(role) if known[stem(role)].layered else role
        for role, _ in spelled
    )
    found: list[Place] = []
    for role, numbers in spelled:
        said = known[stem(role)]
        layered = roles[role].removesuffix(".weight") + _ending(role)
        plain = roles[role] if said.known.use in (Use.TABLE, Use.POSITION) else role
        name = layered if said.layered else plain
        kept = numbers[said.before if single else 0 : said.before + said.kept]
        found.append((vectors.get(name, name), kept if said.layered else numbers))
    return found


def stem(role: str) -> str:
    """The role without the word of its parameter."""
    return role.removesuffix(".weight").removesuffix(".bias")


def _ending(role: str) -> str:
    return role[len(stem(role)) :]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """The matrices of each layer of a model, and how many numbers the name of each has."""

    layers: Mapping[tuple[str, Numbers], frozenset[tuple[str, int]]]

    @classmethod
    def of(cls, some: Iterable[Place]) -> Pieces:
        """Those of these places."""
        found: dict[tuple[str, Numbers], set[tuple[str, int]]] = {}
        for role, numbers in some:
            stack, _, module = stem(role).partition("#.")
            found.setdefault((stack, numbers[:1]), set()).add((module, len(numbers)))
        return cls(layers={layer: frozenset(each) for layer, each in found.items()})

    def has_otherwise(self, place: Place) -> bool:
        """Whether its layer has what stands there in other pieces: fused, apart, or in a stack."""
        role, numbers = place
        stack, _, module = stem(role).partition("#.")
        here = self.layers.get((stack, numbers[:1]), frozenset())
        stacked = any(name == module and count != len(numbers) for name, count in here)
        return stacked or not _regroupings(module).isdisjoint(name for name, _ in here)


@cache
def _regroupings(module: str) -> frozenset[str]:
    """The modules of which one is a part, and those that are its parts."""
    rows = table().known
    fused = {rows[name].role for name in fused_of(module)}
    parts = {part for one in rows.values() if one.role == module for part in one.parts}
    return frozenset(fused | parts) - {module}
