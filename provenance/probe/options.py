"""How a caller wants a model probed, in the words of a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from provenance.errors import ConfigError
from provenance.probe.asking import AskingOptions
from provenance.probe.contexts import DIMENSIONS, Contexts, contexts_of
from provenance.probe.reading import near
from provenance.probe.server import DEFAULT, ServerOptions
from provenance.probe.suite import Suite

BUDGET = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeOptions:
    """As the options of `probe` say it."""

    suite: Path | None = None
    contexts: str | None = None
    budget: int = BUDGET
    against: str | None = None
    server: str = DEFAULT
    served: str = ""
    start_timeout: float = 600.0
    samples: int = 1
    temperature: float = 0.0
    max_tokens: int = 256
    connections: int = 8
    timeout: float = 60.0
    log: Path | None = None

    @property
    def asking(self) -> AskingOptions:
        """How is asked."""
        return AskingOptions(
            samples=self.samples,
            temperature=self.temperature,
            max_tokens=self.max_tokens,
            connections=self.connections,
            timeout=self.timeout,
            log=self.log,
        )

    @property
    def serving(self) -> ServerOptions:
        """Who answers."""
        return ServerOptions(server=self.server, served=self.served, start=self.start_timeout)

    def check(self, variables: Mapping[str, str]) -> None:
        """ConfigError for options that do not go together."""
        self.asking.check()
        self.serving.check(variables)
        if self.against is not None and self.serving.runs_already:
            said = "two models are compared, and a URL is one server: leave it out"
            raise ConfigError(said, path="--server")

    def chosen(self, suite: Suite) -> Contexts:
        """The contexts that are asked, or ConfigError for a word that names none."""
        return contexts_of(self._values(suite), self.budget)

    def _values(self, suite: Suite) -> dict[str, tuple[str, ...]]:
        """What may stand at each place that the messages have: of those that are not chosen the
        baseline's alone."""
        named = None if self.contexts is None else _named(self.contexts, suite)
        return {
            place: held if named is None or place in named else held[:1]
            for place, held in suite.values.items()
            if place in suite.places
        }


def _named(words: str, suite: Suite) -> frozenset[str]:
    found = set()
    for word in filter(None, (one.strip() for one in words.split(","))):
        if word not in DIMENSIONS:
            known = ", ".join(DIMENSIONS)
            said = f"expected some of {known}; found {word!r}{near(word, list(DIMENSIONS))}"
            raise ConfigError(said, path="--contexts")
        place = DIMENSIONS[word]
        if place not in suite.places:
            said = f"no message of the suite {suite.name} has the place {{{place}}}: add it, or "
            raise ConfigError(f"{said}leave {word} out", path="--contexts")
        if len(suite.values.get(place, ())) < 2:
            said = f"the suite {suite.name} has fewer than two {word}: name more in its [contexts]"
            raise ConfigError(said, path="--contexts")
        found.add(place)
    if not found:
        raise ConfigError(f"expected some of {', '.join(DIMENSIONS)}", path="--contexts")
    return frozenset(found)
