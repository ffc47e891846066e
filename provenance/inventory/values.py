"""What an inventory says of each model on a machine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from provenance.verdict import Finding, Outcome, Result


class State(StrEnum):
    """How a model stands, the worst first."""

    REVOKED = "revoked"
    CHANGED = "changed"
    UNREAD = "not read"
    UNKNOWN = "unknown"
    KNOWN = "known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A model on this machine: `place` is where it lies, `words` what to verify it by.

    `of` are the locked models and registered roots whose bytes it has; `remarks` say in words why
    it stands so, and how far. `manifest` is empty where not every file had to be hashed.
    """

    name: str
    place: str
    words: tuple[str, ...]
    state: State
    of: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    commit: str | None = None
    manifest: str = ""
    files: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """The models below the folders that were looked through, as of `at`, by which registry.

    `doubts` are findings about the caller's own registries and files: with one of them nobody knows
    all that is revoked.
    """

    at: datetime
    folders: tuple[str, ...]
    models: tuple[Kept, ...]
    registry: str
    lockfile: str
    doubts: tuple[Finding, ...] = ()

    def of(self, state: State) -> tuple[Kept, ...]:
        """The models that stand so."""
        return tuple(model for model in self.models if model.state is state)

    def result(self, *, strict: bool = False) -> Result:
        """Whether nothing is refused, and everything was read; if `strict`, and known."""
        states = {model.state for model in self.models}
        outcomes = {one.outcome for one in self.doubts}
        failing = {State.REVOKED, State.CHANGED, *((State.UNKNOWN,) if strict else ())}
        if states & failing or Outcome.FAIL in outcomes:
            return Result.FAIL
        open_ = State.UNREAD in states or Outcome.UNKNOWN in outcomes
        return Result.INCOMPLETE if open_ else Result.PASS
