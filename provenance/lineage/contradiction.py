"""Whether what several statements say of the same weights can all be true."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import combinations

from provenance.formats.names import is_weight_name
from provenance.lineage.steps import Files, TrainingStep
from provenance.signature import Party
from provenance.wire.training import Parent, Step

Heard = tuple[TrainingStep, Party]
Canonical = Callable[[str], str]
SHOWN = 5


def same_weights(files: Files, step: Step) -> bool:
    """Whether a statement is about the weights among `files`, or, without any, about all."""
    weights = {path for path in files if is_weight_name(path)} or files.keys()
    return all(step.subjects.get(path) == files[path] for path in weights)


def contradiction(heard: Iterable[Heard], canonical: Canonical) -> str:
    """The first two that cannot both be true, as half a sentence; empty where all can.

    Two may tell the same step, or one step and the next, which left the weights as they were.
    """
    for one, other in combinations(heard, 2):
        first, second = one[0].step, other[0].step
        follows = _leads_to(first, second) or _leads_to(second, first)
        if not follows and not _agree(first, second, canonical):
            return "; ".join(sorted(map(_said, (one, other))))
    return ""


def _leads_to(one: Step, other: Step) -> bool:
    """Whether the second began with just what the first made, and made something else of it."""
    made = one.subjects.items()
    began = ({f.path: f.sha256 for f in parent.files}.items() for parent in other.parents)
    return made != other.subjects.items() and any(made and made <= files for files in began)


def _agree(one: Step, other: Step, canonical: Canonical) -> bool:
    """Whether two statements may be of one step: the same method, from the same parents."""
    if one.method is not other.method:
        return False
    pairs = ((one.parents, other.parents), (other.parents, one.parents))
    return all(
        any(_may_be_one(parent, candidate, canonical) for candidate in those)
        for these, those in pairs
        for parent in these
    )


def _may_be_one(one: Parent, other: Parent, canonical: Canonical) -> bool:
    """Whether two parents may be one: nothing that both say differs."""
    if one.manifest and other.manifest:
        return one.manifest == other.manifest
    if one.repo and other.repo:
        return canonical(one.repo) == canonical(other.repo)
    return False


def _said(heard: Heard) -> str:
    step_of, party = heard
    parents = [parent.repo or parent.manifest or "nobody named" for parent in step_of.step.parents]
    shown = ", ".join(sorted(parents)[:SHOWN]) or "nothing"
    return (
        f"{party.org.name} ({party.signer.name}) attests {step_of.step.method} from {shown} "
        f"in {step_of.bundle}"
    )
