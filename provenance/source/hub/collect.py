"""A model on a Hub as evidence, before any of its weights move.

What the Hub states of large files is taken as declared; small ones are fetched and held against
what it states; of weights only what a check reads is fetched, by range.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from provenance.errors import Absent
from provenance.formats import content
from provenance.model import Basis, Evidence, Facts, File, Observation, Reach, Ref
from provenance.oms import Need
from provenance.selection import matches
from provenance.source import evidence_files
from provenance.source.assemble import assemble
from provenance.source.digests import affordable
from provenance.source.evidence_files import Found
from provenance.source.hub.client import FILE_TIMEOUT, Account, Beyond, Hub, Question
from provenance.source.hub.facts import known, owner_id, reach
from provenance.source.hub.listing import Listed, blob_id, listing, pointer, stated
from provenance.source.hub.ranged import Contradiction, Ranged, stream
from provenance.source.limits import DEFAULT, Limits
from provenance.source.measure import Budget, Measured, hash_bytes
from provenance.source.names import oddities

SMALL = 1 << 20
LARGEST_PLAIN = 10 << 20
"""What a Hub keeps in git itself; a larger file is LFS, whether or not the listing says so."""

BOOKKEEPING = (".git/", ".cache/huggingface/")
UNDECLARED = "the Hub states no digest of it: lock with --measure to download and hash it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """At an ancestor less is looked at: `headers` of its weights or none, by a common account.

    `reached` says that its commit needs no search: nobody pinned it.
    """

    account: Account
    headers: bool
    reached: bool


def collect(
    hub: Hub,
    ref: Ref,
    *,
    at: datetime,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    given: Found | None = None,
    ask_owner: bool = False,
    glance: Glance | None = None,
    limits: Limits = DEFAULT,
) -> Evidence:
    """The evidence on the model that `ref` names, its large files as the Hub declares them.

    A commit that `ref` has is asked for in place of its revision.
    `given` are the signatures that count in place of the repository's; `ask_owner` also asks for
    the id of its namespace; `glance` is for an ancestor. Absent where there is no such model or
    revision, SourceError where the Hub does not answer, ConfigError for a pattern; whatever else is
    odd is an observation.
    """
    matches("", include, exclude)
    account = glance.account if glance else Account(limits)
    asked = ref.commit or ref.revision
    answer = known(hub, ref.repo or "", asked, account)
    repo, commit = answer.facts.id, answer.commit
    entries, more = listing(hub, repo, commit, account, limits.entries)
    visit = Visit(
        hub=hub,
        repo=repo,
        commit=commit,
        account=account,
        limits=limits,
        entries={entry.path: entry for entry in entries},
        headers=glance is None or glance.headers,
    )
    found = visit.evidence()
    if given:
        found = replace(found, documents=given.documents, observations=given.observations)
    chosen = frozenset(
        entry.path
        for entry in entries
        if entry.path not in found.paths and matches(entry.path, include, exclude)
    )
    reached = glance is not None and glance.reached
    facts = replace(
        answer.facts,
        reach=Reach.BRANCH if reached else reach(hub, repo, asked, commit, account, limits.commits),
        owner_id=_owner_id(hub, answer.facts, account) if ask_owner else None,
    )
    return assemble(
        ref=replace(ref, commit=commit),
        at=at,
        basis=Basis.DECLARED,
        rows=visit.rows(chosen, found),
        found=found,
        seen=[*visit.odd(found.paths), *([_over(limits)] if more else [])],
        chosen=chosen,
        include=include,
        exclude=exclude,
        facts=facts,
    )


def _over(limits: Limits) -> Observation:
    detail = f"more than {limits.entries} files: the rest is not known"
    return Observation(code="limit", path="", detail=detail)


def _owner_id(hub: Hub, facts: Facts, account: Account) -> str | None:
    return owner_id(hub, facts.owner, account) if facts.owner else None


@dataclass(kw_only=True)
class Visit:
    """One model at one commit, and what was fetched of it so far."""

    hub: Hub
    repo: str
    commit: str
    account: Account
    limits: Limits
    entries: dict[str, Listed]
    headers: bool = True
    fetched: dict[str, bytes] = field(default_factory=dict)
    beyond: set[str] = field(default_factory=set)

    def evidence(self) -> Found:
        """The evidence files at its top."""
        named = [path for path in self.entries if evidence_files.is_evidence_name(path)]
        small = [path for path in named if self.entries[path].size <= self.limits.bundle]
        self.fetch(small[: self.limits.bundles])
        return evidence_files.find(tuple(self.entries), self.read, self.limits)

    def odd(self, evidence: frozenset[str]) -> Iterator[Observation]:
        """What is odd about the names in the listing."""
        yield from oddities(self.entries.keys() - evidence)
        yield from oddities(evidence)
        for path in self.entries:
            if path.startswith(BOOKKEEPING):
                detail = "lies where git or a downloader keeps its own files: remove it"
                yield Observation(code="name", path=path, detail=detail)

    def read(self, path: str, most: int) -> bytes | None:
        """The bytes of a file of at most so many, or None."""
        if self.entries[path].size > most:
            return None
        if path not in self.fetched:
            self.fetch([path])
        return self.fetched.get(path)

    def fetch(self, paths: Iterable[str]) -> None:
        """The files are fetched whole, several at once; those that cannot be had are left out."""
        wanted = [path for path in paths if path not in self.fetched]
        for path, data in zip(wanted, self.hub.each("reading", self._get, wanted), strict=True):
            if data is not None:
                self.fetched[path] = data

    def _get(self, path: str) -> bytes | None:
        size = self.entries[path].size
        url = self.hub.file(self.repo, self.commit, path)
        question = Question(url=url, repo=self.repo, most=size + 1, cut=True, timeout=FILE_TIMEOUT)
        try:
            return self.hub.ask(question, self.account).body
        except Beyond:
            self.beyond.add(path)
            return None
        except Absent as error:
            if error.code != "EntryNotFound":
                raise
            return None

    def rows(self, chosen: frozenset[str], found: Found) -> tuple[Measured, ...]:
        """Every file but the evidence, in path order; what was chosen with its content."""
        strange = {seen.path for seen in self.odd(frozenset()) if seen.code == "name"}
        wanted = [self.entries[path] for path in sorted(chosen - strange)]
        wanted = self._stated(wanted)
        needs, unmet = affordable(
            evidence_files.needs(found.documents), [entry.size for entry in wanted], self.limits
        )
        kept = sum(len(document.data) for document in found.documents)
        budget = Budget(max(0, self.limits.kept - kept), self.limits.head)
        whole = [entry.path for entry in wanted if _is_small(entry)]
        over = self._over(whole, kept)
        self.fetch(path for path in whole if path not in over)
        reader = Reader(visit=self, needs=needs, budget=budget, over=over)
        read = dict(
            zip(
                (entry.path for entry in wanted),
                self.hub.each("reading headers", reader.row, wanted),
                strict=True,
            )
        )
        others = {
            path: Measured(file=_file(entry))
            for path, entry in self.entries.items()
            if path not in found.paths
        }
        rows = others | {path: budget.give(row) for path, row in read.items()}
        return (*(rows[path] for path in sorted(rows)), Measured(observations=tuple(unmet)))

    def _stated(self, wanted: Sequence[Listed]) -> list[Listed]:
        """The same, with the digests that the Hub states only when it is asked for them."""
        silent = [entry for entry in wanted if not entry.sha256 and not _is_small(entry)]
        told = stated(self.hub, self.repo, self.commit, silent, self.account) if silent else ()
        self.entries.update((entry.path, entry) for entry in told)
        return [self.entries[entry.path] for entry in wanted]

    def _over(self, whole: Sequence[str], kept: int) -> frozenset[str]:
        """The small files for which there is no room, the later ones by name."""
        over = set()
        for path in whole:
            kept += self.entries[path].size
            if kept > self.limits.kept:
                over.add(path)
        return frozenset(over)


def _is_small(entry: Listed) -> bool:
    """Whether it is fetched whole: LFS below 1 MiB, or what can only be a blob of git."""
    if entry.size < SMALL:
        return True
    return not entry.lfs and bool(entry.blob) and entry.size <= LARGEST_PLAIN


def _file(entry: Listed) -> File:
    return File(path=entry.path, size=entry.size, digest=entry.sha256 or entry.blob)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What is wanted of each selected file; `over` are those there is no room for."""

    visit: Visit
    needs: tuple[Need, ...]
    budget: Budget
    over: frozenset[str]

    def row(self, entry: Listed) -> Measured:
        """What the file is: from its bytes where it was fetched, else by range."""
        data = self.visit.fetched.get(entry.path)
        if entry.path in self.over:
            return _odd(entry, "limit", "the small files of the model are too many to read this")
        if data is not None:
            return self._fetched(entry, data)
        if entry.path in self.visit.beyond:
            return _odd(entry, "limit", "more requests than one model may cost")
        if _is_small(entry):
            return _odd(entry, "contradiction", "it is listed, and the Hub has no such file")
        return self._ranged(entry) if self.visit.headers else Measured(file=_file(entry))

    def _fetched(self, entry: Listed, data: bytes) -> Measured:
        digest, parts = hash_bytes(entry.path, data, self.needs)
        seen, observations = content.read(
            io.BytesIO(data), entry.path, len(data), limit=self.budget.most
        )
        return Measured(
            file=File(path=entry.path, size=len(data), digest=digest),
            content=self.budget.take(seen),
            parts=parts,
            observations=(*observations, *_held_against(entry, data, digest)),
        )

    def _ranged(self, entry: Listed) -> Measured:
        visit = self.visit
        raw = Ranged(visit.hub, visit.repo, visit.commit, entry, visit.account, visit.limits.ranged)
        try:
            seen, observations = content.read(
                stream(raw), entry.path, entry.size, limit=self.budget.most
            )
        except Contradiction as error:
            return _odd(entry, "contradiction", str(error))
        except OSError as error:
            return _odd(entry, "limit", str(error))
        silent = () if entry.sha256 else (_seen(entry, "undeclared", UNDECLARED),)
        return Measured(
            file=replace(_file(entry), digest=entry.sha256),
            content=self.budget.take(seen),
            observations=(*observations, *silent),
        )


def _held_against(entry: Listed, data: bytes, digest: str) -> Iterator[Observation]:
    """Whether fetched bytes are what the listing states: by SHA-256, blob or pointer."""
    if len(data) != entry.size:
        size = "more" if len(data) > entry.size else f"{len(data)} bytes"
        yield _seen(entry, "contradiction", f"listed with {entry.size} bytes, and {size} came")
    elif entry.sha256:
        if digest != entry.sha256:
            detail = f"declared as sha256 {entry.sha256}, and {digest} came"
            yield _seen(entry, "contradiction", detail)
    elif not entry.blob:
        yield _seen(entry, "undeclared", UNDECLARED)
    elif entry.blob not in (blob_id(data), blob_id(pointer(digest, len(data)))):
        detail = f"listed as git blob {entry.blob}, and {blob_id(data)} came"
        yield _seen(entry, "contradiction", detail)


def _odd(entry: Listed, code: str, detail: str) -> Measured:
    return Measured(file=_file(entry), observations=(_seen(entry, code, detail),))


def _seen(entry: Listed, code: str, detail: str) -> Observation:
    return Observation(code=code, path=entry.path, detail=detail)
