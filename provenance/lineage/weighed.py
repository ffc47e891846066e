"""What the weights of a model say of the other models whose weights, or fingerprints, are at hand.

A fingerprint counts where the registry has it at a root, or the caller's settings name it: under
that name, and for those files. The weights of an ancestor that lies here count under the name that
claims give to it. Of several comparisons with one model the one decides whose coordinates are the
hardest to plant: those of two models together, then secret ones, then those that everybody knows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from provenance.errors import Malformed
from provenance.lineage.claimed import Claimed
from provenance.lineage.kin import NO_KIN, Kin
from provenance.lineage.wanted import own_names
from provenance.model import Document
from provenance.trust import Registry, Root

if TYPE_CHECKING:
    from provenance.weights.fingerprint import Fingerprint
    from provenance.weights.kinship import Kinship

PAIR, KEYED = "pair:", "key:"
"""How coordinates are called that follow from both models together, and from a secret."""


@dataclass(frozen=True, kw_only=True)
class _Base:
    """A model at hand under its name in lineages; `strength` is how hard its sample is to plant."""

    name: str
    fingerprint: Fingerprint
    strength: int = 0
    root: bool = False


def kin_of(claimed: Claimed, registry: Registry, fingerprints: Collection[str] = ()) -> Kin:
    """What the model is to each that is at hand; `fingerprints` are the digests of the files that
    the caller's settings name, `sha256:<hex>`."""
    weights = claimed.evidence.weights
    if not weights.own:
        return NO_KIN
    own, unread = _read(weights.own)
    bases, more = _read(weights.bases)
    counted, strange = _counted(bases, claimed, registry, fingerprints)
    mine = own_names(claimed.evidence) | {claimed.own}
    known = [one for one in (*counted, *_local(claimed)) if one.name not in mine]
    return Kin(
        kinships=_compared([found for _, found in own], known),
        named={one.fingerprint.manifest: one.name for one in known if one.fingerprint.manifest},
        ledgers={one.name: one.fingerprint.ledger for one in known},
        roots=frozenset(one.name for one in known if one.root),
        unread=(*unread, *more, *strange),
    )


Found = tuple[Document, "Fingerprint"]
Unread = tuple[str, str]


def _read(documents: Iterable[Document]) -> tuple[list[Found], list[Unread]]:
    """The fingerprints, and of each file that is none why."""
    from provenance.weights.fingerprint import loads

    found: list[Found] = []
    unread: list[Unread] = []
    for one in documents:
        try:
            found.append((one, loads(one.data)))
        except Malformed as error:
            unread.append((one.path, f"is no fingerprint: {error}"))
    return found, unread


def _counted(
    bases: Sequence[Found], claimed: Claimed, registry: Registry, fingerprints: Collection[str]
) -> tuple[list[_Base], list[Unread]]:
    """The fingerprints that somebody vouches for whom the caller trusts in this."""
    counted: list[_Base] = []
    strange: list[Unread] = []
    for document, found in bases:
        digest = f"sha256:{hashlib.sha256(document.data).hexdigest()}"
        root = registry.fingerprinted(digest)
        repo = _called(found, root, registry)
        if root is None and digest not in fingerprints:
            strange.append((document.path, "is in no registry of yours, nor in your settings"))
        elif not repo:
            strange.append((document.path, "does not say of which model it is"))
        elif root and root.manifest != found.manifest:
            strange.append((document.path, f"is of {found.manifest}, the root is {root.manifest}"))
        else:
            name = claimed.canonical(repo)
            keyed = found.sample.coordinates.startswith(KEYED)
            base = _Base(name=name, fingerprint=found, strength=int(keyed), root=root is not None)
            counted.append(base)
    return counted, strange


def _called(found: Fingerprint, root: Root | None, registry: Registry) -> str:
    """As the registry calls its root, or another with the same files, else as it says itself."""
    same = (root,) if root else registry.roots_with(found.manifest)
    return same[0].repo if same else found.repo


def _local(claimed: Claimed) -> Iterator[_Base]:
    """The ancestors whose own weights were sampled here."""
    for ancestor in claimed.evidence.ancestors:
        evidence = ancestor.evidence
        if evidence is None:
            continue
        name = claimed.canonical(ancestor.claimed)
        for _, found in _read(evidence.weights.own)[0]:
            by = found.sample.coordinates
            strength = 2 if by.startswith(PAIR) else int(by.startswith(KEYED))
            yield _Base(name=name, fingerprint=found, strength=strength)


def _compared(own: Iterable[Fingerprint], bases: Iterable[_Base]) -> dict[str, Kinship]:
    """What the model is to each, the closest first."""
    from provenance.weights.kind import Kind
    from provenance.weights.kinship import kinship

    ours = {one.sample.coordinates: one for one in own}
    found: dict[str, list[tuple[bool, int, float, Kinship]]] = {}
    for base in bases:
        if mine := ours.get(base.fingerprint.sample.coordinates):
            theirs = replace(base.fingerprint, repo=base.name)
            kin = kinship(mine, theirs, anchored=base.strength > 0)
            # Equal digests of all values cannot be planted, whatever coordinates say.
            row = (kin.kind is Kind.IDENTICAL, base.strength, kin.relation.whole.z, kin)
            found.setdefault(base.name, []).append(row)
    rows = (max(some, key=lambda row: row[:3]) for some in found.values())
    return {row[3].base: row[3] for row in sorted(rows, key=lambda row: (-row[0], -row[2]))}
