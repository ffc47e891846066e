"""What one place says: of code that a loader would run, or of a model's parents."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeClaim:
    """One place that makes a loader run code: `code` is the rule's slug, `target` a local file.

    `target` is the path of the one file that would run, where a digest can settle which bytes it
    has; empty where none can.
    """

    path: str
    code: str
    detail: str
    target: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentClaim:
    """One place that names a parent: the file (or `the Hub`), the key there, the text as written.

    `repo` is the text as a name that a Hub may know: `org/name`, or a bare name of old. Without
    one, `reason` says why not, and `likely` is the name that was probably meant, if one can be
    guessed. `relation` is a word of the Hub: finetune, adapter, quantized, merge.
    """

    path: str
    key: str
    text: str
    repo: str | None = None
    revision: str | None = None
    relation: str | None = None
    reason: str = ""
    likely: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A file that may speak of parents, and why it could not be read."""

    path: str
    detail: str
