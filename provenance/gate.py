"""The only way from a lockfile to bytes that may be used.

What is locked is judged as the Hub declares it, downloaded beside its place, measured, judged again
from the bytes, and moved into place in one step. Before that step nothing usable is there, and
after it nothing that was not judged.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from provenance import locking
from provenance.errors import ConfigError, Rejected
from provenance.judgement import judge
from provenance.lock import Entry, Lock, file_differences
from provenance.model import Basis, Evidence, Ref
from provenance.policy import Policy
from provenance.source import directory
from provenance.source.detached import Documents, nothing, with_detached
from provenance.source.hub import cache
from provenance.source.hub.ancestors import with_ancestors
from provenance.source.hub.client import Hub
from provenance.source.hub.collect import collect
from provenance.source.hub.staging import Differs, Stage, held, settle
from provenance.source.measure import Measured
from provenance.trust import Registry
from provenance.verdict import Finding, Result, Verdict, failed

STAGING = ".{}.provenance"
SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What is locked, and by what it is judged, both times; `attestations` are those that lie
    elsewhere than in the model."""

    entry: Entry
    lock: Lock
    policy: Policy
    registry: Registry
    at: datetime
    attestations: Documents = nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a model is to lie, and the folder on the same file system where it is made ready.

    `is_cache` says that what lies there now is a cache's, and may be replaced.
    """

    place: Path
    staging: Path
    is_cache: bool = False
    cache: Path | None = None

    @classmethod
    def folder(cls, place: Path) -> Target:
        """A folder of the caller's."""
        real = Path(os.path.realpath(place))
        return cls(place=real, staging=real.parent / STAGING.format(real.name))

    @classmethod
    def snapshot(cls, entry: Entry, base: Path | None) -> Target:
        """The place of a locked commit in the Hub's cache."""
        repo, commit = entry.repo or "", entry.commit or ""
        place = cache.snapshot(base, repo, commit)
        staging = cache.staging(base, repo, commit)
        return cls(place=place, staging=staging, is_cache=True, cache=base)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A model that may be used: where it lies, its verdict, and whether it was there before."""

    place: Path
    verdict: Verdict
    already: bool


class Refused(Rejected):
    """A model that may not be used, by its verdict."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.reason)
        self.verdict = verdict


def admit(hub: Hub | None, rules: Rules, target: Target) -> Admitted:
    """The locked model lies at the target, every byte of it judged; no `hub` leaves out 1 and 3.

    Refused if it may not be used, SourceError if it cannot be had, ConfigError if something else
    lies at the target or the entry was made of stored evidence. What expires is judged as of now,
    whatever `rules.at` says. Whatever happens, nothing but a judged model ever lies there on our
    account.
    """
    if rules.entry.basis == Basis.REPLAYED:
        raise _stored(rules)
    # 1. What the Hub declares today is what is locked, and passes by today's rules.
    declared = _declared(hub, rules) if hub else None
    if declared:
        _not_refused(declared, rules)
    with held(target.staging):
        try:
            # 2. What lies there already is measured; if it is the locked model, nothing is moved.
            if present := _present(rules, target, declared):
                return present
            if hub is None or declared is None:
                raise ConfigError(
                    "is not here, and nothing may be fetched offline", path=_at(target)
                )
            # 3. Every file is downloaded beside the target, and measured as it comes.
            stage = Stage(hub=hub, declared=declared, folder=target.staging, cache=target.cache)
            try:
                rows = stage.fill()
            except Differs as error:
                raise Refused(_judged(declared, rules, [_differs(error)])) from None
            # 4. The bytes alone are judged, and must say what the Hub said.
            measured = _measured(stage.files, rules, declared, rows)
            verdict = _passed(measured, rules, list(_contradictions(declared, measured)))
            # 5. One step moves them into place.
            settle(stage.files, target.place)
        finally:
            _leave(target)
    if target.is_cache:
        cache.keep(target.cache, rules.entry.repo or "", rules.entry.commit or "")
    return Admitted(place=target.place, verdict=verdict, already=False)


