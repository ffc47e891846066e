"""With what a model's weights are compared: what the caller has at hand, and whether it is any."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from provenance.lineage import Wanted, unresolved_parents
from provenance.model import Ancestor, Document, Evidence, Member
from provenance.source.limits import DEFAULT, Limits
from provenance.source.progress import About, Progress, Silent, during

if TYPE_CHECKING:
    from provenance.weights.coordinates import Coordinates
    from provenance.weights.matrix import Matrix
    from provenance.weights.plan import Plan
    from provenance.weights.stored import Reader, Stored

ADAPTER = "an adapter: the weights of its base are not in it"


def nothing() -> Sequence[Document]:
    """No fingerprint is known."""
    return ()


def none_left() -> Mapping[str, str]:
    """Every fingerprint can be used."""
    return {}


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
    coordinates, `org/name@public`; `left` says of each model whose fingerprint cannot be used why.
    `key` has the secret of those by key. `local` finds the folder in which an ancestor's weights
    lie, every byte as its evidence says.
    """

    fingerprints: Callable[[], Sequence[Document]] = nothing
    left: Callable[[], Mapping[str, str]] = none_left
    key: Callable[[], bytes | None] = no_key
    local: Callable[[Ancestor], Path | None] = nowhere


NO_SCALES = Scales()


class Place(Protocol):
    """Where a model's weights are read."""

    def stored(self, evidence: Evidence) -> tuple[Stored, ...]:
        """The tensors of the model, all of them in files of its manifest; Unreadable."""

    def opened(
        self, found: Sequence[Matrix], way: Coordinates
    ) -> AbstractContextManager[tuple[Plan, Reader]]:
        """What is sampled of these matrices at these coordinates, and where its bytes come from;
        Unreadable where they cannot be had."""

    def whole(self) -> AbstractContextManager[Reader] | None:
        """Where every byte comes from, if that may be asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """An ancestor whose weights lie below `root`: the one at this place among all; `parent` says
    that the model itself names it."""

    number: int
    ancestor: Ancestor
    evidence: Evidence
    root: Path
    parent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AtHand:
    """What there is to compare one model with: fingerprints, of `known` ones in all, the secret of
    those by key, and the ancestors whose weights are here. `left` says which fingerprints of its
    ancestors cannot be used, and why; `kin` whether any of what is at hand is an ancestor's."""

    bases: tuple[Document, ...] = ()
    known: int = 0
    key: bytes | None = None
    here: tuple[Here, ...] = ()
    left: tuple[str, ...] = ()
    kin: bool = False


def at_hand(
    evidence: Evidence, scales: Scales, parents: Sequence[Wanted] = (), limits: Limits = DEFAULT
) -> AtHand:
    """What there is for one model that names these parents: the fingerprints of its ancestors
    before all others."""
    named = {one.repo for one in parents} | {
        name
        for one in evidence.ancestors
        for name in (one.claimed, one.facts.id if one.facts else "")
    }
    known = sorted(scales.fingerprints(), key=lambda one: _of(one) not in named)
    here = tuple(_here(evidence, scales, {(one.repo, one.revision) for one in parents}))
    return AtHand(
        bases=tuple(known[: limits.fingerprints]),
        known=len(known),
        key=scales.key(),
        here=here,
        left=tuple(why for repo, why in scales.left().items() if repo in named),
        kin=bool(here) or any(_of(one) in named for one in known[:1]),
    )


def _of(base: Document) -> str:
    """Whose fingerprint it is."""
    return base.path.rpartition("@")[0]


def _here(
    evidence: Evidence, scales: Scales, parents: Collection[tuple[str, str | None]]
) -> Iterator[Here]:
    for number, one in enumerate(evidence.ancestors):
        root = scales.local(one) if one.evidence else None
        if root and one.evidence:
            yield Here(
                number=number,
                ancestor=one,
                evidence=one.evidence,
                root=root,
                parent=(one.claimed, one.revision) in parents,
            )


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
    What its loaders fetch is looked at where somebody asks for that.

    `parents` are those that the caller states. Nothing that cannot be read is an error.
    """
    evidence = replace(evidence, members=tuple(_unweighed(one) for one in evidence.members))
    named = _named(evidence, parents, limits)
    hand = at_hand(evidence, scales, named, limits)
    if not (hand.bases or hand.here):
        unread = "; ".join(hand.left)
        facts = replace(evidence.weights, skipped=_skipped(evidence, named), unread=unread)
        return replace(evidence, weights=facts)
    # Numbers are asked for only where there is something to compare.
    from provenance.source.weighing import compared

    name = evidence.ref.repo or evidence.ref.text
    told = progress or Silent()
    with during(told, f"{name}: weighing"):
        return compared(evidence, hand, place, About(progress=told, name=name), limits)


def _unweighed(member: Member) -> Member:
    """A member, of which nothing is compared, and why."""
    found = member.evidence
    if found is None:
        return member
    words = f"the weights of what loaders fetch are compared by `provenance verify {member.repo}`"
    return replace(member, evidence=replace(found, weights=replace(found.weights, skipped=words)))


def _named(evidence: Evidence, parents: Sequence[str], limits: Limits) -> tuple[Wanted, ...]:
    """Whom the model itself names as its parents, and whom its user states."""
    return unresolved_parents(replace(evidence, ancestors=()), parents, limits.ancestors)


def _skipped(evidence: Evidence, parents: Sequence[Wanted]) -> str:
    """Why there was nothing to compare with, and what to type."""
    if not parents:
        return "it names no parent, and no fingerprint is registered"
    parent = parents[0].repo
    gone = [one.missing for one in evidence.ancestors if one.claimed == parent and one.missing]
    if gone:
        return f"no registered fingerprint of {parent}, and it is not to be had: {gone[0]}"
    return (
        f"no registered fingerprint of {parent}, and its weights are not here: "
        f"`provenance fingerprint {parent} -o parent.wlf` makes one and says how to register it"
    )
