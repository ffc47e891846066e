"""TOML as text: single values as people write them, and edits that leave the rest of a file alone.

An edit is a splice: comments, order and spelling around it stay. It is proposed from a scan of the
text that knows strings and brackets, and holds only if a TOML parser then reads the intended value.
"""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress

import tomli_w

from provenance.formats.toml_inline import candidates
from provenance.formats.toml_scan import Block, line_end, scan

Table = dict[str, object]


PLACE = re.compile(r"\(at line (\d+), column (\d+)\)")
TWICE = ("overwrite", "twice", "already", "mutate")
LONGEST_LINE = 80


def fault(error: Exception, text: str) -> str:
    """Why a text is not TOML, in our words: where reading stopped, and the line that stands there.

    `error` is what `tomllib` raised for `text`.
    """
    if isinstance(error, RecursionError):
        return "not TOML: nested too deep"
    why = "a name stands twice" if any(word in str(error) for word in TWICE) else "cannot be read"
    rows = text.split("\n")
    ends = text.rstrip().split("\n")
    if found := PLACE.search(str(error)):
        row, column = int(found[1]), int(found[2])
        return f"not TOML at line {row}, column {column}: {why}: {_shown(rows[row - 1])}"
    if "end of document" in str(error):
        return f"not TOML at its end, line {len(ends)}: {why}: {_shown(ends[-1])}"
    return "not TOML: a number or a date in it is out of range"


def _shown(line: str) -> str:
    return repr(line.strip()[:LONGEST_LINE])


class Unspliced(Exception):
    """The text has a form that cannot be edited so; `block` is what to put into it by hand."""

    def __init__(self, block: str) -> None:
        super().__init__("the file has a form that cannot be edited here")
        self.block = block


def pair(name: str, value: object, *, several: bool = False) -> str:
    """`name = value` and a line break; a text of several lines on one line, or on `several`."""
    if isinstance(value, list):
        return f"{name} = [{', '.join(_inline(item) for item in value)}]\n"
    return tomli_w.dumps({name: value}, multiline_strings=several)


def block(name: str, table: Mapping[str, object]) -> str:
    """`[[name]]` and its pairs, then its own tables and lists of tables, each under its header."""
    return f"[[{name}]]\n{_body(name, table)}"


def appended(text: str, path: Sequence[str | int], table: Mapping[str, object]) -> str:
    """The text with one more table in the list at `path`, or Unspliced.

    A path leads through lists by position: ("org", 3, "signer"). The table goes behind the others
    of its list, else behind what stands under its parent; every byte that was there stays.
    """
    name = ".".join(part for part in path if isinstance(part, str))
    new = block(name, table)
    intended = tomllib.loads(text)
    rows = _list_at(intended, path)
    if rows is None:
        raise Unspliced(new)
    rows.append(copy.deepcopy(dict(table)))
    if span := _written_inline(text, path):
        row = f"{{ {', '.join(pair(key, value).rstrip() for key, value in table.items())} }}"
        return _checked(_within(text, span, row), intended, row)
    return _checked(_inserted(text, _end_of(text, path), new), intended, new)


def removed(text: str, path: Sequence[str | int]) -> str:
    """The text without the table at `path`, which ends in a position, or Unspliced.

    Comments directly above it go with it; every other byte stays.
    """
    intended = tomllib.loads(text)
    *parents, position = path
    blocks = tuple(scan(text))
    first, last = _extent(blocks, path)
    rows = _list_at(intended, parents)
    if first is None or last is None or rows is None:
        raise Unspliced("")
    del rows[int(position)]
    after = next((b.lead for b in blocks if b.start >= last.end), last.end)
    left = text[: first.lead] + text[after:]
    _prune(intended, parents, {b.name for b in scan(left)})
    return _checked(left, intended, "")


def _prune(table: Table, path: Sequence[str | int], headers: Collection[str]) -> None:
    """The empty list at `path` goes, and so do the tables above it that no header keeps there."""
    *above, last = path
    holder = _at(table, above)
    if not isinstance(holder, dict) or holder.get(str(last)):
        return
    del holder[str(last)]
    named = all(isinstance(part, str) for part in above)
    if above and named and not holder and ".".join(map(str, above)) not in headers:
        _prune(table, above, headers)


