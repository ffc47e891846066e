"""What the weights of a model make of its place among the models that are at hand."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from provenance.lineage.tier import Tier
from provenance.weights.kind import Kind

if TYPE_CHECKING:
    from provenance.weights.kinship import Kinship
    from provenance.weights.ledger import Ledger

MERGE = "merge"


@dataclass(frozen=True, kw_only=True)
class Kin:
    """What a model is to each model at hand, by canonical name, the closest first.

    `named` has the name of each by its manifest, `roots` those that the registry has as roots, and
    `ledgers` the tensors of each as its fingerprint has them.
    `unread` says of each document that does not count why, after its path.
    """

    kinships: Mapping[str, Kinship] = field(default_factory=dict)
    named: Mapping[str, str] = field(default_factory=dict)
    roots: frozenset[str] = frozenset()
    ledgers: Mapping[str, Ledger] = field(default_factory=dict)
    unread: tuple[tuple[str, str], ...] = ()

    def of(self, name: str, manifest: str | None = None) -> Kinship | None:
        """What it is to the model of that name, or to the one with those very files."""
        return self.kinships.get(self.known_as(name, manifest))

    def known_as(self, key: str, manifest: str | None) -> str:
        """The name by which the model of this name, or of these files, is at hand; its own if it is
        not."""
        return key if key in self.kinships else self.named.get(manifest or "", key)

    def foreign(self, lineage: Collection[str]) -> Kinship | None:
        """The closest kin, if it is none of the models of this lineage and none of them is kin.

        A model that has a parent's weights is kin of all that came of the same weights, too.
        """
        kin = [one for one in self.kinships.values() if one.is_kin]
        return kin[0] if kin and not any(one.base in lineage for one in kin) else None

    def unnamed(self, lineage: Collection[str]) -> tuple[Kinship, ...]:
        """Those of which the model has all, a part or a share, the closest first, and that are none
        of this lineage."""
        kin = (one for one in self.kinships.values() if one.is_kin or one.is_partly_kin)
        return tuple(one for one in kin if one.base not in lineage)

    def explains(self, lineage: Collection[str]) -> bool:
        """Whether the model has anything of a model of this lineage, so that it is kin of others by
        that, too."""
        known = (one for one in self.kinships.values() if one.base in lineage)
        return any(one.is_kin or one.is_partly_kin for one in known)

    def tier(self, found: Kinship, relation: str | None, *, foreign: bool) -> Tier | None:
        """What the weights alone make of a step from a parent to which the model is that; `foreign`
        says that they are another model's. None where they leave it as it was."""
        if found.kind is Kind.NOT_SUPPORTED and foreign:
            return Tier.CONTRADICTED
        if found.kind in (Kind.IDENTICAL, Kind.CORROBORATED):
            return Tier.CORROBORATED
        share = found.kind is Kind.WEAK and relation == MERGE
        return Tier.CONSISTENT if share or found.kind is Kind.CONSISTENT else None


NO_KIN = Kin()
