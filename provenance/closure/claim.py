"""One place that makes a loader fetch another repository."""

from __future__ import annotations

from dataclasses import dataclass

from provenance.claims.claim import Placed


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberClaim(Placed):
    """One place that makes `loader` fetch another repository: the key there, and its text.

    `repo` is what it asks a Hub for; without one, `reason` says why that is not known. `revision`
    is the one that is stated and honoured, or else a branch that is not `main`; None for `main`.
    `brings` is what comes: weights, code, a tokenizer, a kernel. `only` says when, if not always.
    """

    key: str
    text: str
    loader: str
    brings: str
    repo: str | None = None
    revision: str | None = None
    reason: str = ""
    only: str = ""

    @classmethod
    def unread(cls, path: str, reason: str) -> MemberClaim:
        """A file that may name something, and why that is not known."""
        return cls(path=path, key="", text="", loader="", brings="", reason=reason)
