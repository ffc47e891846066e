"""What must not quietly become less than the lockfile remembers: signers, ids, age.

Shared by the checks of signature and identity; the rules are on their pages.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from provenance.case.case import Case
from provenance.case.publisher import PublisherSignature
from provenance.lock import Entry, is_of
from provenance.signature import Moments
from provenance.verdict import Finding, failed, unknown

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
    before, now = _before(case), _now(case)
    if before and not now:
        if not _must_stay(case):
            pass
        elif _may_hold(case):
            message = f"it was signed by {before}, and so may this be: not every digest is known"
            yield unknown("signature/lost", f"{message}. Lock with --measure", case.subject)
        else:
            message = f"it was signed by {before}, and no such signature holds any more"
            yield failed(
                "signature/lost", f"{message}: {case.accepting('signature/lost')}", case.subject
            )
    elif before:
        message = f"it was signed by {before}, and now by {now}"
        yield failed(
            "signature/signer-changed",
            f"{message}: {case.accepting('signature/signer-changed')}",
            case.subject,
        )
    yield from _rollback(case)


def change_of(rule: str, case: Case) -> tuple[str, str] | None:
    """The old and new value that a rule about the lockfile found, if it may be accepted by name."""
    values = _values(rule, case)
    return values if case.past and values and values[0] != values[1] else None


def _values(rule: str, case: Case) -> tuple[str, str] | None:
    """The old and the new value; None for what the registry itself contradicts."""
    facts = case.evidence.facts
    match rule:
        case "identity/replaced" if facts and not _is_pinned(case):
            return _others(past_ids(case), facts.repo_id), facts.repo_id or "none"
        case "identity/owner-changed" if facts:
            return _others(past_owners(case), facts.owner), facts.owner or "nobody"
        case "signature/signer-changed" | "signature/lost":
            return _before(case), _now(case) or "nobody"
        case "signature/rollback":
            return _moment(_newest(case)), _today(case)
    return None


def _others(known: frozenset[str], now: str | None) -> str:
    return ", ".join(sorted(known - {now})) or now or "none"


def past_ids(case: Case) -> frozenset[str]:
    """The ids that the lockfile has for the model's repository: one, unless something changed."""
    return frozenset(e.facts.repo_id for e in _own_past(case) if e.facts and e.facts.repo_id)


def past_owners(case: Case) -> frozenset[str]:
    """The owners that the lockfile has for the model's repository."""
    return frozenset(e.facts.owner for e in _own_past(case) if e.facts and e.facts.owner)


def _own_past(case: Case) -> Iterator[Entry]:
    """Ids and owners are those of the model's own repository, of a mirror too."""
    return (entry for entry in case.past if is_of(entry, case.evidence.ref.repo))


def _is_pinned(case: Case) -> bool:
    return any(root.repo_id for root in case.registry.roots(case.origin.ref.repo))


def _rollback(case: Case) -> Iterator[Finding]:
    """Other files than the lock's must be newer, by what was signed, where the lock has a time.

    A stamp acquits nobody: it can be had for any signature, and be dropped.
    """
    before, known = _newest(case), [vouch.attestation.moments for vouch in _holding(case)]
    if before is None or not known:
        return
    if any(one.signed and one.signed.earliest >= before for one in known):
        return
    said = f"signed {_today(case)}, and the lockfile has a release of {_moment(before)}"
    next_step = case.accepting("signature/rollback")
    if all(_is_older(one, before) for one in known):
        yield failed("signature/rollback", f"{said}: {next_step}", case.subject)
    else:
        message = f"nothing that was signed says that it is newer: {said}: {next_step}"
        yield unknown("signature/rollback", message, case.subject)


def _is_same(case: Case, locked: Entry) -> bool:
    """Whether it is the release that the lock has, whatever lies beside what is signed of it."""
    evidence = case.evidence
    if locked.selected == evidence.manifest.digest or locked.manifest == evidence.listing.digest:
        return True
    old, new = locked.files.by_path, evidence.manifest.by_path
    signed = frozenset().union(*(vouch.comparison.equal for vouch in _holding(case)))
    gone = old.keys() - evidence.listing.by_path.keys()
    return not gone and all(old.get(path) == new[path] for path in signed)


def _is_older(known: Moments, before: datetime) -> bool:
    latest = [known.signed.latest] if known.signed else []
    return min((*latest, *known.not_later_than), default=before) < before


def _newest(case: Case) -> datetime | None:
    """When the newest release was signed that the lockfile has and that is not this one."""
    others = [entry for entry in case.past if not _is_same(case, entry)]
    times = [signer.time for entry in others for signer in entry.signers if signer.time]
    return max(times, default=None)


def _holding(case: Case) -> tuple[PublisherSignature, ...]:
    return tuple(vouch for vouch in case.publisher_signatures if vouch.comparison.holds)


def _may_hold(case: Case) -> bool:
    """Whether a signature holds for all that is known of the files, and some digest is not."""
    return any(
        one.comparison.unread and not (one.comparison.different or one.comparison.absent)
        for one in case.publisher_signatures
    )


def _identities(case: Case) -> frozenset[str]:
    return frozenset(vouch.attestation.identity for vouch in _holding(case))


def _before(case: Case) -> str:
    """The signers of each release that none of today's signers signed; empty if there is none."""
    now = _identities(case)
    known = [{signer.identity for signer in entry.signers} for entry in case.past]
    return ", ".join(sorted({name for names in known if not names & now for name in names}))


def _now(case: Case) -> str:
    return ", ".join(sorted(_identities(case)))


def _today(case: Case) -> str:
    """When the newest of the signatures that hold was made, in words."""
    known = [vouch.attestation.moments for vouch in _holding(case)]
    signed = max((one.signed.earliest for one in known if one.signed), default=None)
    stamped = max((one.stamped for one in known if one.stamped), default=None)
    if signed is None and stamped is None:
        return "at no known time"
    return _moment(signed) if signed else f"not later than {_moment(stamped)}"


def _moment(time: datetime | None) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S} UTC" if time else "no date"


def _must_stay(case: Case) -> bool:
    owner = case.registry.owner(case.origin.ref.repo or "")
    own = owner.once_signed_must_stay_signed if owner else None
    return case.policy.once_signed_must_stay_signed if own is None else own
