"""Which verdicts a change of registry, policy, version or day can reach."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from provenance.errors import Malformed
from provenance.fleet.asked import NAMESPACE, mark
from provenance.fleet.canonical import digest, plain
from provenance.fleet.days import marks_between
from provenance.formats import json as strict
from provenance.trust import Org, Registry, Release

DIGEST = "sha256"
Revoked = tuple[str, str, str]
"""Something that was revoked: its kind, its value, and all that is said of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a change can reach: everything, for the reason `all`, else who asked about one of
    `marks`, and with `bundles` whoever has a signature or statement."""

    all: str = ""
    marks: frozenset[int] = frozenset()
    bundles: bool = False

    @property
    def is_nothing(self) -> bool:
        """Whether every verdict stands."""
        return not (self.all or self.marks or self.bundles)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a run was judged by, as far as another has to know to compare itself.

    `rest` is the registry without what is compared by itself: who signs for which organisation
    (`signers`, with its namespaces), the instances and clocks that signatures are held against
    (`clocks`) and what was revoked. `ends` are the moments from which a verdict may be another;
    with `ages` any day is one, with `demands` a model without signatures depends on signers too.
    """

    at: str
    policy: str
    version: str
    rest: str
    clocks: str
    signers: dict[str, tuple[str, tuple[str, ...]]]
    revoked: frozenset[Revoked]
    ends: tuple[str, ...]
    ages: bool
    demands: bool

    @classmethod
    def of(
        cls,
        registry: Registry,
        *,
        policy: str,
        version: str,
        at: datetime,
        ends: tuple[datetime, ...],
        ages: bool,
        demands: bool,
    ) -> Terms:
        """Those of a registry and what else was said."""
        return cls(
            at=at.isoformat(),
            policy=policy,
            version=version,
            rest=digest(_rest(registry)),
            clocks=digest([_clocks(one) for one in (registry, *registry.parts)]),
            signers=dict(_signers(registry)),
            revoked=frozenset(_revoked(registry)),
            ends=tuple(end.isoformat() for end in ends),
            ages=ages,
            demands=demands,
        )

    def text(self) -> str:
        """The terms as JSON, with their own digest."""
        table = {**asdict(self), "revoked": sorted(map(list, self.revoked))}
        return json.dumps({**table, DIGEST: digest(table)}, indent=1)

    @classmethod
    def read(cls, data: bytes) -> Terms:
        """Those of a JSON text that `text` wrote; Malformed for any other."""
        try:
            table: Any = strict.loads(data)
            # A version before this one wrote no digest.
            said = table.pop(DIGEST, None)
            if said is not None and said != digest(table):
                raise Malformed("no terms of a run: expected other bytes, by their own digest")
            signers = {name: (one[0], tuple(one[1])) for name, one in table["signers"].items()}
            revoked = frozenset((kind, value, said) for kind, value, said in table["revoked"])
            ends = tuple(map(str, table["ends"]))
            datetime.fromisoformat(table["at"])
            table |= {"signers": signers, "revoked": revoked, "ends": ends}
            return cls(**table)
        except (TypeError, KeyError, ValueError, AttributeError, IndexError) as error:
            raise Malformed(f"no terms of a run: {error}") from None


def between(old: Terms, new: Terms) -> Change:
    """What came to be different can reach this and nothing else."""
    if reason := _reason(old, new):
        return Change(all=reason)
    marks = {mark(kind, value) for kind, value, _ in old.revoked ^ new.revoked}
    signers = {
        name for name in {*old.signers, *new.signers} if old.signers[name] != new.signers[name]
    }
    namespaces = {one for name in signers for one in new.signers[name][1]}
    marks |= {mark(NAMESPACE, namespace) for namespace in namespaces}
    then, now = datetime.fromisoformat(old.at), datetime.fromisoformat(new.at)
    marks |= marks_between(then, now) or frozenset()
    bundles = bool(signers) or old.clocks != new.clocks
    return Change(marks=frozenset(marks), bundles=bundles)


def _reason(old: Terms, new: Terms) -> str:
    """Why everything has to be judged again, or nothing."""
    if old.version != new.version:
        return f"version {new.version} judges, and {old.version} did"
    if old.policy != new.policy:
        return "the policy has changed"
    if old.rest != new.rest or old.signers.keys() != new.signers.keys():
        return "the registry has changed in more than signers and what is revoked"
    if new.demands and old.signers != new.signers:
        return "an attestation is required, and who signs has changed"
    then, now = datetime.fromisoformat(old.at), datetime.fromisoformat(new.at)
    early, late = min(then, now), max(then, now)
    if ended := [end for end in new.ends if early < datetime.fromisoformat(end) <= late]:
        return f"something began or expired on {ended[0][:10]}"
    if marks_between(then, now) is None:
        return f"the run before was on {old.at[:10]}"
    if new.ages and then.date() != now.date():
        return "a rule counts days, and it is another day"
    return ""


def _rest(registry: Registry) -> Registry:
    """A registry without what is compared by itself, and without how new it is."""
    return replace(
        registry,
        sigstores=(),
        timestamp_authorities=(),
        orgs=tuple(replace(org, signers=()) for org in registry.orgs),
        revoked=(),
        sources=(),
        releases=tuple(Release(name=one.name, section=one.section) for one in registry.releases),
        parts=tuple(map(_rest, registry.parts)),
    )


def _clocks(registry: Registry) -> tuple[object, ...]:
    return registry.sigstores, registry.timestamp_authorities


def _signers(registry: Registry) -> Iterator[tuple[str, tuple[str, tuple[str, ...]]]]:
    for place, one in enumerate((registry, *registry.parts)):
        for org in one.orgs:
            yield f"{place}/{org.rank}/{org.name}", (_said(org), org.namespaces)


def _said(org: Org) -> str:
    return digest(org.signers, org.threshold)


def _revoked(registry: Registry) -> Iterator[Revoked]:
    for place, one in enumerate((registry, *registry.parts)):
        for entry in one.revoked:
            yield entry.kind, entry.value, json.dumps([place, plain(entry)], sort_keys=True)
