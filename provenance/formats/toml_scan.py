"""Where the headers and values of a TOML text stand, as far as strings and brackets tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

TRIPLES = ('"""', "'''")


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

    def last(self, text: str) -> int:
        """Behind its last value, the comments on that line and directly below it."""
        place = max((line_end(text, end) for _, end in self.values.values()), default=self.body)
        while place < self.end and text[place : line_end(text, place)].lstrip().startswith("#"):
            place = line_end(text, place)
        return min(place, self.end)


def scan(text: str) -> Iterator[Block]:
    """The blocks of a TOML text, as far as headers, strings and brackets tell."""
    name, lead, start, body = "", 0, 0, 0
    values: dict[str, tuple[int, int]] = {}
    place, comments = 0, None
    while place < len(text):
        end = line_end(text, place)
        line = text[place:end].strip()
        if line.startswith("["):
            above = place if comments is None else comments
            yield Block(name, lead, start, body, above, values)
            name, lead, start, body = _header(line), above, place, end
            values = {}
        elif line and not line.startswith("#"):
            end, key, span = _assignment(text, place)
            values[key] = span
            if not name:
                body = end
        is_comment = line.startswith("#")
        comments = (place if comments is None else comments) if is_comment else None
        place = end
    yield Block(name, lead, start, body, len(text), values)


def line_end(text: str, place: int) -> int:
    """Where the line at `place` ends, behind its break."""
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
    return line_end(text, end), key, (begin, end)


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
            place = line_end(text, place)
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
