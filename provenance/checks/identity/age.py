"""Whether a release is as old as the policy asks, by what was signed.

A part of the identity check; its rules are on that check's page.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from provenance.case.case import Case
from provenance.signature import Window
from provenance.verdict import Finding, failed, unknown

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def age(case: Case) -> Iterator[Finding]:
    """Why the release may be younger than the policy allows; silent if it is not, or may be so.

    Each file a loader reads must have been signed in time, by a publisher whose signature holds:
    an old signature over the README says nothing of new weights. When that was, the certificate
    says; a stamp, which anybody can add, does not. When the repository was made is a claim, and
    counts only where no signature speaks, and only against the release.
    """
    limit, rule = _limit(case)
    if limit is None:
        return
    signed = _signed(case)
    needed = case.files.read or signed.keys()
    windows = [signed[path] for path in needed if path in signed]
    young = max((window.earliest for window in windows), default=limit)
    old = len(windows) == len(needed) > 0 and all(window.latest <= limit for window in windows)
    created = case.origin.facts.created if case.origin.facts else None
    asked = f"{rule} admits nothing after {_minute(limit)}"
    if young > limit:
        yield _too_young(case, f"first signed {_minute(young)}, and {asked}")
    elif not old:
        if created and created > limit:
            yield _too_young(case, f"the repository was made {_minute(created)}, and {asked}")
        else:
            message = f"nothing that was signed says that all of it is older, and {asked}"
            next_step = "ask the publisher for a keyless signature, whose certificate says when"
            yield unknown("identity/age-unknown", f"{message}: {next_step}", case.subject)


def _limit(case: Case) -> tuple[datetime | None, str]:
    """The latest moment that a release may have been signed, and the setting that says so."""
    policy, at = case.policy, case.evidence.today
    limits: list[tuple[datetime, str]] = []
    if policy.min_age:
        days = min(policy.min_age, (at - EPOCH).days)
        limits.append((at - timedelta(days=days), f"min_age = {policy.min_age}"))
    if policy.exclude_newer:
        limits.append((policy.exclude_newer, "exclude_newer"))
    return min(limits, default=(None, ""))


def _signed(case: Case) -> dict[str, Window]:
    """When each file was first signed, by the signatures that hold and say when they were made."""
    found: dict[str, Window] = {}
    for vouch in case.publisher_signatures:
        window = vouch.attestation.moments.signed
        if vouch.comparison.holds and window:
            for path in vouch.comparison.equal:
                found[path] = min(window, found.get(path, window), key=lambda one: one.latest)
    return found


def _too_young(case: Case, why: str) -> Finding:
    return failed("identity/too-young", f"{why}: wait, or take an earlier release", case.subject)


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
