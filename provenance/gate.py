"""The only way from a lockfile to bytes that may be used.

What is locked is judged as the Hub declares it, downloaded beside its place, measured, judged again
from the bytes, and moved into place in one step. Before that step nothing usable is there, and
after it nothing that was not judged.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.closure.members import pins_of
from provenance.errors import ConfigError, Rejected
from provenance.judgement import judge
from provenance.lock import Change, Entry, Lock, file_differences
from provenance.lock.known import (
    bytes_may_tell,
    member_pins,
    narrowed,
    pins,
    unshown,
    with_known_digests,
    with_locked,
)
from provenance.model import Basis, Evidence, Ref
from provenance.policy import Policy
from provenance.source import directory
from provenance.source.detached import Documents, nothing, with_detached
from provenance.source.hub import cache, settling
from provenance.source.measure import Measured
from provenance.source.progress import Progress
from provenance.trust import Registry
from provenance.verdict import Finding, Result, Verdict, failed

if TYPE_CHECKING:
    from provenance.source.hub.client import Hub
    from provenance.source.hub.staging import Differs

STAGING = ".{}.provenance"
SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What is locked, and by what it is judged, before the download and after it.

    `attestations` are those that lie elsewhere than in the model. What expires is judged as of the
    time of `admit`, whatever `at` says.
    """

    entry: Entry
    lock: Lock
    policy: Policy
    registry: Registry
    at: datetime
    attestations: Documents = nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a model is to lie, and the folder on the same file system where it is made ready.

    `is_cache` says that it is a cache's, which all projects share: files are added there, and none
    taken away. `replacing` says that an earlier release that was delivered there may give way.
    """

    place: Path
    staging: Path
    is_cache: bool = False
    cache: Path | None = None
    replacing: bool = False

    @classmethod
    def folder(cls, place: Path, *, cache: Path | None = None, replacing: bool = False) -> Target:
        """A folder of the caller's; the model is made ready beside it, on the same file system.

        `cache` is the Hub's, whose whole files are not downloaded again.
        """
        real = Path(os.path.realpath(place))
        staging = real.parent / STAGING.format(real.name)
        return cls(place=real, staging=staging, cache=cache, replacing=replacing)

    @classmethod
    def snapshot(cls, entry: Entry, base: Path | None) -> Target:
        """The place of a locked commit in the Hub's cache."""
        repo, commit = entry.repo or "", entry.commit or ""
        place = cache.snapshot(base, repo, commit)
        staging = cache.staging(base, repo, commit)
        return cls(place=place, staging=staging, is_cache=True, cache=base)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A model that may be used: where it lies, its verdict, and whether it was there before.

    `beside` are files of others that lie there too, and that nobody judged.
    """

    place: Path
    verdict: Verdict
    already: bool
    beside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What lies at a target already and is not the locked model: the locked files among it, those
    of others, and all of it as it was counted."""

    same: frozenset[str] = frozenset()
    beside: tuple[str, ...] = ()
    census: settling.Census = frozenset()


class Refused(Rejected):
    """A model may not be used; `verdict` says why, with every finding."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.reason)
        self.verdict = verdict


def admit(hub: Hub | None, rules: Rules, target: Target) -> Admitted:
    """The locked model lies at the target, every byte of it measured and judged.

    Without a `hub` nothing is fetched (steps 1 and 3 are left out): what lies there is judged.
    Raises Refused, which carries the verdict, if the model may not be used, SourceError if it
    cannot be had, ConfigError if something else lies at the target or the entry was made of stored
    evidence, and TrustError for a trust root that cannot be used. All of it is judged as of now,
    what expires and what was signed before a compromise too, whatever `rules.at` says. Whatever
    happens, nothing but a judged model ever lies there on our account.
    """
    # What asks a Hub is loaded where one is asked: `admit_laid` starts a command without.
    from provenance.source.hub.staging import Differs, Stage, held

    if rules.entry.basis == Basis.REPLAYED:
        raise _stored(rules)
    rules = replace(rules, at=datetime.now(UTC))
    # 1. What the Hub declares today is what is locked, and passes by today's rules.
    declared = _declared(hub, rules) if hub else None
    if declared:
        _not_refused(declared, rules)
    with held(target.staging) as staging:
        try:
            settling.restore(staging, target.place)
            # 2. What lies there already is measured; if it is the locked model, nothing is moved.
            standing = _standing(rules, target, declared)
            if isinstance(standing, Admitted):
                return standing
            if hub is None or declared is None:
                raise ConfigError(
                    "is not here, and nothing may be fetched offline", path=_at(target)
                )
            # 3. Every file is downloaded beside the target, and measured as it comes.
            stage = Stage(hub=hub, declared=declared, folder=staging, cache=target.cache)
            try:
                rows = stage.fill()
            except Differs as error:
                raise Refused(_judged(declared, rules, [_differs(error)])) from None
            # 4. The bytes alone are judged, and must say what the Hub said.
            measured = _measured(stage.files, rules, declared, rows)
            verdict = _passed(measured, rules, list(_contradictions(declared, measured)))
            # 5. One step moves them into place.
            _settled(stage.files, rules, target, standing)
        finally:
            _leave(target)
    if target.is_cache:
        cache.keep(target.cache, rules.entry.repo or "", rules.entry.commit or "")
    beside = standing.beside if standing else ()
    return Admitted(place=target.place, verdict=verdict, already=False, beside=beside)


def refuse_unread(rules: Rules, findings: Sequence[Finding] = ()) -> None:
    """Refused where one of `findings` fails, or today's registry revokes what is locked or does not
    hold itself: before any byte is judged, and whatever the bytes say."""
    entry = rules.entry
    alone = replace(
        rules.policy, checks=("integrity",), levels=(), required=(), exemptions=(), waivers=()
    )
    rules = replace(rules, policy=alone)
    unread = with_locked(unshown(entry, rules.at, "not read yet"), rules.lock, entry)
    verdict = _judged(unread, rules, findings)
    if verdict.result is Result.FAIL:
        raise Refused(verdict)


def admit_laid(
    rules: Rules, place: Path, *, known: Mapping[str, str], progress: Progress
) -> Verdict:
    """The verdict, which is pass, on the locked model in a folder of ours, judged as of now.

    `known` are the SHA-256 of large files there, by path, that were hashed before and that nobody
    wrote to since; every other file is hashed. Raises Refused if the model may not be used or is
    not what is locked, ConfigError for an entry that was made of stored evidence, SourceError, and
    TrustError for a trust root that cannot be used.
    """
    if rules.entry.basis == Basis.REPLAYED:
        raise _stored(rules)
    rules = replace(rules, at=datetime.now(UTC))
    found = _measured(place, rules, None, None, known=known, progress=progress)
    changes = file_differences(rules.entry, found.listing)
    return _passed(found, rules, [_changed(change) for change in changes])


def _settled(files: Path, rules: Rules, target: Target, standing: Standing | None) -> None:
    """The files lie at the target: alone, instead of an earlier release, or among others'."""
    place = target.place
    if not target.is_cache:
        settling.mark(files, rules.entry.selected)
    if standing and not target.is_cache:
        settling.replace(files, place, standing.census)
    elif standing:
        settling.add(files, place, standing.same)
    elif not settling.settle(files, place):
        raise ConfigError(
            "holds something that came there during the download, and was left as it is: remove "
            "it, or name another folder",
            path=_at(target),
        )


