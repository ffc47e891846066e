"""TOML as text: single values as people write them, and edits that leave the rest of a file alone.

An edit is a splice: comments, order and spelling around it stay. It is proposed from a scan of the
text that knows strings and brackets, and holds only if a TOML parser then reads the intended value.
"""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import tomli_w

TRIPLES = ('"""', "'''")
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


@dataclass(frozen=True, slots=True)
class Block:
    """One header of a file and what stands under it; the first block of a file has no name.

    `lead` is where the comments directly above the header begin, `start` the header itself, and
    `values` has the place of each value under it.
    """

    name: str
    lead: int
    start: int
    body: int
    end: int
    values: Mapping[str, tuple[int, int]]


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

    A path leads through lists by position: ("org", 3, "signer").
    """
    intended = tomllib.loads(text)
    _list_at(intended, path).append(copy.deepcopy(dict(table)))
    name = ".".join(part for part in path if isinstance(part, str))
    new = block(name, table)
    return _checked(text, _inserted(text, _end_of(text, path), new), intended, new)


def removed(text: str, path: Sequence[str | int]) -> str:
    """The text without the table at `path`, which ends in a position, or Unspliced."""
    intended = tomllib.loads(text)
    *parents, position = path
    rows = _list_at(intended, parents)
    del rows[int(position)]
    if not rows and isinstance(holder := _at(intended, parents[:-1]), dict):
        del holder[str(parents[-1])]
    blocks = tuple(scan(text))
    first, last = _extent(blocks, path)
    if first is None or last is None:
        raise Unspliced("")
    after = next((b.lead for b in blocks if b.start >= last.end), last.end)
    return _checked(text, text[: first.lead] + text[after:], intended, "")


def with_value(text: str, table: str, name: str, value: object) -> str:
    """The text with `name = value` in `[table]`, at the top where that is empty, or Unspliced."""
    intended = tomllib.loads(text)
    holder = _at(intended, [table]) if table else intended
    new = pair(name, value)
    if not isinstance(holder, dict):
        intended[table] = {name: value}
        head = f"[{table}]\n{new}"
        return _checked(text, _inserted(text, _first_header(text), head), intended, head)
    holder[name] = value
    blocks = tuple(scan(text))
    found = next((b for b in blocks if b.name == table), None)
    if found is None:
        return _checked(text, _under_new_header(text, blocks, table, new), intended, new)
    if name in found.values:
        begin, end = found.values[name]
        spliced = text[:begin] + _broken(text, new.partition("=")[2].strip()) + text[end:]
    else:
        spliced = text[: found.body] + _broken(text, new) + text[found.body :]
    return _checked(text, spliced, intended, new)


def _under_new_header(text: str, blocks: Sequence[Block], table: str, new: str) -> str:
    """The text with the pair in a table that only the tables below it have made."""
    below = next((b.lead for b in blocks if b.name.startswith(f"{table}.")), len(text))
    return _inserted(text, below, f"[{table}]\n{new}")


def scan(text: str) -> Iterator[Block]:
    """The blocks of a TOML text, as far as headers, strings and brackets tell."""
    name, lead, start, body = "", 0, 0, 0
    values: dict[str, tuple[int, int]] = {}
    place, comments = 0, None
    while place < len(text):
        line_end = _line_end(text, place)
        line = text[place:line_end].strip()
        if line.startswith("["):
            above = place if comments is None else comments
            yield Block(name, lead, start, body, above, values)
            name, lead, start, body = _header(line), above, place, line_end
            values = {}
        elif line and not line.startswith("#"):
            line_end, key, span = _assignment(text, place)
            values[key] = span
            if not name:
                body = line_end
        is_comment = line.startswith("#")
        comments = (place if comments is None else comments) if is_comment else None
        place = line_end
    yield Block(name, lead, start, body, len(text), values)


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


def _checked(before: str, text: str, intended: Table, new: str) -> str:
    try:
        if tomllib.loads(text) == intended:
            return text
    except ValueError:
        pass
    raise Unspliced(new)


def _at(table: object, path: Sequence[str | int]) -> object:
    found = table
    for part in path:
        if isinstance(found, dict) and isinstance(part, str):
            found = found.get(part)
        elif isinstance(found, list) and isinstance(part, int):
            found = found[part]
    return found


def _list_at(table: Table, path: Sequence[str | int]) -> list[object]:
    """The list at `path`, made if it is not there."""
    *parents, last = path
    holder = _at(table, parents)
    rows = holder.setdefault(str(last), []) if isinstance(holder, dict) else None
    if not isinstance(rows, list):
        raise Unspliced("")
    return rows


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


def _end_of(text: str, path: Sequence[str | int]) -> int:
    """Where one more table of the list at `path` goes: behind what its parent has."""
    if len(path) == 1:
        return len(text)
    _, last = _extent(tuple(scan(text)), path[:-1])
    return last.end if last else len(text)


def _first_header(text: str) -> int:
    blocks = tuple(scan(text))
    return blocks[1].lead if len(blocks) > 1 else len(text)


def _inserted(text: str, place: int, new: str) -> str:
    """`new` at `place`, an empty line before and behind it."""
    before, after = text[:place], text[place:]
    stripped = before.rstrip()
    gap = "\n\n" if stripped else ""
    behind = "\n" if after.strip() else ""
    return stripped + _broken(text, gap + new + behind) + after.lstrip("\r\n")


def _broken(text: str, new: str) -> str:
    """`new` with the line breaks that the file has."""
    return new.replace("\n", "\r\n") if "\r\n" in text else new


def _line_end(text: str, place: int) -> int:
    found = text.find("\n", place)
    return len(text) if found < 0 else found + 1


def _header(line: str) -> str:
    inner = line.partition("#")[0].strip().strip("[]")
    return ".".join(part.strip().strip("\"'") for part in inner.split("."))


def _assignment(text: str, place: int) -> tuple[int, str, tuple[int, int]]:
    """The end of a pair's last line, its key, and where its value begins and ends."""
    equals = text.find("=", place)
    if equals < 0:
        return len(text), "", (place, place)
    begin = equals + 1
    while begin < len(text) and text[begin] in " \t":
        begin += 1
    end = _value_end(text, begin)
    key = text[place:equals].strip().strip("\"'")
    return _line_end(text, end), key, (begin, end)


def _value_end(text: str, place: int) -> int:
    """Where a value ends: before a comment or the line's end, outside of strings and brackets."""
    depth, end = 0, place
    while place < len(text):
        letter = text[place]
        if letter == "\n" and depth <= 0:
            return end
        if letter == "#":
            if depth <= 0:
                return end
            place = _line_end(text, place)
            continue
        if letter in "\"'":
            place = _string_end(text, place)
            end = place
            continue
        depth += (letter in "[{") - (letter in "]}")
        place += 1
        end = end if letter.isspace() else place
    return end


def _string_end(text: str, place: int) -> int:
    quote = next((t for t in TRIPLES if text.startswith(t, place)), text[place])
    place += len(quote)
    while place < len(text) and not text.startswith(quote, place):
        place += 2 if text[place] == "\\" and quote[0] == '"' else 1
    place += len(quote)
    while len(quote) == 3 and text.startswith(quote[0], place):
        place += 1  # a text may end in quotes of its own
    return min(place, len(text))
