"""Whose tensors a model has: by all values of the large ones, in whatever file and by what name."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod

from provenance.weights.ledger import WHOLE, Ledger, is_large
from provenance.weights.names import Use, use_of
from provenance.weights.roles import role_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """`copied` of a model's `tensors` large ones are bit-identical to those of the model `of`.

    `whole` says that all of them are, with almost every value of the small ones. `unexplained`
    are as many of the copied as none of the models has that were given as an explanation.
    """

    of: str
    copied: int
    tensors: int
    whole: bool
    unexplained: int


def known_copies(
    ours: Ledger, others: Mapping[str, Ledger], explained: Collection[str] = ()
) -> tuple[Copy, ...]:
    """Of which others the model has large tensors, the most first; `explained` are names of others
    from which it may have them. What is made by a formula counts nowhere."""
    found = list(_Copies(ours=ours, others=others, explained=frozenset(explained)).each())
    return tuple(sorted(found, key=lambda copy: (-copy.copied, copy.of)))


@dataclass(frozen=True, kw_only=True)
class _Copies:
    ours: Ledger
    others: Mapping[str, Ledger]
    explained: frozenset[str]

    def each(self) -> Iterator[Copy]:
        own = [e for e in self.ours.entries if e.digest not in self._formula]
        large = [entry.digest for entry in own if is_large(entry)]
        values = sum(prod(entry.shape) for entry in own)
        for name, ledger in self.others.items():
            known = {entry.digest for entry in ledger.entries} - {""}
            copied = [digest for digest in large if digest in known]
            if copied:
                same = sum(prod(entry.shape) for entry in own if entry.digest in known)
                yield Copy(
                    of=name,
                    copied=len(copied),
                    tensors=len(large),
                    whole=len(copied) == len(large) and same >= WHOLE * values,
                    unexplained=sum(digest not in self._explained for digest in copied),
                )

    @cached_property
    def _formula(self) -> frozenset[str]:
        """The digests of tables of positions, as the others name them: a copy may not."""
        return frozenset(
            entry.digest
            for ledger in self.others.values()
            for entry in ledger.entries
            if entry.digest and use_of(role_of(entry.name)[0]) is Use.POSITION
        )

    @cached_property
    def _explained(self) -> frozenset[str]:
        known = (ledger for name, ledger in self.others.items() if name in self.explained)
        return frozenset(digest for ledger in known for digest in ledger.digests)
