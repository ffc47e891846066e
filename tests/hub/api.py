"""What the Hub says about repositories and organisations: every route below /api."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qs, unquote, urlencode

from tests.hub import card, git
from tests.hub.site import Repository, Site
from tests.hub.values import Answer, Refused, Request, document

COMMITS = 50
SHA1 = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request to the site, and the parts of its path."""

    site: Site
    request: Request
    match: re.Match[str]

    def part(self, name: str) -> str:
        """A part of the path, decoded; empty if it is absent."""
        return unquote(self.match[name] or "")

    def repository(self) -> Repository:
        """The repository, if this caller may know of it."""
        name, token = self.part("repo"), self.request.token
        if moved := self.site.moved(name):
            raise self._redirect(moved)
        found = self.site.repository(name)
        if found is None or found.hidden not in (None, token):
            raise Refused(404 if token else 401, "RepoNotFound", "Repository not found")
        return found

    def _redirect(self, name: str) -> Refused:
        start, end = self.match.span("repo")
        target = self.request.target
        place = _address(target[:start] + name + target[end:], self.request.query)
        return Refused(307, None, f"Temporary Redirect. Redirecting to {place}", Location=place)

    def commit(self, repository: Repository) -> str:
        """The commit of the revision: a full id, a whole ref, a branch or a tag."""
        revision = self.part("revision") or "main"
        if SHA1.fullmatch(revision) and git.is_commit(repository.folder, revision):
            return revision
        refs = git.refs(repository.folder)
        for name in (revision, f"refs/heads/{revision}", f"refs/tags/{revision}"):
            if name in refs:
                return refs[name]
        raise Refused(404, "RevisionNotFound", f"Invalid rev id: {revision}")


Route = Callable[[Call], Answer]


def info(call: Call) -> Answer:
    """A model: who has it, at which commit it is, and its files."""
    repository = call.repository()
    commit = call.commit(repository)
    entries = git.tree(repository.folder, commit)
    front = card.front_matter(repository.folder, entries)
    files = [entry for entry in entries.values() if not entry.directory]
    asked = call.request.arguments
    said: dict[str, object] = {
        "_id": repository.id,
        "id": repository.name,
        "modelId": repository.name,
        "author": repository.org or None,
        "sha": commit,
        "createdAt": _time(repository.created),
        "lastModified": _time(git.log(repository.folder, commit)[0].at),
        "gated": "manual" if repository.gate else False,
        "private": repository.hidden is not None,
        "disabled": False,
        "downloads": 0,
        "likes": 0,
        "tags": card.tags(front),
        "siblings": [_sibling(entry, _true(asked.get("blobs"))) for entry in files],
    }
    if front is not None:
        said["cardData"] = front
    if _true(asked.get("securityStatus")):
        said["securityRepoStatus"] = _scans(repository, files)
    return document(said)


def _sibling(entry: git.Entry, blobs: bool) -> dict[str, object]:
    said: dict[str, object] = {"rfilename": entry.path}
    if blobs:
        said |= {"size": entry.size, "blobId": entry.oid}
    if blobs and entry.lfs:
        size, pointer = entry.lfs.size, entry.lfs.pointer_size
        said["lfs"] = {"sha256": entry.lfs.sha256, "size": size, "pointerSize": pointer}
    return said


def _scans(repository: Repository, files: Iterable[git.Entry]) -> dict[str, object]:
    flagged = [
        {"path": entry.path, "level": repository.verdicts[entry.path]}
        for entry in files
        if entry.path in repository.verdicts
    ]
    return {"scansDone": True, "filesWithIssues": flagged}


def tree(call: Call) -> Answer:
    """The rows below a directory, a page at a time."""
    repository = call.repository()
    entries = git.tree(repository.folder, call.commit(repository))
    folder, asked = call.part("path").strip("/"), call.request.arguments
    if folder and not (folder in entries and entries[folder].directory):
        message = f'{folder} does not exist on "{call.part("revision")}"'
        raise Refused(404, "EntryNotFound", message)
    below = f"{folder}/" if folder else ""
    deep = _true(asked.get("recursive"))
    rows = [
        entry
        for path, entry in entries.items()
        if path.startswith(below) and (deep or "/" not in path[len(below) :])
    ]
    start, size = _number(asked.get("cursor"), 0), call.site.page_size
    size = min(_number(asked.get("limit"), size), size)
    said = [
        row(call.site, repository, entry, expand=_true(asked.get("expand")))
        for entry in rows[start : start + size]
    ]
    following = {"cursor": start + size} if start + size < len(rows) else {}
    return _page(call.request, said, following)


