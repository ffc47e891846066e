"""Which statements of its parents a model carries on: those that tell how its ancestors were made,
by signers that the registry knows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from provenance import signature
from provenance.formats.json import on_one_line
from provenance.lineage import TrainingStep, statement_of, step_of
from provenance.model import Evidence
from provenance.source.limits import DEFAULT
from provenance.trust import Registry
from provenance.wire.bundle import opened
from provenance.wire.training import Step

OWN = 2
"""Bundles that a model has of its own: its statement, and its publisher's signature."""
ROOM = DEFAULT.bundle // 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """Bundles that are carried on, each on one line, the nearest ancestor's first, and how many
    training statements of the parents are not."""

    lines: tuple[bytes, ...] = ()
    left: int = 0

    @property
    def note(self) -> str:
        """What is not carried on, in words; nothing where everything is."""
        if not self.left:
            return ""
        return (
            f"not carried on: {self.left} statements beside the parents, which tell of no "
            "ancestor, are by nobody in the registry, or are more than a verifier reads"
        )


def carried(parents: Sequence[Evidence], registry: Registry) -> Carried:
    """The training statements beside these parents that a model made of them carries on.

    Those that tell of a parent, or of what such a statement names as one, by a signer that the
    registry knows; no more than are read beside the model's own.
    """
    every: dict[bytes, None] = {}
    known: dict[bytes, Step] = {}
    for line, step in _stated(parents, registry):
        every[line] = None
        if step is not None:
            known[line] = step
    kept: list[bytes] = []
    size = 0
    for line in _walked(parents, known):
        size += len(line)
        if size > ROOM or len(kept) >= DEFAULT.bundles - OWN:
            break
        kept.append(line)
    return Carried(lines=tuple(kept), left=len(every) - len(kept))


def _stated(parents: Sequence[Evidence], registry: Registry) -> Iterator[tuple[bytes, Step | None]]:
    """Each training statement on one line, and its step if it is somebody's word."""
    for evidence in parents:
        for one in opened(evidence.bundles):
            if statement_of(one) is None:
                continue
            weighed = signature.weigh(one, registry, evidence.at, evidence.ref.repo)
            step = step_of(one, weighed)
            known = step if isinstance(step, TrainingStep) and step.attestation else None
            yield on_one_line(one.document.data), known.step if known else None


def _walked(parents: Sequence[Evidence], known: dict[bytes, Step]) -> Iterator[bytes]:
    """Those of them that tell of the parents, then of the parents of those, and so on."""
    files = {(one.path, one.digest) for evidence in parents for one in evidence.manifest.files}
    names = {evidence.ref.repo for evidence in parents}
    waiting = dict(known)
    while True:
        found = {
            line: step
            for line, step in waiting.items()
            if step.model in names - {None} or not files.isdisjoint(step.subjects.items())
        }
        yield from found
        if not found:
            return
        waiting = {line: step for line, step in waiting.items() if line not in found}
        above = [parent for step in found.values() for parent in step.parents]
        files = {(one.path, one.digest) for parent in above for one in parent.files}
        names = {parent.repo for parent in above}
