"""What a matrix is for, whatever program wrote its name: the table names.toml, and how it is used.

A name is taken apart at the number of its layer: before it stand words of the stack (an encoder, a
vision tower) and of wrappers, behind it the module. Of a model with one stack its words say nothing
and are left out, so that a model is spelled alike with and without its head.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any

LAYERS = "layers.#"
WORDS = 6
"""The longest module of the table, in words."""


class Use(StrEnum):
    """What a matrix does with the residual stream."""

    READS = "reads"
    WRITES = "writes"
    INNER = "inner"
    TABLE = "table"
    POSITION = "position"
    NORM = "norm"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A row of the table, under one of its names."""

    role: str
    use: Use
    parts: tuple[str, ...] = ()
    stack: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The rows by each of their names, and the words that stand before them; `beside` are the rows
    that count where a model has another module too, each with that."""

    known: Mapping[str, Known]
    beside: Mapping[str, tuple[str, Known]]
    stacks: frozenset[str]
    wrappers: frozenset[str]
    spellings: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a name says: `group` are the words of its stack, `module` what it is there."""

    group: str
    module: str
    layered: bool
    known: Known
    before: int
    """How many of its numbers stand before those of the layer."""
    kept: int
    """How many of its numbers from there on belong to it; others are of a program's own nesting."""


@cache
def table() -> Table:
    """The table of names."""
    text = resources.files("provenance.weights").joinpath("names.toml").read_text("utf-8")
    raw = tomllib.loads(text)
    rows = [(name, row.get("beside"), _known(row)) for row in raw["role"] for name in row["named"]]
    return Table(
        known={name: known for name, beside, known in rows if not beside},
        beside={name: (beside, known) for name, beside, known in rows if beside},
        stacks=frozenset(raw["stacks"]),
        wrappers=frozenset(raw["wrappers"]),
        spellings=raw["spellings"],
    )


@cache
def fused_of(role: str) -> tuple[str, ...]:
    """What programs call the matrices, or the stacks of them, of which one of this role is a
    part."""
    rows = table().known.items()
    return tuple(
        name for name, one in rows if role in one.parts or (one.stack and one.role == role)
    )


def _known(row: Mapping[str, Any]) -> Known:
    return Known(
        role=row["is"],
        use=Use(row["use"]),
        parts=tuple(row.get("parts", ())),
        stack=row.get("stack", False),
    )


def meanings(roles: Iterable[str]) -> dict[str, Meaning]:
    """What each role says (weights/roles.py), each looked at once."""
    return {role: _meaning(role.removesuffix(".weight")) for role in dict.fromkeys(roles)}


def use_of(role: str) -> Use:
    """What a matrix of this role does; UNKNOWN where its name is not in the table."""
    return _meaning(role.removesuffix(".weight")).known.use


def _meaning(role: str) -> Meaning:
    words = role.split(".")
    rows = table()
    at = next(
        (n for n, word in enumerate(words) if word == "#" and n and words[n - 1] in rows.stacks),
        None,
    )
    if at is None:
        return _outside(words, rows)
    module = ".".join(words[at + 1 :])
    known = rows.known.get(module, Known(role=module, use=Use.UNKNOWN))
    before = words[: at - 1]
    return Meaning(
        group=_group(before, rows),
        module=known.role,
        layered=True,
        known=known,
        before=before.count("#"),
        kept=1 + known.role.count("#") - known.stack,
    )


def _outside(words: list[str], rows: Table) -> Meaning:
    """A name without a layer: the longest end of it that the table knows."""
    for start in range(max(0, len(words) - WORDS), len(words)):
        known = rows.known.get(".".join(words[start:]))
        if known and known.use in (Use.TABLE, Use.POSITION):
            return Meaning(
                group=_group(words[:start], rows),
                module=known.role,
                layered=False,
                known=known,
                before=words[:start].count("#"),
                kept=0,
            )
    first = words[0] if words[0] in rows.wrappers and len(words) > 1 else ""
    module = ".".join(words[bool(first) :])
    return Meaning(
        group="",
        module=module,
        layered=False,
        known=Known(role=module, use=Use.UNKNOWN),
        before=0,
        kept=words.count("#"),
    )


def _group(words: list[str], rows: Table) -> str:
    return ".".join(rows.spellings.get(w, w) for w in words if w not in rows.wrappers)


def role_in(meaning: Meaning, single: bool) -> str:
    """The role in a model; `single` says that it has one stack."""
    module = meaning.module if meaning.module.endswith("weight") else f"{meaning.module}.weight"
    words = ["" if single else meaning.group, LAYERS if meaning.layered else "", module]
    return ".".join(word for word in words if word)


def respelled(roles: Iterable[str]) -> dict[str, str]:
    """The roles of vectors, in a layer or outside of any, with their modules by the table's names;
    those that it does not know stay."""
    some = tuple(dict.fromkeys(roles))
    modules = {_stem(role).rpartition("#.")[2] for role in some}
    rows = table()
    known = {name: one.role for name, one in rows.known.items() if not (one.parts or one.stack)}
    known |= {name: one.role for name, (beside, one) in rows.beside.items() if beside in modules}
    return {role: _respelled(role, known, rows) for role in some}


def _respelled(role: str, known: Mapping[str, str], rows: Table) -> str:
    stem, ending = _stem(role), role[len(_stem(role)) :]
    before, number, module = stem.partition("#.")
    if number:
        return f"{before}#.{known.get(module, module)}{ending}"
    words = stem.split(".")
    at = next((n for n, word in enumerate(words) if word not in rows.wrappers), 0)
    bare = ".".join(words[at:])
    is_norm = bare in rows.known and rows.known[bare].use is Use.NORM
    return f"{known[bare]}{ending}" if is_norm else role


def _stem(role: str) -> str:
    return role.removesuffix(".weight").removesuffix(".bias")
