"""A lockfile as text: sorted, one row a line, the same bytes for the same lock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime

import tomli_w

from provenance.errors import ConfigError
from provenance.lock.entry import Entry, Lock, Part
from provenance.lock.order import Row, in_order
from provenance.lock.reading import from_table
from provenance.model import Facts, File, Reach

HEAD = "# Written by `provenance lock`. It pins, it proves nothing: every use judges again.\n"
UNFIT = "cannot be locked"
WHICH = ("name", "repo", "path", "revision", "commit")
JUDGED = (
    "organisation",
    "basis",
    "profile",
    "verdict",
    "manifest",
    "selected",
    "include",
    "exclude",
)
FACTS = ("id", "repo_id", "owner", "owner_id")
LISTS = ("parents", "signers", "accepted", "findings")

Table = dict[str, object]


def dumps(lock: Lock) -> str:
    """The text of a lock, from which `loads` has the same lock back, in order.

    Facts keep what a lock has of them. ConfigError, naming the place, for what `loads` would
    refuse: no lock is written that cannot be read.
    """
    table = _table(in_order(lock))
    from_table(table, source=UNFIT)
    return HEAD + "".join(f"{line}\n" for line in _lines(table))


def _table(lock: Lock) -> Table:
    table: Table = {"version": lock.version, "registries": [_row(row) for row in lock.registries]}
    for part in Part:
        entries = [_entry(entry) for entry in lock.entries if entry.part is part]
        table |= {part: entries} if entries else {}
    return table


def _entry(entry: Entry) -> Table:
    table = _said(entry, WHICH)
    table |= _facts(entry.facts) if entry.facts else {}
    table |= _said(entry, JUDGED)
    for name in LISTS:
        rows = [_row(row) for row in getattr(entry, name)]
        table |= {name: rows} if rows else {}
    if entry.files.files or entry.part is Part.MODEL:
        table["files"] = [_file(entry, file) for file in entry.files.files]
    return table


def _facts(facts: Facts) -> Table:
    table = _said(facts, FACTS)
    if facts.reach is not Reach.UNKNOWN:
        table["reach"] = str(facts.reach)
    if facts.parents:
        table["hub_parents"] = list(facts.parents)
    if facts.relation is not None:
        table["hub_relation"] = facts.relation
    return table


def _file(entry: Entry, file: File) -> Table:
    if not file.sha256:
        raise ConfigError(
            f"nothing states the SHA-256 of {file.path!r}: `provenance lock --measure` takes it "
            "from the bytes",
            path=f"{entry.name} {UNFIT}",
        )
    return {"path": file.path, "size": file.size, "sha256": file.sha256}


def _row(row: Row) -> Table:
    return _said(row, [field.name for field in fields(row)])


def _said(value: Entry | Facts | Row, names: Sequence[str]) -> Table:
    """The named fields that say something: None does not, and nor does an empty default."""
    defaults = {field.name: field.default for field in fields(value)}
    said = {name: getattr(value, name) for name in names}
    return {
        name: list(item) if isinstance(item, tuple) else item
        for name, item in said.items()
        if item is not None and (item or item != defaults[name])
    }


def _lines(table: Mapping[str, object]) -> Iterator[str]:
    for name, value in table.items():
        if name in tuple(Part) and isinstance(value, list):
            for entry in value:
                yield from ("", f"[[{name}]]", *_lines(entry))
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            # tomli_w would spread a long row over lines, and the difference is the review.
            rows = (", ".join(_pair(*pair) for pair in row.items()) for row in value)
            yield from (f"{name} = [", *(f"    {{{row}}}," for row in rows), "]")
        else:
            yield _pair(name, value)


def _pair(name: str, value: object) -> str:
    return f"{name} = {_value(value)}"


def _value(value: object) -> str:
    """A value on one line, a text as tomli_w writes it."""
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return _visible(tomli_w.dumps({"v": value}).removeprefix("v = ").rstrip("\n"))


def _visible(text: str) -> str:
    """The text with an escape for each character that a reviewer would not see as it is."""
    return text if text.isprintable() else "".join(map(_escaped, text))


def _escaped(character: str) -> str:
    return character if character.isprintable() else f"\\U{ord(character):08x}"
