"""A lockfile read strictly: what somebody edited by hand is an error at its place, or is judged."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TypeVar

from provenance.errors import ConfigError
from provenance.formats import toml
from provenance.formats.fields import Fields
from provenance.lock.model import (
    VERSION,
    Accepted,
    Entry,
    Floor,
    Lock,
    LockedFailure,
    LockedFinding,
    LockedMember,
    LockedParent,
    LockedSigner,
    Part,
)
from provenance.model import Basis, Facts, File, Manifest, Reach
from provenance.names import is_repo
from provenance.policy.document import is_origin
from provenance.policy.required import SPOKEN
from provenance.selection import matches
from provenance.trust import reading
from provenance.verdict import Level, Outcome, Result

T = TypeVar("T")

CONFLICT = re.compile(r"^(<{7}|={7}|>{7})(\s|$)", re.MULTILINE)
REMEDY = "resolve the conflict, then run `provenance lock`"
MAX_SIZE = 2**63
DIGEST = re.compile("[0-9a-f]{64}")
OPENING = re.compile("(?:all:)?[0-9a-f]{16}")
KINDS = ("sigstore", "key", "certificate")
TIERS = ("contradicted", "declared", "consistent", "corroborated", "attested", "anchored")


def loads(text: str, *, source: str) -> Lock:
    """The lock of a text that `dumps` wrote, or ConfigError with the path of what is wrong.

    Facts have only what a lock keeps. Nothing in it is believed for standing there.
    """
    if conflict := CONFLICT.search(text):
        line = text.count("\n", 0, conflict.start()) + 1
        raise ConfigError(f"has the mark of a merge conflict: {REMEDY}", path=f"{source}:{line}")
    try:
        table = tomllib.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise ConfigError(toml.fault(error, text), path=source) from None
    fields = Fields(table, raises=reading.errors_in(source))
    version = fields.whole("version")
    if version != VERSION:
        raise fields.wrong(
            "version", f"expected {VERSION}, found {version}: another provenance wrote it"
        )
    lock = Lock(
        registries=tuple(_floor(entry) for entry in fields.tables("registries")),
        entries=tuple(entry for part in Part for entry in _entries(fields, part)),
        failures=_each(fields, "failures", _failure),
    )
    fields.end()
    return lock


def _floor(fields: Fields) -> Floor:
    version = fields.whole("version") if "version" in fields else None
    floor = Floor(
        name=reading.line(fields, "name"),
        version=version,
        url=_line(fields, "url"),
        root=_line(fields, "root"),
        section=_line(fields, "section"),
    )
    fields.end()
    return floor


def _entries(fields: Fields, part: Part) -> Iterator[Entry]:
    names: set[str] = set()
    for table in fields.tables(part):
        entry = _entry(table, part)
        if entry.name in names:
            raise table.wrong("name", f"{entry.name!r} stands twice")
        names.add(entry.name)
        yield entry


def _entry(fields: Fields, part: Part) -> Entry:
    files, source = _files(fields), reading.optional_line(fields, "source")
    entry = Entry(
        name=reading.line(fields, "name"),
        part=part,
        repo=reading.repo(fields, "repo") if "repo" in fields else None,
        path=reading.optional_line(fields, "path"),
        source=source,
        revision=reading.optional_line(fields, "revision"),
        commit=_commit(fields, source),
        mirror_of=_mirror_of(fields, part),
        facts=_facts(fields) if "id" in fields else None,
        organisation=_line(fields, "organisation"),
        basis=_choice(fields, "basis", tuple(Basis)),
        profile=_line(fields, "profile"),
        verdict=_choice(fields, "verdict", tuple(Result)),
        manifest=reading.optional_hexadecimal(fields, "manifest", 64, "sha256:") or "",
        selected=reading.optional_hexadecimal(fields, "selected", 64, "sha256:") or "",
        include=_patterns(fields, "include"),
        exclude=_patterns(fields, "exclude"),
        parents=_each(fields, "parents", _parent),
        members=_each(fields, "members", _member),
        signers=_each(fields, "signers", _signer),
        accepted=_each(fields, "accepted", _accepted),
        findings=_each(fields, "findings", _finding),
        files=files,
        tensors=_texts(fields, "tensors", OPENING, "16 lower-case hex digits"),
    )
    _check(fields, entry)
    fields.end()
    return entry


def _check(fields: Fields, entry: Entry) -> None:
    """An entry says which bytes it means, and its files are those."""
    if entry.repo is None and entry.path is None and entry.source is None:
        raise fields.wrong("repo", "missing: expected repo, path or source")
    if entry.part is Part.ANCESTOR:
        return
    if not entry.manifest:
        raise fields.wrong("manifest", "missing")
    if entry.selected != entry.files.digest:
        raise fields.wrong("selected", f"the files give {entry.files.digest}: lock again")
    if entry.path is None and entry.commit is None:
        raise fields.wrong("commit", "missing")


def _commit(fields: Fields, source: str | None) -> str | None:
    """A revision that does not change: a digest in a store, else a commit of git."""
    if source is not None:
        return reading.optional_hexadecimal(fields, "commit", 64, "sha256:")
    return reading.optional_hexadecimal(fields, "commit", 40)


def _mirror_of(fields: Fields, part: Part) -> str | None:
    """What it is a mirror of; of an ancestor, which a signature may have shown, perhaps by its name
    alone."""
    text = fields.text("mirror_of") if "mirror_of" in fields else None
    by_name = part is Part.ANCESTOR and text is not None and is_repo(text)
    if text is not None and not (by_name or is_origin(text)):
        expected = "expected org/name@<commit of 40 digits>"
        raise fields.wrong("mirror_of", f"{expected}, found {text[:200]!r}")
    return text


def _facts(fields: Fields) -> Facts:
    return Facts(
        id=reading.repo(fields, "id"),
        repo_id=reading.optional_hexadecimal(fields, "repo_id", 24),
        owner=reading.optional_line(fields, "owner"),
        owner_id=reading.optional_hexadecimal(fields, "owner_id", 24),
        reach=Reach(fields.choice("reach", tuple(Reach), Reach.UNKNOWN)),
        parents=fields.texts("hub_parents", ()),
        relation=fields.text("hub_relation") if "hub_relation" in fields else None,
    )


def _files(fields: Fields) -> Manifest:
    files: dict[str, File] = {}
    for row in fields.tables("files"):
        file = _file(row)
        if file.path in files:
            raise row.wrong("path", f"{file.path!r} stands twice")
        files[file.path] = file
    return Manifest.of(files.values())


def _file(fields: Fields) -> File:
    size = fields.whole("size")
    if size >= MAX_SIZE:
        raise fields.wrong("size", f"{size} bytes")
    file = File(
        path=reading.inner_path(fields, "path"), size=size, digest=fields.hexadecimal("sha256", 64)
    )
    fields.end()
    return file


def _each(fields: Fields, name: str, read: Callable[[Fields], T]) -> tuple[T, ...]:
    return tuple(map(read, fields.tables(name)))


def _failure(fields: Fields) -> LockedFailure:
    failure = LockedFailure(
        repo=_line(fields, "repo"),
        manifest=reading.manifest(fields, "manifest"),
        predicate=fields.choice("predicate", tuple(SPOKEN)),
        organisation=reading.line(fields, "organisation"),
        name=reading.line(fields, "name"),
        key=_line(fields, "key"),
        files=_texts(fields, "files", DIGEST, "64 lower-case hex digits"),
        suites=fields.texts("suites", ()),
        time=_moment(fields, "time"),
    )
    fields.end()
    return failure


def _texts(fields: Fields, name: str, form: re.Pattern[str], expected: str) -> tuple[str, ...]:
    found = fields.texts(name, ())
    for position, text in enumerate(found):
        if not form.fullmatch(text):
            raise fields.wrong(f"{name}[{position}]", f"expected {expected}, found {text[:80]!r}")
    return found


def _parent(fields: Fields) -> LockedParent:
    parent = LockedParent(
        repo=reading.line(fields, "repo"),
        commit=reading.optional_hexadecimal(fields, "commit", 40),
        relation=reading.optional_line(fields, "relation"),
        tier=fields.choice("tier", TIERS),
        source=_line(fields, "source"),
    )
    fields.end()
    return parent


def _member(fields: Fields) -> LockedMember:
    commit = reading.optional_hexadecimal(fields, "commit", 40)
    if commit is None:
        raise fields.wrong("commit", "missing")
    member = LockedMember(
        repo=reading.line(fields, "repo"),
        commit=commit,
        revision=reading.optional_line(fields, "revision"),
        brings=_line(fields, "brings"),
        source=_line(fields, "source"),
    )
    fields.end()
    return member


def _signer(fields: Fields) -> LockedSigner:
    signer = LockedSigner(
        kind=_choice(fields, "kind", KINDS),
        identity=reading.line(fields, "identity"),
        organisation=_line(fields, "organisation"),
        name=_line(fields, "name"),
        bundle=_line(fields, "bundle"),
        time=_moment(fields, "time"),
    )
    fields.end()
    return signer


def _moment(fields: Fields, name: str) -> datetime | None:
    return reading.optional_day(fields, name)


def _accepted(fields: Fields) -> Accepted:
    accepted = Accepted(
        rule=_rule(fields), old=reading.line(fields, "old"), new=reading.line(fields, "new")
    )
    fields.end()
    return accepted


def _finding(fields: Fields) -> LockedFinding:
    finding = LockedFinding(
        rule=_rule(fields),
        where=fields.text("where", ""),
        outcome=_choice(fields, "outcome", tuple(Outcome)),
        level=_choice(fields, "level", tuple(Level)),
        waived=fields.text("waived", ""),
    )
    fields.end()
    return finding


def _rule(fields: Fields) -> str:
    rule = fields.text("rule")
    if not reading.is_rule(rule) or "/" not in rule:
        raise fields.wrong("rule", f"expected check/rule, found {rule[:80]!r}")
    return rule


def _line(fields: Fields, name: str) -> str:
    return reading.optional_line(fields, name) or ""


def _choice(fields: Fields, name: str, allowed: tuple[str, ...]) -> str:
    return fields.choice(name, allowed) if name in fields else ""


def _patterns(fields: Fields, name: str) -> tuple[str, ...]:
    patterns = fields.texts(name, ())
    try:
        matches("", patterns, ())
    except ConfigError as error:
        raise fields.wrong(name, str(error)) from None
    return patterns
