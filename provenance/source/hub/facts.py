"""What a Hub says of a repository: its ids, its owner, by what its commit can be reached."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from provenance.errors import Absent, Malformed, SourceError, Unserved
from provenance.formats import json
from provenance.formats.fields import Fields
from provenance.model import Facts, Flag, Reach, Ref
from provenance.names import is_repo
from provenance.refs import MAIN, may_be_commit
from provenance.source.hub.client import Hub, Question
from provenance.source.hub.listing import pages, rows
from provenance.source.remote.budget import Beyond, RequestBudget

MAX_INFO = 16 << 20
OBJECT_ID = re.compile("[0-9a-f]{24}")
COMMIT = re.compile("[0-9a-f]{40}")
PULL_REQUEST = "refs/pr/"
MAX_PARENTS = 1_000
SHOWN = 40
HARMLESS = frozenset({"safe", "queued", "unscanned"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A repository as the Hub answered for it: the commit, and what it says there."""

    commit: str
    facts: Facts


def known(hub: Hub, repo: str, revision: str | None, account: RequestBudget) -> Known:
    """The commit that `revision` (None: `main`) stands for, and the facts but for the reach.

    Absent where there is none, SourceError for an answer that cannot be one.
    """
    asked = revision or MAIN
    url = f"{hub.api(repo, 'revision', asked)}?securityStatus=true"
    try:
        answer = hub.ask(Question(url=url, repo=repo, most=MAX_INFO), account)
    except Absent as error:
        if error.code != "RevisionNotFound":
            raise
        message = f"{repo}: the Hub has no branch, tag or commit {asked!r}"
        raise Absent(message, code=error.code) from None
    table = _table(answer.body, url)
    commit = table.get("sha")
    if not isinstance(commit, str) or not COMMIT.fullmatch(commit):
        raise SourceError(f"{url}: states no commit")
    if COMMIT.fullmatch(asked) and commit != asked:
        raise SourceError(f"{url}: answered for commit {commit}")
    name = table.get("id")
    if not isinstance(name, str) or not is_repo(name):
        raise SourceError(f"{url}: states no repository")
    return Known(commit=commit, facts=_facts(table, name))


def _table(body: bytes, url: str) -> dict[str, object]:
    try:
        value = json.loads(body, constants=True)
    except Malformed as error:
        found = body[:SHOWN].decode("utf-8", "replace")
        message = (
            f"expected the Hub's JSON, found {found!r} ({error}): is a proxy or login between?"
        )
        raise SourceError(f"{url}: {message}") from None
    if not isinstance(value, dict):
        raise SourceError(f"{url}: expected an object")
    return value


def _facts(table: dict[str, object], name: str) -> Facts:
    card = table.get("cardData")
    parents, relation = _parents(card) if isinstance(card, dict) else ((), None)
    private, gated = table.get("private"), table.get("gated")
    return Facts(
        id=name,
        repo_id=_object_id(table),
        owner=_text(table, "author"),
        private=private if isinstance(private, bool) else None,
        gated=bool(gated) if gated is not None else None,
        flags=tuple(_flags(table.get("securityRepoStatus"))),
        parents=parents,
        relation=relation,
    )


def _object_id(table: dict[str, object]) -> str | None:
    value = table.get("_id")
    return value if isinstance(value, str) and OBJECT_ID.fullmatch(value) else None


def _text(table: dict[str, object], name: str) -> str | None:
    value = table.get(name)
    return value if isinstance(value, str) else None


def _parents(card: dict[str, object]) -> tuple[tuple[str, ...], str | None]:
    stated = card.get("base_model")
    found = stated if isinstance(stated, list) else [stated]
    names = tuple(text for text in found[:MAX_PARENTS] if isinstance(text, str))
    return names, _text(card, "base_model_relation")


def _flags(status: object) -> Iterator[Flag]:
    """The files with which a scanner found something, in path order."""
    issues = status.get("filesWithIssues") if isinstance(status, dict) else None
    found = set()
    for issue in issues if isinstance(issues, list) else ():
        if isinstance(issue, dict):
            path, level = _text(issue, "path"), _text(issue, "level")
            if path and level and level not in HARMLESS:
                found.add((path, level))
    yield from (Flag(path=path, level=level) for path, level in sorted(found))


