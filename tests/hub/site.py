"""The Hub's organisations and repositories, and everything that a test does to them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import count
from pathlib import Path
from threading import RLock

from tests.hub import git
from tests.hub.objects import Content, Objects

CREATED = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A repository as it is now; `gate` and `hidden` are the tokens that open it."""

    name: str
    id: str
    created: datetime
    folder: Path
    commits: int = 0
    gate: str | None = None
    hidden: str | None = None
    verdicts: Mapping[str, str] = field(default_factory=dict)

    @property
    def org(self) -> str:
        """Whose it is."""
        return self.name.rpartition("/")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """An organisation as it is now."""

    name: str
    id: str
    verified: bool
    users: int


class Site:
    """Repositories under `root`. The same calls give the same ids and commits in every run."""

    page_size: int = 1000
    """Rows of a tree listing in one answer."""
    xet: bool = False
    """Whether large files state a Xet hash in listings; there is no Xet service behind it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = RLock()
        self._serial = count(1)
        self._repositories: dict[str, Repository] = {}
        self._organizations: dict[str, Organization] = {}
        self._moved: dict[str, str] = {}
        self.objects = Objects(root / "objects")

    def commit(
        self,
        repo: str,
        files: Mapping[str, Content],
        *,
        remove: Iterable[str] = (),
        ref: str = "refs/heads/main",
        parent: str | None = None,
        message: str = "Add files",
        replace: bool = False,
        created: datetime | None = None,
    ) -> str:
        """The commit that `ref` now names: `files` on top of `parent`, or nothing but `files`.

        Repository and organisation are made if they are absent. The parent is the ref's own
        commit, or that of main where a pull request begins.
        """
        with self._lock:
            found = self._repositories.get(repo) or self._create(repo, created or CREATED)
            self._put(dataclasses.replace(found, commits=found.commits + 1))
            return git.commit(
                found.folder,
                ref,
                {path: self.objects.blob(path, content) for path, content in files.items()},
                remove=remove,
                parent=parent or _tip(found, ref),
                replace=replace,
                message=message,
                at=found.created + timedelta(seconds=found.commits),
            )

    def tag(self, repo: str, name: str, commit: str) -> None:
        """A tag names this commit."""
        git.point(self._at(repo).folder, f"refs/tags/{name}", commit)

    def branch(self, repo: str, name: str, commit: str) -> None:
        """A branch names this commit."""
        git.point(self._at(repo).folder, f"refs/heads/{name}", commit)

    def rename(self, old: str, new: str) -> None:
        """The repository is `new`, and `old` redirects to it until it is taken again."""
        with self._lock:
            moved = dataclasses.replace(self._repositories.pop(old), name=new)
            self._put(moved)
            self._moved[old] = moved.id
            self._settle(moved.org, CREATED)

    def delete(self, repo: str) -> None:
        """There is no such repository."""
        with self._lock:
            del self._repositories[repo]

    def recreate(
        self, repo: str, files: Mapping[str, Content], *, created: datetime | None = None
    ) -> str:
        """Another repository with another `_id`, a day younger, has this name; its first commit."""
        with self._lock:
            before = self._repositories.pop(repo)
            return self.commit(
                repo, files, created=created or before.created + timedelta(days=1), replace=True
            )

    def found(
        self, org: str, *, verified: bool = False, users: int = 1, created: datetime = CREATED
    ) -> str:
        """The `_id` of an organisation that is new, though the name may have been another's."""
        with self._lock:
            id = self._new_id(org, created)
            self._organizations[org] = Organization(name=org, id=id, verified=verified, users=users)
            return id

    def gate(self, repo: str, token: str = "hf_test") -> None:
        """Files need this token, metadata does not."""
        self._put(dataclasses.replace(self._at(repo), gate=token))

    def hide(self, repo: str, token: str = "hf_test") -> None:
        """The repository is private: without this token it looks absent."""
        self._put(dataclasses.replace(self._at(repo), hidden=token))

    def flag(self, repo: str, path: str, level: str) -> None:
        """The Hub's scanner says `level` of this file ("unsafe", "suspicious", …)."""
        with self._lock:
            now = self._at(repo)
            self._put(dataclasses.replace(now, verdicts={**now.verdicts, path: level}))

    def repo_id(self, repo: str) -> str:
        """The repository's `_id`."""
        return self._at(repo).id

    def org_id(self, org: str) -> str:
        """The organisation's `_id`."""
        return self._organizations[org].id

    def repository(self, name: str) -> Repository | None:
        """The repository that has this name."""
        return self._repositories.get(name)

    def organization(self, name: str) -> Organization | None:
        """The organisation that has this name."""
        return self._organizations.get(name)

    def moved(self, name: str) -> str | None:
        """Where a name that is free now redirects to."""
        if name in self._repositories or name not in self._moved:
            return None
        id = self._moved[name]
        return next((item.name for item in self._repositories.values() if item.id == id), None)

    def xet_hash(self, lfs: git.Lfs | None) -> str | None:
        """The Xet hash that the Hub states: of the same content, and not its SHA-256."""
        return sha256(f"xet {lfs.sha256}".encode()).hexdigest() if lfs and self.xet else None

    def _at(self, repo: str) -> Repository:
        return self._repositories[repo]

    def _put(self, repository: Repository) -> None:
        self._repositories[repository.name] = repository

    def _create(self, name: str, created: datetime) -> Repository:
        id = self._new_id(name, created)
        made = Repository(name=name, id=id, created=created, folder=self._root / f"{id}.git")
        git.init(made.folder)
        self._settle(made.org, created)
        return made

    def _settle(self, org: str, created: datetime) -> None:
        if org and org not in self._organizations:
            self.found(org, created=created)

    def _new_id(self, name: str, created: datetime) -> str:
        """24 hex digits, the first 8 of which are a time, as MongoDB makes them."""
        digest = sha256(f"{next(self._serial)} {name}".encode()).hexdigest()
        return f"{int(created.timestamp()):08x}{digest[:16]}"


def _tip(repository: Repository, ref: str) -> str | None:
    refs = git.refs(repository.folder)
    begins = "refs/heads/main" if ref.startswith("refs/pr/") else ref
    return refs.get(ref) or refs.get(begins)