def valued(text: str, path: Sequence[str | int], name: str, value: object) -> str:
    """The text with `name = value` in the table at `path`, in the place of another value or behind
    all others, or Unspliced; every other byte stays."""
    new = pair(name, value)
    intended = tomllib.loads(text)
    holder, (first, _) = _at(intended, path), _extent(tuple(scan(text)), path)
    if not isinstance(holder, dict):
        raise Unspliced(new)
    holder[name] = value
    if first is None:
        return _valued_inline(text, path, new, intended)
    if name in first.values:
        return _checked(_replaced(text, first.values[name], new), intended, new)
    place = first.last(text)
    gap = "" if text[:place].endswith("\n") else "\n"
    spliced = text[:place] + _broken(text, gap + new) + text[place:]
    return _checked(spliced, intended, new)


def _valued_inline(text: str, path: Sequence[str | int], new: str, intended: Table) -> str:
    """The text with the pair in a row of a list that is one value: at the first place where it
    reads as meant, in that of an older one or behind the others of the row."""
    span = _written_inline(text, path[:-1])
    for spliced in candidates(text, span, new) if span else ():
        with suppress(Unspliced):
            return _checked(spliced, intended, new)
    raise Unspliced(new)


def unvalued(text: str, path: Sequence[str | int], name: str) -> str:
    """The text without the value of this name in the table at `path`, or Unspliced.

    The whole line goes, with its comment; where there is no such value nothing does.
    """
    intended = tomllib.loads(text)
    holder, (first, _) = _at(intended, path), _extent(tuple(scan(text)), path)
    if isinstance(holder, dict) and name not in holder:
        return text
    if not isinstance(holder, dict) or first is None or name not in first.values:
        raise Unspliced("")
    del holder[name]
    begin, end = first.values[name]
    start = text.rfind("\n", 0, begin) + 1
    return _checked(text[:start] + text[line_end(text, end) :], intended, "")


def with_value(text: str, table: str, name: str, value: object) -> str:
    """The text with `name = value` in `[table]`, at the top where that is empty, or Unspliced."""
    intended = tomllib.loads(text)
    holder = _at(intended, [table]) if table else intended
    new = pair(name, value)
    if not isinstance(holder, dict):
        intended[table] = {name: value}
        head = f"[{table}]\n{new}"
        return _checked(_inserted(text, _first_header(text), head), intended, head)
    holder[name] = value
    blocks = tuple(scan(text))
    found = next((b for b in blocks if b.name == table), None)
    if found is None:
        return _checked(_under_new_header(text, blocks, table, new), intended, new)
    if name in found.values:
        return _checked(_replaced(text, found.values[name], new), intended, new)
    spliced = text[: found.body] + _broken(text, new) + text[found.body :]
    return _checked(spliced, intended, new)


def _under_new_header(text: str, blocks: Sequence[Block], table: str, new: str) -> str:
    """The text with the pair in a table that only the tables below it have made."""
    below = next((b.lead for b in blocks if b.name.startswith(f"{table}.")), len(text))
    return _inserted(text, below, f"[{table}]\n{new}")


def _body(name: str, table: Mapping[str, object]) -> str:
    plain = [pair(k, v, several=_is_long(v)) for k, v in table.items() if not _is_tables(v)]
    inner: list[str] = []
    for key, value in table.items():
        if isinstance(value, Mapping):
            inner.append(f"\n[{name}.{key}]\n{_body(f'{name}.{key}', value)}")
        elif _is_tables(value) and isinstance(value, list):
            inner += (f"\n{block(f'{name}.{key}', row)}" for row in value)
    return "".join((*plain, *inner))


def _is_long(value: object) -> bool:
    return isinstance(value, str) and "\n" in value


def _is_tables(value: object) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(item, Mapping) for item in value)
    return isinstance(value, Mapping)


def _inline(value: object) -> str:
    return tomli_w.dumps({"v": value}).removeprefix("v = ").rstrip("\n")


