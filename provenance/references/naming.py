"""Whether a text names a repository on a Hub, and at which revision."""

from __future__ import annotations

import re
from dataclasses import dataclass

from provenance.names import is_repo, is_segment

PAGE = re.compile(r"https://(?:huggingface\.co|hf\.co)/([^/]+/[^/]+)(?:/(?:blob|resolve|tree)/.*)?")
COMMITS = re.compile("[0-9a-f]{40}")
BEGINNINGS = (".", "/", "~", "\\")
"""How paths begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A repository as a text names it; `org/` is missing where a library is to look it up."""

    repo: str
    revision: str = ""

    @property
    def whole(self) -> bool:
        """Whether the organisation is named too."""
        return "/" in self.repo


def named(text: str, *, mark: str = "@") -> Named | None:
    """The repository that a text names, with what stands behind `mark` as its revision.

    None for a path, and for whatever no Hub could know.
    """
    if text.startswith(BEGINNINGS):
        return None
    page = PAGE.fullmatch(text)
    name, _, revision = (page[1] if page else text.removeprefix("hf://")).partition(mark)
    if is_repo(name) or ("/" not in name and is_segment(name)):
        return Named(repo=name, revision=revision)
    return None


def is_commit(revision: str) -> bool:
    """Whether a revision is a commit's whole id, which no push can move."""
    return COMMITS.fullmatch(revision) is not None
