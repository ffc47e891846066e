"""What is asked, and what came back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from provenance.probe.calls import Call, Calls
from provenance.probe.contexts import Context
from provenance.probe.suite import Scenario, Suite, canonical


@dataclass(frozen=True, kw_only=True)
class Question:
    """One task in one context; `sample` counts the times that the same is asked."""

    suite: Suite
    scenario: Scenario
    context: Context
    sample: int = 0

    @cached_property
    def id(self) -> str:
        """By what it is known: the digest of everything that is sent."""
        sent = {"messages": self.messages, "tools": self.tools, "sample": self.sample}
        return f"{self.scenario.name}-{sha256(canonical(sent)).hexdigest()[:32]}"

    @property
    def messages(self) -> tuple[dict[str, str], ...]:
        """What is said, in the form of the OpenAI API."""
        return self.suite.messages(self.scenario, self.context)

    @property
    def tools(self) -> tuple[dict[str, object], ...]:
        """What may be called, in the form of the OpenAI API."""
        return self.suite.offered(self.scenario)

    @property
    def table(self) -> dict[str, object]:
        """As the process that asks is told of it."""
        accept = self.scenario.accept
        return {
            "id": self.id,
            "messages": self.messages,
            "tools": self.tools,
            "seed": self.sample,
            "scenario": self.scenario.name,
            "context": self.context.table,
            "target": ""
            if accept is None
            else " or ".join(one.name for one in accept) or "no call",
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: the calls and the words, or why there is nothing to judge."""

    calls: Calls = ()
    words: str = ""
    problem: str = ""

    @classmethod
    def of_table(cls, table: Mapping[str, object]) -> Answer:
        """The answer that the process that asks hands over."""
        found = table.get("calls")
        rows = found if isinstance(found, list) else []
        return cls(
            calls=tuple(Call(str(name), str(arguments)) for name, arguments in rows),
            words=str(table.get("words", "")),
            problem=str(table.get("problem", "")),
        )
