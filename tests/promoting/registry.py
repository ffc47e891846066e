"""A registry on loopback that may be written to: uploads, manifests, and what refers to them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from hashlib import sha256
from threading import Thread
from typing import Self

from tests.oci.server import PATH, Answer, Handler, Registry, Request, Server

UPLOADS = re.compile(
    r"/v2/(?P<name>.+)/blobs/uploads/(?P<number>[0-9]*)(?:\?digest=(?P<digest>.*))?"
)


@dataclass
class Writable(Registry):
    """A registry that takes what is sent; `knows_subjects` says that it lists referrers itself,
    `dies_after` at which upload it closes every connection (None: never)."""

    knows_subjects: bool = True
    dies_after: int | None = None
    uploads: int = 0
    deleted: set[str] = field(default_factory=set)

    def __enter__(self) -> Self:
        self.serves_referrers = self.knows_subjects
        self._server = Server(("127.0.0.1", 0), Writing)
        self._server.registry = self
        Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def answer(self, request: Request) -> Answer:
        """What an honest registry answers."""
        if found := UPLOADS.fullmatch(request.path):
            return self._upload(request, found)
        found = PATH.fullmatch(request.path)
        if request.method == "PUT" and found and found["kind"] == "manifests":
            return self._take(request, found)
        return super().answer(request)

    def _upload(self, request: Request, found: re.Match[str]) -> Answer:
        if request.method == "POST":
            self.uploads += 1
            if self.dies_after is not None and self.uploads > self.dies_after:
                return Answer(status=500)
            location = f"/v2/{found['name']}/blobs/uploads/{self.uploads}"
            return Answer(status=202, headers={"Location": location})
        digest = found["digest"].replace("%3A", ":")
        if digest != "sha256:" + sha256(request.body).hexdigest():
            return Answer(status=400, body=b"DIGEST_INVALID")
        self.blobs[digest] = request.body
        return Answer(status=201)

    def _take(self, request: Request, found: re.Match[str]) -> Answer:
        document = json.loads(request.body)
        named = [document.get("config"), *document.get("layers", [])]
        if any(one and one["digest"] not in self.blobs for one in named):
            return Answer(status=404, body=b"MANIFEST_BLOB_UNKNOWN")
        kind = request.headers["content-type"]
        tag = "" if found["reference"].startswith("sha256:") else found["reference"]
        self.manifest(request.body, tag, found["name"], kind)
        subject = document.get("subject") if self.knows_subjects else None
        return Answer(status=201, headers={"OCI-Subject": subject["digest"]} if subject else {})

    def tags(self, name: str) -> dict[str, bytes]:
        """The manifests that tags of a repository name."""
        return {
            reference: data
            for (where, reference), (data, _) in self.manifests.items()
            if where == name and not reference.startswith("sha256")
        }


class Writing(Handler):
    """One connection of a client that may write."""

    def do_HEAD(self) -> None:
        """As GET, without the body."""
        self.do_GET()

    def do_PUT(self) -> None:
        """A manifest, or a blob."""
        self.do_GET()

    def _send(self, answer: Answer) -> None:
        super()._send(
            Answer(
                status=answer.status,
                headers={"Content-Length": str(len(answer.body)), **answer.headers},
            )
            if self.command == "HEAD"
            else answer
        )
