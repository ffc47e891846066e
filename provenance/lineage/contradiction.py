"""Whether what several statements say of the same weights can all be true."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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
    these, those = one.parents, other.parents
    return one.method is other.method and (
        _are_among(these, those, canonical) and _are_among(those, these, canonical)
    )


def _are_among(these: Sequence[Parent], those: Sequence[Parent], canonical: Canonical) -> bool:
    """Whether each of the first may be one of the others: nothing that both say differs. Names
    tell where one of both has no manifest."""
    manifests = {parent.manifest for parent in those if parent.manifest}
    named = {canonical(parent.repo) for parent in those if parent.repo}
    loose = {canonical(one.repo) for one in those if one.repo and not one.manifest}
    return all(
        one.manifest in manifests
        or bool(one.repo and canonical(one.repo) in (loose if one.manifest else named))
        for one in these
    )


def _said(heard: Heard) -> str:
    step_of, party = heard
    parents = [parent.repo or parent.manifest or "nobody named" for parent in step_of.step.parents]
    shown = ", ".join(sorted(parents)[:SHOWN]) or "nothing"
    return (
        f"{party.org.name} ({party.signer.name}) attests {step_of.step.method} from {shown} "
        f"in {step_of.bundle}"
    )
