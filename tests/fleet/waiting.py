"""Waiting for what another process does, and not for ever."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from threading import Event

SECONDS, LOOK = 90.0, 0.01


def until(holds: Callable[[], bool], own: subprocess.Popen[str] | None = None) -> None:
    """Returns once it holds; an error where the process ends before, or nothing happens."""
    end = time.monotonic() + SECONDS
    while not holds():
        assert own is None or own.poll() is None, own.communicate()
        assert time.monotonic() < end
        Event().wait(LOOK)
