"""What pins a repository, and the Hub's answer beside it: ids, owners, what reaches the commit.

Part of the identity check; its rules are on that check's page.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from provenance import names
from provenance.case.case import Case
from provenance.case.changes import past_ids, past_owners
from provenance.model import Facts, Reach
from provenance.verdict import Finding, failed, unknown


def answers(case: Case) -> Iterator[Finding]:
    """Of a mirror its own repository is held against what pins that, and the origin's too."""
    own = case.evidence
    if own.ref.repo and own.facts:
        yield from _answer(case, own.ref.repo, own.facts, case)
    if (plain := case.at_origin) and case.origin.facts:
        yield from _answer(plain, plain.subject, case.origin.facts, case)


def _answer(case: Case, repo: str, facts: Facts, asked: Case) -> Iterator[Finding]:
    """How what the Hub or the lockfile says of the repository disagrees with what pins it; a change
    is accepted for the model that was `asked` about."""
    if facts.id != repo:
        yield failed("identity/renamed", _renamed(case, repo, facts.id), case.subject)
    yield from _replaced(case, repo, facts, asked)
    yield from _owner(case, facts, asked)
    yield from _namespace(case, repo, facts)
    yield from _reach(case, facts)


def _renamed(case: Case, repo: str, new: str) -> str:
    if new.casefold() == repo.casefold():
        return f"the Hub spells it {new!r}, you wrote {repo!r}: write it as the Hub does"
    old, owner = case.registry.owner(repo), case.registry.owner(new)
    said = f"the Hub answers with {new!r} for {repo!r}"
    if owner is not old:
        said += f", owned by {owner.name if owner else 'no registered organisation'}"
    return f"{said}: it was renamed or moved; write the new name if you mean it"


def _replaced(case: Case, repo: str, facts: Facts, asked: Case) -> Iterator[Finding]:
    """Ids that the registry and the lockfile have for the repository, and this is none of them."""
    before = past_ids(case)
    pinned = {root.repo_id for root in case.registry.roots(repo) if root.repo_id}
    if pinned:
        expected = f"{' or '.join(sorted(pinned))} as the registry has it"
        yield from _other_id(case, facts, pinned, expected, "ask the publisher elsewhere")
    if others := before - {facts.repo_id}:
        expected = f"{' or '.join(sorted(others))} as the lockfile has it"
        yield from _other_id(case, facts, others, expected, asked.accepting("identity/replaced"))


def _other_id(
    case: Case, facts: Facts, ids: Collection[str], expected: str, step: str
) -> Iterator[Finding]:
    if facts.repo_id is None:
        message = f"the Hub states no repository id, expected {expected}: ask the Hub itself"
        yield unknown("identity/unverified-id", message, case.subject)
    elif facts.repo_id not in ids:
        message = (
            f"the repository's id is {facts.repo_id}, expected {expected}: it was deleted and made "
            f"again, another one under the same name; {step}"
        )
        yield failed("identity/replaced", message, case.subject)


def _owner(case: Case, facts: Facts, asked: Case) -> Iterator[Finding]:
    """That the owner the Hub names is not the namespace, or not the lockfile's."""
    namespace, others = names.namespace_of(facts.id), past_owners(case) - {facts.owner}
    before = " or ".join(map(repr, sorted(others)))
    if not facts.owner:
        if before:
            yield _unverified(case, f"{before} as the lockfile has it")
        return
    said = f"the owner is {facts.owner!r}, expected"
    if facts.owner != namespace:
        message = f"{said} {namespace!r} as its name says: ask the publisher why"
        yield failed("identity/owner-changed", message, case.subject)
    elif before:
        message = (
            f"{said} {before} as the lockfile has it: {asked.accepting('identity/owner-changed')}"
        )
        yield failed("identity/owner-changed", message, case.subject)


def _namespace(case: Case, repo: str, facts: Facts) -> Iterator[Finding]:
    """That the account is not the one that the registry has under this name."""
    org, namespace = case.registry.owner(repo), names.namespace_of(facts.id)
    pin = dict(org.namespace_ids).get(namespace) if org else None
    if pin and not facts.owner_id:
        yield _unverified(case, f"the id {pin} as the registry has it")
    elif pin and facts.owner_id != pin:
        message = (
            f"the id of {namespace!r} is {facts.owner_id}, expected {pin} as the registry has it: "
            "somebody else registered the name; ask the publisher elsewhere"
        )
        yield failed("identity/namespace-replaced", message, case.subject)


def _unverified(case: Case, expected: str) -> Finding:
    message = f"the Hub does not say who the owner is, expected {expected}: ask the Hub itself"
    return unknown("identity/unverified-owner", message, case.subject)


def _reach(case: Case, facts: Facts) -> Iterator[Finding]:
    commit = case.evidence.ref.commit
    what, step = f"commit {commit}" if commit else "the commit", "take one of a branch or tag"
    match facts.reach:
        case Reach.PULL_REQUEST:
            message = f"only a pull request reaches {what}, which anybody can open: {step}"
            yield failed("identity/pull-request-only", message, case.subject)
        case Reach.NOTHING:
            message = f"no branch or tag reaches {what}: {step}"
            yield failed("identity/unreachable-commit", message, case.subject)
        case Reach.UNKNOWN if commit:
            message = f"whether a branch or tag reaches {what} is unknown: ask the Hub itself"
            yield unknown("identity/reach-unknown", message, case.subject)
