"""The recipe of an admission, step by step: what lies at the target afterwards was judged."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import ConfigError
from provenance.gate.declared import declared_at
from provenance.gate.judging import (
    contradictions,
    differs,
    judged,
    measured_at,
    not_refused,
    passing,
    stored,
)
from provenance.gate.values import Admitted, Refused, Rules, Standing, Target
from provenance.lock import file_differences
from provenance.lock.known import narrowed
from provenance.model import NOT_GATHERED_NOW, Evidence
from provenance.source import settling
from provenance.source.hub import cache
from provenance.verdict import failed

if TYPE_CHECKING:
    from provenance.source.hub.client import Hub
    from provenance.source.remote.store import Store

LOST_FOUND = "lost+found"
SHOWN = 5


def admit(asked: Hub | Store | None, rules: Rules, target: Target) -> Admitted:
    """The locked model lies at the target, every byte of it measured and judged.

    Without a Hub or store that is `asked` nothing is fetched (steps 1 and 3 are left out): what
    lies there is judged.
    Raises Refused, which carries the verdict, if the model may not be used, SourceError if it
    cannot be had, ConfigError if something else lies at the target or the entry was made of stored
    evidence, and TrustError for a trust root that cannot be used. All of it is judged as of now,
    what expires and what was signed before a compromise too, whatever `rules.at` says. Whatever
    happens, nothing but a judged model ever lies there on our account.
    """
    # What asks a Hub is loaded where one is asked: `admit_laid` starts a command without.
    from provenance.source.remote.staging import Differs, Stage, held

    if rules.entry.basis in NOT_GATHERED_NOW:
        raise stored(rules)
    rules = replace(rules, at=datetime.now(UTC))
    # 1. What is declared today is what is locked, and passes by today's rules.
    declared, release = declared_at(asked, rules, target.cache) if asked else (None, None)
    if declared:
        not_refused(declared, rules)
    with held(target.staging) as staging:
        try:
            settling.restore(staging, target.place)
            # 2. What lies there already is measured; if it is the locked model, nothing is moved.
            standing = _standing(rules, target, declared)
            if isinstance(standing, Admitted):
                return standing
            if release is None or declared is None:
                raise ConfigError(
                    "is not here, and nothing may be fetched offline", path=_at(target)
                )
            # 3. Every file is downloaded beside the target, and measured as it comes.
            stage = Stage(
                release=release,
                declared=declared,
                folder=staging,
                tensors=rules.tensors,
            )
            try:
                rows = stage.fill()
            except Differs as error:
                raise Refused(judged(declared, rules, [differs(error)])) from None
            # 4. The bytes alone are judged, and must say what was declared.
            measured = measured_at(stage.files, rules, declared, rows)
            verdict = passing(measured, rules, list(contradictions(declared, measured)))
            # 5. One step moves them into place.
            _settled(stage.files, rules, target, standing)
        finally:
            _leave(target)
    if target.is_cache:
        cache.keep(target.cache, rules.entry.repo or "", rules.entry.commit or "")
    beside = standing.beside if standing else ()
    return Admitted.of(measured, target.place, verdict, already=False, beside=beside)


def _settled(files: Path, rules: Rules, target: Target, standing: Standing | None) -> None:
    """The files lie at the target: alone, instead of an earlier release, or among others'."""
    place = target.place
    if target.is_volume:
        settling.fill(files, place)
        settling.mark(place, rules.entry.selected)
        return
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


def _standing(
    rules: Rules, target: Target, declared: Evidence | None
) -> Admitted | Standing | None:
    """The locked model where it lies already; what lies there else and may stay or give way; None
    for nothing. ConfigError for anything else."""
    place = target.place
    if not os.path.lexists(place) or (place.is_dir() and not _names(target)):
        return None
    if target.is_volume:
        _without_staging(target)
    census = settling.census(place)
    found = measured_at(place, rules, declared, None)
    if target.is_cache:
        return _shared(found, rules, target, declared)
    if found.listing.digest == rules.entry.selected:
        return Admitted.of(found, place, passing(found, rules), already=True)
    ours = not target.is_volume and settling.is_delivered(place, found.listing.digest, census)
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


def _names(target: Target) -> set[str]:
    """What lies at the place, but for what a volume has of its own: the staging folder, and the
    empty folder that ext4 makes in each."""
    found = (one for one in target.place.iterdir() if not target.is_staging(one))
    return {one.name for one in found if not (target.is_volume and _is_of_ext4(one))}


def _is_of_ext4(place: Path) -> bool:
    if place.name != LOST_FOUND or place.is_symlink() or not place.is_dir():
        return False
    try:
        return not any(place.iterdir())
    except PermissionError:
        return True


def _without_staging(target: Target) -> None:
    """The volume holds no staging folder, or ConfigError: then a delivery was cut short among its
    last steps, and a part of it lies there."""
    try:
        for one in filter(target.is_staging, target.place.iterdir()):
            one.rmdir()
    except OSError:
        raise ConfigError(
            f"holds other files beside {target.staging.name}, in which a delivery was cut short: "
            "empty the volume, and fetch again",
            path=_at(target),
        ) from None


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
        raise Refused(judged(declared or found, rules, planted))
    if found.manifest.digest == entry.selected:
        own = narrowed(found, entry)
        verdict = passing(own, rules)
        return Admitted.of(own, target.place, verdict, already=True, beside=beside)
    if declared is None:
        return None
    same = frozenset(path for path, file in here.items() if locked[path] == file)
    return Standing(same=same, beside=beside)


def _at(target: Target) -> str:
    return str(target.place)


def _leave(target: Target) -> None:
    """Empty folders of ours are gone; whole files stay for the next attempt."""
    with suppress(OSError):
        target.staging.rmdir()
    if target.is_cache:
        with suppress(OSError):
            target.staging.parent.rmdir()
