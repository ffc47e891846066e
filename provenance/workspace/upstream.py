"""Where a branch or tag stands today that a locked model was taken from, and a place in a store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from provenance.errors import ConfigError, SourceError
from provenance.lock import Entry
from provenance.refs import MAIN
from provenance.source.limits import DEFAULT
from provenance.status import Upstream

if TYPE_CHECKING:
    from provenance.source.hub.client import Hub
    from provenance.source.remote.store import Store

LIMITS = replace(DEFAULT, requests=32, commits=1_000)
"""What asking about one model may cost: kilobytes, and no more than a look at its history."""


def upstream_of(hub: Hub | None, stores: Callable[[str], Store], entry: Entry) -> Upstream:
    """What the Hub, or the store, says today of the branch, tag or place that an entry follows.

    Raises nothing: what cannot be asked, or without a `hub` may not be, is unknown.
    """
    if entry.source is not None:
        return _in_store(stores, entry, entry.source)
    own = Upstream(name=entry.name, revision=entry.revision or MAIN, locked=entry.commit or "")
    if hub is None:
        return replace(own, unknown="nothing may be asked of the Hub offline")
    from provenance.source.hub.facts import known, steps_to
    from provenance.source.remote.budget import RequestBudget

    account, repo = RequestBudget(LIMITS), entry.repo or ""
    try:
        head = known(hub, repo, own.revision, account).commit
        if head == own.locked:
            return replace(own, head=head)
        ahead = steps_to(hub, repo, head, own.locked, account, LIMITS.commits)
    except SourceError as error:
        return replace(own, unknown=str(error))
    return replace(own, head=head, ahead=ahead)


def _in_store(stores: Callable[[str], Store], entry: Entry, source: str) -> Upstream:
    own = Upstream(name=entry.name, revision=entry.revision or source, locked=entry.commit or "")
    try:
        asked = stores(source)
        found = replace(own, head=asked.opened(entry.revision).revision)
        return replace(found, rewritten=found.moved and _is_rewritten(asked, found))
    except (SourceError, ConfigError) as error:
        return replace(own, unknown=str(error))


def _is_rewritten(asked: Store, found: Upstream) -> bool:
    """Whether what is locked lies there under the revision of today: the same bytes."""
    try:
        return asked.opened(found.locked).now == found.head
    except SourceError:
        return False
