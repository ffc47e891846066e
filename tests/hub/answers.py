"""What the Hub answers, as the real one does: the API about repositories, and their files."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote, urlencode

import yaml

from tests.hub import git
from tests.hub.git import Entry
from tests.hub.objects import Objects
from tests.hub.site import Repository, Site
from tests.hub.values import Answer, Refused, Request, Stream, document

API = re.compile(
    r"/api/models/([^/]+/[^/]+)(?:/(revision|tree|paths-info|refs|commits)(?:/([^/]+)(/.*)?)?)?"
)
FILE = re.compile(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)")
OVERVIEW = re.compile(r"/api/organizations/([^/]+)/overview")
STORED = re.compile(r"/cdn/([0-9a-f]{64})")
RANGE = re.compile(r"bytes=([0-9]*)-([0-9]*)")
COMMITS_PAGE = 50
CARD = re.compile(r"\A---\r?\n(.*?)\r?\n---", re.DOTALL)


def answer(site: Site, request: Request) -> Answer:
    """The answer to any request, errors included."""
    try:
        return _routed(site, request)
    except Refused as refused:
        return refused.answer


def _routed(site: Site, request: Request) -> Answer:
    if found := API.fullmatch(request.target):
        name, what, revision, rest = (unquote(part) if part else "" for part in found.groups())
        repository = _opened(site, request, name, found.group(0))
        if isinstance(repository, Answer):
            return repository
        return _api(site, request, repository, what or "revision", revision or "main", rest)
    if found := FILE.fullmatch(request.target):
        name, revision, path = map(unquote, found.groups())
        repository = _opened(site, request, name, found.group(0))
        if isinstance(repository, Answer):
            return repository
        return _file(site.objects, request, repository, revision, path)
    if found := STORED.fullmatch(request.target):
        place = site.objects.path(found[1])
        return _ranged(request, Stream(source=place, size=place.stat().st_size), found[1])
    if found := OVERVIEW.fullmatch(request.target):
        return _overview(site, unquote(found[1]))
    raise Refused(404, "EntryNotFound", "not found")


def _opened(site: Site, request: Request, name: str, target: str) -> Repository | Answer:
    """The repository of this name, or a redirect to where it is now."""
    repository = site.repository(name)
    if repository is None and (moved := site.moved(name)):
        location = request.origin + target.replace(name, moved, 1)
        query = f"?{request.query}" if request.query else ""
        return Answer(status=307).carrying(b"").having(Location=location + query)
    if repository is None or repository.hidden not in (None, request.token):
        raise Refused(404 if request.token else 401, "RepoNotFound", "Repository not found")
    return repository


def _commit(repository: Repository, revision: str) -> str:
    refs = git.refs(repository.folder)
    for name in (revision, f"refs/heads/{revision}", f"refs/tags/{revision}"):
        if name in refs:
            return refs[name]
    if re.fullmatch("[0-9a-f]{40}", revision) and git.is_commit(repository.folder, revision):
        return revision
    raise Refused(404, "RevisionNotFound", f"Invalid rev id: {revision}")


def _api(
    site: Site, request: Request, repository: Repository, what: str, revision: str, rest: str
) -> Answer:
    if what == "refs":
        return _refs(repository)
    commit = _commit(repository, revision)
    match what:
        case "tree":
            return _tree(site, request, repository, commit, rest.strip("/"))
        case "paths-info":
            return _paths(site, request, repository, commit)
        case "commits":
            return _commits(request, repository, commit)
    return document(_info(site, request, repository, commit))


def _info(site: Site, request: Request, repository: Repository, commit: str) -> dict[str, Any]:
    files = [e for e in git.tree(repository.folder, commit).values() if not e.directory]
    card = _card(repository, files)
    parents = card.get("base_model") if card else None
    named = parents if isinstance(parents, list) else [parents] if parents else []
    info = {
        "_id": repository.id,
        "id": repository.name,
        "modelId": repository.name,
        "author": repository.org,
        "sha": commit,
        "createdAt": repository.created.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "private": repository.hidden is not None,
        "gated": "manual" if repository.gate else False,
        "disabled": False,
        "tags": [f"base_model:{name}" for name in named],
        "cardData": card,
        "siblings": [_sibling(entry, "blobs" in request.arguments) for entry in files],
    }
    if "securityStatus" in request.arguments:
        issues = [{"path": p, "level": level} for p, level in repository.verdicts.items()]
        info["securityRepoStatus"] = {"scansDone": True, "filesWithIssues": issues}
    return info


def _card(repository: Repository, files: Sequence[Entry]) -> dict[str, Any] | None:
    entry = next((entry for entry in files if entry.path == "README.md"), None)
    text = git.blob(repository.folder, entry.oid).decode("utf-8", "replace") if entry else ""
    found = CARD.match(text)
    try:
        value = yaml.safe_load(found[1]) if found else None
    except yaml.YAMLError:
        return None
    return value if isinstance(value, dict) else None


def _sibling(entry: Entry, blobs: bool) -> dict[str, Any]:
    row: dict[str, Any] = {"rfilename": entry.path}
    if blobs:
        row |= {"size": entry.size, "blobId": entry.oid}
        if entry.lfs:
            lfs = {"sha256": entry.lfs.sha256, "size": entry.lfs.size}
            row["lfs"] = {**lfs, "pointerSize": entry.lfs.pointer_size}
    return row


def _row(entry: Entry, xet: bool) -> dict[str, Any]:
    kind = "directory" if entry.directory else "file"
    row: dict[str, Any] = {
        "type": kind,
        "oid": entry.oid,
        "size": entry.size,
        "path": entry.path,
    }
    if entry.lfs:
        lfs = {"oid": entry.lfs.sha256, "size": entry.lfs.size}
        row["lfs"] = {**lfs, "pointerSize": entry.lfs.pointer_size}
        if xet:
            row["xetHash"] = entry.lfs.sha256[::-1]
    return row


def _tree(site: Site, request: Request, repository: Repository, commit: str, below: str) -> Answer:
    words = request.arguments
    top = f"{below}/" if below else ""
    deep = words.get("recursive", "").lower() == "true"
    rows = [
        _row(entry, site.xet)
        for path, entry in git.tree(repository.folder, commit).items()
        if path.startswith(top) and (deep or "/" not in path.removeprefix(top))
    ]
    if below and not rows:
        raise Refused(404, "EntryNotFound", f"{below} does not exist")
    return _page(request, rows, int(words.get("cursor", 0)), site.page_size, "cursor")


def _page(
    request: Request, rows: Sequence[Mapping[str, Any]], start: int, size: int, name: str
) -> Answer:
    page = document(rows[start : start + size])
    if start + size >= len(rows):
        return page
    query = urlencode({**request.arguments, name: start + size})
    return page.having(Link=f'<{request.origin}{request.target}?{query}>; rel="next"')


def _paths(site: Site, request: Request, repository: Repository, commit: str) -> Answer:
    tree = git.tree(repository.folder, commit)
    asked = json.loads(request.body or b"{}").get("paths", [])
    return document([_row(tree[path], site.xet) for path in asked if path in tree])


def _commits(request: Request, repository: Repository, commit: str) -> Answer:
    start = int(request.arguments.get("p", 0))
    found = git.log(repository.folder, commit, skip=start, limit=COMMITS_PAGE)
    rows = [
        {
            "id": row.id,
            "title": row.title,
            "message": row.message,
            "authors": [{"user": row.author}],
            "date": row.at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        }
        for row in found
    ]
    page = document(rows)
    if start + COMMITS_PAGE >= git.count(repository.folder, commit):
        return page
    query = urlencode({"p": start + COMMITS_PAGE})
    return page.having(Link=f'<{request.origin}{request.target}?{query}>; rel="next"')


def _refs(repository: Repository) -> Answer:
    kinds = {"branches": "refs/heads/", "tags": "refs/tags/", "pullRequests": "refs/pr/"}
    refs = git.refs(repository.folder)
    table: dict[str, Any] = {
        kind: [
            {"name": ref.removeprefix(begin), "ref": ref, "targetCommit": commit}
            for ref, commit in refs.items()
            if ref.startswith(begin)
        ]
        for kind, begin in kinds.items()
    }
    return document({**table, "converts": []})


def _overview(site: Site, name: str) -> Answer:
    found = site.organization(name)
    if found is None:
        raise Refused(404, None, "no such organization")
    return document(
        {
            "_id": found.id,
            "name": found.name,
            "fullname": found.name,
            "isVerified": found.verified,
            "numUsers": found.users,
        }
    )


def _file(
    objects: Objects, request: Request, repository: Repository, revision: str, path: str
) -> Answer:
    if repository.gate not in (None, request.token):
        raise Refused(401, "GatedRepo", f"Access to {repository.name} is restricted")
    commit = _commit(repository, revision)
    entry = git.tree(repository.folder, commit).get(path)
    if entry is None or entry.directory:
        raise Refused(404, "EntryNotFound", "Entry not found", X_Repo_Commit=commit)
    if entry.lfs is None:
        data = git.blob(repository.folder, entry.oid)
        return _ranged(request, Stream(source=data, size=len(data)), entry.oid).having(
            X_Repo_Commit=commit
        )
    # Large files lie with another host, which must never see a token.
    elsewhere = request.origin.replace("127.0.0.1", "localhost")
    return (
        Answer(status=302)
        .carrying(b"")
        .having(
            Location=f"{elsewhere}/cdn/{entry.lfs.sha256}",
            ETag=f'"{entry.oid}"',
            X_Linked_Etag=f'"{entry.lfs.sha256}"',
            X_Linked_Size=entry.lfs.size,
            X_Repo_Commit=commit,
        )
    )


def _ranged(request: Request, whole: Stream, etag: str) -> Answer:
    found = RANGE.fullmatch(request.range or "")
    base = Answer(headers={"Accept-Ranges": "bytes", "ETag": f'"{etag}"'})
    if found is None or not any(found.groups()):
        return base.carrying(whole)
    first, last = found.groups()
    start = int(first) if first else max(0, whole.size - int(last))
    end = min(int(last) + 1, whole.size) if first and last else whole.size
    if start >= whole.size:
        return Answer(status=416).carrying(b"").having(Content_Range=f"bytes */{whole.size}")
    part = Stream(source=whole.source, start=start, size=end - start)
    span = f"bytes {start}-{end - 1}/{whole.size}"
    return Answer(status=206, headers=base.headers).carrying(part).having(Content_Range=span)
