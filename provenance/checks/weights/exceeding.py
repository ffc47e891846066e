"""What was changed beyond what somebody declares of a step.

Part of the check of weights; its rules are on that check's page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from provenance.case.case import Case
from provenance.checks.weights.changed import (
    BESIDE,
    Step,
    declarations,
    last_steps,
    unread_maps,
)
from provenance.errors import Malformed
from provenance.lineage import Edge
from provenance.verdict import Finding, failed, unknown
from provenance.weights.changes.buffers import is_written
from provenance.weights.changes.change import MOVED, UNCHANGED, Change, Kind, size_of
from provenance.weights.changes.declared import (
    exceeded,
    is_left_out,
    sentence,
    told_of,
    unread,
    without_norms_of_gguf,
)
from provenance.weights.changes.scope import HEAD, Declaration
from provenance.weights.changes.untold import NEW_LAYER
from provenance.weights.roles import module_of

SHOWN = 5
STORED = {"quantized": "a quantisation", "converted": "a conversion"}
"""Relations that change how weights are stored, and not what they are."""
TRAINED = frozenset({Kind.DENSE, Kind.LOW_RANK, Kind.ROWS, Kind.PRUNED})
"""What is done to weights, and storing them otherwise does not do."""

GENERATES = re.compile(
    r"For(?:CausalLM|ConditionalGeneration|Seq2SeqLM|MaskedLM|PreTraining)|LMHead"
)
"""What the names of architectures hold that have a head over the tokens."""
TASK = re.compile(r"(?:score|classifier|qa_outputs|v_head|value_head)(?:\..+)?")
"""What a head of another task is called, which nothing reads that generates."""
PACKING = "unreadable packing"
LEFT = re.compile(
    r"(?:^|\.)(?:visual|vision_(?:tower|model)|vision_embed_tokens|multi_modal_projector"
    r"|mm_projector|audio_tower|speech_tower|embed_vision|embed_audio|mtp|nextn|pooler)\."
)
"""What converters leave to another file, or out: towers that see and hear, heads that guess ahead
or pool."""


def exceeding(case: Case) -> Iterator[Finding]:
    """The changes of the last step that are beyond what is said of it, where its parent is at
    hand."""
    for path, why in unread_maps(case):
        message = f"the map of changes cannot be read ({why}): compare again"
        yield unknown("weights/unread", message, path)
    steps = last_steps(case)
    for step in steps[:1]:
        yield from _unfollowed(case, step.edge)
    if not all(step.alone for step in steps):
        yield from _of_several(case, steps)
        return
    for step in steps:
        for words in _excess(case, step):
            message = f"{words}: do not deploy it, and ask what else was done"
            yield failed("weights/exceeded", message, step.edge.parent)
        yield from _unread(case, step.edge, step.changes)
        yield from _grown(step.edge, step.changes)


def _of_several(case: Case, steps: tuple[Step, ...]) -> Iterator[Finding]:
    """Any of several parents may be what was changed: what lies within a declaration beside one of
    them is no excess. One that is not here speaks for nothing."""
    found = [[*_excess(case, step)] for step in steps]
    if found and all(found):
        named = ", ".join(step.edge.parent for step in steps[:SHOWN])
        beside = f"{found[0][0]} (beside {named}, of several parents that it names)"
        ask = "ask the publisher what it was made of, and waive this after a look"
        yield unknown("weights/exceeded", f"{beside}: {ask}", steps[0].edge.parent)


def _excess(case: Case, step: Step) -> Iterator[str]:
    """What of a step is beyond what is said of it, in words without their stop."""
    yield from _beyond(case, step.edge, step.changes)
    yield from _trained(step.edge, step.changes)


def _unfollowed(case: Case, edge: Edge) -> Iterator[Finding]:
    """The declarations of which nothing can be said."""
    for one in declarations(case):
        if why := unread(one):
            yield unknown("weights/unread", f"{one.said}: {why}", edge.parent)


def _beyond(case: Case, edge: Edge, changes: tuple[Change, ...]) -> Iterator[str]:
    for said, some in _by_place(_of_one_base(tuple(declarations(case)))).items():
        if any(map(unread, some)):
            continue
        stored = edge.relation in STORED
        held = [one for one in changes if not _is_of_task(case, one)]
        each = [exceeded(one, told_of(one, held), stored=stored) for one in some]
        names = set.intersection(*({one.change.name for one in found} for found in each))
        if beyond := tuple(one for one in each[0] if one.change.name in names):
            more = f" (and beyond the {len(some) - 1} other recipes there)" * (len(some) > 1)
            yield f"{said}: {sentence(some[0], beyond)}{more}"


def _is_of_task(case: Case, change: Change) -> bool:
    """Whether a head was added for another task, or left out with the architecture that has it."""
    if change.kind is Kind.ADDED:
        return bool(TASK.fullmatch(change.name))
    return is_left_out(change) and bool(HEAD.search(module_of(change.name))) and _is_headless(case)


def _is_headless(case: Case) -> bool:
    """Whether the configuration names an architecture without a head over the tokens, and does not
    say that the table is one."""
    file = case.files.by_path.get("config.json")
    try:
        found = file.json() if file else None
    except Malformed:
        return False
    names = found.get("architectures") if isinstance(found, dict) else None
    if not isinstance(found, dict) or not isinstance(names, list) or not names:
        return False
    heads = any(not isinstance(one, str) or GENERATES.search(one) for one in names)
    return not heads and found.get("tie_word_embeddings") is not True


def _by_place(some: Iterable[Declaration]) -> dict[str, list[Declaration]]:
    """The declarations of each place; of several in one any may be what was done."""
    found: dict[str, list[Declaration]] = {}
    for one in some:
        found.setdefault(one.said, []).append(one)
    return found


def _of_one_base(some: tuple[Declaration, ...]) -> tuple[Declaration, ...]:
    """All of them with the base that one of them tells of: rounded to four bits, or as it is."""
    four_bits = any(one.four_bits for one in some)
    return tuple(replace(one, four_bits=four_bits) for one in some)


def _trained(edge: Edge, changes: tuple[Change, ...]) -> Iterator[str]:
    """What training does, where only the way of storing is said to be another."""
    packed = any(map(_is_packing, changes))
    some = [one for one in without_norms_of_gguf(changes) if _is_other(one)]
    found = [one for one in some if _is_trained(one) or (not packed and _is_left_out(one))]
    if found and edge.relation in STORED:
        named = (f"{one.name:.200}{size_of(one) or f' ({one.kind})'}" for one in found[:SHOWN])
        more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        yield f"declared {STORED[edge.relation]}; {', '.join(named)}{more} changed otherwise"


def _is_other(change: Change) -> bool:
    """Whether its values are other than the base's in that place."""
    return change.kind not in UNCHANGED or MOVED in change.detail


