"""What a caller asks for: which models, by which rules, against which lockfile."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The words of one call; `outputs` are the files that the caller is about to write."""

    refs: tuple[str, ...] = ()
    named: str | None = None
    revision: str | None = None
    policy: str | None = None
    registry: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    lockfile: Path | None = None
    exclude_newer: datetime | None = None
    base: str | None = None
    outputs: tuple[str, ...] = ()

    @property
    def policy_file(self) -> Path | None:
        """The file that `policy` names, if it names one and no profile."""
        named = self.policy and (self.policy.endswith(".toml") or Path(self.policy).is_file())
        return Path(self.policy) if self.policy and named else None
