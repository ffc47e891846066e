"""Two models' headers beside each other: what fits, what convicts, and what is only said."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from provenance.claims.files import ModelFiles
from provenance.claims.named import DISTILLED
from provenance.lineage.consistency import adapters, settings, words
from provenance.lineage.consistency.copies import equal_files
from provenance.lineage.consistency.fitting import Fit, fit
from provenance.lineage.consistency.tensors import layout
from provenance.weights.factored import is_adapter
from provenance.weights.fused import alike
from provenance.weights.pairing import Part, parts
from provenance.weights.roles import Layout, Numbers, Tensor

SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Whether headers agree with a claimed parent; None where they do not tell.

    `detail` is what fits, and what came, went or changed; or the shapes that cannot be.
    """

    holds: bool | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Result:
    """What a comparison of tensors found; `fitting` of those that have a counterpart fit."""

    against: tuple[str, ...] = ()
    fitting: int = 0
    said: tuple[str, ...] = ()
    pairs: Mapping[str, str] = field(default_factory=dict)

    @property
    def compared(self) -> bool:
        return bool(self.against or self.fitting)


def compare(child: ModelFiles, parent: ModelFiles, relation: str | None) -> Agreement:
    """What the headers of both say of the edge between them.

    The tensors are compared where both have some of the same role, whatever config.json says; the
    settings only where they have not. What a model was distilled from has its own shapes. A merge,
    whose layers may come from several, and an adapter are convicted by layers of the same names
    only if none of them can be the parent's.
    """
    if relation == DISTILLED:
        return Agreement(detail="distilled: shapes are not compared")
    here, there = layout(child), layout(parent)
    adapts = is_adapter(here) or is_adapter(there) or relation == "adapter"
    if (adapts or relation == "merge") and (foreign := _of_foreign_layers(here, there)).against:
        return _agreement(child, parent, foreign)
    if adapts:
        return _agreement(child, parent, _of_adapters(here, there))
    if relation == "merge":
        skipped = "a merge: the shapes of tensors are not compared"
        return _by_settings(child, parent, _Result(said=(skipped,)))
    found = _of_tensors(*alike(here, there))
    if not found.compared:
        return _by_settings(child, parent, found)
    said = (*settings.differences(child, parent, layers=False), *found.said)
    return _agreement(child, parent, found, said)


def _by_settings(child: ModelFiles, parent: ModelFiles, found: _Result) -> Agreement:
    against = tuple(settings.widths(child, parent))
    said = (*found.said, *settings.differences(child, parent, layers=True))
    return _agreement(child, parent, _Result(against=against), said)


def _agreement(
    child: ModelFiles, parent: ModelFiles, found: _Result, said: tuple[str, ...] | None = None
) -> Agreement:
    if found.against:
        more = f", and {len(found.against) - SHOWN} more" if len(found.against) > SHOWN else ""
        return Agreement(holds=False, detail="; ".join(found.against[:SHOWN]) + more)
    rest = words.short(found.said if said is None else said)
    equal = equal_files(child.evidence, parent.evidence)
    if equal:
        fits = f"{equal} of its weight files are the parent's own"
    else:
        fits = f"{found.fitting} tensors fit the parent's" if found.fitting else ""
    holds = True if fits else None
    return Agreement(holds=holds, detail="; ".join(filter(None, (fits, rest))))


def _of_foreign_layers(here: Layout, there: Layout) -> _Result:
    """The layers that both have under the same names, if some cannot come from the parent's and
    none fits: whatever was added to them, they are another model's."""
    shared = [role for role in here.roles if "#" in role and role in there.roles]
    rows = [
        row
        for role in shared
        if not adapters.LORA.fullmatch(role)
        for row in _fits(role, here.roles[role], there.roles[role])
    ]
    against = tuple(_unequal(one, other) for held, one, other in rows if held.holds is False)
    return _Result(against=() if any(held.holds for held, _, _ in rows) else against)


def _of_adapters(here: Layout, there: Layout) -> _Result:
    """The factors of either beside the weights, or the factors, of the other."""
    ours, theirs = adapters.factors(here), adapters.factors(there)
    if ours and theirs:
        return _of_factors_alike(here, there)
    wanted, weights = (ours, there) if ours else (theirs, here)

    def fits(role: str, other: str) -> Iterator[tuple[Fit, Tensor, Tensor]]:
        first, second = wanted[role]
        for numbers in {**first, **second}:
            one, two = first.get(numbers), second.get(numbers)
            factor, weight = one or two, weights.roles[other].get(numbers)
            if factor and weight:
                yield adapters.fit_factor(one, two, weight), factor, weight

    found = _paired(wanted.keys(), weights.roles.keys(), fits)
    lost = len(wanted) - len(found.pairs)
    said = (f"{lost} kinds of factors are for weights that are not there",) if lost else ()
    if not weights.roles:
        said = (words.UNREAD.format("the parent's" if ours else "its"),)
    return _Result(against=found.against, fitting=found.fitting, said=said, pairs=found.pairs)


