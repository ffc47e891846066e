"""A change map as values and as a document."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite

from provenance.errors import Malformed
from provenance.formats import json as strict
from provenance.formats.fields import Fields
from provenance.weights.roles import Numbers

VERSION = 1


class Kind(StrEnum):
    """How the values of one tensor differ from the base's."""

    IDENTICAL = "identical"
    CAST = "cast"
    QUANTIZED = "quantized"
    PRUNED = "pruned"
    ROWS = "rows"
    LOW_RANK = "low rank"
    DENSE = "dense"
    RESHAPED = "reshaped"
    ADDED = "added"
    REMOVED = "removed"
    UNREADABLE = "unreadable"


BESIDE = "beside the table"
"""What is said of a head where only one of two models has one of its own."""
BEYOND = ", and changed beyond that"
"""What is said behind how values were quantised, where that is not all that was done."""
MOVED = "moved here from "
"""What is said of a tensor that stood in another layer of the base, before the name of that."""
OUTSIDE = "in other directions than the rest"
"""What is said of rows that the factors of all others do not make."""
ODD = re.compile(r"holds (?:a value that is no number|\d+ values that are no numbers)")
MORE, RUNS = "more", 4096
"""What stands for all other rows, and how many runs of rows are told before that."""
TOLD = 64
"""The highest rank of a dense change that is told: a higher one is only known to be as high."""
UNCHANGED = frozenset({Kind.IDENTICAL, Kind.CAST})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One tensor of the derivative beside the base's tensor `base`.

    `role` and `numbers` say what it is for and in which layer. `relative` is the Frobenius norm of
    the difference by that of the base, 1 where the base holds zeros only; `share` how many of the
    values differ, from 0 to 1. `rank` is how many directions of the difference stand out of the
    rounding of what is stored, of a dense one at least so many, with those of rows outside of the
    part whose rank is told; None where it was not asked.
    `whole` is the same of all parts of the tensor together, where several of them changed.
    `rows` says of a table of tokens which of its rows differ, counted from 0: `5`, `100-499`, and
    MORE at last where they are too many. `detail` is what else is to be said: `int8 in rows`,
    `F32 to BF16`, `12 of 32000 rows`. A removed tensor has the base's name.
    """

    name: str
    base: str = ""
    role: str
    numbers: Numbers
    kind: Kind
    rank: int | None = None
    whole: int | None = None
    relative: float = 0.0
    share: float = 0.0
    rows: tuple[str, ...] = ()
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeMap:
    """Every tensor of a derivative beside its base's, in the order of role and layer.

    `base` is what the base is called, `manifest` the digest of its files where that is known.
    """

    base: str
    manifest: str = ""
    changes: tuple[Change, ...]

    @property
    def changed(self) -> tuple[Change, ...]:
        """Those whose values are other than the base's."""
        return tuple(one for one in self.changes if one.kind not in UNCHANGED)


def no_numbers(count: int) -> str:
    """What is said of a tensor of which so many values are NaN or infinite."""
    many = f"holds {count} values that are no numbers" if count else ""
    return "holds a value that is no number" if count == 1 else many


def runs_of(rows: Iterable[int]) -> tuple[str, ...]:
    """Numbers that ascend, those that follow each other as one run, in the words of a change."""
    found: list[list[int]] = []
    for row in rows:
        if found and row == found[-1][1] + 1:
            found[-1][1] = row
        elif len(found) == RUNS:
            return (*map(_run, found), MORE)
        else:
            found.append([row, row])
    return tuple(map(_run, found))


def _run(ends: list[int]) -> str:
    return "-".join(map(str, dict.fromkeys(ends)))


def are_among(runs: Iterable[str], rows: Collection[int]) -> bool:
    """Whether all of these runs are among some rows."""
    for run in runs:
        first, _, last = run.partition("-")
        if not (first.isdecimal() and (last or first).isdecimal()):
            return False
        if any(row not in rows for row in range(int(first), int(last or first) + 1)):
            return False
    return True


def size_of(change: Change) -> str:
    """How large a change is and that it holds what is no number, in brackets; nothing where neither
    is known."""
    told = (
        change.rank
        and change.kind is not Kind.ROWS
        and (change.kind is Kind.LOW_RANK or change.rank <= TOLD)
    )
    words = f"rank {change.rank}" if told else change.kind
    odd = ODD.search(change.detail)
    found = [words, percent(change.relative)] if change.relative else []
    return f" ({', '.join([*found, *([odd[0]] if odd else [])])})" if found or odd else ""


def percent(value: float) -> str:
    """`4.6 %`; what is less than a tenth of one as `0.05 %`."""
    return f"{value * 100:.1f} %" if value >= 0.001 or not value else f"{value * 100:.2g} %"


def dumps(changes: ChangeMap) -> bytes:
    """The map as canonical JSON, the same bytes for the same map."""
    table = {
        "version": VERSION,
        "base": changes.base,
        "manifest": changes.manifest,
        "changes": [_row(one) for one in changes.changes],
    }
    return json.dumps(table, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _row(change: Change) -> dict[str, object]:
    """What is not as it is of most tensors; the name, role and kind of each."""
    row: dict[str, object] = {
        "name": change.name,
        "base": change.base,
        "role": change.role,
        "numbers": list(change.numbers),
        "kind": change.kind,
        "rank": change.rank,
        "whole": change.whole,
        "relative": change.relative,
        "share": change.share,
        "rows": list(change.rows),
        "detail": change.detail,
    }
    kept = {"name", "role", "kind"} | ({"rank"} if change.rank is not None else set())
    return {key: value for key, value in row.items() if value or key in kept}


def loads(data: bytes) -> ChangeMap:
    """The map in such a document, or Malformed."""
    fields = Fields(strict.loads(data))
    if (version := fields.whole("version")) != VERSION:
        raise Malformed(f"version: {version}, expected {VERSION}: make the change map again")
    changes = ChangeMap(
        base=fields.text("base"),
        manifest=fields.text("manifest"),
        changes=tuple(_change(row, n) for n, row in enumerate(fields.rows("changes"))),
    )
    fields.end()
    return changes


def _change(row: Mapping[str, object], number: int) -> Change:
    fields = Fields(row, f"changes[{number}]")
    change = Change(
        name=fields.text("name"),
        base=fields.text("base", ""),
        role=fields.text("role"),
        numbers=fields.texts("numbers", ()),
        kind=Kind(fields.choice("kind", tuple(Kind))),
        rank=fields.whole("rank") if "rank" in fields else None,
        whole=fields.whole("whole") if "whole" in fields else None,
        relative=_number(fields, "relative"),
        share=_number(fields, "share"),
        rows=fields.texts("rows", ()),
        detail=fields.text("detail", ""),
    )
    fields.end()
    if change.share > 1:
        raise fields.wrong("share", f"expected 0 to 1, found {change.share}")
    return change


def _number(fields: Fields, name: str) -> float:
    """A number that is 0 or more and finite; 0 where it is left out."""
    value = fields.take(name) if name in fields else 0
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise fields.wrong(name, "expected a number")
    if not (value >= 0 and isfinite(value)):
        raise fields.wrong(name, f"expected 0 or more, found {value}")
    return float(value)
