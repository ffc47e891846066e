"""The runner: its inputs, its files for outputs and summary, and its annotations."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence


class Stopped(Exception):
    """Nothing was judged, and why; `code` is the exit code of the step."""

    def __init__(self, why: str, code: int = 2) -> None:
        super().__init__(why)
        self.code = code


def given(name: str) -> str:
    """An input of the action."""
    return os.environ.get(f"INPUT_{name}", "").strip()


def choice(name: str, allowed: Sequence[str]) -> str:
    """An input that is one of a few words, or Stopped."""
    value = given(name)
    if value not in allowed:
        expected = ", ".join(allowed)
        called = name.lower().replace("_", "-")
        raise Stopped(f"{called}: expected one of {expected}; found {value!r}")
    return value


def append(variable: str, text: str) -> None:
    """One of the runner's files has this text too."""
    if file := os.environ.get(variable):
        with open(file, "a", encoding="utf-8") as stream:
            stream.write(text)


def output(name: str, value: str) -> None:
    """An output of the step; its end is a line that nobody can guess."""
    end = secrets.token_hex(16)
    append("GITHUB_OUTPUT", f"{name}<<{end}\n{value}\n{end}\n")


def annotate(kind: str, message: str, title: str = "") -> None:
    """An annotation of the run: `error`, `warning` or `notice`, on one line."""
    shown = " ".join(message.split()).replace("%", "%25")
    print(f"::{kind}{f' title={title}' if title else ''}::{shown}", flush=True)