def _is_trained(change: Change) -> bool:
    if is_written(change):
        return False
    if MOVED in change.detail:
        return True
    if change.kind is Kind.RESHAPED:
        return bool(change.share) or not change.detail.endswith(" added")
    return change.kind in TRAINED or (change.kind is Kind.ADDED and not BESIDE.search(change.name))


def _is_left_out(change: Change) -> bool:
    """Whether a tensor is gone that a converter keeps."""
    is_kept = not (LEFT.search(change.name) or BESIDE.search(change.name) or is_written(change))
    return change.kind is Kind.REMOVED and is_kept


def _is_packing(change: Change) -> bool:
    """Whether a tensor is of a packing that is not read, which the parent's kinship says."""
    return change.kind is Kind.UNREADABLE and PACKING in change.detail


def _unread(case: Case, edge: Edge, changes: tuple[Change, ...]) -> Iterator[Finding]:
    """Tensors in the place of the parent's of which nobody can tell what was done to them."""
    some = [one for one in changes if one.kind is Kind.UNREADABLE and one.base]
    found = [one for one in some if not (_is_packing(one) or is_written(one))]
    if found and (edge.relation in STORED or any(declarations(case))):
        named = ", ".join(f"{one.name:.200} ({one.detail:.200})" for one in found[:SHOWN])
        more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        said = f"{named}{more}: not read beside {edge.parent}, so no declaration can be judged"
        message = f"{said}: ask the publisher for files that hold floats or a documented packing"
        yield unknown("weights/unread", message, edge.parent)


def _grown(edge: Edge, changes: tuple[Change, ...]) -> Iterator[Finding]:
    """Layers that the parent has not, and nobody says of: of a fine-tune they would be new."""
    held = {one.role for one in changes if one.kind is not Kind.ADDED}
    more = [one for one in changes if one.kind is Kind.ADDED and one.numbers]
    some = (one for one in more if one.role in held or one.detail == NEW_LAYER)
    layers = dict.fromkeys(map(_layer, some))
    if layers and edge.relation not in STORED:
        named = ", ".join([*layers][:SHOWN]) + " and more" * (len(layers) > SHOWN)
        verb = "is" if len(layers) == 1 else "are"
        message = f"{named} {verb} in no layer of {edge.parent}: ask whose the rest is"
        yield unknown("weights/partial", message, edge.parent)


def _layer(change: Change) -> str:
    before, _, _ = change.role.partition("#")
    return f"{before}{change.numbers[0]}"
