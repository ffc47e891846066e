"""The one name of a model that claims call differently."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from provenance.claims.reference import renamed


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelling:
    """`asked` has the Hub's answers by the names it was asked for, and `chosen` one name of those
    that differ in letter case alone: no Hub has two of them."""

    asked: Mapping[str, str]
    chosen: Mapping[str, str]

    @classmethod
    def of(cls, asked: Mapping[str, str], names: Iterable[str]) -> Spelling:
        """Where no Hub was asked, the first of `names` that differ in letter case stands for all.

        The Hub's own answers come before them.
        """
        chosen: dict[str, str] = {}
        for name in (*asked.values(), *map(renamed, names)):
            chosen.setdefault(name.lower(), name)
        return cls(asked=asked, chosen=chosen)

    def canonical(self, name: str) -> str:
        """The name under which a Hub has what a claim calls `name`."""
        if known := self.asked.get(name):
            return known
        today = renamed(name)
        return self.chosen.get(today.lower(), today)
