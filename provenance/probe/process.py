"""A server that was started: its process, what it says, and its end.

It gets an empty working directory, no token and no network of a Hub; it ends with its whole process
group, however this process ends its work.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from threading import Thread, current_thread, main_thread
from types import FrameType
from typing import IO, NoReturn
from urllib.parse import urlsplit

from provenance.errors import ConfigError, SourceError
from provenance.probe import guarded

HEALTHY = ("/health", "/v1/models")
JSON = {"Content-Type": "application/json"}
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


class Ended(SourceError):
    """A server ended before it was up; the message has what it said."""


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
                raise Ended(f"the server ended with code {code} before it was up: {self.tail}")
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
def begun(words: Sequence[str], variables: Mapping[str, str]) -> Iterator[Process]:
    """A process that runs inside, and is gone afterwards, however that ended; ConfigError for a
    command that cannot be started."""
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


def get(url: str, body: bytes | None = None, seconds: float = ASKING) -> bytes | None:
    """What a server answers with status 200, at most MAX_BODY of it, or None; JSON that is sent to
    it is posted."""
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    try:
        connection = kind(parts.hostname or "", parts.port, timeout=seconds)
    except (HTTPException, ValueError):
        return None
    try:
        method, headers = ("POST", JSON) if body else ("GET", {})
        connection.request(method, parts.path or "/", body, headers)
        response = connection.getresponse()
        return _body(response, time.monotonic() + seconds) if response.status == 200 else None
    except (OSError, HTTPException, ValueError):
        return None
    finally:
        connection.close()


def _body(response: HTTPResponse, until: float) -> bytes | None:
    """What is answered until this moment, at most MAX_BODY of it; None where it goes on."""
    data = b""
    while len(data) < MAX_BODY and (piece := response.read1(MAX_BODY - len(data))):
        data += piece
        if time.monotonic() > until:
            return None
    return data
