"""A command run as the user's own: the same terminal and streams, its signals and its exit code."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from threading import current_thread, main_thread
from types import FrameType

from provenance.errors import ConfigError

FORWARDED = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
"""What whoever started this sends to it alone, and means the command."""
OF_A_TERMINAL = (signal.SIGINT, signal.SIGQUIT)
"""What a terminal sends to every process before it, the command among them."""
TERMINAL = "/dev/tty"
KILLED = 128
TURN = 0.2
"""Seconds after which a wait looks whether a signal came."""
Handler = Callable[[int, FrameType | None], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended: its exit code, or the signal that ended it."""

    code: int
    signal: int = 0

    @property
    def well(self) -> bool:
        """Whether it says that it did what it was to do."""
        return self.code == 0

    @property
    def said(self) -> str:
        """How it ended, in words."""
        if self.signal:
            return f"the command was ended by {signal.Signals(self.signal).name}"
        return f"the exit code of the command is {self.code}"


def check(words: Sequence[str], variables: Mapping[str, str]) -> None:
    """ConfigError for a command that there is not."""
    if which(words[0], path=variables.get("PATH")) is None:
        raise ConfigError(
            f"there is no command {words[0]!r}: expected the program that trains", path="COMMAND"
        )


def run(words: Sequence[str], variables: Mapping[str, str], folder: Path) -> Ended:
    """The command has run to its end in `folder`, with these variables.

    What is sent to this process meanwhile is sent on to it; this process waits all the same.
    ConfigError where it cannot be started.
    """
    with _forwarding() as started:
        try:
            process = subprocess.Popen(list(words), env=dict(variables), cwd=folder)
        except OSError as error:
            reason = error.strerror or error
            raise ConfigError(f"{words[0]!r} cannot be started: {reason}", path="COMMAND") from None
        started(process)
        code = _ended(process)
    return Ended(code=KILLED - code, signal=-code) if code < 0 else Ended(code=code)


def _ended(process: subprocess.Popen[bytes]) -> int:
    """Its exit code, waited for in short turns: a signal that comes just before a wait without end
    is handled only after it."""
    while True:
        try:
            return process.wait(timeout=TURN)
        except subprocess.TimeoutExpired:
            continue


@dataclass(slots=True)
class _Started:
    """The process that signals go to, once it is there; those of before are kept for it."""

    process: subprocess.Popen[bytes] | None = None
    early: int = 0

    def __call__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        if self.early:
            process.send_signal(self.early)

    def forward(self, number: int, _: FrameType | None) -> None:
        if self.process:
            self.process.send_signal(number)
        else:
            self.early = number

    def leave(self, number: int, frame: FrameType | None) -> None:
        """The terminal has told the command itself, unless only this process was meant."""
        if not _before_a_terminal():
            self.forward(number, frame)


@contextmanager
def _forwarding() -> Iterator[_Started]:
    """Signals go to the command; handlers are the caller's again after it."""
    started = _Started()
    handlers: dict[signal.Signals, Handler] = {
        **dict.fromkeys(FORWARDED, started.forward),
        **dict.fromkeys(OF_A_TERMINAL, started.leave),
    }
    before = {}
    for number, handler in handlers.items() if current_thread() is main_thread() else ():
        if signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, handler)
    try:
        yield started
    finally:
        for number, former in before.items():
            signal.signal(number, former or signal.SIG_DFL)


def _before_a_terminal() -> bool:
    """Whether this process is of the group that a terminal sends its signals to."""
    try:
        descriptor = os.open(TERMINAL, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(descriptor)
