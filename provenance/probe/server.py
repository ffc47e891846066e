"""Who answers: a server that is started on the model's directory, or one that runs already."""

from __future__ import annotations

import shlex
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from provenance.errors import ConfigError, Malformed, SourceError
from provenance.formats import json
from provenance.formats.fields import Fields
from provenance.probe.process import Ended, begun, get

DEFAULT = "transformers serve {model} --host 127.0.0.1 --port {port}"
BATCHED = f"{DEFAULT} --continuous-batching --cb-num-blocks 256 --cb-block-size 32"
"""The default where it can answer several questions in a step, which is quicker."""
MODEL, PORT = "{model}", "{port}"
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A server that answers: where, under which name, and by what it was started.

    `told` says that somebody else started it: which bytes answer is then hearsay.
    """

    url: str
    model: str
    command: str
    told: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOptions:
    """As the caller says it: a command with `{model}` and `{port}`, or the URL of a server that
    runs; which name it serves the model by; how long its start may take, in seconds."""

    server: str = DEFAULT
    served: str = ""
    start: float = 600.0

    @property
    def runs_already(self) -> bool:
        """Whether it is a URL."""
        return self.server.startswith(("http://", "https://"))

    @property
    def quicker(self) -> str | None:
        """What is tried before the command: another way to start the same one."""
        return BATCHED if self.server == DEFAULT else None

    def words(self, model: Path, port: int) -> list[str]:
        """The command, word by word, or ConfigError."""
        try:
            words = shlex.split(self.server)
        except ValueError as error:
            raise ConfigError(f"cannot be split into words: {error}", path="--server") from None
        if not words or any(place not in self.server for place in (MODEL, PORT)):
            said = (
                f"expected a URL or a command with {MODEL} and {PORT}, found {self.server!r:.200}"
            )
            raise ConfigError(f"{said}; the default is --server '{DEFAULT}'", path="--server")
        return [w.replace(MODEL, str(model)).replace(PORT, str(port)) for w in words]

    def check(self, variables: Mapping[str, str]) -> None:
        """ConfigError for a command that cannot be, or that there is not."""
        if self.runs_already:
            return
        program = self.words(Path(), 1)[0]
        if shutil.which(program, path=variables.get("PATH")) is None:
            step = (
                "pip install 'transformers[serving]' torch, or name another with --server"
                if self.server == DEFAULT
                else f"install it, or leave --server out for '{DEFAULT}'"
            )
            raise ConfigError(f"there is no command {program!r}: {step}", path="--server")


@contextmanager
def serving(options: ServerOptions, place: Path, variables: Mapping[str, str]) -> Iterator[Served]:
    """A server that answers; one that was started is gone afterwards.

    Raises ConfigError for a command that cannot be started, SourceError for a server that dies, is
    not up in time, or does not say which model it serves.
    """
    if options.runs_already:
        url = options.server.rstrip("/")
        yield Served(url=url, model=_named(url, options, None), command=options.server, told=True)
        return
    with ExitStack() as stack:
        yield _quicker(options, place, variables, stack) or stack.enter_context(
            _started(options, place, variables)
        )


def _quicker(
    options: ServerOptions, place: Path, variables: Mapping[str, str], stack: ExitStack
) -> Served | None:
    """The server by its quicker command, if there is one by which it starts and answers."""
    if options.quicker is None:
        return None
    with ExitStack() as trial, suppress(Ended):
        quicker = replace(options, server=options.quicker)
        served = trial.enter_context(_started(quicker, place, variables))
        question = {"role": "user", "content": "Hello."}
        asked = {"model": served.model, "messages": [question], "max_tokens": 1}
        answer = get(f"{served.url}/chat/completions", json.compact(asked), options.start)
        if answer is not None:
            stack.push(trial.pop_all())
            return served
    return None


@contextmanager
def _started(options: ServerOptions, place: Path, variables: Mapping[str, str]) -> Iterator[Served]:
    with begun(options.words(place.absolute(), port := _free()), variables) as process:
        base = f"http://{LOOPBACK}:{port}"
        process.wait_until_up(base, options.start)
        model = _named(f"{base}/v1", options, place.absolute())
        yield Served(url=f"{base}/v1", model=model, command=options.server)


def _free() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as one:
        one.bind((LOOPBACK, 0))
        return int(one.getsockname()[1])


def _named(url: str, options: ServerOptions, place: Path | None) -> str:
    """The name by which the server serves the model, or SourceError."""
    if options.served:
        return options.served
    data = get(f"{url}/models")
    if data is None:
        raise SourceError(f"{url}/models does not answer: expected a server of the OpenAI API")
    try:
        rows = Fields(json.loads(data)).rows("data")
    except Malformed as error:
        raise SourceError(f"{url}/models: expected a list of models: {error}") from None
    names = [name for row in rows if isinstance(name := row.get("id"), str)]
    if place is not None and str(place) in names:
        return str(place)
    if len(names) != 1:
        listed = ", ".join(name[:80] for name in names[:5]) or "none"
        raise SourceError(f"{url} serves {listed}: say which is meant with --served NAME")
    return names[0]
