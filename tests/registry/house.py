"""A registry that is published and served on loopback, and the ways to spoil it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import tomli_w
from tuf.api.metadata import Metadata

from provenance.registry import publishing
from provenance.registry.publishing import Content, Terms
from provenance.registry.remote import Location, Published, open_published
from provenance.registry.repository import Repository
from provenance.registry.signers import TufKey
from provenance.registry.store import FILE_NAME
from provenance.registry.unpublished import UnpublishedMetadata
from tests import forge
from tests.quiet import Quiet

OFFLINE = ("first", "other")
ONLINE = ("online",)


def hands(*names: str) -> tuple[TufKey, ...]:
    """The keys of these names."""
    return tuple(TufKey(forge.key(name).public, forge.key(name)) for name in names)


@dataclass(frozen=True, kw_only=True)
class House:
    """A folder with a trust.toml, the folder that is served, and the cache of a client."""

    root: Path
    url: str = ""
    terms: Terms = field(default_factory=lambda: Terms(at=datetime.now(UTC)))

    @property
    def file(self) -> Path:
        """The trust.toml."""
        return self.root / "source" / FILE_NAME

    @property
    def served(self) -> Path:
        """What is published."""
        return self.root / "served"

    @property
    def repository(self) -> Repository:
        """The same, as its publisher has it."""
        return Repository(self.served)

    def write(self, table: Mapping[str, Any]) -> None:
        """The trust.toml says this."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(tomli_w.dumps(table))

    def publish(
        self, table: Mapping[str, Any] | None = None, *, terms: Terms | None = None
    ) -> None:
        """The next version is published, by all keys."""
        if table is not None:
            self.write(table)
        self.put(publishing.content(self.file, None), terms or self.terms)

    def put(self, content: Content, terms: Terms | None = None) -> None:
        """The next version has just this content."""
        on = terms or self.terms
        with self.repository.opened():
            standing = self.repository.draft()
            first = standing or publishing.first(hands(*OFFLINE), hands(*ONLINE), on)
            self.commit(publishing.with_content(first, content, on), on)

    def commit(
        self, draft: UnpublishedMetadata, terms: Terms | None = None, keys: Sequence[str] = ()
    ) -> bool:
        """The draft is published, signed by all keys or those named."""
        on = terms or self.terms
        signing = hands(*(keys or (*OFFLINE, *ONLINE)))
        draft.sign(signing)
        return self.repository.commit(draft, signing, on.at, on.lifetimes)

    def pinned(self) -> bytes:
        """The root that was handed out."""
        return (self.served / "root.json").read_bytes()

    def client(self, root: bytes | None = None, **fields: Any) -> Published:
        """What a client reads, which trusts `root` or the one that is handed out."""
        place = {"url": self.url, "cache": self.root / "cache", "root": root or self.pinned()}
        return open_published(Location(**{**place, **fields}))

    def bend(self, name: str, change: Callable[[Metadata[Any]], None], *signing: str) -> None:
        """The published metadata `name` is changed, and signed anew by the keys named."""
        place = self.served / "metadata" / name
        metadata = Metadata[Any].from_file(str(place))
        change(metadata)
        if signing:
            metadata.signatures.clear()
            for tuf_key in hands(*signing):
                tuf_key.sign(metadata)
        metadata.to_file(str(place))


Answer = Callable[[SimpleHTTPRequestHandler], None]


def endless(handler: SimpleHTTPRequestHandler) -> None:
    """Sends for ever, as fast as it is read."""
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(bytes(1 << 16))


def trickling(handler: SimpleHTTPRequestHandler) -> None:
    """Sends a byte now and then, so that no single wait is long."""
    handler.send_response(200)
    handler.end_headers()
    for _ in range(200):
        handler.wfile.write(b"{")
        handler.wfile.flush()
        time.sleep(0.05)


def silent(handler: SimpleHTTPRequestHandler) -> None:
    """Says nothing for a while."""
    time.sleep(2)


def elsewhere(handler: SimpleHTTPRequestHandler) -> None:
    """Sends the client away."""
    handler.send_response(302)
    handler.send_header("Location", "http://127.0.0.1:9/")
    handler.end_headers()


def broken(handler: SimpleHTTPRequestHandler) -> None:
    """Fails."""
    handler.send_error(500)


class Site(AbstractContextManager["Site"]):
    """Serves a folder on loopback; `answers` take the place of files by the end of their path."""

    def __init__(self, folder: Path) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []
        site = self

        class Handler(Quiet, SimpleHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self.path)
                for end, answer in site.answers.items():
                    if self.path.endswith(end):
                        try:
                            answer(self)
                        except OSError:
                            self.close_connection = True
                        return
                super().do_GET()

        folder.mkdir(parents=True, exist_ok=True)
        handler = partial(Handler, directory=str(folder))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
