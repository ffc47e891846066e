"""What must not quietly become less than the lockfile remembers: signers, ids, age.

Shared by the checks of signature and identity; the rules are on their pages.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from provenance.checks.case import Case
from provenance.checks.vouching import Vouch
from provenance.verdict import Finding, failed

ACCEPTABLE = frozenset(
    {
        "identity/owner-changed",
        "identity/replaced",
        "signature/lost",
        "signature/rollback",
        "signature/signer-changed",
    }
)
"""The rules about a change against the lockfile, which `lock --accept` takes."""


def signature_changes(case: Case) -> Iterator[Finding]:
    """How the signatures that hold fall behind those that the lockfile has for the model."""
    locked = case.locked
    if locked is None or not locked.signers:
        return
    before, now = _before(case), _now(case)
    if not now:
        if _must_stay(case):
            message = f"it was signed by {before}, and no such signature holds any more"
            yield failed("signature/lost", f"{message}: {_accept(case, 'lost')}", case.subject)
    elif not _identities(case) & {signer.identity for signer in locked.signers}:
        message = f"it was signed by {before}, and now by {now}"
        yield failed(
            "signature/signer-changed",
            f"{message}: {_accept(case, 'signer-changed')}",
            case.subject,
        )
    yield from _rollback(case)


def change_of(rule: str, case: Case) -> tuple[str, str] | None:
    """The old and new value that a rule about the lockfile found, if it may be accepted by name."""
    values = _values(rule, case)
    return values if case.locked and values and values[0] != values[1] else None


def _values(rule: str, case: Case) -> tuple[str, str] | None:
    """The old and the new value; None for what the registry itself contradicts."""
    old = case.locked.facts if case.locked else None
    new = case.evidence.facts
    match rule:
        case "identity/replaced" if old and new and not _is_pinned(case):
            return old.repo_id or "none", new.repo_id or "none"
        case "identity/owner-changed" if old and new:
            return old.owner or "nobody", new.owner or "nobody"
        case "signature/signer-changed" | "signature/lost":
            return _before(case), _now(case) or "nobody"
        case "signature/rollback":
            times = [signer.time for signer in case.locked.signers] if case.locked else []
            return _moment(max(filter(None, times), default=None)), _moment(_earliest(case))
    return None


def _is_pinned(case: Case) -> bool:
    repo = case.evidence.ref.repo
    owner = case.registry.owner(repo) if repo else None
    return any(root.repo == repo and root.repo_id for root in (owner.roots if owner else ()))


def _rollback(case: Case) -> Iterator[Finding]:
    """A signature older than the lock's, over other files: a release was put back."""
    locked, now = case.locked, _earliest(case)
    if locked is None or now is None or locked.selected == case.evidence.manifest.digest:
        return
    before = [signer.time for signer in locked.signers if signer.time]
    if before and now < max(before):
        message = f"signed {_moment(now)}, and the lockfile has a release of {_moment(max(before))}"
        yield failed("signature/rollback", f"{message}: {_accept(case, 'rollback')}", case.subject)


def _holding(case: Case) -> tuple[Vouch, ...]:
    return tuple(vouch for vouch in case.vouches if vouch.comparison.holds)


def _identities(case: Case) -> frozenset[str]:
    return frozenset(vouch.attestation.identity for vouch in _holding(case))


def _before(case: Case) -> str:
    signers = case.locked.signers if case.locked else ()
    return ", ".join(sorted({signer.identity for signer in signers}))


def _now(case: Case) -> str:
    return ", ".join(sorted(_identities(case)))


def _earliest(case: Case) -> datetime | None:
    times = [vouch.attestation.times[0] for vouch in _holding(case) if vouch.attestation.times]
    return max(times, default=None)


def _moment(time: datetime | None) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S} UTC" if time else "at no verified time"


def _must_stay(case: Case) -> bool:
    owner = case.registry.owner(case.evidence.ref.repo or "")
    own = owner.once_signed_must_stay_signed if owner else None
    return case.policy.once_signed_must_stay_signed if own is None else own


def _accept(case: Case, slug: str) -> str:
    return f"find out why, then `provenance lock --accept signature/{slug}@{case.subject}`"