def owner_id(hub: Hub, owner: str, account: RequestBudget) -> str | None:
    """The Hub's own id of an organisation, where it states one."""
    url = f"{hub.endpoint}/api/organizations/{quote(owner)}/overview"
    try:
        question = Question(url=url, repo=f"{owner}/", most=MAX_INFO)
        return _object_id(_table(hub.ask(question, account).body, url))
    except (Absent, Unserved):
        return None


def still_named(hub: Hub, ref: Ref, account: RequestBudget) -> Reach:
    """How a commit is reached that was locked, where the Hub shows no history: by the branch or tag
    that was asked for then, if that still is this commit."""
    name = ref.revision or MAIN
    if name.startswith(PULL_REQUEST) or may_be_commit(name):
        return Reach.UNKNOWN
    try:
        now = known(hub, ref.repo or "", name, account)
    except (Absent, Beyond, Unserved):
        return Reach.UNKNOWN
    return Reach.BRANCH if now.commit == ref.commit else Reach.UNKNOWN


def reach(
    hub: Hub, repo: str, revision: str | None, commit: str, account: RequestBudget, most: int
) -> Reach:
    """By what a commit can be reached; UNKNOWN where the Hub does not tell, or only beyond `most`.

    Whoever asked for a name was answered by that name, and needs no search.
    """
    if revision and revision.startswith(PULL_REQUEST):
        return Reach.PULL_REQUEST
    if revision is None or not may_be_commit(revision):
        return Reach.BRANCH
    try:
        refs = _refs(hub, repo, account)
        for kind in (Reach.BRANCH, Reach.TAG):
            if any(target == commit for _, target in refs[kind]):
                return kind
        heads = [(Reach.BRANCH, head) for _, head in _main_first(refs[Reach.BRANCH])]
        heads += [(Reach.TAG, head) for _, head in refs[Reach.TAG]]
        found = _searched(hub, repo, commit, account, most, heads)
    except (Absent, Beyond, Unserved):
        return Reach.UNKNOWN
    proposed = any(target == commit for _, target in refs[Reach.PULL_REQUEST])
    return Reach.PULL_REQUEST if proposed and found is Reach.NOTHING else found


Refs = list[tuple[str, str]]


def _refs(hub: Hub, repo: str, account: RequestBudget) -> dict[Reach, Refs]:
    url = f"{hub.api(repo, 'refs')}?include_prs=1"
    answer = hub.ask(Question(url=url, repo=repo, most=MAX_INFO), account)
    table = _table(answer.body, url)
    names = {
        Reach.BRANCH: "branches",
        Reach.TAG: "tags",
        Reach.PULL_REQUEST: "pullRequests",
    }
    return {kind: list(_named(table.get(name), url)) for kind, name in names.items()}


def _named(value: object, url: str) -> Iterator[tuple[str, str]]:
    for item in value if isinstance(value, list) else ():
        fields = Fields(item, raises=lambda path, message: SourceError(f"{url}: {path}: {message}"))
        yield fields.text("name"), fields.text("targetCommit")


def _main_first(branches: Refs) -> Refs:
    return sorted(branches, key=lambda pair: (pair[0] != MAIN, pair[0]))


def _searched(
    hub: Hub,
    repo: str,
    commit: str,
    account: RequestBudget,
    most: int,
    heads: list[tuple[Reach, str]],
) -> Reach:
    """What a walk back from every branch and tag finds, over `most` commits at the most."""
    seen: set[str] = set()
    for kind, head in heads:
        for found in _history(hub, repo, head, account) if head not in seen else ():
            if found == commit:
                return kind
            if found in seen:
                break
            seen.add(found)
            if len(seen) > most:
                return Reach.UNKNOWN
    return Reach.NOTHING


def _history(hub: Hub, repo: str, head: str, account: RequestBudget) -> Iterable[str]:
    for answer in pages(hub, repo, hub.api(repo, "commits", head), {}, account):
        for fields in rows(answer):
            yield fields.text("id")


def steps_to(
    hub: Hub, repo: str, head: str, commit: str, account: RequestBudget, most: int
) -> int | None:
    """How many commits `head` is ahead of `commit`; None where it does not lead there within
    `most`, or the Hub does not tell."""
    try:
        for steps, found in enumerate(_history(hub, repo, head, account)):
            if found == commit:
                return steps
            if steps >= most:
                break
    except (Absent, Beyond, Unserved):
        pass
    return None