def _checked(text: str, intended: Table, new: str) -> str:
    try:
        if tomllib.loads(text) == intended:
            return text
    except ValueError:
        pass
    raise Unspliced(new)


def _at(table: object, path: Sequence[str | int]) -> object:
    """What stands at `path`, None where nothing does."""
    found = table
    for part in path:
        if isinstance(found, dict) and isinstance(part, str):
            found = found.get(part)
        elif isinstance(found, list) and isinstance(part, int) and part < len(found):
            found = found[part]
        else:
            return None
    return found


def _list_at(table: Table, path: Sequence[str | int]) -> list[object] | None:
    """The list at `path`, made with the tables above it if it is not there; None if it can't be."""
    *parents, last = path
    holder: object = table
    for part in parents:
        if isinstance(part, int):
            holder = holder[part] if isinstance(holder, list) and part < len(holder) else None
        else:
            holder = holder.setdefault(part, {}) if isinstance(holder, dict) else None
    rows = holder.setdefault(str(last), []) if isinstance(holder, dict) else None
    return rows if isinstance(rows, list) else None


def _replaced(text: str, span: tuple[int, int], new: str) -> str:
    """The text with the value of the pair `new` in the place of another."""
    begin, end = span
    return text[:begin] + _broken(text, new.partition("=")[2].strip()) + text[end:]


def _extent(
    blocks: Sequence[Block], path: Sequence[str | int]
) -> tuple[Block | None, Block | None]:
    """The first and the last block of the table at `path`."""
    low, high = 0, len(blocks)
    name = ""
    for part in path:
        if isinstance(part, str):
            name = f"{name}.{part}" if name else part
            continue
        starts = [n for n in range(low, high) if blocks[n].name == name]
        if part >= len(starts):
            return None, None
        low = starts[part]
        later = range(low + 1, high)
        high = next((n for n in later if not blocks[n].name.startswith(f"{name}.")), high)
    return blocks[low], blocks[high - 1]


def _written_inline(text: str, path: Sequence[str | int]) -> tuple[int, int] | None:
    """Where the list at `path` stands as one value, `models = [{ … }]`, if it does."""
    *above, name = path
    parent = ".".join(map(str, above))
    found = next((b for b in scan(text) if b.name == parent and name in b.values), None)
    return found.values[str(name)] if found else None


def _within(text: str, span: tuple[int, int], row: str) -> str:
    """The text with one more row at the end of a list that is one value."""
    inner = text[: span[1] - 1]
    held = inner.rstrip()
    comma = "" if held.endswith(("[", ",")) else ", "
    return held + (comma or " " * held.endswith(",")) + row + text[len(held) :]


def _end_of(text: str, path: Sequence[str | int]) -> int:
    """Where one more table of the list at `path` goes."""
    blocks = tuple(scan(text))
    if any(isinstance(part, int) for part in path):
        _, last = _extent(blocks, path[:-1])
        return last.last(text) if last else len(text)
    for depth in range(len(path), 0, -1):
        name = ".".join(map(str, path[:depth]))
        own = [b for b in blocks if b.name == name or b.name.startswith(f"{name}.")]
        if own:
            return own[-1].last(text)
    return len(text)


def _first_header(text: str) -> int:
    blocks = tuple(scan(text))
    return blocks[1].lead if len(blocks) > 1 else len(text)


def _inserted(text: str, place: int, new: str) -> str:
    """`new` at `place`, an empty line before and behind it; all else stays as it is."""
    before, after = (part.replace("\r\n", "\n") for part in (text[:place], text[place:]))
    gap = "" if not before.strip() or before.endswith("\n\n") else "\n"
    gap += "" if not before.strip() or before.endswith("\n") else "\n"
    behind = "\n" if after.strip() and not after.startswith("\n") else ""
    return text[:place] + _broken(text, gap + new + behind) + text[place:]


def _broken(text: str, new: str) -> str:
    """`new` with the line breaks that the file has."""
    return new.replace("\n", "\r\n") if "\r\n" in text else new
