"""By what a fleet is judged: policy and registry of one moment, as they are given to a worker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from provenance.fleet.canonical import digest
from provenance.fleet.changes import Terms
from provenance.fleet.days import moments_of
from provenance.fleet.evidence import VERSION
from provenance.model import Evidence
from provenance.policy import Model, Policy, Settings
from provenance.trust import Registry
from provenance.verdict import Finding
from provenance.workspace.replaying import as_said
from provenance.workspace.request import Request
from provenance.workspace.session import Session
from provenance.workspace.subjects import of_evidence


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What every verdict of one run rests on besides the evidence; `at` is when it is judged."""

    settings: Settings
    registry: Registry
    at: datetime
    profile: str | None = None
    findings: tuple[Finding, ...] = ()

    @classmethod
    def of(cls, session: Session, at: datetime) -> Rules:
        """Those of a session."""
        return cls(
            settings=session.settings,
            registry=session.registry,
            at=at,
            profile=session.profile,
            findings=session.findings,
        )

    @property
    def day(self) -> str:
        """The day that a verdict holds for."""
        return self.at.date().isoformat()

    @cached_property
    def key(self) -> str:
        """What the run is called: by registry, policy, version and day, and on the day that
        something ends by whether it has."""
        ended = sorted(end for end in self._ends() if end <= self.at)
        return digest(_unseen(self), self._policy, VERSION, self.day, ended)

    @cached_property
    def terms(self) -> Terms:
        """What a later run compares itself with."""
        return Terms.of(
            self.registry,
            policy=digest(self._policy),
            version=VERSION,
            at=self.at,
            ends=tuple(sorted(self._ends())),
            ages=bool(self.settings.min_age)
            or self.settings.registry_max_age is not None
            or any(one.max_age is not None for one in self.settings.required),
            demands=bool(self.settings.required),
        )

    @property
    def _policy(self) -> tuple[object, ...]:
        return self.settings, self.profile, self.findings

    def _ends(self) -> Iterator[datetime]:
        """When something begins or ends that counts for a verdict."""
        yield from moments_of(self.registry)
        yield from (waiver.expires for waiver in self.settings.waivers)
        yield from (exemption.expires for exemption in self.settings.exemptions)

    @cached_property
    def _models(self) -> dict[str, tuple[Model, ...]]:
        found: dict[str, tuple[Model, ...]] = {}
        for model in self.settings.models:
            if model.repo:
                found[model.repo] = (*found.get(model.repo, ()), model)
        return found

    def model(self, evidence: Evidence) -> Model:
        """What the settings say of the repository of a stored model."""
        own = replace(self.settings, models=self._models.get(evidence.ref.repo or "", ()))
        return of_evidence(evidence.ref, Request(), own).model

    def policy(self, model: Model) -> Policy:
        """What is asked of it."""
        return Policy.of(self.settings, model, profile=self.profile)

    def said(self, evidence: Evidence, model: Model) -> Evidence:
        """Stored evidence, of a mirror only what is still said of it."""
        return as_said(evidence, model, self.settings, self.registry)


def _unseen(rules: Rules) -> Registry:
    """The registry without when its servers were last asked, where no rule counts that."""
    if rules.settings.registry_max_age is not None:
        return rules.registry
    releases = tuple(replace(one, seen=None) for one in rules.registry.releases)
    parts = tuple(
        replace(part, releases=tuple(replace(one, seen=None) for one in part.releases))
        for part in rules.registry.parts
    )
    return replace(rules.registry, releases=releases, parts=parts)
