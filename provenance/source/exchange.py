"""One exchange with a server: over in time, whatever it sends, and what went wrong in words."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

from provenance.source.together import awaited

T = TypeVar("T")

PRIVATE_CA = "SSL_CERT_FILE"
"""The variable that names a private authority's certificates, for a Hub and registries alike."""
WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (ConnectionRefusedError, "no server answers there (connection refused)"),
    (ConnectionError, "the server closed the connection"),
    (socket.gaierror, "no server has this name"),
    (TimeoutError, "the server does not answer in time"),
    (ssl.SSLError, "no secure connection could be made"),
    (http.client.HTTPException, "the server's answer is not HTTP, or is cut off"),
)
"""What went wrong, by the last cause that is Python's own: libraries' words name their insides."""
LONGEST_REASON = 300
LEAST = 1 << 16
"""Bytes of a download that must come in the time that one answer may take."""


def within(seconds: float, function: Callable[[], T]) -> T:
    """What `function` returns or raises; TimeoutError if neither happens within so many seconds.

    The limits that HTTP libraries know are for one wait. A server that sends a byte now and then,
    in its status line, headers, `100 Continue`s, chunk extensions or trailers, keeps within them
    for ever: then the exchange goes on in a thread that nobody waits for.
    """
    return awaited(_begun(function), seconds)


def moving(seconds: float, moved: Callable[[], int], function: Callable[[], T]) -> T:
    """What `function` returns or raises; TimeoutError once less than `LEAST` came in such a time.

    `moved` counts the bytes. A large file takes as long as it takes, and a drip does not.
    """
    result = _begun(function)
    while True:
        before = moved()
        try:
            return awaited(result, seconds)
        except TimeoutError:
            if result.done() or moved() - before < LEAST:
                raise


def _begun(function: Callable[[], T]) -> Future[T]:
    """What becomes of `function`, in a thread that nobody has to wait for."""
    result: Future[T] = Future()

    def run() -> None:
        try:
            result.set_result(function())
        except BaseException as error:
            result.set_exception(error)

    Thread(target=run, daemon=True, name="exchange").start()
    return result


def reason(error: BaseException) -> str:
    """What went wrong on the way to a server, on one line, and the remedy where one is known."""
    if is_untrusted(error):
        return (
            "its certificate is not signed by an authority that this machine trusts; for a private "
            f"CA, set {PRIVATE_CA} to a PEM file with its certificates (it holds for Hub and "
            "registries)"
        )
    for cause in causes(error):
        for kind, words in WORDS:
            if isinstance(cause, kind):
                return words
    own = [cause for cause in causes(error) if isinstance(cause, OSError) and cause.strerror]
    said = str(own[-1].strerror) if own else str(error)
    short = " ".join(said.split())[:LONGEST_REASON]
    return short or type(error).__name__


def causes(error: BaseException) -> Iterator[BaseException]:
    """The error and, one after the other, what led to it, as HTTP libraries wrap it."""
    seen: set[int] = set()
    cause: object = error
    while isinstance(cause, BaseException) and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        inner = [arg for arg in cause.args if isinstance(arg, BaseException)]
        inner += [r for r in [getattr(cause, "reason", None)] if isinstance(r, BaseException)]
        cause = cause.__cause__ or cause.__context__ or next(iter(inner), None)


def is_untrusted(error: BaseException) -> bool:
    """Whether it failed because a certificate did not verify."""
    return any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes(error))
