"""What the numbers say of two models, in words that claim no more.

The relation has no direction: which of two was first stands in dates and attestations. Coordinates
that everybody knows can be planted in weights that have nothing to do with the base, so they say
`consistent` where the base's own weights, or coordinates that nobody knows, say `corroborated`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from provenance.weights.changes.places import in_their_places
from provenance.weights.fingerprint import Fingerprint
from provenance.weights.judging import Found
from provenance.weights.kind import Kind
from provenance.weights.ledger import copied, is_identical, is_large
from provenance.weights.packing import BESIDE
from provenance.weights.relation import Relation, relate
from provenance.weights.units import Deep

PLANTED = " on public coordinates, which a forger could plant"
CLOSEST = tuple(Kind)


@dataclass(frozen=True, kw_only=True)
class Kinship:
    """What a model is to `base`, in one word and in a sentence without its stop.

    `copied` of `tensors` are bit-identical; 0 where no ledger tells. `deep` is what
    was found of the base's hidden units, None where nobody looked.
    """

    base: str
    kind: Kind
    words: str
    relation: Relation
    copied: int = 0
    tensors: int = 0
    deep: Deep | None = None

    @property
    def is_kin(self) -> bool:
        """Whether the base is an ancestor, a descendant or a sibling by what was found."""
        return self.kind in (Kind.IDENTICAL, Kind.CORROBORATED, Kind.CONSISTENT, Kind.OBFUSCATED)

    @property
    def is_partly_kin(self) -> bool:
        """Whether a part of the weights, or a share of all, is the base's by what was found."""
        return self.kind in (Kind.PARTIAL, Kind.WEAK)


def kinship(
    ours: Fingerprint, theirs: Fingerprint, *, anchored: bool, deep: Deep | None = None
) -> Kinship:
    """What a model is to a base; `anchored` says that nobody could plant the coordinates.

    ValueError where the two were made with other coordinates.
    """
    same = copied(ours.ledger, theirs.ledger)
    case = Found(
        base=theirs.called,
        ours=ours.sample,
        theirs=theirs.sample,
        relation=relate(ours.sample, theirs.sample),
        planted="" if anchored else PLANTED,
        copied=len(same),
        tensors=len(ours.ledger.entries),
        partly=any(map(is_large, same)),
        whole=is_identical(ours.ledger, theirs.ledger)
        and _is_held(ours)
        and in_their_places(ours.ledger, theirs.ledger),
        deep=deep,
    )
    kind, words = case.verdict()
    return Kinship(
        base=theirs.repo,
        kind=kind,
        words=words,
        relation=case.relation,
        copied=case.copied,
        tensors=case.tensors,
        deep=deep,
    )


def ranked(
    ours: Fingerprint, bases: Iterable[Fingerprint], *, anchored: bool = False
) -> tuple[Kinship, ...]:
    """What a model is to each base that was made with its coordinates, the closest first; those of
    a secret are anchored."""
    found = [
        kinship(ours, base, anchored=anchored or base.keyed)
        for base in bases
        if base.sample.coordinates == ours.sample.coordinates
    ]
    return tuple(sorted(found, key=_distance))


def _distance(one: Kinship) -> tuple[int, int, float, str]:
    return CLOSEST.index(one.kind), -one.copied, -one.relation.whole.z, one.base


def _is_held(fingerprint: Fingerprint) -> bool:
    """Whether the ledger has every matrix of the sample: what else lies there is not known to be
    the same. Scales and biases are equal beside other weights too."""
    entries = fingerprint.ledger.entries
    mains = (one.name for one in entries if len(one.shape) > 1 and not BESIDE.fullmatch(one.name))
    names = {_stem(name) for name in mains}
    return all(_stem(block.name) in names for block in fingerprint.sample.blocks)


def _stem(name: str) -> str:
    """The name of a module: a packed weight has another last word than the weight."""
    return name.rpartition(".")[0] or name
