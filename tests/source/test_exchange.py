"""One exchange with a server: over in time whatever drips, in words whatever breaks."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from provenance.errors import SourceError
from provenance.registry.fetcher import ServerFetcher
from provenance.registry.remote import Location, open_published
from provenance.source.exchange import LEAST, moving
from provenance.source.hub import client
from provenance.source.limits import Limits
from provenance.source.remote.budget import RequestBudget
from tests.registry.house import House

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
ONCE = 0.02
PATIENCE = 0.6
DRIPS = 500
"""Far more drips than patience lasts; then the answer is whole, so that whoever waited accepts."""

Drip = Callable[[], Iterator[bytes]]


def status_line() -> Iterator[bytes]:
    """The reason phrase never ends."""
    yield b"HTTP/1.1 200 "
    yield from (b"O" for _ in range(DRIPS))
    yield b"\r\nContent-Length: 2\r\n\r\n{}"


def headers() -> Iterator[bytes]:
    """One header more, again and again."""
    yield HEAD
    for number in range(DRIPS):
        yield b"X-%d: y\r\n" % (number % 50)
    yield b"Content-Length: 2\r\n\r\n{}"


def one_header() -> Iterator[bytes]:
    """The value of a header never ends."""
    yield HEAD + b"X: "
    yield from (b"y" for _ in range(DRIPS))
    yield b"\r\nContent-Length: 2\r\n\r\n{}"


def continues() -> Iterator[bytes]:
    """`100 Continue`, though nothing was to be sent."""
    yield from (b"HTTP/1.1 100 Continue\r\n\r\n" for _ in range(DRIPS))
    yield HEAD + b"Content-Length: 2\r\n\r\n{}"


def chunk_extension() -> Iterator[bytes]:
    """What stands behind the size of a chunk never ends."""
    yield CHUNKED + b"2;x="
    yield from (b"y" for _ in range(DRIPS))
    yield b"\r\n{}\r\n0\r\n\r\n"


def body() -> Iterator[bytes]:
    """A chunk of one byte, again and again."""
    yield CHUNKED
    yield from (b"1\r\n \r\n" for _ in range(DRIPS))
    yield b"2\r\n{}\r\n0\r\n\r\n"


def trailers() -> Iterator[bytes]:
    """The answer is there, and what comes behind it never ends."""
    yield CHUNKED + b"2\r\n{}\r\n0\r\n"
    yield from (b"X: y\r\n" for _ in range(DRIPS))
    yield b"\r\n"


DRIPPING = [status_line, headers, one_header, continues, chunk_extension, body, trailers]

BROKEN: dict[str, bytes] = {
    "nothing": b"",
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n",
    "a status of letters": b"HTTP/1.1 abc OK\r\n\r\n",
    "no status": b"HTTP/1.1\r\n\r\n",
    "a header without a colon": HEAD + b"rubbish\r\n\r\n{}",
    "two lengths": HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
    "a length of letters": HEAD + b"Content-Length: two\r\n\r\n{}",
    "a length below zero": HEAD + b"Content-Length: -5\r\n\r\n{}",
    "half a body": HEAD + b"Content-Length: 20000\r\n\r\n{}",
    "a chunk size of letters": CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n",
    "a chunk cut off": CHUNKED + b"ffff\r\n{}",
    "no last chunk": CHUNKED + b"2\r\n{}\r\n",
    "gzip that is none": HEAD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    "a header of a megabyte": HEAD + b"X: " + b"y" * (1 << 20) + b"\r\n\r\n{}",
    "a hundred thousand headers": HEAD + b"X: y\r\n" * 100_000 + b"\r\n{}",
    "another protocol": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
    "a redirect to nowhere": (
        b"HTTP/1.1 302 Found\r\nLocation: http://[\r\nContent-Length: 0\r\n\r\n"
    ),
    "a redirect to another scheme": (
        b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n"
    ),
}


@contextmanager
def serving(answer: Drip, wait: float) -> Iterator[str]:
    """The URL of a server that answers every request so, `wait` seconds before each piece."""
    over = Event()

    def serve(listener: socket.socket) -> None:
        while not over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            Thread(target=speak, args=(connection,), daemon=True).start()

    def speak(connection: socket.socket) -> None:
        with connection:
            try:
                connection.recv(1 << 16)
                for piece in answer():
                    if over.wait(wait):
                        return
                    connection.sendall(piece)
            except OSError:
                """The client has gone."""

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=serve, args=(listener,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)  # closing alone wakes nobody who waits in accept
            thread.join()


def ask_hub(url: str) -> None:
    hub = client.Hub(endpoint=url, sleep=lambda seconds: None, patience=PATIENCE)
    question = client.Question(url=f"{url}/api/models/a/b", repo="a/b", most=1 << 20)
    hub.ask(question, RequestBudget(Limits()))


def ask_registry(url: str, folder: Path) -> None:
    house = House(root=folder)
    house.publish({"version": 1, "name": "tests"})
    place = Location(url=url, root=house.pinned())
    open_published(place, ServerFetcher(answer=5, whole=PATIENCE))


@pytest.mark.parametrize("drip", DRIPPING)
def test_a_hub_that_drips_is_given_up(drip: Drip) -> None:
    with serving(drip, ONCE) as url, pytest.raises(SourceError, match="no end after"):
        ask_hub(url)


@pytest.mark.parametrize("drip", DRIPPING)
def test_a_registry_that_drips_is_given_up(drip: Drip, tmp_path: Path) -> None:
    with serving(drip, ONCE) as url, pytest.raises(SourceError, match="was not here after"):
        ask_registry(url, tmp_path)


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_answer_of_a_hub_is_none(kind: str) -> None:
    with serving(lambda: iter([BROKEN[kind]]), 0) as url, pytest.raises(SourceError):
        ask_hub(url)


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_answer_of_a_registry_is_none(kind: str, tmp_path: Path) -> None:
    with serving(lambda: iter([BROKEN[kind]]), 0) as url, pytest.raises(SourceError):
        ask_registry(url, tmp_path)


def test_a_download_may_take_its_time_as_long_as_it_moves() -> None:
    came = []

    def slowly() -> str:
        for _ in range(5):
            came.append(LEAST)
            Event().wait(2 * ONCE)
        return "whole"

    assert moving(4 * ONCE, lambda: sum(came), slowly) == "whole"
    with pytest.raises(TimeoutError):
        moving(4 * ONCE, lambda: 0, slowly)
