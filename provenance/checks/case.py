"""One model before the judge: what a check is given, and what a check is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from provenance.model import Evidence
from provenance.policy import Policy
from provenance.signature import Opinion
from provenance.trust import Registry
from provenance.verdict import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The evidence on one model, what is asked of it, and what each of its bundles turned out to be.

    `opinions` has one entry for each of `evidence.bundles`, in their order.
    """

    evidence: Evidence
    policy: Policy
    registry: Registry
    opinions: tuple[Opinion, ...]


Check = Callable[[Case], Iterator[Finding]]
