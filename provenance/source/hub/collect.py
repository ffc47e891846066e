"""A model on a Hub as evidence, before any of its weights move.

What the Hub states of large files is taken as declared; small ones are fetched and held against
what it states; of weights only what a check reads is fetched, by range.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from provenance.errors import ConfigError
from provenance.model import (
    LONG,
    NAMES_A_REPOSITORY,
    Evidence,
    Facts,
    Reach,
    Ref,
    check_aware,
)
from provenance.selection import matches
from provenance.source.evidence_files import Found
from provenance.source.hub.client import Hub
from provenance.source.hub.facts import known, owner_id, reach, still_named
from provenance.source.hub.listing import listing
from provenance.source.hub.release import HubRelease
from provenance.source.limits import DEFAULT, Limits
from provenance.source.remote.budget import RequestBudget
from provenance.source.remote.contents import assembled, read


@dataclass(frozen=True, slots=True, kw_only=True)
class AncestorOptions:
    """At an ancestor less is looked at: `headers` of its weights or none, by a common account.

    `reached` says that its commit needs no search: nobody pinned it.
    """

    account: RequestBudget
    headers: bool
    reached: bool


def collect(
    hub: Hub,
    ref: Ref,
    *,
    at: datetime,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    given: Found | None = None,
    ask_owner: bool = False,
    glance: AncestorOptions | None = None,
    limits: Limits = DEFAULT,
) -> Evidence:
    """The evidence on the model that `ref` names, its large files as the Hub declares them.

    Some kilobytes are read, and no weights but their headers.

    A commit that `ref` has is asked for in place of its revision.
    `given` are the signatures that count in place of the repository's; `ask_owner` also asks for
    the id of its namespace; `glance` is for an ancestor. Absent where there is no such model or
    revision, SourceError where the Hub does not answer, ConfigError for a pattern, Unselected where
    the patterns leave no file; whatever else is odd is an observation.
    """
    check_aware(at, "at")
    if ref.repo is None:
        raise ConfigError(NAMES_A_REPOSITORY, path=ref.text[:LONG])
    matches("", include, exclude)
    account = glance.account if glance else RequestBudget(limits)
    asked = ref.commit or ref.revision
    answer = known(hub, ref.repo, asked, account)
    repo, commit = answer.facts.id, answer.commit
    entries, more = listing(hub, repo, commit, account, limits.entries)
    release = HubRelease(hub=hub, name=repo, commit=commit, account=account)
    contents = read(
        release,
        entries,
        include=include,
        exclude=exclude,
        given=given,
        headers=glance is None or glance.headers,
        whole=not more,
        limits=limits,
    )
    if glance is not None and glance.reached:
        reached = Reach.BRANCH
    else:
        reached = reach(hub, repo, asked, commit, account, limits.commits)
        if ref.commit and reached is Reach.UNKNOWN:
            reached = still_named(hub, ref, account)
    facts = replace(
        answer.facts,
        reach=reached,
        owner_id=_owner_id(hub, answer.facts, account) if ask_owner else None,
    )
    return assembled(contents, ref=replace(ref, commit=commit), at=at, facts=facts)


def _owner_id(hub: Hub, facts: Facts, account: RequestBudget) -> str | None:
    return owner_id(hub, facts.owner, account) if facts.owner else None
