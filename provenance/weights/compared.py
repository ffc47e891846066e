"""What comes of a model laid beside all that are known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from provenance.weights.kind import Kind
from provenance.weights.kinship import Kinship
from provenance.weights.relation import STRANGER

ORDER = tuple(Kind)
"""From the nearest kin to none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One model of a comparison: what it is called, its commit where one is known, and the digest
    of its files as `sha256:<hex>`."""

    name: str
    commit: str = ""
    manifest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """A locked model that has some of the same files of weights: `same` of the `files` here; or,
    in other files, tensors that begin alike: `begin` of the `sketched` that the lockfile keeps."""

    name: str
    same: int
    files: int
    begin: int = 0
    sketched: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """A model beside every registered fingerprint and every locked model.

    `ranked` are the fingerprints' models, the nearest kin first; `unread` says of which nothing
    could be told, and why. `repo` is what the model claims to be, if anything says so; `here` is
    the nearest of those that were found whose weights, as the model's own, are on this machine.
    """

    model: Side
    ranked: tuple[Kinship, ...] = ()
    copies: tuple[Copied, ...] = ()
    unread: tuple[str, ...] = ()
    repo: str = ""
    here: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The models that were found, kin before copies, the nearest first."""
        kin = (one.base.partition("@")[0] for one in self.kin)
        return tuple(filter(None, (*kin, *(copy.name for copy in self.copies))))

    @property
    def kin(self) -> tuple[Kinship, ...]:
        """Those of which the numbers show anything, and be it that nobody can say what."""
        return tuple(
            one
            for one in self.ranked
            if one.is_kin or one.is_partly_kin or one.relation.whole.z >= STRANGER
        )

    @property
    def least(self) -> float:
        """The correlation above which every one of them would have been seen, from 0 to 1."""
        compared = [one.relation.whole.least for one in self.ranked if one.relation.whole.values]
        return max(compared, default=1.0)


def nearest(found: Iterable[Kinship]) -> tuple[Kinship, ...]:
    """The nearest kin first: by what they are, and by how unlike independence."""

    def distance(one: Kinship) -> tuple[int, int, float]:
        return ORDER.index(one.kind), -one.copied, -one.relation.whole.z

    return tuple(sorted(found, key=distance))
