"""The one table of reports that are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from provenance.errors import Malformed
from provenance.evaluations import garak, inspect, junit, lm_eval
from provenance.evaluations.report import Report

HEAD = 8192
"""Bytes by which a kind is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A form of reports: what it is called, whether a file begins so, and what reads it.

    `read` takes a stream at its beginning that can be moved, and raises Malformed.
    """

    called: str
    is_one: Callable[[bytes], bool]
    read: Callable[[BinaryIO], Report]


KINDS: Mapping[str, Kind] = {
    "garak": Kind(called="a garak report (JSONL)", is_one=garak.is_one, read=garak.read),
    "inspect": Kind(
        called="an Inspect log (.eval, .json)", is_one=inspect.is_one, read=inspect.read
    ),
    "junit": Kind(called="JUnit XML", is_one=junit.is_one, read=junit.read),
    "lm-eval": Kind(called="lm-eval results (JSON)", is_one=lm_eval.is_one, read=lm_eval.read),
}
"""By the name that `--kind` takes."""


def kind_of(head: bytes) -> str:
    """The name of the kind of a file that begins so, or Malformed."""
    for name, kind in KINDS.items():
        if kind.is_one(head):
            return name
    known = ", ".join(kind.called for kind in KINDS.values())
    raise Malformed(f"expected {known}; found a file that begins with {head[:24]!r}")
