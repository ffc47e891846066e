"""ancestry: is everything known that the repository says of its parents?

Passes when nothing it says of its parents is unknown or contradictory: every ancestor that its
card, its adapters or the Hub name lies in a namespace of a registered organisation, and all places
agree. It never means that the model descends from them: claims may convict, and never acquit.
A model without a stated parent is fine if the registry has it as a root, or its organisation as
one that originates models.

Findings:

ancestry/unknown-ancestor
    An ancestor is published by nobody in the registry. Look at it; register its organisation, or
    waive this finding for that ancestor.

ancestry/unresolvable
    A parent is a path on somebody's machine, a foreign URL, or a repository that the Hub does not
    have (any more). Find out what was meant, and say it: the message has the `parents` line to add
    to the model's entry.

ancestry/unresolved
    A parent is named by a bare name, and no Hub was asked what that is. Verify it online, or say
    in the model's entry what was meant.

ancestry/conflict
    Two places name different parents, and neither leads to the other. At least one is wrong: ask
    the publisher which.

ancestry/self
    The repository names itself as its parent. Ask the publisher what was meant.

ancestry/cycle
    An ancestor descends from itself, or from this model, by what their cards say. One of them was
    changed afterwards: look at the older revisions.

ancestry/replaced
    An ancestor has another repository id than the registry has for it: it was deleted and made
    again under the same name, by whoever could. Do not use what descends from it.

ancestry/pull-request-only
    A claim pins an ancestor to a commit that no branch or tag of it reaches. Anybody can propose
    such a commit. Ask for a parent that its organisation published.

ancestry/no-origin
    Nothing states where the model comes from. A warning, unless the profile wants every model
    signed: ask the publisher, or say it in the model's entry with `parents`.

ancestry/unreadable
    A card or configuration that may name parents could not be read. Ask the publisher to mend it,
    or exclude the file.

ancestry/limit
    There are more ancestors than are looked at for one model.

ancestry/pass
    Who the ancestors are said to be, and who publishes them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from provenance.checks.case import Case
from provenance.claims.claim import ParentClaim, Unread
from provenance.claims.parents import parent_claims
from provenance.claims.reference import LOCAL_PATH
from provenance.lineage import Lineage
from provenance.model import Reach
from provenance.verdict import Finding, failed, passed, unknown

YOU = "provenance.toml"
SHOWN = 5
STRANGE_REACH = (Reach.PULL_REQUEST, Reach.NOTHING)


def check(case: Case) -> Iterator[Finding]:
    """Whether every stated ancestor is known, and every place says the same of them."""
    survey = _Survey(case=case)
    found = [*survey.unread(), *survey.unresolvable(), *survey.conflicts(), *survey.ancestors()]
    found += survey.origin()
    found = list(dict.fromkeys(found))
    yield from found
    if not found:
        yield passed("ancestry/pass", survey.praise())


@dataclass(frozen=True, kw_only=True)
class _Survey:
    """One model's claims before this check."""

    case: Case

    @cached_property
    def lineage(self) -> Lineage:
        return Lineage(evidence=self.case.evidence)

    @cached_property
    def claims(self) -> tuple[ParentClaim, ...]:
        """What the repository says, and what its user says of it."""
        found = [c for c in parent_claims(self.case.evidence) if isinstance(c, ParentClaim)]
        return (*self.said, *found)

    @cached_property
    def said(self) -> tuple[ParentClaim, ...]:
        return tuple(
            ParentClaim(path=YOU, key="parents", text=text, repo=repo, revision=commit or None)
            for text in self.case.policy.parents
            for repo, _, commit in [text.partition("@")]
        )

    def unread(self) -> Iterator[Finding]:
        for claim in parent_claims(self.case.evidence):
            if isinstance(claim, Unread):
                yield unknown("ancestry/unreadable", f"{claim.detail}: mend it", claim.path)
        for seen in self.case.evidence.observations:
            if seen.code == "ancestors-limit":
                yield unknown("ancestry/limit", seen.detail, self.case.subject)

    def unresolvable(self) -> Iterator[Finding]:
        """Claims that lead nowhere, unless the user says where."""
        for claim in self.claims:
            if claim.repo is None and not (self.said and claim.reason == LOCAL_PATH):
                yield failed("ancestry/unresolvable", _lost(claim), claim.path)
        for ancestor in self.case.evidence.ancestors:
            if ancestor.missing and not self.said:
                line = _line(ancestor.claimed)
                message = f"{ancestor.missing}: if it was renamed or is private, say it: {line}"
                yield failed("ancestry/unresolvable", message, ancestor.claimed)

    def conflicts(self) -> Iterator[Finding]:
        """Each pair of places that name different parents, once."""
        places: dict[tuple[str, str], set[str]] = {}
        for claim in self.claims:
            if claim.repo:
                key = claim.path, claim.key
                places.setdefault(key, set()).add(self.lineage.canonical(claim.repo))
        rows = sorted(places.items())
        for number, (place, names) in enumerate(rows):
            for other, others in rows[number + 1 :]:
                if not self._agree(names, others):
                    yield failed("ancestry/conflict", _clash(place, names, other, others), place[0])

    def _agree(self, names: set[str], others: set[str]) -> bool:
        """Whether the names of one place are among the other's, or lead to them."""
        return self._leads(names, others) or self._leads(others, names)

    def _leads(self, names: set[str], others: set[str]) -> bool:
        above = others.union(*(self.lineage.above(name) for name in others))
        return names <= above

    def ancestors(self) -> Iterator[Finding]:
        own = {self.case.evidence.ref.repo}
        own |= {self.case.evidence.facts.id} if self.case.evidence.facts else set()
        for claim in self.claims:
            if claim.repo and self.lineage.canonical(claim.repo) in own:
                message = f"{claim.key} names the model itself: ask what was meant"
                yield failed("ancestry/self", message, claim.path)
        for name in self._names():
            if name not in own:
                yield from self._ancestor(name, own)
        yield from self._resolved()

    def _names(self) -> tuple[str, ...]:
        """The canonical names of all ancestors, the claimed ones first."""
        direct = [self.lineage.canonical(claim.repo) for claim in self.claims if claim.repo]
        further = [parent for name in direct for parent in sorted(self.lineage.above(name))]
        return tuple(dict.fromkeys([*direct, *further]))

    def _ancestor(self, name: str, own: set[str | None]) -> Iterator[Finding]:
        above = self.lineage.above(name)
        if name in above or above & own:
            message = f"what the cards say leads from {name} back to where it began"
            yield failed("ancestry/cycle", message, name)
        if "/" not in name:
            if not any(a.claimed == name and a.missing for a in self.case.evidence.ancestors):
                message = f"{name} is a bare name, and no Hub was asked what it is"
                yield unknown("ancestry/unresolved", message, name)
        elif self.case.registry.owner(name) is None:
            namespace = name.partition("/")[0]
            message = (
                f"no registered organisation owns {namespace!r}{self._said_by(name)}: register "
                "it, or waive this for the ancestor after a look"
            )
            yield failed("ancestry/unknown-ancestor", message, name)

    def _said_by(self, name: str) -> str:
        places = [c.path for c in self.claims if c.repo and self.lineage.canonical(c.repo) == name]
        return f" ({places[0]} names it)" if places else " (an ancestor's card names it)"

    def _resolved(self) -> Iterator[Finding]:
        """What is wrong with the repositories behind the names."""
        for ancestor in self.case.evidence.ancestors:
            facts = ancestor.facts
            if facts is None:
                continue
            if facts.reach in STRANGE_REACH:
                message = f"commit {ancestor.commit} is reached by {facts.reach}, no branch or tag"
                yield failed("ancestry/pull-request-only", message, facts.id)
            owner = self.case.registry.owner(facts.id)
            for root in owner.roots if owner else ():
                if root.repo == facts.id and root.repo_id not in (None, facts.repo_id):
                    message = f"expected repository id {root.repo_id}, found {facts.repo_id}"
                    yield failed("ancestry/replaced", message, facts.id)

    def origin(self) -> Iterator[Finding]:
        if not self.claims and not self._is_origin():
            message = "nothing states where it comes from: say it with `parents`, or ask"
            yield unknown("ancestry/no-origin", message, self.case.subject)

    def _is_origin(self) -> bool:
        repo = self.case.evidence.ref.repo
        owner = self.case.registry.owner(repo) if repo else None
        if owner is None:
            return False
        return owner.originates or any(root.repo == repo for root in owner.roots)

    def praise(self) -> str:
        names = self._names()
        if not names:
            return "it states no parent, and its organisation makes models of its own"
        parts = [self._introduced(name) for name in names[:SHOWN]]
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        by_you = {c.repo for c in self.said}
        you = f"; you say {', '.join(sorted(filter(None, by_you)))}" if by_you else ""
        asked = "" if self.case.evidence.ancestors else ", by name"
        return f"the stated ancestors are known{asked}: {', '.join(parts)}{more}{you}"

    def _introduced(self, name: str) -> str:
        owner = self.case.registry.owner(name)
        return f"{name} of {owner.name}" if owner else name


def _lost(claim: ParentClaim) -> str:
    what = f"{claim.key} is {claim.text[:200]!r}, {claim.reason}"
    return f"{what}: find out what was meant, and say it: {_line(claim.likely)}"


def _line(name: str) -> str:
    """The line to add to the model's entry."""
    meant = name or "org/name"
    return f'parents = ["{meant if "@" in meant else f"{meant}@<commit>"}"]'


def _clash(
    place: tuple[str, str], names: set[str], other: tuple[str, str], others: set[str]
) -> str:
    def said(at: tuple[str, str], what: set[str]) -> str:
        return f"{at[0]} ({at[1]}) names {', '.join(sorted(what))[:300]}"

    return f"{said(place, names)}; {said(other, others)}: ask the publisher which is true"
