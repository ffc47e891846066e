"""The Hub as a server on loopback, as long as a block runs."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from threading import Event, Lock, Thread
from types import TracebackType
from urllib.parse import unquote, urlsplit

from tests.hub.answers import answer
from tests.hub.site import Site
from tests.hub.values import Answer, Hook, Request, Stream, length
from tests.quiet import Quiet, QuietServer

CHUNK = 1 << 20
ZEROS = bytes(CHUNK)


class Hub(Site):
    """A Hub that answers at `url` within a `with` block, and notes every request."""

    def __init__(self, root: Path) -> None:
        super().__init__(root / "hub")
        self.requests: list[Request] = []
        self.closing = Event()
        self._hooks: list[tuple[re.Pattern[str], Hook]] = []
        self._noting = Lock()
        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.hub = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Hub:
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    def on(self, pattern: str, hook: Hook) -> None:
        """Every answer to a path that matches goes through `hook` first."""
        self._hooks.append((re.compile(pattern), hook))

    def after(self, count: int, pattern: str, hook: Hook) -> None:
        """As `on`, from the request after the first `count` that match."""
        seen = iter(range(count))
        self.on(pattern, lambda q, a: hook(q, a) if next(seen, None) is None else a)

    def calm(self) -> None:
        """No answer is bent any more."""
        self._hooks.clear()

    def bent(self, request: Request) -> Answer:
        """The answer to a request, after every hook that it concerns."""
        found = answer(self, request)
        for pattern, hook in self._hooks:
            if pattern.search(request.path):
                found = hook(request, found)
        return found

    def note(self, request: Request) -> None:
        """The request was answered."""
        with self._noting:
            self.requests.append(request)

    def clear(self) -> None:
        """No request was ever made."""
        with self._noting:
            self.requests.clear()

    def traffic(self) -> int:
        """How many bytes of bodies went out."""
        return sum(request.sent for request in self.requests)

    def hosts_with_token(self) -> set[str]:
        """The host names that were sent an authorization."""
        return {request.host for request in self.requests if request.authorization}


class Server(QuietServer):
    """Whom its handlers ask."""

    request_queue_size = 128
    hub: Hub


class Handler(Quiet):
    """One connection."""

    protocol_version = "HTTP/1.1"
    # Or each body waits 40 ms for the client to acknowledge the headers.
    disable_nagle_algorithm = True
    server: Server

    def do_GET(self) -> None:
        """Any request."""
        request = self._request()
        found = self.server.hub.bent(request)
        if found.delay and self.server.hub.closing.wait(found.delay):
            return
        self.server.hub.note(replace(request, sent=self._send(found)))

    do_HEAD = do_GET
    do_POST = do_GET

    def _request(self) -> Request:
        parts = urlsplit(self.path)
        host = self.headers.get("Host", "")
        return Request(
            method=self.command,
            host=host.partition(":")[0],
            path=unquote(parts.path),
            query=parts.query,
            authorization=self.headers.get("Authorization"),
            range=self.headers.get("Range"),
            target=parts.path,
            origin=f"http://{host}",
            body=self.rfile.read(int(self.headers.get("Content-Length") or 0)),
        )

    def _send(self, found: Answer) -> int:
        self.send_response(found.status)
        for name, value in found.headers.items():
            self.send_header(name, value)
        if found.headers.get("Content-Length") != str(length(found.body)):
            self.close_connection = True
            self.send_header("Connection", "close")
        self.end_headers()
        return self._body(found) if self.command != "HEAD" else 0

    def _body(self, found: Answer) -> int:
        body = found.body
        if isinstance(body, bytes):
            self.wfile.write(body)
            return len(body)
        return self._stream(body) if isinstance(body.source, Path) else self._sliced(body)

    def _sliced(self, body: Stream) -> int:
        assert isinstance(body.source, bytes)
        data = body.source[body.start : body.start + body.size]
        self.wfile.write(data)
        left = body.size - len(data)
        while left > 0:
            self.wfile.write(ZEROS[:left])
            left -= CHUNK
        return body.size

    def _stream(self, body: Stream) -> int:
        assert isinstance(body.source, Path)
        self.wfile.flush()
        sent = 0
        with body.source.open("rb") as file:
            while sent < body.size:
                at, most = body.start + sent, min(body.size - sent, 64 * CHUNK)
                count = os.sendfile(self.connection.fileno(), file.fileno(), at, most)
                if not count:
                    break
                sent += count
        return sent
