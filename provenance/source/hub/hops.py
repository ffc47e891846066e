"""That huggingface_hub, too, follows no redirect to where it must not lead."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import Protocol
from urllib.parse import urlsplit

from huggingface_hub import get_session

from provenance.source.reach import HTTPS, Path, reach


class Hop(Protocol):
    """A request as an event hook is given it."""

    @property
    def url(self) -> object:
        """Where it goes."""


_way: ContextVar[Path | None] = ContextVar("way", default=None)
_hooking = Lock()


@contextmanager
def starting_at(endpoint: str) -> Iterator[None]:
    """Within the block every request of this thread, redirects included, keeps to these rules."""
    _attach()
    parts = urlsplit(endpoint)
    token = _way.set(Path(least=reach(parts.hostname or ""), secure=parts.scheme == HTTPS))
    try:
        yield
    finally:
        _way.reset(token)


def _attach() -> None:
    """The client that huggingface_hub shares asks before each hop, once."""
    with _hooking:
        session = get_session()
        hooks = session.event_hooks
        if _ask not in hooks["request"]:
            session.event_hooks = {**hooks, "request": [*hooks["request"], _ask]}


def _ask(request: Hop) -> None:
    if way := _way.get():
        way.step(str(request.url))
