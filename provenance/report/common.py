"""What every report says beside the verdicts themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from provenance.verdict import Result, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """All verdicts of one run, and by what they were reached."""

    verdicts: tuple[Verdict, ...]
    policy: str
    registry: str

    @property
    def result(self) -> Result:
        """Fail if one failed, else incomplete if one is, else pass; nothing judged is no pass."""
        results = {verdict.result for verdict in self.verdicts}
        if Result.FAIL in results:
            return Result.FAIL
        if Result.INCOMPLETE in results or not results:
            return Result.INCOMPLETE
        return Result.PASS

    @property
    def reason(self) -> str:
        """The reason of the first verdict that decided, or how many passed."""
        for verdict in self.verdicts:
            if verdict.result is self.result is not Result.PASS:
                return f"{verdict.name}: {verdict.reason}"
        return counted(self.verdicts)


def counted(verdicts: Sequence[Verdict]) -> str:
    """How many came out how: `1 passed, 2 failed`."""
    words = {Result.PASS: "passed", Result.FAIL: "failed", Result.INCOMPLETE: "incomplete"}
    counts = [(sum(v.result is result for v in verdicts), word) for result, word in words.items()]
    return ", ".join(f"{count} {word}" for count, word in counts if count) or "nothing was judged"
