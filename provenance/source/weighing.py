"""What is read of a model's weights to compare them: samples, and change maps.

They are sampled at the coordinates of each fingerprint that is at hand, and where a parent's own
weights are here at coordinates of just these two models. Nothing here raises: what cannot be read
is said in the evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property

from provenance.errors import Malformed
from provenance.formats.names import is_adapter_name, is_by_product, is_weight_name
from provenance.model import Ancestor, Document, Evidence, Kind
from provenance.source.changing import changed
from provenance.source.limits import DEFAULT, Limits
from provenance.source.progress import Progress
from provenance.source.sampling import Folder
from provenance.source.scales import ADAPTER, AtHand, Here, Place
from provenance.weights.coordinates import Coordinates
from provenance.weights.factored import is_adapter_of
from provenance.weights.fingerprint import Fingerprint, dumps, loads
from provenance.weights.ledger import Ledger
from provenance.weights.matrix import MOST, Gathered, gathered
from provenance.weights.sample import MATRICES, Block, Sample, chosen, sample
from provenance.weights.stored import Stored, Unreadable

SUFFIX = ".wlf"
"""Of a fingerprint file."""
UNREAD = frozenset(
    {Kind.PICKLE, Kind.TORCH_ZIP, Kind.HDF5, Kind.KERAS_ZIP, Kind.NPZ, Kind.NPY, Kind.NPY_OBJECTS}
)
"""Files of weights in which no tensor is found here."""
SHOWN = 5
KEY = "is by a key that is not here: name it, [policy.weights] key"


def sampled(evidence: Evidence, place: Place, way: Coordinates) -> Fingerprint:
    """The model's fingerprint at these coordinates, with its ledger as far as that is known; where
    there is nothing to sample it says why among what is unread. Unreadable where bytes cannot be
    had."""
    return _Model.at(evidence, place).sampled(way)


def _blocks(others: Iterable[Document]) -> Iterator[Block]:
    """What fingerprint files hold, as far as they can be read."""
    for one in others:
        with suppress(Malformed):
            yield from loads(one.data).sample.blocks


def nothing(evidence: Evidence, stored: Sequence[Stored]) -> str:
    """Why there is no matrix to compare, as a sentence with what to do."""
    files = evidence.manifest.files
    if not any(file.size for file in files):
        return "it holds no file with any bytes: name the folder in which the weights lie"
    if len(files) == 1 and files[0].path.endswith(SUFFIX):
        return "it is a fingerprint and no model: name the folder in which the weights lie"
    if any(is_adapter_name(file.path) for file in files) or is_adapter_of(stored):
        return f"{ADAPTER}: name its base, or the model that both were merged into"
    odd = sorted({one.kind.value for one in evidence.contents if one.kind in UNREAD})
    if odd:
        return f"its weights are {' and '.join(odd)} files: convert them to safetensors first"
    if not stored:
        return "no tensor is found in its files, expected safetensors, GGUF or ONNX"
    return "no matrix of it can be compared here: none is known to lie at the residual stream"


def left_out(evidence: Evidence, stored: Sequence[Stored], found: Gathered) -> tuple[str, ...]:
    """What of a model's weights no fingerprint of it can have, each with the reason: the files of
    which no tensor is read, then single weights."""
    read = {one.path for one in stored}
    paths = (file.path for file in evidence.manifest.files if is_weight_name(file.path))
    files = [path for path in paths if not (path in read or is_by_product(path))]
    return (*(f"{path}: no tensor of it can be read" for path in files[:MOST]), *found.unread)


def is_same(one: bytes, other: bytes) -> bool:
    """Whether two fingerprint files of ours hold the same sample, whatever their ledgers have."""
    left, right = (dumps(replace(loads(data), ledger=Ledger())) for data in (one, other))
    return left == right


def compared(
    evidence: Evidence, hand: AtHand, place: Place, progress: Progress, limits: Limits = DEFAULT
) -> Evidence:
    """The evidence, and that of ancestors, with all that is needed to compare them."""
    try:
        model = _Model.at(evidence, place)
    except Unreadable as error:
        facts = replace(
            evidence.weights, bases=hand.bases, unread=_joined([*hand.left, str(error)])
        )
        return replace(evidence, weights=facts)
    known, words = list(evidence.ancestors), [*hand.left, *_short(hand)]
    own: list[Document] = []
    adapts = is_adapter_of(model.stored)
    if not adapts:
        found = [model.taken(way, hand.bases) for way in _ways(hand)]
        pairs = [(one, _paired(model, one)) for one in hand.here]
        found += [pair.child for _, pair in pairs]
        own = [one for one in found if isinstance(one, Document)]
        words += [one for one in found if isinstance(one, str)]
        words += [pair.missed for _, pair in pairs]
        for here, pair in pairs:
            known[here.number] = pair.ancestor
        if not own:
            return _unsampled(evidence, hand, words)
    changes, more = changed(evidence, model.stored, place, hand.here, progress, limits.maps)
    facts = replace(
        evidence.weights,
        own=tuple(own),
        bases=hand.bases,
        changes=changes,
        skipped=ADAPTER if adapts else "",
        unread=_joined([*words, *more]),
    )
    return replace(evidence, ancestors=tuple(known), weights=facts)


def _unsampled(evidence: Evidence, hand: AtHand, words: Iterable[str]) -> Evidence:
    """Of a model that could not be sampled why: nothing was compared, and if a parent is at hand
    that is a matter of its own."""
    said = _joined(words)
    skipped, unread = ("", said) if hand.kin or hand.left else (said, "")
    facts = replace(evidence.weights, bases=hand.bases, skipped=skipped, unread=unread)
    return replace(evidence, weights=facts)


def _joined(words: Iterable[str]) -> str:
    return "; ".join(filter(None, dict.fromkeys(words)))


def _short(hand: AtHand) -> Iterator[str]:
    """What there is to compare with, and cannot be or was not."""
    if hand.known > len(hand.bases):
        yield f"it was compared with {len(hand.bases)} of {hand.known} fingerprints"
    used = {way.name for way in _ways(hand)}
    named = [one.path for one in hand.bases if one.path.rpartition("@")[2] not in used]
    for path in named[:SHOWN]:
        yield f"the fingerprint {path} {KEY}"
    if len(named) > SHOWN:
        yield f"{len(named) - SHOWN} more fingerprints are by keys that are not here"


def _ways(hand: AtHand) -> Iterator[Coordinates]:
    """The coordinates of the fingerprints that can be compared here."""
    used = {one.path.rpartition("@")[2] for one in hand.bases}
    possible = (Coordinates(), *((Coordinates.keyed(hand.key),) if hand.key else ()))
    yield from (way for way in possible if way.name in used)


@dataclass(frozen=True, kw_only=True)
class _Model:
    """A model where its weights are read, and its tensors."""

    evidence: Evidence
    place: Place
    stored: tuple[Stored, ...]

    @classmethod
    def at(cls, evidence: Evidence, place: Place) -> _Model:
        """The model at a place; Unreadable where its tensors cannot be told."""
        return cls(evidence=evidence, place=place, stored=place.stored(evidence))

    @cached_property
    def found(self) -> Gathered:
        """Its matrices, whatever coordinates they are sampled at."""
        return gathered(self.stored)

    def sampled(self, way: Coordinates, others: Iterable[Document] = ()) -> Fingerprint:
        """The fingerprint; of too many matrices those are sampled that `others` have too."""
        unread = self.found.unread
        why_not = nothing(self.evidence, self.stored)
        values = Sample(coordinates=way.name, blocks=(), unread=(why_not, *unread))
        some = self.found.matrices
        if len(some) > MATRICES:
            some = chosen(some, known=_blocks(others))
        if chosen(some):
            with self.place.opened(some, way) as (plan, reader):
                if plan.matrices:
                    taken = sample(plan.matrices, reader, way, lines=plan.lines)
                    values = replace(taken, unread=unread)
        return Fingerprint(
            repo=self.evidence.ref.repo or "",
            commit=self.evidence.ref.commit or "",
            manifest=self.evidence.manifest.digest,
            sample=values,
            ledger=Ledger(entries=self.evidence.weights.tensors),
        )

    def taken(self, way: Coordinates, others: Iterable[Document] = ()) -> Document | str:
        """Its own fingerprint file, to be compared with `others`, or in words why there is none."""
        try:
            found = self.sampled(way, others)
        except Unreadable as error:
            return str(error)
        return Document(path=way.name, data=dumps(found))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """A model's fingerprint at coordinates of it and an ancestor, or why there is none, and the
    ancestor with its own; `missed` says why the ancestor has none."""

    child: Document | str
    ancestor: Ancestor
    missed: str = ""


def _paired(model: _Model, here: Here) -> _Pair:
    ancestor, there = here.ancestor, here.evidence
    way = Coordinates.paired(model.evidence.manifest.digest, there.manifest.digest)
    try:
        found = sampled(there, Folder(root=here.root), way)
    except Unreadable as error:
        why = f"{ancestor.claimed}: {error}"
        return _Pair(child=model.taken(way), ancestor=ancestor, missed=why)
    theirs = Document(path=way.name, data=dumps(found))
    child = model.taken(way, [theirs])
    others = (one for one in there.weights.own if one.path != way.name)
    facts = replace(there.weights, own=(*others, theirs))
    known = replace(ancestor, evidence=replace(there, weights=facts))
    return _Pair(child=child, ancestor=known)
