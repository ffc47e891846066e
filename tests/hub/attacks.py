"""Hooks that make the Hub lie, stall or break off: for `hub.on(pattern, hook)`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tests.hub.values import Answer, Hook, Request, Stream, length, prefix

GIB = 1 << 30
STATED = ("X-Linked-Etag", "ETag", "X-Xet-Hash")


def _rows(change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> Hook:
    """A hook that changes the rows of a listing."""

    def hook(request: Request, answer: Answer) -> Answer:
        value = json.loads(answer.body) if isinstance(answer.body, bytes) and answer.body else None
        if answer.status != 200 or not isinstance(value, list):
            return answer
        return answer.carrying(json.dumps(change(value)).encode())

    return hook


def drop_hashes(request: Request, answer: Answer) -> Answer:
    """No listing and no header states a digest any more: the worst of mirrors."""

    def bare(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            {n: v for n, v in row.items() if n not in ("lfs", "oid", "xetHash")} for row in rows
        ]

    kept = {name: value for name, value in answer.headers.items() if name not in STATED}
    # Without any ETag, huggingface_hub downloads nothing at all.
    kept |= {"ETag": '"opaque"'} if "ETag" in answer.headers else {}
    return _rows(bare)(request, replace(answer, headers=kept))


def _of(path: str, change: Callable[[dict[str, Any]], None]) -> Hook:
    def changed(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for row in rows:
            if row.get("path") == path:
                change(row)
        return rows

    return _rows(changed)


def lie_sha256(path: str, digest: str) -> Hook:
    """The listing has another SHA-256 for this file."""
    return _of(path, lambda row: row["lfs"].update(oid=digest))


def lie_size(path: str, size: int) -> Hook:
    """The listing has another size for this file."""

    def lie(row: dict[str, Any]) -> None:
        row["size"] = size
        if "lfs" in row:
            row["lfs"]["size"] = size

    return _of(path, lie)


def add_entry(entry: Mapping[str, Any]) -> Hook:
    """The listing has one row more."""
    return _rows(lambda rows: [*rows, dict(entry)])


def many(count: int) -> Hook:
    """The listing has so many pictures more, none of which is there."""
    row = {"type": "file", "oid": "0" * 40, "size": 1}
    return _rows(lambda rows: rows + [{**row, "path": f"many/{n}.png"} for n in range(count)])


def status(code: int, times: int | None = None, **headers: object) -> Hook:
    """An error in place of the answer, always or only the first `times` times."""
    left = iter(range(times)) if times is not None else None

    def hook(request: Request, answer: Answer) -> Answer:
        if left is not None and next(left, None) is None:
            return answer
        return Answer(status=code).carrying(b"").having(**headers)

    return hook


def hang(seconds: float) -> Hook:
    """The answer comes late, or not while the Hub lives."""
    return lambda request, answer: replace(answer, delay=seconds)


def cut(size: int) -> Hook:
    """The connection ends after so many bytes of the body."""
    return lambda request, answer: replace(answer, body=prefix(answer.body, size))


def half_range(request: Request, answer: Answer) -> Answer:
    """Half of a range comes, and says so."""
    if answer.status != 206:
        return answer
    span, _, total = answer.headers["Content-Range"].partition("/")
    start = int(span.removeprefix("bytes ").partition("-")[0])
    size = max(1, length(answer.body) // 2)
    told = f"bytes {start}-{start + size - 1}/{total}"
    return answer.carrying(prefix(answer.body, size)).having(Content_Range=told)


def ignore_range(request: Request, answer: Answer) -> Answer:
    """The whole file comes, whatever part was asked for."""
    if answer.status != 206 or not isinstance(answer.body, Stream):
        return answer
    size = int(answer.headers["Content-Range"].rpartition("/")[2])
    whole = replace(answer.body, start=0, size=size)
    return replace(answer, status=200).carrying(whole).having(Content_Range=None)


def redirect_loop(request: Request, answer: Answer) -> Answer:
    """The answer is elsewhere, which is here."""
    return Answer(status=307).carrying(b"").having(Location=request.origin + request.target)


def swap(data: bytes) -> Hook:
    """Other bytes come, by range too."""

    def hook(request: Request, answer: Answer) -> Answer:
        if answer.status not in (200, 206):
            return answer
        start = answer.body.start if isinstance(answer.body, Stream) else 0
        return replace(answer, body=Stream(source=data, start=start, size=length(answer.body)))

    return hook


def endless(request: Request, answer: Answer) -> Answer:
    """A body that does not end while anybody reads it."""
    body = Stream(source=b"", size=GIB)
    return replace(answer, status=200, body=body).having(Content_Length=None)
