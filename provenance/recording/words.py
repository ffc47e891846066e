"""Errors of a run in the words of whoever wrote them: keywords in Python, and no options."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from provenance.errors import ConfigError, ProvenanceError
from provenance.formats.near import near

KEYWORDS: Mapping[str, str] = {
    "--as": "model",
    "--parent": "parents",
    "--dataset": "datasets",
    "--unverified-parent": "unverified_parent=True",
}
"""Keywords that are spelled otherwise than the options."""
OPTION = re.compile("`[^`]*`|--[a-z][a-z-]*")
"""A command that is to be typed as it is, or an option."""


class Run(Protocol):
    """Something that raises errors; `by_options` says that a command line gave its words."""

    by_options: bool


R = TypeVar("R", bound=Run)
P = ParamSpec("P")
T = TypeVar("T")


def in_keywords(text: str) -> str:
    """The text with the keyword of each option in its place, but for commands in backticks."""
    return OPTION.sub(_keyword, text)


def _keyword(match: re.Match[str]) -> str:
    option = match[0]
    if option.startswith("`"):
        return option
    return KEYWORDS.get(option, option.removeprefix("--").replace("-", "_"))


def spoken(method: Callable[Concatenate[R, P], T]) -> Callable[Concatenate[R, P], T]:
    """The method, whose errors name keywords."""

    @wraps(method)
    def speaking(run: R, /, *args: P.args, **words: P.kwargs) -> T:
        try:
            return method(run, *args, **words)
        except ProvenanceError as error:
            if not run.by_options:
                _reword(error)
            raise

    return speaking


def _reword(error: ProvenanceError) -> None:
    error.args = tuple(in_keywords(one) if isinstance(one, str) else one for one in error.args)
    if isinstance(error, ConfigError):
        error.path = in_keywords(error.path)


def check_known(words: Mapping[str, object], known: Mapping[str, object]) -> None:
    """Each word is a known keyword, or TypeError that names the nearest."""
    for name in words:
        if name not in known:
            raise TypeError(f"unexpected keyword argument {name!r}{near(name, known)}")
