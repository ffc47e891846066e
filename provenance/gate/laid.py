"""What was laid in a folder of ours, and what must not even be read: no Hub is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from provenance.gate.judging import changed, judged, measured_at, passing, stored
from provenance.gate.values import Refused, Rules
from provenance.lock import file_differences
from provenance.lock.known import unshown, with_locked
from provenance.model import NOT_GATHERED_NOW
from provenance.source.progress import Progress
from provenance.verdict import Finding, Result, Verdict


def refuse_unread(rules: Rules, findings: Sequence[Finding] = ()) -> None:
    """Refused where one of `findings` fails, or today's registry revokes what is locked or does not
    hold itself: before any byte is judged, and whatever the bytes say."""
    entry = rules.entry
    alone = replace(
        rules.policy, checks=("integrity",), levels=(), required=(), exemptions=(), waivers=()
    )
    rules = replace(rules, policy=alone)
    unread = with_locked(unshown(entry, rules.at, "not read yet"), rules.lock, entry)
    verdict = judged(unread, rules, findings)
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
    if rules.entry.basis in NOT_GATHERED_NOW:
        raise stored(rules)
    rules = replace(rules, at=datetime.now(UTC))
    found = measured_at(place, rules, None, None, known=known, progress=progress)
    changes = file_differences(rules.entry, found.listing)
    return passing(found, rules, [changed(change) for change in changes])
