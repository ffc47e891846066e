"""With what a model's weights are compared: what the caller has at hand, and whether it is any."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from provenance.lineage import unresolved_parents
from provenance.model import Ancestor, Document, Evidence
from provenance.source.limits import DEFAULT, Limits
from provenance.source.progress import Progress, Silent, during

if TYPE_CHECKING:
    from provenance.weights.coordinates import Coordinates
    from provenance.weights.matrix import Matrix
    from provenance.weights.plan import Plan
    from provenance.weights.stored import Reader


def nothing() -> Sequence[Document]:
    """No fingerprint is known."""
    return ()


def no_key() -> bytes | None:
    """No secret is known."""
    return None


def nowhere(ancestor: Ancestor) -> Path | None:
    """No ancestor's weights are here."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scales:
    """What weights are compared with.

    `fingerprints` are files of known models, each under the repository and the name of its
    coordinates, `org/name@public`; `key` has the secret of those by key. `local` finds the folder
    in which an ancestor's weights lie, every byte as its evidence says.
    """

    fingerprints: Callable[[], Sequence[Document]] = nothing
    key: Callable[[], bytes | None] = no_key
    local: Callable[[Ancestor], Path | None] = nowhere


NO_SCALES = Scales()


class Place(Protocol):
    """Where a model's weights are read."""

    def opened(
        self, found: Sequence[Matrix], way: Coordinates
    ) -> AbstractContextManager[tuple[Plan, Reader]]:
        """What is sampled of these matrices at these coordinates, and where its bytes come from;
        Unreadable where they cannot be had."""

    def whole(self) -> AbstractContextManager[Reader] | None:
        """Where every byte comes from, if that may be asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """An ancestor whose weights lie below `root`: the one at this place among all."""

    number: int
    ancestor: Ancestor
    evidence: Evidence
    root: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class AtHand:
    """What there is to compare one model with: fingerprints, of `known` ones in all, the secret of
    those by key, and the ancestors whose weights are here."""

    bases: tuple[Document, ...] = ()
    known: int = 0
    key: bytes | None = None
    here: tuple[Here, ...] = ()


def at_hand(evidence: Evidence, scales: Scales, limits: Limits = DEFAULT) -> AtHand:
    """What there is for one model: the fingerprints of its ancestors before all others."""
    known = _relatives_first(evidence, scales.fingerprints())
    return AtHand(
        bases=known[: limits.fingerprints],
        known=len(known),
        key=scales.key(),
        here=tuple(_here(evidence, scales)),
    )


def _here(evidence: Evidence, scales: Scales) -> Iterator[Here]:
    for number, one in enumerate(evidence.ancestors):
        root = scales.local(one) if one.evidence else None
        if root and one.evidence:
            yield Here(number=number, ancestor=one, evidence=one.evidence, root=root)


def _relatives_first(evidence: Evidence, known: Iterable[Document]) -> tuple[Document, ...]:
    named = {ancestor.claimed for ancestor in evidence.ancestors}
    return tuple(sorted(known, key=lambda one: one.path.rpartition("@")[0] not in named))


def weighed(
    evidence: Evidence,
    scales: Scales,
    place: Place,
    *,
    parents: Sequence[str] = (),
    progress: Progress | None = None,
    limits: Limits = DEFAULT,
) -> Evidence:
    """The evidence with what was read of the weights, and its ancestors with what was read of
    theirs where those are here; with nothing at hand, with the reason why nothing was compared.

    `parents` are those that the caller states. Nothing that cannot be read is an error.
    """
    hand = at_hand(evidence, scales, limits)
    if not (hand.bases or hand.here):
        facts = replace(evidence.weights, skipped=_skipped(evidence, parents))
        return replace(evidence, weights=facts)
    # Numbers are asked for only where there is something to compare.
    from provenance.source.weighing import compared

    name = evidence.ref.repo or evidence.ref.text
    with during(progress or Silent(), f"{name}: weighing"):
        return compared(evidence, hand, place)


def _skipped(evidence: Evidence, parents: Sequence[str]) -> str:
    """Why there was nothing to compare with, and what to type."""
    wanted = unresolved_parents(replace(evidence, ancestors=()), parents, 1)
    if not wanted:
        return "it names no parent, and no fingerprint is registered"
    parent = wanted[0].repo
    gone = [one.missing for one in evidence.ancestors if one.claimed == parent and one.missing]
    if gone:
        return f"no registered fingerprint of {parent}, and it is not to be had: {gone[0]}"
    return (
        f"no registered fingerprint of {parent}, and its weights are not here: "
        f"`provenance fingerprint {parent} -o parent.wlf` makes one and says how to register it"
    )