def _of_factors_alike(here: Layout, there: Layout) -> _Result:
    """Two adapters of one model: the ranks are their own, the width that they share is not."""
    against, fitting = [], 0
    for role in here.roles.keys() & there.roles.keys():
        if not adapters.LORA.fullmatch(role):
            continue
        for numbers, one in here.roles[role].items():
            other = there.roles[role].get(numbers)
            if other is None:
                continue
            fitting += 1
            if len(one.shape) == len(other.shape) and not set(one.shape) & set(other.shape):
                against.append(_unequal(one, other))
    return _Result(against=tuple(sorted(against)), fitting=fitting)


def _of_tensors(here: Layout, there: Layout) -> _Result:
    def fits(role: str, other: str) -> Iterator[tuple[Fit, Tensor, Tensor]]:
        return _fits(role, here.roles[role], there.roles[other])

    found = _paired(here.roles.keys(), there.roles.keys(), fits)
    said = (*found.said, *words.changes(here, there, found.pairs))
    return _Result(against=found.against, fitting=found.fitting, said=said, pairs=found.pairs)


def _fits(
    role: str, ours: Mapping[Numbers, Tensor], theirs: Mapping[Numbers, Tensor]
) -> Iterator[tuple[Fit, Tensor, Tensor]]:
    """Each tensor of a role beside the parent's of its numbers, or the one that it fits best."""
    if ours.keys() == theirs.keys():
        for numbers, tensor in ours.items():
            yield fit(role, tensor, theirs[numbers]), tensor, theirs[numbers]
        return
    kinds = list({(t.shape, t.dtype, t.packing): t for t in theirs.values()}.values())
    for tensor in ours.values():
        yield _best(role, tensor, kinds)


def _best(role: str, ours: Tensor, theirs: Iterable[Tensor]) -> tuple[Fit, Tensor, Tensor]:
    """How it fits the one that it fits best: layers may have been removed, repeated, renumbered."""
    results = [(fit(role, ours, other), ours, other) for other in theirs]
    order: tuple[bool | None, ...] = (True, None, False)
    return min(results, key=lambda one: (order.index(one[0].holds), bool(one[0].said)))


Fits = Callable[[str, str], Iterable[tuple[Fit, Tensor, Tensor]]]


def _paired(ours: Iterable[str], theirs: Iterable[str], fits: Fits) -> _Result:
    """The roles of two models paired, and what their shapes say.

    Other words before a name can be chance: the vision part of a model is called as the text part
    of another. Once one part of the two is known to fit, a part under other prefixes convicts only
    if most of it fits too.
    """
    known: dict[tuple[str, str], list[tuple[Fit, Tensor, Tensor]]] = {}

    def seen(role: str, other: str) -> list[tuple[Fit, Tensor, Tensor]]:
        if (role, other) not in known:
            known[role, other] = list(fits(role, other))
        return known[role, other]

    def measure(role: str, other: str) -> bool | None:
        verdicts = {one.holds for one, _, _ in seen(role, other)}
        return False if False in verdicts else True if True in verdicts else None

    found = parts(list(ours), list(theirs), measure)
    sound = [part for part in found if _mostly(part, measure)]
    kept = [part for part in found if part.exact or part in sound or not sound]
    pairs = {role: other for part in kept for role, other in part.pairs.items()}
    rows = [row for pair in pairs.items() for row in seen(*pair)]
    return _Result(
        against=tuple(_unequal(one, other) for held, one, other in rows if held.holds is False),
        fitting=sum(held.holds is True for held, _, _ in rows),
        said=tuple(dict.fromkeys(held.said for held, _, _ in rows if held.said)),
        pairs=pairs,
    )


def _mostly(part: Part, measure: Callable[[str, str], bool | None]) -> bool:
    """Whether a part has layers, and most of what can be compared in them fits."""
    held = [measure(*pair) for pair in part.pairs.items() if "#" in pair[0]]
    return held.count(True) > held.count(False)


def _unequal(ours: Tensor, theirs: Tensor) -> str:
    parent = f"{theirs.name:.200} {list(theirs.shape)}"
    return f"{ours.name:.200} is {list(ours.shape)}, the parent's {parent}"
