"""A request, the answer to it, and the function that bends the answer: values without any I/O."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import parse_qs


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a client asked, and how many bytes of an answer's body went out to it."""

    method: str
    host: str
    """The host's name, without the port."""
    path: str
    """The path, decoded."""
    query: str
    authorization: str | None = None
    range: str | None = None
    sent: int = 0
    target: str
    """The path as it was sent: `%2F` is not `/` here."""
    origin: str
    """Scheme, host and port."""
    body: bytes = b""

    @property
    def token(self) -> str | None:
        """The bearer token."""
        return (self.authorization or "").removeprefix("Bearer ") or None

    @property
    def arguments(self) -> Mapping[str, str]:
        """The query, the last value of each name."""
        return {name: values[-1] for name, values in parse_qs(self.query).items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """`size` bytes of `source` from `start` on; beyond its end there are zeros."""

    source: bytes | Path
    start: int = 0
    size: int


Body = bytes | Stream


def length(body: Body) -> int:
    """How many bytes a body has."""
    return len(body) if isinstance(body, bytes) else body.size


def prefix(body: Body, size: int) -> Body:
    """The first `size` bytes of a body."""
    return body[:size] if isinstance(body, bytes) else replace(body, size=min(size, body.size))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is about to be sent, `delay` seconds from now.

    Content-Length is a header like any other: where it is absent or differs from the body's
    length, the connection closes after the body.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body = b""
    delay: float = 0.0

    def having(self, **headers: object) -> Answer:
        """This answer with other headers: `_` is read as `-`, and None takes a header away."""
        spelled = {name.replace("_", "-"): value for name, value in headers.items()}
        kept = {name: value for name, value in self.headers.items() if name not in spelled}
        added = {name: str(value) for name, value in spelled.items() if value is not None}
        return replace(self, headers={**kept, **added})

    def carrying(self, body: Body) -> Answer:
        """This answer with another body and the length of it."""
        return replace(self, body=body).having(Content_Length=length(body))


Hook = Callable[[Request, Answer], Answer]


def document(value: object, status: int = 200) -> Answer:
    """An answer in JSON."""
    return Answer(status=status, headers={"Content-Type": "application/json"}).carrying(
        json.dumps(value).encode()
    )


class Refused(Exception):
    """The Hub answers with an error, stated as the real one does: in two headers and a body."""

    def __init__(self, status: int, code: str | None, message: str, **headers: object) -> None:
        super().__init__(message)
        # A header is one line of ASCII, whatever name the client asked for.
        line = " ".join(message.split()).encode("ascii", "backslashreplace").decode()
        self.answer = document({"error": message}, status).having(
            X_Error_Code=code, X_Error_Message=line, **headers
        )
