"""Questions to a server and answers from it, through a process of Inspect's that can be ended.

Whatever a server does, an answer or the reason for there being none comes in bounded time: each
question has its seconds, and where many in a row get no answer the rest is not asked.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import IO

from provenance.errors import ConfigError, SourceError
from provenance.probe.questions import Answer, Question
from provenance.probe.server import Served
from provenance.source.progress import Progress, Unit

EXTRA = ("inspect_ai", "openai")
BATCH = 200
STARTING = 300.0
"""Seconds until Inspect is loaded and has read its logs."""
IN_A_ROW = 12
"""So many questions without an answer, one behind the other, are the last."""
KEPT = ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "LD_LIBRARY_PATH", "TMPDIR")
FOR_OTHERS = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")
KEY, THEIR_KEY = "PROVENANCE_SERVER_KEY", "PROBE_API_KEY"
LONGEST = 1 << 20


def check_installed() -> None:
    """What questions are asked with is installed, or ConfigError."""
    lacking = [name for name in EXTRA if find_spec(name) is None]
    if lacking:
        step = "pip install 'hf-provenance[probe]'"
        raise ConfigError(f"needs {', '.join(lacking)}: {step}", path="probe")


@dataclass(frozen=True, slots=True, kw_only=True)
class AskingOptions:
    """How is asked: each question `samples` times, with this temperature and at most so many
    tokens; so many at once, each with its seconds. Logs are kept in `log`, if there is one."""

    samples: int = 1
    temperature: float = 0.0
    max_tokens: int = 256
    connections: int = 8
    timeout: float = 60.0
    log: Path | None = None

    def check(self) -> None:
        """ConfigError for what says nothing: the same asked several times without chance in it."""
        if self.samples > 1 and self.temperature == 0:
            said = "asked several times at temperature 0, the answers would be the same"
            raise ConfigError(f"{said}: add --temperature 0.7", path="--samples")


@dataclass(slots=True, kw_only=True)
class Asker:
    """Asks, and knows every answer that it got; a question that has one is not asked again."""

    progress: Progress
    connections: int
    patience: float
    into: IO[bytes]
    lines: Queue[bytes | None]
    tail: Path
    known: dict[str, Answer] = field(default_factory=dict)
    given_up: str = ""
    failing: int = 0

    def ask(self, questions: Iterable[Question], what: str) -> Mapping[str, Answer]:
        """An answer for each question, by its id."""
        wanted = {one.id: one for one in questions}
        left = iter([one for name, one in wanted.items() if name not in self.known])
        step = self.progress.step(what, len(wanted), Unit.ITEMS)
        step.advance(len(wanted.keys() & self.known.keys()))
        try:
            while batch := list(islice(left, BATCH)):
                for name, answer in self._batch(batch):
                    step.advance(name not in self.known)
                    self.known[name] = answer
        finally:
            step.end()
        return {name: self.known[name] for name in wanted}

    def begin(self, settings: Mapping[str, object]) -> None:
        """Inspect is told whom to ask, and what its logs know is known."""
        self._tell(settings)
        while True:
            line = self._next(STARTING)
            if "ready" in line:
                return
            self.known[str(line["id"])] = Answer.of_table(line)

    def _batch(self, batch: Sequence[Question]) -> Iterator[tuple[str, Answer]]:
        left = {one.id for one in batch}
        if not self.given_up:
            try:
                self._tell([one.table for one in batch])
                for name, answer in self._answers():
                    left.discard(name)
                    yield name, answer
            except SourceError as error:
                self.given_up = str(error)
        yield from ((name, Answer(problem=self.given_up or "not answered")) for name in left)

    def _answers(self) -> Iterator[tuple[str, Answer]]:
        while True:
            line = self._next(self.patience)
            if "done" in line:
                return
            answer = Answer.of_table(line)
            yield str(line["id"]), answer
            self.failing = self.failing + 1 if answer.problem else 0
            if self.failing >= max(IN_A_ROW, 2 * self.connections):
                said = f"{self.failing} questions in a row were not answered"
                raise SourceError(f"not asked, because {said}, the last: {answer.problem[:300]}")

    def _tell(self, message: object) -> None:
        try:
            self.into.write(json.dumps(message).encode() + b"\n")
            self.into.flush()
        except OSError:
            raise self._ended() from None

    def _next(self, seconds: float) -> dict[str, object]:
        try:
            line = self.lines.get(timeout=seconds)
        except Empty:
            raise SourceError(f"not answered: nothing came for {seconds:.0f} seconds") from None
        if line is None:
            raise self._ended()
        found: dict[str, object] = json.loads(line)
        return found

    def _ended(self) -> SourceError:
        said = self.tail.read_text("utf-8", "replace").strip().splitlines()
        return SourceError(f"Inspect ended: {' | '.join(said[-3:]) or 'it said nothing'}"[:2_000])


@contextmanager
def asking(
    options: AskingOptions,
    served: Served,
    run: Mapping[str, str],
    variables: Mapping[str, str],
    progress: Progress,
) -> Iterator[Asker]:
    """Whoever asks this server; afterwards nothing of it runs. `run` is what the logs say of it:
    answers of a run that says the same are known already.

    Raises SourceError where Inspect cannot be begun, ConfigError for a folder of logs that cannot
    be used.
    """
    with tempfile.TemporaryDirectory(prefix="provenance-probe-") as folder:
        logs = _logs(options.log or Path(folder, "logs"))
        tail = Path(folder, "said")
        with tail.open("wb") as said:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "provenance.probe.inspected"],
                env=_environment(variables, folder, served),
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                start_new_session=True,
            )
        try:
            into, out = _pipes(process)
            asker = Asker(
                progress=progress,
                connections=options.connections,
                patience=2 * options.timeout + STARTING,
                into=into,
                lines=_listening(out),
                tail=tail,
            )
            asker.begin(_settings(options, served, run, logs))
            yield asker
        finally:
            with suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    if process.stdin is None or process.stdout is None:
        raise SourceError("Inspect cannot be spoken to")
    return process.stdin, process.stdout


def _settings(
    options: AskingOptions, served: Served, run: Mapping[str, str], logs: Path
) -> dict[str, object]:
    sampling = f"{served.model} {options.temperature} {options.max_tokens}"
    return {
        "url": served.url,
        "model": served.model,
        "logs": str(logs.absolute()),
        "run": f"{run['manifest']} {served.command} {sampling}",
        "name": "probe",
        "said": dict(run),
        "connections": options.connections,
        "timeout": options.timeout,
        "temperature": options.temperature,
        "max_tokens": options.max_tokens,
        "proxies": served.told,
    }


def _logs(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"cannot be made: {error.strerror}", path=str(folder)) from None
    return folder


def _environment(variables: Mapping[str, str], home: str, served: Served) -> dict[str, str]:
    """What Inspect sees: no hook, no `.env`, no key but the one of a server that was named."""
    names = [*KEPT, *(name for name in FOR_OTHERS if served.told)]
    found = {name: variables[name] for name in names if name in variables}
    key = variables.get(KEY, "none") if served.told else "none"
    return {**found, "HOME": home, "PYTHONUTF8": "1", THEIR_KEY: key}


def _listening(stream: IO[bytes]) -> Queue[bytes | None]:
    """The lines of a stream as they come, then None."""
    lines: Queue[bytes | None] = Queue()

    def listen() -> None:
        with suppress(OSError, ValueError):
            for line in stream:
                lines.put(line)
        lines.put(None)

    Thread(target=listen, daemon=True).start()
    return lines
