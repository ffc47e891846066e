"""Where a branch or tag stands today that a locked model was taken from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from provenance.errors import SourceError
from provenance.lock import Entry
from provenance.refs import MAIN, may_be_commit
from provenance.source.limits import DEFAULT

if TYPE_CHECKING:
    from provenance.source.hub.client import Hub

LIMITS = replace(DEFAULT, requests=32, commits=1_000)
"""What asking about one model may cost: kilobytes, and no more than a look at its history."""
SHORT = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """A locked model, and the commit that its branch or tag names today.

    `head` is None where that could not be asked, for the reason `unknown`; `ahead` counts the
    commits from the locked one to it, None where the Hub does not tell.
    """

    name: str
    revision: str
    locked: str
    head: str | None = None
    ahead: int | None = None
    unknown: str = ""

    @property
    def moved(self) -> bool:
        """Whether the name stands for another commit than the locked one."""
        return self.head not in (None, self.locked)

    @property
    def words(self) -> str:
        """What is known of it, in words that follow the model's name."""
        if self.head is None:
            return f"not known whether {self.revision} has moved: {self.unknown}"
        if not self.moved:
            return f"{self.revision} is the locked commit"
        if self.ahead is None:
            return f"{self.revision} has moved on to {self.head[:SHORT]}"
        return f"{self.revision} is {self.ahead} commit{'s' * (self.ahead != 1)} ahead"


def follows(entry: Entry) -> bool:
    """Whether the entry was taken from a branch or tag of a Hub, which may name another commit."""
    fixed = entry.revision is not None and may_be_commit(entry.revision)
    return entry.path is None and None not in (entry.repo, entry.commit) and not fixed


def upstream_of(hub: Hub | None, entry: Entry) -> Upstream:
    """What the Hub says today of the branch or tag of an entry that `follows` one.

    Raises nothing: what cannot be asked, or without a `hub` may not be, is unknown.
    """
    own = Upstream(name=entry.name, revision=entry.revision or MAIN, locked=entry.commit or "")
    if hub is None:
        return replace(own, unknown="nothing may be asked of the Hub offline")
    from provenance.source.hub.client import Account
    from provenance.source.hub.facts import known, steps_to

    account, repo = Account(LIMITS), entry.repo or ""
    try:
        head = known(hub, repo, own.revision, account).commit
        if head == own.locked:
            return replace(own, head=head)
        ahead = steps_to(hub, repo, head, own.locked, account, LIMITS.commits)
    except SourceError as error:
        return replace(own, unknown=str(error))
    return replace(own, head=head, ahead=ahead)
