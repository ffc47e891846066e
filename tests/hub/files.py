"""The bytes of files: small ones from the Hub itself, large ones from another host."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import quote, urlsplit

from tests.hub import git
from tests.hub.api import Call
from tests.hub.site import Repository
from tests.hub.values import Answer, Refused, Stream

RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def resolve(call: Call) -> Answer:
    """A small file, or the way to a large one."""
    repository = call.repository()
    _admit(repository, call.request.token)
    commit, path = call.commit(repository), call.part("path")
    entry = git.tree(repository.folder, commit).get(path)
    if entry is None or entry.directory:
        raise Refused(404, "EntryNotFound", "Entry not found", X_Repo_Commit=commit)
    if entry.lfs:
        answer = _redirect(call, repository, path, entry.lfs)
    else:
        text = git.blob(repository.folder, entry.oid)
        answer = ranged(Stream(source=text, size=len(text)), call.request.range)
        answer = answer.having(ETag=f'"{entry.oid}"')
    return answer.having(X_Repo_Commit=commit)


def _admit(repository: Repository, token: str | None) -> None:
    if repository.gate not in (None, token):
        message = f"Access to model {repository.name} is restricted."
        raise Refused(403 if token else 401, "GatedRepo", message)


def _redirect(call: Call, repository: Repository, path: str, lfs: git.Lfs) -> Answer:
    port = urlsplit(call.request.origin).port
    place = quote(f"/cdn/{repository.name}/{lfs.sha256}/{path}")
    return Answer(status=302).having(
        Location=f"http://localhost:{port}{place}",
        Content_Length=0,
        ETag=f'"{lfs.sha256}"',
        X_Linked_Etag=f'"{lfs.sha256}"',
        X_Linked_Size=lfs.size,
        X_Xet_Hash=call.site.xet_hash(lfs),
        Accept_Ranges="bytes",
    )


def stored(call: Call) -> Answer:
    """A large file, to anyone who has its address."""
    place = call.site.objects.path(call.part("sha256"))
    if not place.is_file():
        raise Refused(404, None, "NoSuchKey")
    return ranged(Stream(source=place, size=place.stat().st_size), call.request.range)


def ranged(whole: Stream, asked: str | None) -> Answer:
    """The whole, or the one range that was asked for."""
    answer = Answer().having(Content_Type="application/octet-stream", Accept_Ranges="bytes")
    match = RANGE.fullmatch(asked or "")
    if match is None or match.groups() == ("", ""):
        return answer.carrying(whole)
    start, end = _bounds(match[1], match[2], whole.size)
    if start >= end:
        raise Refused(416, None, "Range Not Satisfiable", Content_Range=f"bytes */{whole.size}")
    part = Stream(source=whole.source, start=start, size=end - start)
    stated = f"bytes {start}-{end - 1}/{whole.size}"
    return replace(answer.carrying(part).having(Content_Range=stated), status=206)


def _bounds(first: str, last: str, size: int) -> tuple[int, int]:
    """Where a range begins, and where the next byte after it would be."""
    if not first:
        return max(size - int(last), 0), size
    return int(first), min(int(last) + 1, size) if last else size
