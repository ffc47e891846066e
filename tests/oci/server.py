"""A registry of artifacts on loopback (OCI distribution 1.1, pulling), and how it may lie."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from threading import Lock, Thread
from types import TracebackType
from typing import Any, Protocol, Self

from tests.quiet import Quiet, QuietServer

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
PATH = re.compile(r"/v2/(?P<name>.+)/(?P<kind>manifests|blobs|referrers)/(?P<reference>[^/]+)")
RANGE = re.compile(r"bytes=([0-9]+)-([0-9]*)")
PIECE = 1 << 16


class Blob(Protocol):
    """Bytes of which as few are made as are asked for."""

    def __len__(self) -> int: ...

    def __getitem__(self, span: slice, /) -> bytes: ...


@dataclass(frozen=True)
class Zeros:
    """A beginning, and zeros up to a size: as large as nothing that is kept."""

    head: bytes
    size: int

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, span: slice, /) -> bytes:
        start, end, _ = span.indices(self.size)
        return self.head[start:end].ljust(max(0, end - start), b"\0")


@dataclass(frozen=True, kw_only=True)
class Request:
    """What was asked."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def kind(self) -> str:
        """What it is about: `manifests`, `blobs`, `referrers`, or nothing of these."""
        found = PATH.fullmatch(self.path)
        return found["kind"] if found else ""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is sent; `cut` is after how many bytes of the body the connection ends."""

    status: int = 200
    body: Blob = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None


Bend = Callable[[Request, Answer], Answer]


def honest(request: Request, answer: Answer) -> Answer:
    """The answer as it is."""
    return answer


@dataclass
class Registry:
    """What it holds, and `bend`, which may make another answer of each; a server while entered."""

    bend: Bend = honest
    serves_referrers: bool = True
    blobs: dict[str, Blob] = field(default_factory=dict)
    manifests: dict[tuple[str, str], tuple[bytes, str]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    traffic: int = 0
    lock: Lock = field(default_factory=Lock)

    def __enter__(self) -> Self:
        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.registry = self
        Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def host(self) -> str:
        """Its address with its port."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def source(self, name: str = "models/bot") -> str:
        """One of its repositories, as it is typed."""
        return f"oci://{self.host}/{name}"

    def blob(self, data: Blob, digest: str = "") -> str:
        """The blob is here; its digest."""
        named = digest or "sha256:" + sha256(data[:]).hexdigest()
        self.blobs[named] = data
        return named

    def manifest(
        self, document: Any, tag: str = "", name: str = "models/bot", media_type: str = MANIFEST
    ) -> str:
        """The manifest is here, by its digest and a tag; its digest."""
        data = document if isinstance(document, bytes) else json.dumps(document).encode()
        digest = "sha256:" + sha256(data).hexdigest()
        for reference in filter(None, (digest, tag)):
            self.manifests[name, reference] = (data, media_type)
        return digest

    def digest(self, tag: str, name: str = "models/bot") -> str:
        """What a tag stands for."""
        return "sha256:" + sha256(self.manifests[name, tag][0]).hexdigest()

    def answer(self, request: Request) -> Answer:
        """What an honest registry answers."""
        found = PATH.fullmatch(request.path)
        if not found:
            return Answer(status=404)
        name, kind, reference = found["name"], found["kind"], found["reference"]
        if kind == "manifests" and (name, reference) in self.manifests:
            data, media_type = self.manifests[name, reference]
            return Answer(body=data, headers={"Content-Type": media_type})
        if kind == "blobs" and reference in self.blobs:
            return _ranged(request, self.blobs[reference])
        if kind == "referrers" and self.serves_referrers:
            return Answer(body=self._referrers(name, reference), headers={"Content-Type": INDEX})
        return Answer(status=404)

    def _referrers(self, name: str, subject: str) -> bytes:
        found = []
        for (where, reference), (data, media_type) in self.manifests.items():
            document = json.loads(data) if reference.startswith("sha256:") else {}
            if where == name and (document.get("subject") or {}).get("digest") == subject:
                found.append(
                    {
                        "mediaType": media_type,
                        "digest": reference,
                        "size": len(data),
                        "artifactType": document.get("artifactType", ""),
                    }
                )
        return json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": found}).encode()


def _ranged(request: Request, blob: Blob) -> Answer:
    asked = RANGE.fullmatch(request.headers.get("range", ""))
    if not asked:
        return Answer(body=blob)
    size = len(blob)
    first, last = int(asked[1]), min(int(asked[2] or size - 1), size - 1)
    if first >= size:
        return Answer(status=416, headers={"Content-Range": f"bytes */{size}"})
    headers = {"Content-Range": f"bytes {first}-{last}/{size}"}
    return Answer(status=206, body=blob[first : last + 1], headers=headers)


class Server(QuietServer):
    """Whom its handlers ask."""

    registry: Registry


class Handler(Quiet):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def do_GET(self) -> None:
        """Any request."""
        registry = self.server.registry
        length = int(self.headers.get("Content-Length") or 0)
        request = Request(
            method=self.command,
            path=self.path,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length),
        )
        with registry.lock:
            registry.requests.append(request)
        self._send(registry.bend(request, registry.answer(request)))

    do_POST = do_GET

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if "Content-Length" not in answer.headers:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        end = len(answer.body) if answer.cut is None else answer.cut
        for start in range(0, end, PIECE):
            piece = answer.body[start : min(start + PIECE, end)]
            self.wfile.write(piece)
            with self.server.registry.lock:
                self.server.registry.traffic += len(piece)
        if answer.cut is not None:
            self.close_connection = True
