"""From all that was found of two models to a kind and its sentence, which claims no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from provenance.weights.kind import Kind
from provenance.weights.matrix import MOST, Part
from provenance.weights.numbered import listed
from provenance.weights.relation import KIN, STRANGER, By, Relation
from provenance.weights.sample import Sample
from provenance.weights.statistic import PERMUTATIONS, Statistic, standardised
from provenance.weights.units import Deep

STRONG = 0.45
"""Correlation from which on it is more than a shared initialisation or a minor share."""
FEWEST = 2_000
"""Values below which nothing is said."""
FEWEST_OF_PART = 512
"""Values of tables or of layers below which nothing is said of them alone."""
FOUND, LOST = 0.25, 0.1
"""Of the units of a base: from here on found again, and below that not."""
TURNED = 0.2
"""Correlation of magnitudes from which on signs were changed: of independent models it is none."""
ODD = 3
"""Matrices that are named one by one when they are not the base's."""
MOVED = 4
"""Layers that are named one by one when they stand elsewhere."""
RHO = "\N{GREEK SMALL LETTER RHO}"


@dataclass(frozen=True, kw_only=True)
class Found:
    """All that a verdict rests on."""

    base: str
    ours: Sample
    theirs: Sample
    relation: Relation
    planted: str
    copied: int
    tensors: int
    partly: bool
    whole: bool
    deep: Deep | None

    def verdict(self) -> tuple[Kind, str]:
        """The kind and its sentence."""
        found = self.relation.whole
        if self.whole and (self.relation.by is By.SHAPES or not self.relation.odd):
            return Kind.IDENTICAL, self._identical
        if self._obfuscated:
            return Kind.OBFUSCATED, self._again
        if self._is_turned:
            return Kind.OBFUSCATED, self._turned
        if self._layers_unread:
            return Kind.INCONCLUSIVE, f"{self._first_unread}: only its tables can be compared"
        if only := self._part_alone():
            which, part = only
            return Kind.PARTIAL, f"only {which} match {self.base} ({_figures(part)}){self.planted}"
        if odd := self._odd():
            words = f"{odd}, and the rest matches it ({_figures(found)}){self.planted}"
            return Kind.PARTIAL, words
        if found.values < FEWEST or found.z < KIN:
            return self._no_kin()
        if found.rho >= STRONG or (self.deep and self.deep.rate >= FOUND):
            words = f"statistically incompatible with independence from {self.base} "
            kind = Kind.CONSISTENT if self.planted else Kind.CORROBORATED
            notes = "".join(f"; {note}" for note in self._notes())
            return kind, f"{words}({_chance(found)}){self.planted}{notes}"
        words = (
            f"shares weights or an initialisation with {self.base}, or holds a minor share of it"
        )
        return Kind.WEAK, f"{words} ({_figures(found)}){self.planted}"

    @property
    def _layers_unread(self) -> bool:
        """Whether the layers of a model that has some could not be read."""
        theirs = sum(one.values.size for one in self.theirs.blocks if one.part is Part.LAYER)
        return bool(self.ours.unread) and self.relation.layers.values < FEWEST <= theirs

    @property
    def _first_unread(self) -> str:
        more = len(self.ours.unread) - 1
        least = "at least " * (len(self.ours.unread) >= MOST)
        return f"{self.ours.unread[0]}" + f", and {least}{more} more matrices" * (more > 0)

    def _no_kin(self) -> tuple[Kind, str]:
        """Where samples do not tell of any kinship."""
        if self.partly:
            return Kind.PARTIAL, self._identical
        if unclear := self._unclear():
            return unclear
        least = f"{RHO} = {self.relation.whole.least:.3f}"
        words = f"no trace of {self.base} above {least}"
        return Kind.NOT_SUPPORTED, f"{words}; retraining or distillation cannot be excluded"

    def _unclear(self) -> tuple[Kind, str] | None:
        """Why nothing can be said, or nothing where it can."""
        found = self.relation.whole
        if found.values < FEWEST:
            return self._unread() or (Kind.INCOMPARABLE, self._few())
        if found.z >= STRANGER:
            return Kind.INCONCLUSIVE, (
                f"neither kin of {self.base} nor independent of it: z = {found.z:.1f}, where"
                f" {STRANGER:.0f} is none and {KIN:.0f} is kin"
            )
        if self.deep and self.deep.rate >= LOST:
            words = f"{self._units}: {FOUND:.0%} would be kin of {self.base}, {LOST:.0%} is none"
            return Kind.INCONCLUSIVE, words
        return None

    def _unread(self) -> tuple[Kind, str] | None:
        """What could not be read of a model, if that is why there is too little to compare."""
        if self.ours.unread and self.ours.values < FEWEST:
            return Kind.INCONCLUSIVE, self._first_unread
        if not self.ours.blocks or not self.theirs.blocks:
            which = "the model" if not self.ours.blocks else self.base
            words = f"no matrix of {which} is known to lie at the residual stream"
            return Kind.INCONCLUSIVE, words
        return None

    def _few(self) -> str:
        """Why there is too little to compare though matrices were read."""
        for which, one in (("the model", self.ours), (self.base, self.theirs)):
            if not any(standardised(block.values).any() for block in one.blocks):
                return f"no line of the matrices of {which} holds differing numbers"
        if values := self.relation.whole.values:
            return f"{values:,} values beside {self.base} are too few: {FEWEST:,} would tell"
        ours, theirs = _width(self.ours), _width(self.theirs)
        widths = f"width {ours} and {theirs}" if ours != theirs else f"both of width {ours}"
        return f"shapes differ from those of {self.base} ({widths})"

    def _part_alone(self) -> tuple[str, Statistic] | None:
        """What alone matches, and its statistic; None where it is all, or nothing.

        Tables and layers are judged apart, and before the whole: what has nothing to do with the
        base dilutes what does.
        """
        relation = self.relation
        whole, tables, layers = relation.whole, relation.tables, relation.layers
        if _is_kin(tables) and layers.values and layers.z < STRANGER:
            return "the tables", tables
        if _is_kin(layers) and tables.values >= FEWEST and tables.z < STRANGER and whole.z < KIN:
            return "the layers", layers
        if _is_kin(whole) and relation.foreign and relation.held >= STRONG:
            return listed(relation.matched), whole
        return None

    def _odd(self) -> str:
        """Up to so many of the matrices that are not the base's, where those beside them are."""
        relation = self.relation
        if not _is_kin(relation.whole) or max(relation.held, relation.whole.rho) < STRONG:
            return ""
        some = [_called(name) for name in relation.odd]
        if not some:
            return ""
        more = [f"{len(some) - ODD} more"] if len(some) > ODD else []
        *most, last = [*some[: 1 if more else ODD], *more]
        which = f"{', '.join(most)} and {last} are" if most else f"{last} is"
        return f"{which} not {self.base}'s"

    def _notes(self) -> Iterator[str]:
        """What else is to be said of kin."""
        relation = self.relation
        if relation.by is By.SHAPES:
            yield "tensors were paired by shape and values, for the names have nothing in common"
        if len(relation.moved) > MOVED:
            yield f"{len(relation.moved)} layers stand in another place"
        elif relation.moved:
            yield ", ".join(f"{one} is its {other}" for one, other in relation.moved.items())
        if relation.tables.values >= FEWEST and relation.tables.z < STRANGER:
            yield "its tables do not match"
        if self.copied:
            yield f"{self.copied} of {self.tensors} tensors are bit-identical"

    @property
    def _identical(self) -> str:
        return f"{self.copied} of {self.tensors} tensors are bit-identical to {self.base}"

    @property
    def _obfuscated(self) -> bool:
        """Whether the units are found again where the coordinates say nothing."""
        relation = self.relation
        numbers = relation.whole if relation.layers.values < FEWEST else relation.layers
        return bool(self.deep and self.deep.rate >= FOUND and numbers.z < STRANGER)

    @property
    def _again(self) -> str:
        words = f"matches {self.base} after re-ordering of hidden units"
        return f"{words}; ordinary fine-tuning does not do this ({self._units})"

    @property
    def _is_turned(self) -> bool:
        """Whether magnitudes are the base's where values say nothing."""
        found = self.relation.signless
        return found.values >= FEWEST and found.z >= KIN and found.rho >= TURNED

    @property
    def _turned(self) -> str:
        words = f"matches {self.base} in magnitudes, and not in signs"
        figures = f"{_figures(self.relation.signless)} without signs"
        return f"{words}; ordinary fine-tuning does not do this ({figures}){self.planted}"

    @property
    def _units(self) -> str:
        if self.deep is None:
            return ""
        return f"experimental: {self.deep.rate:.0%} of {self.deep.units} units found again"


def _called(name: str) -> str:
    """A tensor as people call it: `model.layers.3.mlp.up_proj.weight` is `layers.3.mlp.up_proj`."""
    return name.removeprefix("model.").removesuffix(".weight")


def _is_kin(found: Statistic) -> bool:
    return found.z >= KIN and found.values >= FEWEST_OF_PART


def _figures(found: Statistic) -> str:
    return f"{_chance(found)}, {RHO} = {found.rho:.2f}"


def _chance(found: Statistic) -> str:
    """z and p; p is never said to be below what so many permutations can tell."""
    least = found.p <= 1 / PERMUTATIONS
    return f"z = {found.z:.1f}, permutation p {'≤ 1e-5' if least else f'= {found.p:.1g}'}"


def _width(sample: Sample) -> int:
    """The residual width of most values; 0 where there are none."""
    counted: Counter[int] = Counter()
    for block in sample.blocks:
        counted[block.width] += block.values.size
    return max(counted, key=lambda n: (counted[n], n), default=0)
