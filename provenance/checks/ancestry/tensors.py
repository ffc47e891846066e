"""Whether tensors are another model's, in whatever files and by what names they stand.

Part of the ancestry check; its rules are on that check's page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from provenance.case.case import Case
from provenance.checks.ancestry.copies import is_older
from provenance.checks.ancestry.undeclared import lineage, named, own, undeclared
from provenance.errors import Malformed
from provenance.model import Facts
from provenance.verdict import Finding, failed, unknown
from provenance.weights.ledger import Ledger

if TYPE_CHECKING:
    from provenance.weights.copies import Copy

REPOSITORY = re.compile(r"[^/\s]+/[^/\s:@]+")
"""What the path of a base's fingerprint begins with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A model whose tensors are known, by its name; `at` is its name with the commit, if known."""

    at: str
    ledger: Ledger


def bases(case: Case) -> Mapping[str, Base]:
    """The models whose fingerprints are at hand, each once; what cannot be read tells nothing here:
    the check `weights` says so."""
    if not (case.evidence.weights.bases and case.evidence.weights.tensors):
        return {}
    from provenance.weights import fingerprint

    found: dict[str, Base] = {}
    for document in case.evidence.weights.bases:
        repository = REPOSITORY.match(document.path)
        try:
            known = fingerprint.loads(document.data)
        except Malformed:
            continue
        if repository and known.ledger.entries:
            name = case.claimed.canonical(repository[0])
            at = f"{name}@{known.commit}" if known.commit else name
            found.setdefault(name, Base(at=at, ledger=known.ledger))
    return found


def copied_tensors(case: Case, known: Mapping[str, Base]) -> Iterator[Finding]:
    """Models of which the model has tensors, and that nothing names; nothing of a model that the
    registry has as a root, from which others have theirs."""
    if known and not case.registry.roots(case.origin.ref.repo):
        yield from _Tensors(case=case, known=known).findings()


@dataclass(frozen=True, kw_only=True)
class _Tensors:
    case: Case
    known: Mapping[str, Base]

    def findings(self) -> Iterator[Finding]:
        named = self._named
        for copy in self._copies(named):
            if copy.whole and own(self.case) and not self._is_younger(copy.of):
                message = f"{self._words(copy)}, and it is not named as a parent"
                yield failed("ancestry/identical", message, copy.of)
        parts = [copy for copy in self._copies(lineage(self.case)) if not copy.whole]
        if self._are_parents_known:
            yield from undeclared(self.case, {copy.of: self._words(copy) for copy in parts})
            return
        for copy in parts:
            message = (
                f"{self._words(copy)}, which nothing names as an ancestor, and whether what is "
                "named has them too is not known: ask the publisher, or register its fingerprint"
            )
            yield unknown("ancestry/undeclared-parent", message, copy.of)

    def _words(self, copy: Copy) -> str:
        at = self.known[copy.of].at
        return f"{copy.copied} of {copy.tensors} tensors are bit-identical to {at}"

    def _copies(self, explained: frozenset[str] = frozenset()) -> list[Copy]:
        """Those of other models than these, of tensors that these do not have."""
        from provenance.weights.copies import known_copies

        ours = Ledger(entries=self.case.evidence.weights.tensors)
        others = {name: base.ledger for name, base in self.known.items()}
        found = known_copies(ours, others, explained)
        return [copy for copy in found if copy.of not in explained and copy.unexplained]

    @cached_property
    def _named(self) -> frozenset[str]:
        """What the model names, and above those that have its tensors, or may, what they name."""
        whole = {copy.of for copy in self._copies() if copy.whole}
        return named(self.case, lambda name: name in whole or name not in self.known)

    @property
    def _are_parents_known(self) -> bool:
        """Whether the tensors are known of everything that the model itself names."""
        parents = named(self.case, lambda _: False) - own(self.case)
        return all(name in self.known for name in parents)

    def _is_younger(self, name: str) -> bool:
        """Whether the base's repository was made after the model's own, as the registry has it."""
        roots = self.case.registry.roots(name)
        facts = [Facts(id=name, repo_id=root.repo_id) for root in roots]
        return any(is_older(one, self.case.origin.facts) is False for one in facts)
