"""What was changed from parents whose weights are here to a model whose bytes are here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from provenance.errors import Malformed
from provenance.model import Document, Evidence
from provenance.source.progress import Progress
from provenance.source.sampling import Folder
from provenance.source.scales import Here, Place
from provenance.weights import adapter
from provenance.weights.changes.change import ChangeMap, dumps
from provenance.weights.changes.mapping import change_map
from provenance.weights.stored import Reader, Stored, Unreadable

Changed = tuple[tuple[Document, ...], list[str]]
"""Change maps, each under its parent's name, and in words what is missing of them."""


def changed(
    evidence: Evidence,
    stored: Sequence[Stored],
    place: Place,
    here: Sequence[Here],
    progress: Progress,
    most: int,
) -> Changed:
    """The maps of a model with these tensors against the first `most` of the parents that are here;
    none of a model whose bytes are elsewhere."""
    parents = [one for one in here if one.parent]
    words, found = [], []
    for one in parents[:most]:
        try:
            document = _map(evidence, stored, place, one, progress)
        except Unreadable as error:
            words.append(f"what was changed from {one.ancestor.claimed} cannot be told: {error}")
            continue
        if document:
            found.append(document)
    if found and len(parents) > most:
        words.append(f"what was changed is told of {most} of {len(parents)} parents")
    return tuple(found), words


def _map(
    evidence: Evidence, stored: Sequence[Stored], place: Place, here: Here, progress: Progress
) -> Document | None:
    opened, theirs = place.whole(), Folder(root=here.root)
    if opened is None:
        return None
    with opened as reader, theirs.whole() as base_reader:
        base = Held(theirs.stored(here.evidence), base_reader, here.evidence)
        own = Held(tuple(stored), reader, evidence)
        changes = mapped(base, own, here.ancestor.claimed, progress, "comparing")
    return Document(path=here.ancestor.claimed, data=dumps(changes))


@dataclass(frozen=True, slots=True)
class Held:
    """The tensors of a model whose bytes are here, what reads them, and what is known of it."""

    stored: tuple[Stored, ...]
    reader: Reader
    evidence: Evidence


def mapped(base: Held, own: Held, named: str, progress: Progress, what: str) -> ChangeMap:
    """What was changed from a base of that name to a model, told as `what` while it is compared;
    Unreadable."""
    step = progress.step(what, sum(one.end - one.begin for one in own.stored))
    try:
        return change_map(
            base.stored,
            own.stored,
            base.reader,
            own.reader,
            named=named,
            manifest=base.evidence.manifest.digest,
            progress=step.advance,
            scales=_scales(own.evidence),
        )
    finally:
        step.end()


def _scales(evidence: Evidence) -> dict[str, float]:
    """Those of an adapter's factors, as far as its configuration says."""
    content = evidence.by_path.get(adapter.FILE)
    try:
        return adapter.scales(content.head) if content else {}
    except Malformed:
        return {}
