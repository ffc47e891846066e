"""Which files a repository has at a commit, and what the Hub states of each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from urllib.parse import parse_qs, urlencode, urlsplit

from provenance.errors import Absent, Malformed, SourceError
from provenance.formats import json
from provenance.formats.fields import Fields
from provenance.source.hub.client import Answer, Hub, Question
from provenance.source.remote.budget import Beyond, RequestBudget
from provenance.source.remote.listed import Listed

MAX_PAGE = 32 << 20
MAX_LISTING = 256 << 20
"""Of all pages together; 200,000 files take less than half of it."""

MAX_SIZE = 1 << 50
NEXT = re.compile(r'<([^>]*)>\s*;\s*rel="?next"?')
SHA256 = re.compile("[0-9a-f]{64}")
OID = re.compile("[0-9a-f]{40}")
ASKED_AT_ONCE = 100


def listing(
    hub: Hub, repo: str, commit: str, account: RequestBudget, most: int
) -> tuple[tuple[Listed, ...], bool]:
    """The files of the tree, page by page, in path order; and whether there are more than `most`,
    or more of it than 256 MiB, where it was left off."""
    url = hub.api(repo, "tree", commit)
    found: dict[str, Listed] = {}
    left = MAX_LISTING
    step = hub.progress.step(f"{repo}: listing files", 0)
    try:
        for answer in pages(hub, repo, url, {"recursive": "true"}, account):
            for entry in _entries(answer):
                if entry.path in found:
                    raise SourceError(f"{url}: {entry.path!r:.200} stands twice")
                found[entry.path] = entry
            left -= len(answer.body)
            if len(found) > most or left < 0:
                break
            step.advance(len(found))
    finally:
        step.end()
    return tuple(found[path] for path in sorted(found)), len(found) > most or left < 0


def pages(
    hub: Hub, repo: str, url: str, words: dict[str, str], account: RequestBudget
) -> Iterator[Answer]:
    """Each page of an answer. The next one is asked for at the same URL, whatever host its link
    names: of the link only the question counts."""
    asked: set[str] = set()
    text = urlencode(words)
    while text not in asked:
        asked.add(text)
        answer = hub.ask(Question(url=f"{url}?{text}", repo=repo, most=MAX_PAGE), account)
        yield answer
        link = NEXT.search(answer.headers.get("link", ""))
        if link is None:
            return
        query = parse_qs(urlsplit(link[1]).query)
        text = urlencode(words | {name: values[-1] for name, values in query.items()})
    raise SourceError(f"{url}: its pages lead in a circle")


def rows(answer: Answer) -> Iterator[Fields]:
    """The tables of an answer that is a list of them, or SourceError."""
    try:
        value = json.loads(answer.body)
    except Malformed as error:
        raise SourceError(f"{answer.url}: {error}") from None
    if not isinstance(value, list):
        raise SourceError(f"{answer.url}: expected a list")
    for item in value:
        yield Fields(item, raises=_wrong)


def _wrong(path: str, message: str) -> SourceError:
    return SourceError(f"the Hub's answer: {path}: {message}")


def _entries(answer: Answer) -> Iterator[Listed]:
    for fields in rows(answer):
        if fields.text("type") == "file":
            yield _entry(fields)


def _entry(fields: Fields) -> Listed:
    size = fields.whole("size")
    if size > MAX_SIZE:
        raise fields.wrong("size", f"{size} bytes")
    entry = Listed(path=fields.filled("path"), size=size, blob=_hex(fields, "oid", OID))
    if "lfs" not in fields or (lfs := fields.take("lfs")) is None:
        return entry
    inner = Fields(lfs, "lfs", raises=_wrong)
    if inner.whole("size", size) != size:
        raise fields.wrong("lfs.size", f"differs from the size, {size}")
    return replace(entry, sha256=_hex(inner, "oid", SHA256), lfs=True)


def _hex(fields: Fields, name: str, form: re.Pattern[str]) -> str:
    """A digest, or nothing where none of this form is stated."""
    value = fields.take(name) if name in fields else None
    return value if isinstance(value, str) and form.fullmatch(value) else ""


def stated(
    hub: Hub, repo: str, commit: str, entries: Sequence[Listed], account: RequestBudget
) -> tuple[Listed, ...]:
    """The entries, each with what the Hub states of it when it is asked in other ways.

    A mirror may drop digests from the listing and know them all the same: of paths, then by HEAD.
    Where the requests run out, the rest stays as it was.
    """
    named = {entry.path: entry for entry in entries}
    for start in range(0, len(entries), ASKED_AT_ONCE):
        batch = entries[start : start + ASKED_AT_ONCE]
        for told in _paths_info(hub, repo, commit, batch, account):
            if told.path in named and told.sha256 and told.size == named[told.path].size:
                named[told.path] = told
    silent = [entry for entry in named.values() if not entry.sha256]
    heard = hub.each(
        f"{repo}: asking for digests",
        lambda entry: _head(hub, repo, commit, entry, account),
        silent,
    )
    named |= {entry.path: entry for entry in heard}
    return tuple(named[entry.path] for entry in entries)


def _paths_info(
    hub: Hub, repo: str, commit: str, entries: Iterable[Listed], account: RequestBudget
) -> tuple[Listed, ...]:
    question = Question(
        method="POST",
        url=hub.api(repo, "paths-info", commit),
        repo=repo,
        most=MAX_PAGE,
        json={"paths": [entry.path for entry in entries], "expand": False},
    )
    try:
        return tuple(_entries(hub.ask(question, account)))
    except (Absent, Beyond):
        return ()


def _head(hub: Hub, repo: str, commit: str, entry: Listed, account: RequestBudget) -> Listed:
    question = Question(
        method="HEAD", url=hub.file(repo, commit, entry.path), repo=repo, most=0, follow=False
    )
    try:
        answer = hub.ask(question, account)
    except (Absent, Beyond):
        return entry
    etag = answer.headers.get("x-linked-etag", "").removeprefix("W/").strip('"')
    size = answer.headers.get("x-linked-size", "")
    agrees = not size or size == str(entry.size)
    if SHA256.fullmatch(etag) and agrees:
        return replace(entry, sha256=etag, lfs=True)
    return entry
