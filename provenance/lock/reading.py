"""A lockfile read strictly: what somebody edited by hand is an error at its place, or is judged."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from provenance.errors import ConfigError
from provenance.formats.fields import Fields
from provenance.lock.entry import (
    VERSION,
    Accepted,
    Entry,
    Floor,
    Lock,
    LockedFinding,
    LockedParent,
    LockedSigner,
    Part,
)
from provenance.lock.order import in_order
from provenance.model import Basis, Facts, File, Manifest, Reach
from provenance.selection import matches
from provenance.trust import reading
from provenance.verdict import Level, Outcome, Result

T = TypeVar("T")
N = TypeVar("N", Floor, Entry)

CONFLICT = re.compile(r"^(?:<{7}|\|{7}|={7}|>{7})(?:\s|$)", re.MULTILINE)
SURROGATE = re.compile("[\ud800-\udfff]")
LIMIT = 2**63
KINDS = ("sigstore", "key", "certificate")
TIERS = ("contradicted", "declared", "consistent", "corroborated", "attested", "anchored")
BASES = (Basis.DECLARED, Basis.LOCKED, Basis.MEASURED)
OUTCOMES = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.SKIPPED)
REACHES = (Reach.BRANCH, Reach.TAG, Reach.PULL_REQUEST, Reach.NOTHING)
OF_A_MODEL = ("basis", "profile", "verdict", "manifest", "selected")


def loads(text: str, *, source: str) -> Lock:
    """The lock of a text that `dumps` wrote, in order, or ConfigError with the path of the fault.

    `source` is the name of the file. Facts have what a lock keeps of them: `gated` and `private`
    are None, `flags` is empty.
    """
    if conflict := CONFLICT.search(text):
        line = text.count("\n", 0, conflict.start()) + 1
        raise ConfigError(
            f"line {line} marks a merge conflict: resolve the conflict, then run `provenance lock`",
            path=source,
        )
    try:
        table = tomllib.loads(text)
    except RecursionError:
        raise ConfigError("nested too deep", path=source) from None
    except ValueError as error:
        raise ConfigError(f"not TOML: {error}", path=source) from None
    return from_table(table, source=source)


def from_table(table: object, *, source: str) -> Lock:
    """The lock of a parsed file, in order, or ConfigError whose path begins with `source`."""
    fields = Fields(table, raises=reading.errors_in(source))
    _check_version(fields)
    lock = Lock(
        registries=tuple(_named(fields.tables("registries", required=True), _floor)),
        entries=tuple(
            entry
            for part in Part
            for entry in _named(fields.tables(part), partial(_entry, part=part))
        ),
    )
    fields.end()
    return in_order(lock)


def _check_version(fields: Fields) -> None:
    version = fields.whole("version")
    if version != VERSION:
        newer = "; a newer provenance wrote it: update provenance" if version > VERSION else ""
        raise fields.wrong("version", f"expected {VERSION}{newer}")


def _named(tables: Iterator[Fields], read: Callable[[Fields], N]) -> Iterator[N]:
    """What each table says, no two of them by one name."""
    names: set[str] = set()
    for fields in tables:
        item = read(fields)
        fields.end()
        _once(fields, "name", item.name, names)
        yield item


def _once(fields: Fields, name: str, value: str, seen: set[str]) -> None:
    if value in seen:
        raise fields.wrong(name, f"{value[:200]!r} stands twice")
    seen.add(value)


def _floor(fields: Fields) -> Floor:
    return Floor(
        name=reading.line(fields, "name"),
        version=_number(fields, "version") if "version" in fields else None,
    )


def _entry(fields: Fields, part: Part) -> Entry:
    entry = Entry(
        name=reading.line(fields, "name"),
        part=part,
        repo=reading.repo(fields, "repo") if "repo" in fields else None,
        path=reading.optional_line(fields, "path"),
        revision=reading.optional_line(fields, "revision"),
        commit=reading.optional_hexadecimal(fields, "commit", 40),
        facts=_facts(fields) if "id" in fields else None,
        organisation=_line(fields, "organisation"),
        basis=_choice(fields, "basis", BASES),
        profile=_line(fields, "profile"),
        verdict=_choice(fields, "verdict", tuple(Result)),
        manifest=_digest(fields, "manifest"),
        selected=_digest(fields, "selected"),
        include=_patterns(fields, "include"),
        exclude=_patterns(fields, "exclude"),
        parents=_rows(fields, "parents", _parent),
        signers=_rows(fields, "signers", _signer),
        accepted=_rows(fields, "accepted", _accepted),
        findings=_rows(fields, "findings", _finding),
        files=_files(fields, required=part is Part.MODEL),
    )
    _check(fields, entry)
    return entry


def _check(fields: Fields, entry: Entry) -> None:
    """The entry says which bytes it means, and its files are those."""
    if entry.repo is None and entry.path is None:
        raise fields.wrong("repo", "missing: expected repo, path or both")
    if entry.part is Part.MODEL:
        for name in OF_A_MODEL:
            if not getattr(entry, name):
                raise fields.wrong(name, "missing")
        if entry.path is None and entry.commit is None:
            raise fields.wrong("commit", "missing")
    is_listed = entry.part is Part.MODEL or entry.files.files
    if is_listed and entry.selected != entry.files.digest:
        raise fields.wrong(
            "selected", f"the files give {entry.files.digest}: run `provenance lock`"
        )


def _facts(fields: Fields) -> Facts:
    return Facts(
        id=reading.repo(fields, "id"),
        repo_id=reading.optional_hexadecimal(fields, "repo_id", 24),
        owner=_text(fields, "owner") if "owner" in fields else None,
        owner_id=reading.optional_hexadecimal(fields, "owner_id", 24),
        reach=Reach(_choice(fields, "reach", REACHES) or Reach.UNKNOWN),
        parents=_texts(fields, "hub_parents"),
        relation=_text(fields, "hub_relation") if "hub_relation" in fields else None,
    )


def _files(fields: Fields, *, required: bool) -> Manifest:
    paths: set[str] = set()
    files = []
    for row in fields.tables("files", required=required):
        file = _file(row)
        row.end()
        _once(row, "path", file.path, paths)
        files.append(file)
    return Manifest.of(files)


def _file(fields: Fields) -> File:
    return File(
        path=reading.inner_path(fields, "path"),
        size=_number(fields, "size"),
        digest=fields.hexadecimal("sha256", 64),
    )


def _rows(fields: Fields, name: str, read: Callable[[Fields], T]) -> tuple[T, ...]:
    rows = []
    for row in fields.tables(name):
        rows.append(read(row))
        row.end()
    return tuple(rows)


def _parent(fields: Fields) -> LockedParent:
    return LockedParent(
        repo=reading.line(fields, "repo"),
        commit=reading.optional_hexadecimal(fields, "commit", 40),
        relation=reading.optional_line(fields, "relation"),
        tier=fields.choice("tier", TIERS),
        source=_words(fields, "source", ""),
    )


def _signer(fields: Fields) -> LockedSigner:
    return LockedSigner(
        kind=fields.choice("kind", KINDS),
        identity=_words(fields, "identity"),
        organisation=_line(fields, "organisation"),
        name=_line(fields, "name"),
        bundle=_words(fields, "bundle", ""),
        time=_moment(fields, "time") if "time" in fields else None,
    )


def _accepted(fields: Fields) -> Accepted:
    return Accepted(rule=_rule(fields), old=_words(fields, "old"), new=_words(fields, "new"))


def _finding(fields: Fields) -> LockedFinding:
    return LockedFinding(
        rule=_rule(fields),
        where=_words(fields, "where", ""),
        outcome=_choice(fields, "outcome", OUTCOMES),
        level=_choice(fields, "level", tuple(Level)),
        waived=_words(fields, "waived", ""),
    )


def _rule(fields: Fields) -> str:
    rule = fields.text("rule")
    if not reading.is_rule(rule):
        raise fields.wrong("rule", f"expected check/rule, found {rule[:80]!r}")
    return rule


def _number(fields: Fields, name: str) -> int:
    number = fields.whole(name)
    if number >= LIMIT:
        # Not shown: Python refuses to write out the longest numbers that it reads.
        raise fields.wrong(name, "expected less than 2**63")
    return number


def _moment(fields: Fields, name: str) -> datetime:
    value = fields.take(name)
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise fields.wrong(name, "expected a time such as 2026-05-01T00:00:00Z")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise fields.wrong(name, "no such moment in UTC") from None


def _line(fields: Fields, name: str) -> str:
    return reading.optional_line(fields, name) or ""


def _choice(fields: Fields, name: str, allowed: tuple[str, ...]) -> str:
    return fields.choice(name, allowed) if name in fields else ""


def _digest(fields: Fields, name: str) -> str:
    return reading.manifest(fields, name) if name in fields else ""


def _words(fields: Fields, name: str, default: str | None = None) -> str:
    """A text that is not empty, or the default where the name is absent."""
    if name not in fields and default is not None:
        return default
    value = _text(fields, name)
    if not value:
        raise fields.wrong(name, "must not be empty")
    return value


def _text(fields: Fields, name: str) -> str:
    """A text as somebody else wrote it, odd characters and all."""
    return _unicode(fields, name, fields.text(name))


def _texts(fields: Fields, name: str) -> tuple[str, ...]:
    values = fields.texts(name, ())
    return tuple(_unicode(fields, f"{name}[{at}]", value) for at, value in enumerate(values))


def _unicode(fields: Fields, name: str, value: str) -> str:
    if SURROGATE.search(value):
        raise fields.wrong(name, f"not Unicode: {value[:80]!r}")
    return value


def _patterns(fields: Fields, name: str) -> tuple[str, ...]:
    patterns = fields.texts(name, ())
    for position, pattern in enumerate(patterns):
        _check_pattern(fields, f"{name}[{position}]", pattern)
    return patterns


def _check_pattern(fields: Fields, name: str, pattern: str) -> None:
    if not pattern.isprintable():
        raise fields.wrong(name, f"expected a pattern of paths, found {pattern[:80]!r}")
    try:
        matches("", (pattern,), ())
    except ConfigError as error:
        raise fields.wrong(name, str(error).removeprefix(f"{error.path}: ")) from None
