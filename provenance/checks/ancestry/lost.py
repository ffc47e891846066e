"""What is said of a model's parents and could not be read, or leads nowhere.

Part of the ancestry check; its rules are on that check's page.
"""

from __future__ import annotations

from collections.abc import Iterator

from provenance.case.case import Case
from provenance.claims.claim import DigestClaim, Unread
from provenance.claims.reference import ANSWERABLE, COMMIT, UNNAMED, renamed
from provenance.lineage import YOU, Unresolved
from provenance.verdict import Finding, failed, unknown


def unread(case: Case) -> Iterator[Finding]:
    """What may speak of parents and was not read, or gives a digest that no known file has."""
    known = {
        file.sha256
        for a in case.evidence.ancestors
        if a.evidence
        for file in a.evidence.listing.files
    }
    for claim in case.claimed.all:
        if isinstance(claim, Unread):
            yield unknown("ancestry/unreadable", f"{claim.detail}: mend it", claim.path)
        elif isinstance(claim, DigestClaim) and claim.sha256 not in known:
            message = f"{claim.key} is {claim.sha256}, which no known file has"
            yield unknown("ancestry/bare-digest", message, claim.path)
    for seen in case.evidence.observations:
        if seen.code == "ancestors-limit":
            yield unknown("ancestry/limit", seen.detail, case.subject)


def unresolved(case: Case) -> tuple[Unresolved, ...]:
    """The parents that the model itself states and nobody can follow."""
    return tuple(one for one in case.graph.unresolved if one.child == case.graph.model)


def stated_by_you(case: Case) -> frozenset[str]:
    """The parents that the user states."""
    claims = case.claimed.parent_claims
    return frozenset(claim.repo for claim in claims if claim.path == YOU and claim.repo)


def unresolvable(case: Case) -> Iterator[Finding]:
    """What it states and leads nowhere, unless somebody says where."""
    for one in unresolved(case):
        if one.hint:
            yield unknown("ancestry/loaded-from-path", _left(one), one.path)
        else:
            yield failed("ancestry/unresolvable", _lost(one), one.path)


def missing(case: Case) -> Iterator[Finding]:
    """The ancestors that the Hub does not have, unless the user says which were meant, or those who
    may attest how each was made, and name it by its digest."""
    said, attested = stated_by_you(case), case.graph.known_by_digest | case.graph.folders
    for ancestor in case.evidence.ancestors:
        if ancestor.missing and not said and ancestor.claimed not in attested:
            line = line_to_add(ancestor.claimed)
            why = ancestor.missing.removeprefix(f"{ancestor.claimed}: ")
            message = f"{why}: if it was renamed or is private, say it: {line}"
            yield failed("ancestry/unresolvable", message, ancestor.claimed)


def _left(one: Unresolved) -> str:
    """What a program left behind, which says that there was a parent, or that it knew of none."""
    if one.reason == UNNAMED:
        return f"{one.place}: trained from nothing, or from {UNNAMED}: ask which"
    return f"{one.place} is {_quoted(one.text)}, {one.reason}"


def _quoted(text: str) -> str:
    """A text in quotes, what nobody sees spelled out, and a path of Windows as it stands."""
    return repr(text[:200]).replace(r"\\", "\\")


def of_no_base() -> str:
    """That an adapter is of a model which nothing names."""
    what = f"its weights are an adapter, of {UNNAMED}"
    return f"{what}: find out what was meant, and say it:\n{line_to_add('')}"


def _lost(one: Unresolved) -> str:
    if one.reason == UNNAMED:
        what = f"{one.place}: it was trained from {UNNAMED}"
    else:
        what = f"{one.place} is {_quoted(one.text)}, {one.reason}"
    if one.reason not in ANSWERABLE:
        return f"{what}: ask the publisher, or waive this after a look"
    return f"{what}: find out what was meant, and say it:\n{line_to_add(one.likely)}"


def line_to_add(name: str) -> str:
    """The line to add to the model's entry, with today's name of what was renamed."""
    called, _, revision = name.partition("@")
    today = renamed(called)
    if "/" not in today:
        return 'parents = ["org/name@<commit>"]'
    commit = revision if COMMIT.fullmatch(revision) else "<commit>"
    return f'parents = ["{today}@{commit}"]'
