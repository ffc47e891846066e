"""What is read of a model's weights to compare them: samples, and change maps.

They are sampled at the coordinates of each fingerprint that is at hand, and where a parent's own
weights are here at coordinates of just these two models. Nothing here raises: what cannot be read
is said in the evidence.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from provenance.model import Ancestor, Document, Evidence, Kind
from provenance.source.sampling import Folder
from provenance.source.scales import AtHand, Here, Place
from provenance.weights.coordinates import Coordinates
from provenance.weights.fingerprint import Fingerprint, dumps, loads
from provenance.weights.ledger import Ledger
from provenance.weights.matrix import matrices
from provenance.weights.sample import chosen, sample
from provenance.weights.stored import Stored, Unreadable, stored_in

UNREAD = frozenset(
    {Kind.PICKLE, Kind.TORCH_ZIP, Kind.HDF5, Kind.KERAS_ZIP, Kind.NPZ, Kind.NPY, Kind.NPY_OBJECTS}
)
"""Files of weights in which no tensor is found here."""


def sampled(evidence: Evidence, place: Place, way: Coordinates) -> Fingerprint:
    """The model's fingerprint at these coordinates, with its ledger as far as that is known;
    Unreadable where there is nothing to sample, or it cannot be had."""
    found = matrices(_stored(evidence, place))
    if not chosen(found):
        raise Unreadable(_unreadable(evidence))
    with place.opened(found, way) as (plan, reader):
        if not plan.matrices:
            raise Unreadable("no matrix lies in its files so that ranges of them can be compared")
        values = sample(plan.matrices, reader, way, lines=plan.lines)
    return Fingerprint(
        repo=evidence.ref.repo or "",
        commit=evidence.ref.commit or "",
        manifest=evidence.manifest.digest,
        sample=values,
        ledger=Ledger(entries=evidence.weights.tensors),
    )


def _stored(evidence: Evidence, place: Place) -> tuple[Stored, ...]:
    """The tensors of its files; those of ONNX only where the whole file may be gone through."""
    everything = place.whole()
    if everything is None:
        return stored_in(evidence)
    with everything as reader:
        return stored_in(evidence, reader)


def _unreadable(evidence: Evidence) -> str:
    odd = sorted({one.kind.value for one in evidence.contents if one.kind in UNREAD})
    if odd:
        return f"its weights are {' and '.join(odd)} files, of which no tensor is compared"
    if any(one.kind is Kind.ONNX for one in evidence.contents):
        return "the tensors of an ONNX file are compared where it lies here: fetch it first"
    return "no matrix with a known residual axis was found in its weights"


def is_same(one: bytes, other: bytes) -> bool:
    """Whether two fingerprint files of ours hold the same sample, whatever their ledgers have."""
    left, right = (dumps(replace(loads(data), ledger=Ledger())) for data in (one, other))
    return left == right


def compared(evidence: Evidence, hand: AtHand, place: Place) -> Evidence:
    """The evidence, and that of ancestors, with all that is needed to compare them."""
    found = [_taken(evidence, place, way) for way in _ways(hand)]
    pairs = [_paired(evidence, place, one) for one in hand.here]
    found += [pair.child for pair in pairs]
    words = [one for one in found if isinstance(one, str)] + [pair.missed for pair in pairs]
    if hand.known > len(hand.bases):
        words.append(f"it was compared with {len(hand.bases)} of {hand.known} fingerprints")
    own = tuple(one for one in found if isinstance(one, Document))
    facts = replace(
        evidence.weights,
        own=own,
        bases=hand.bases,
        skipped="" if found else "the fingerprints at hand are by a key that is not here",
        unread="; ".join(filter(None, dict.fromkeys(words))),
    )
    known = {one.number: pair.ancestor for one, pair in zip(hand.here, pairs, strict=True)}
    ancestors = tuple(known.get(n, one) for n, one in enumerate(evidence.ancestors))
    return replace(evidence, ancestors=ancestors, weights=facts)


def _ways(hand: AtHand) -> Iterator[Coordinates]:
    """The coordinates of the fingerprints that can be compared here."""
    used = {one.path.rpartition("@")[2] for one in hand.bases}
    possible = (Coordinates(), *((Coordinates.keyed(hand.key),) if hand.key else ()))
    yield from (way for way in possible if way.name in used)


def _taken(evidence: Evidence, place: Place, way: Coordinates) -> Document | str:
    """The model's own fingerprint file, or in words why there is none."""
    try:
        return Document(path=way.name, data=dumps(sampled(evidence, place, way)))
    except Unreadable as error:
        return str(error)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """A model's fingerprint at coordinates of it and an ancestor, or why there is none, and the
    ancestor with its own; `missed` says why the ancestor has none."""

    child: Document | str
    ancestor: Ancestor
    missed: str = ""


def _paired(evidence: Evidence, place: Place, here: Here) -> _Pair:
    ancestor, there = here.ancestor, here.evidence
    way = Coordinates.paired(evidence.manifest.digest, there.manifest.digest)
    child, theirs = _taken(evidence, place, way), _taken(there, Folder(root=here.root), way)
    if isinstance(theirs, str):
        return _Pair(child=child, ancestor=ancestor, missed=f"{ancestor.claimed}: {theirs}")
    others = (one for one in there.weights.own if one.path != way.name)
    facts = replace(there.weights, own=(*others, theirs))
    known = replace(ancestor, evidence=replace(there, weights=facts))
    return _Pair(child=child, ancestor=known)