def _declared(hub: Hub, rules: Rules) -> Evidence:
    entry = rules.entry
    ref = Ref(text=entry.name, repo=entry.repo, revision=entry.revision, commit=entry.commit)
    found = collect(hub, ref, at=rules.at, include=entry.include, exclude=entry.exclude)
    found = locking.with_known_digests(found, entry)
    found = with_detached(found, rules.attestations)
    found = with_ancestors(hub, found, rules.policy.parents, pins=locking.pins(rules.lock))
    return with_detached(found, rules.attestations)


def _present(rules: Rules, target: Target, declared: Evidence | None) -> Admitted | None:
    """The locked model where it lies already; None if nothing does that may not give way."""
    place = target.place
    if not os.path.lexists(place) or (place.is_dir() and not any(place.iterdir())):
        return None
    measured = _measured(place, rules, declared, None)
    if measured.listing.digest == rules.entry.selected:
        return Admitted(place=place, verdict=_passed(measured, rules), already=True)
    if target.is_cache and declared:
        return None
    changes = file_differences(rules.entry, measured.listing)
    shown = ", ".join(f"{change.name} ({change.what})" for change in changes[:SHOWN])
    more = f" and {len(changes) - SHOWN} more" if len(changes) > SHOWN else ""
    raise ConfigError(
        f"holds something else than what is locked: {shown}{more}. Remove it, or name another "
        "folder",
        path=_at(target),
    )


def _measured(
    place: Path, rules: Rules, declared: Evidence | None, rows: dict[str, Measured] | None
) -> Evidence:
    """The evidence of the bytes at `place`, with what is known of the repository."""
    entry = rules.entry
    found = directory.collect(
        place,
        ref=Ref(text=entry.name, repo=entry.repo, revision=entry.revision, commit=entry.commit),
        at=rules.at,
        include=entry.include,
        exclude=entry.exclude,
        measured=rows,
    )
    if declared:
        found = replace(found, facts=declared.facts, ancestors=declared.ancestors)
    else:
        found = locking.with_locked(found, rules.lock, entry)
    return with_detached(found, rules.attestations)


def _judged(evidence: Evidence, rules: Rules, findings: Sequence[Finding] = ()) -> Verdict:
    """The verdict as of now, whatever time the rules were made at; ConfigError for evidence that
    was not gathered here."""
    if evidence.basis is Basis.REPLAYED:
        raise _stored(rules)
    return judge(
        replace(evidence, now=datetime.now(UTC)),
        rules.policy,
        rules.registry,
        name=rules.entry.name,
        findings=findings,
        lock=rules.lock,
        locked=rules.entry,
        exact=True,
    )


def _stored(rules: Rules) -> ConfigError:
    message = "was stored and replayed: only what is gathered now is admitted"
    return ConfigError(message, path=f"the evidence of {rules.entry.name}")


def _passed(evidence: Evidence, rules: Rules, findings: Sequence[Finding] = ()) -> Verdict:
    """The verdict, which is pass, or Refused."""
    verdict = _judged(evidence, rules, findings)
    if verdict.result is not Result.PASS:
        raise Refused(verdict)
    return verdict


def _not_refused(declared: Evidence, rules: Rules) -> None:
    """Refused unless it passes, or only bytes can tell whether it does."""
    verdict = _judged(declared, rules)
    if verdict.result is not Result.PASS and not locking.bytes_may_tell(verdict):
        raise Refused(verdict)


def _differs(error: Differs) -> Finding:
    return failed("integrity/mismatch", str(error), error.path)


def _contradictions(declared: Evidence, measured: Evidence) -> Iterator[Finding]:
    """Where the downloaded bytes say something else than the Hub said before."""
    for content in measured.contents:
        before = declared.by_path.get(content.path)
        if before and (before.kind, before.head) != (content.kind, content.head):
            message = "what the Hub answered by range is not what the file holds"
            yield failed("integrity/contradiction", message, content.path)
    bundles = [{document.data for document in e.bundles} for e in (declared, measured)]
    if bundles[0] != bundles[1]:
        message = "the signatures that were downloaded are not those that were judged"
        yield failed("integrity/contradiction", message, measured.ref.repo or "")


def _at(target: Target) -> str:
    return str(target.place)


def _leave(target: Target) -> None:
    """Empty folders of ours are gone; whole files stay for the next attempt."""
    with suppress(OSError):
        target.staging.rmdir()
    if target.is_cache:
        with suppress(OSError):
            target.staging.parent.rmdir()
