"""Who answers: a server that is started on the model's directory, or one that runs already.

What is started gets a port of the loopback, an empty working directory, no token and no network of
a Hub; it ends with its whole process group, however this process ends its work.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from threading import Thread, current_thread, main_thread
from types import FrameType
from typing import IO, NoReturn
from urllib.parse import urlsplit

from provenance.errors import ConfigError, Malformed, SourceError
from provenance.formats import json
from provenance.formats.fields import Fields
from provenance.probe import guarded

DEFAULT = "transformers serve {model} --host 127.0.0.1 --port {port}"
MODEL, PORT = "{model}", "{port}"
LOOPBACK = "127.0.0.1"
HEALTHY = ("/health", "/v1/models")
MAX_BODY, TAIL = 1 << 20, 4_000
TURN, ASKING, ENDING = 0.2, 5.0, 5.0
"""Seconds: between two looks, for one answer about its health, and until it is killed."""
SECRET = ("TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "API_KEY", "ACCESS_KEY")
"""Within the name of a variable that a server has no use for."""
SAID = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    "HF_TOKEN_PATH": os.devnull,
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
}


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
    with _begun(options.words(place.absolute(), port := _free()), variables) as process:
        base = f"http://{LOOPBACK}:{port}"
        process.wait_until_up(base, options.start)
        model = _named(f"{base}/v1", options, place.absolute())
        yield Served(url=f"{base}/v1", model=model, command=options.server)


class Process:
    """A server that was started, and the end of what it says."""

    def __init__(self, words: Sequence[str], variables: Mapping[str, str], folder: str) -> None:
        guard = [sys.executable, "-I", "-S", guarded.__file__]
        try:
            self._process = subprocess.Popen(
                [*guard, *words],
                env=variables,
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            reason = error.strerror or error
            raise ConfigError(
                f"{words[0]!r} cannot be started: {reason}", path="--server"
            ) from None
        self._said = b""
        Thread(target=self._listen, args=(self._process.stdout,), daemon=True).start()

    def _listen(self, stream: IO[bytes] | None) -> None:
        with suppress(OSError, ValueError):
            while stream and (data := os.read(stream.fileno(), 1 << 16)):
                self._said = (self._said + data)[-TAIL:]

    @property
    def tail(self) -> str:
        """The last lines that it said."""
        text = self._said.decode("utf-8", "replace")
        return " | ".join(line.strip() for line in text.splitlines()[-8:] if line.strip())

    def wait_until_up(self, base: str, seconds: float) -> None:
        """It answers, or SourceError."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self._process.poll() is not None:
                code = self._process.returncode
                raise SourceError(
                    f"the server ended with code {code} before it was up: {self.tail}"
                )
            if any(get(base + path) is not None for path in HEALTHY):
                return
            time.sleep(TURN)
        said = (
            f"the server was not up after {seconds:.0f} seconds: {self.tail or 'it said nothing'}"
        )
        raise SourceError(f"{said}; to wait longer: --start-timeout {2 * seconds:.0f}")

    def end(self) -> None:
        """It is gone, with all that it started."""
        for number, seconds in ((signal.SIGTERM, ENDING), (signal.SIGKILL, ENDING)):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=seconds)
        for stream in filter(None, (self._process.stdin, self._process.stdout)):
            stream.close()


@contextmanager
def _begun(words: Sequence[str], variables: Mapping[str, str]) -> Iterator[Process]:
    with tempfile.TemporaryDirectory(prefix="provenance-probe-") as folder, _interruptible():
        process = Process(words, environment_of(variables), folder)
        try:
            yield process
        finally:
            process.end()


def environment_of(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables of a server: the caller's without what is secret, and offline."""
    kept = {
        name: value
        for name, value in variables.items()
        if not any(word in name.upper() for word in SECRET)
    }
    return kept | SAID


@contextmanager
def _interruptible() -> Iterator[None]:
    """Whoever ends this process lets it end the server first."""
    before = {}
    if current_thread() is main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            before[number] = signal.signal(number, _interrupt)
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former or signal.SIG_DFL)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


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


def get(url: str) -> bytes | None:
    """What a server answers with status 200, at most MAX_BODY of it, or None."""
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    try:
        connection = kind(parts.hostname or "", parts.port, timeout=ASKING)
    except (HTTPException, ValueError):
        return None
    try:
        connection.request("GET", parts.path or "/")
        response = connection.getresponse()
        return response.read(MAX_BODY) if response.status == 200 else None
    except (OSError, HTTPException, ValueError):
        return None
    finally:
        connection.close()