def row(site: Site, repository: Repository, entry: git.Entry, *, expand: bool) -> dict[str, object]:
    """What a listing says of one path."""
    kind = "directory" if entry.directory else "file"
    said: dict[str, object] = {"type": kind, "oid": entry.oid, "size": entry.size}
    said["path"] = entry.path
    if entry.lfs:
        size, pointer = entry.lfs.size, entry.lfs.pointer_size
        said["lfs"] = {"oid": entry.lfs.sha256, "size": size, "pointerSize": pointer}
    if xet := site.xet_hash(entry.lfs):
        said["xetHash"] = xet
    if expand and not entry.directory:
        level = repository.verdicts.get(entry.path, "safe")
        scans = {"avScan": {"status": level}, "pickleImportScan": None}
        said["securityFileStatus"] = {"status": level, **scans}
    return said


def paths_info(call: Call) -> Answer:
    """The rows of the paths that were asked for and exist."""
    repository = call.repository()
    entries = git.tree(repository.folder, call.commit(repository))
    paths, expand = _asked_paths(call.request)
    found = (entries[path.strip("/")] for path in paths if path.strip("/") in entries)
    return document([row(call.site, repository, entry, expand=expand) for entry in found])


def _asked_paths(request: Request) -> tuple[list[str], bool]:
    """The paths of a body, which is a form or JSON, and whether more is wanted of each."""
    if request.body.startswith(b"{"):
        asked = json.loads(request.body)
        return asked["paths"], bool(asked.get("expand"))
    form = parse_qs(request.body.decode())
    return form.get("paths", []), _true(form.get("expand", ["false"])[-1])


def refs(call: Call) -> Answer:
    """Branches, tags, conversions and, where asked, pull requests."""
    found = git.refs(call.repository().folder)
    kinds = {"branches": "refs/heads/", "tags": "refs/tags/", "converts": "refs/convert/"}
    if _true(call.request.arguments.get("include_prs")):
        kinds["pullRequests"] = "refs/pr/"
    return document(
        {
            kind: [
                {"name": ref.removeprefix(start), "ref": ref, "targetCommit": commit}
                for ref, commit in found.items()
                if ref.startswith(start)
            ]
            for kind, start in kinds.items()
        }
    )


def commits(call: Call) -> Answer:
    """The log of a revision, a page at a time."""
    repository, asked = call.repository(), call.request.arguments
    commit = call.commit(repository)
    page, size = _number(asked.get("p"), 0), _number(asked.get("limit"), COMMITS)
    total = git.count(repository.folder, commit)
    said = [
        {
            "id": item.id,
            "title": item.title,
            "message": item.message,
            "authors": [{"user": item.author, "avatar": ""}],
            "date": _time(item.at),
        }
        for item in git.log(repository.folder, commit, skip=page * size, limit=size)
    ]
    following = {"p": page + 1} if (page + 1) * size < total else {}
    return _page(call.request, said, following).having(X_Total_Count=total)


def organization(call: Call) -> Answer:
    """An organisation."""
    found = call.site.organization(call.part("org"))
    if found is None:
        raise Refused(404, None, "This organization does not exist")
    said = {"_id": found.id, "name": found.name, "fullname": found.name}
    return document({**said, "isVerified": found.verified, "numUsers": found.users})


def _page(request: Request, rows: Sequence[object], following: dict[str, int]) -> Answer:
    """An answer with a link to the next page, if there is one."""
    return document(rows).having(Link=link(request, **following) if following else None)


def link(request: Request, **following: object) -> str:
    """A Link header to the same listing, further on."""
    query = urlencode({**request.arguments, **following})
    return f'<{request.origin}{_address(request.target, query)}>; rel="next"'


def _address(target: str, query: str) -> str:
    return f"{target}?{query}" if query else target


def _true(text: str | None) -> bool:
    return (text or "").lower() in ("1", "true")


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() else default


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