def _declared(hub: Hub, rules: Rules) -> Evidence:
    from provenance.source.hub.ancestors import with_ancestors
    from provenance.source.hub.collect import collect
    from provenance.source.hub.members import with_members

    entry = rules.entry
    ref = Ref(text=entry.name, repo=entry.repo, revision=entry.revision, commit=entry.commit)
    found = collect(hub, ref, at=rules.at, include=entry.include, exclude=entry.exclude)
    found = with_known_digests(found, entry)
    found = with_detached(found, rules.attestations)
    if rules.policy.asks_for_closure:
        stated = pins_of(rules.policy.members)
        found = with_members(hub, found, stated, locked=member_pins(rules.lock))
    found = with_ancestors(hub, found, rules.policy.parents, pins=pins(rules.lock))
    return with_detached(found, rules.attestations)


def _standing(
    rules: Rules, target: Target, declared: Evidence | None
) -> Admitted | Standing | None:
    """The locked model where it lies already; what lies there else and may stay or give way; None
    for nothing. ConfigError for anything else."""
    place = target.place
    if not os.path.lexists(place) or (place.is_dir() and not any(place.iterdir())):
        return None
    census = settling.census(place)
    found = _measured(place, rules, declared, None)
    if target.is_cache:
        return _shared(found, rules, target, declared)
    if found.listing.digest == rules.entry.selected:
        return Admitted(place=place, verdict=_passed(found, rules), already=True)
    ours = settling.is_delivered(place, found.listing.digest, census)
    if ours and target.replacing and declared:
        return Standing(census=census)
    changes = file_differences(rules.entry, found.listing)
    shown = ", ".join(f"{change.name} ({change.what})" for change in changes[:SHOWN])
    more = f" and {len(changes) - SHOWN} more" if len(changes) > SHOWN else ""
    remedy = "Remove it, or name another folder"
    if ours:
        remedy = "It is an earlier release that was fetched: add --replace to put this in its place"
    raise ConfigError(
        f"holds something else than what is locked: {shown}{more}. {remedy}", path=_at(target)
    )


def _shared(
    found: Evidence, rules: Rules, target: Target, declared: Evidence | None
) -> Admitted | Standing | None:
    """The locked model in a snapshot that all projects share, or what of it is there; Refused where
    something lies among its files that the commit does not have."""
    entry = rules.entry
    locked, here = entry.files.by_path, found.manifest.by_path
    beside = tuple(file.path for file in found.listing.files if file.path not in here)
    odd = {seen.path for seen in found.observations if seen.code in ("symlink", "special-file")}
    if extra := sorted((here.keys() | odd) - locked.keys()):
        message = f"it is in the snapshot {target.place}, and not in what is locked: remove it"
        planted = [failed("integrity/extra", message, path) for path in extra]
        raise Refused(_judged(declared or found, rules, planted))
    if found.manifest.digest == entry.selected:
        verdict = _passed(narrowed(found, entry), rules)
        return Admitted(place=target.place, verdict=verdict, already=True, beside=beside)
    if declared is None:
        return None
    same = frozenset(path for path, file in here.items() if locked[path] == file)
    return Standing(same=same, beside=beside)


def _measured(
    place: Path,
    rules: Rules,
    declared: Evidence | None,
    rows: dict[str, Measured] | None,
    *,
    known: Mapping[str, str] | None = None,
    progress: Progress | None = None,
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
        known=known,
        progress=progress,
    )
    if declared:
        found = replace(
            found,
            facts=declared.facts,
            ancestors=declared.ancestors,
            members=declared.members,
        )
    else:
        found = with_locked(found, rules.lock, entry)
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
    if verdict.result is not Result.PASS and not bytes_may_tell(verdict):
        raise Refused(verdict)


def _changed(change: Change) -> Finding:
    expected, found = change.old or "nothing", change.new or "nothing"
    message = f"expected what is locked ({expected}), found {found}"
    return failed("integrity/mismatch", message, change.name)


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
