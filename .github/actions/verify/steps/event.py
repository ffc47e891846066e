"""Against what it is judged: the newest commit that is known of the base of the event."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from .git import check_readable, git
from .runner import Stopped, annotate

ALONE = ("schedule", "workflow_dispatch")
"""Events that propose nothing: the branch is judged by its own rules."""
NOTHING_DISTRUSTED = (
    "Nothing was distrusted: no change is proposed, and the branch is judged by its own rules."
)


def base_of_event() -> str:
    """The newest commit that is known of what the event is measured against, or empty.

    Empty for an event that proposes nothing. One that proposes something and does not say against
    what is refused: nobody is judged by rules of his own.
    """
    event, about = os.environ.get("GITHUB_EVENT_NAME", ""), payload()
    if event in ALONE:
        annotate("notice", NOTHING_DISTRUSTED)
        return ""
    if event == "pull_request_target":
        raise Stopped(f"{event} checks the base out, and not what is proposed: use pull_request")
    check_readable()
    proposed = about.get("pull_request", {})
    queue, pull = about.get("merge_group", {}), proposed.get("base", {})
    check_proposed(proposed.get("head", {}).get("sha", "") or queue.get("head_sha", ""))
    base = (
        newest(os.environ.get("BASE_SHA", ""), pull.get("ref", ""))
        or newest(queue.get("base_sha", ""), queue.get("base_ref", ""))
        or replaced(about)
    )
    if not base:
        raise Stopped(
            f"the event {event or 'of this run'} says no base, and nobody is judged by rules of "
            f"his own: use pull_request, merge_group or push; or {' or '.join(ALONE)}, where "
            "nothing is proposed"
        )
    return base


def check_proposed(head: str) -> None:
    """The checkout has what is proposed in it, or it is not judged."""
    if head and git("merge-base", head, "HEAD") != head:
        raise Stopped(
            f"the checkout is not what is proposed: {head} is not in it; use actions/checkout "
            "without `ref`, with fetch-depth: 0"
        )


def payload() -> dict[str, Any]:
    """What GitHub says of the event."""
    file = os.environ.get("GITHUB_EVENT_PATH")
    return dict(json.loads(Path(file).read_text("utf-8"))) if file else {}


def newest(base: str, branch: str) -> str:
    """The branch as it was fetched, if it has moved on from `base`; else `base`."""
    tip, known = fetched(branch), git("rev-parse", "--verify", "--quiet", f"{base}^{{commit}}")
    return tip if base and tip and known and git("merge-base", base, tip) == known else base


def replaced(push: dict[str, Any]) -> str:
    """What a push replaces; of a branch where anybody may push, the branch it will be merged to.

    What lay on a branch of his own the author himself has written: it judges only where the other
    is not here.
    """
    before, ref = push.get("before") or "", push.get("ref", "")
    default = push.get("repository", {}).get("default_branch", "")
    own = not default or ref == f"refs/heads/{default}"
    guarded = own or os.environ.get("GITHUB_REF_PROTECTED") == "true"
    replaces = before if before.strip("0") else ""
    merged_to = fetched(default) if before and not own else ""
    return replaces if guarded and replaces else merged_to or replaces


def fetched(branch: str) -> str:
    """The newest commit that a checkout has of a branch of the repository that it is of."""
    name = f"refs/remotes/origin/{branch.removeprefix('refs/heads/')}"
    return git("show-ref", "--verify", "--hash", name) if branch else ""
