"""A text in Markdown that is too long for where it goes, cut so that what is left is whole."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

FENCE = re.compile(r"(`{3,}|~{3,})(.*)")
DETAILS = re.compile(r"</?details\b")
ROOM = 2_000
"""Bytes for what ends the text."""
LARGE = 4
"""A block of more than a LARGEth of the whole is cut itself, not left out."""


def within(text: str, most: int, rest: str) -> str:
    """The text in at most `most` bytes, cut between two blocks, or in one that is large.

    Where it is cut, its code block and folds are closed, and it says so, and `rest`: where
    everything is.
    """
    size = len(text.encode())
    if size <= most:
        return text
    kept = _kept(text.splitlines(), most - ROOM - len(rest.encode()), most // LARGE)
    said = f"**Cut here: {size} bytes are more than fit.** {rest}"
    return "\n".join([*kept, *_ends(kept), "", said]) + "\n"


def _kept(lines: Sequence[str], room: int, large: int) -> list[str]:
    """The first blocks that fit into so many bytes, and of a large one the lines that do."""
    kept: list[str] = []
    for block in _blocks(lines):
        size = _size(block)
        if size > room:
            return [*kept, *(_begun(block, room) if size > large else ())]
        kept += block
        room -= size
    return kept


def _begun(block: Sequence[str], room: int) -> Iterator[str]:
    for line in block:
        room -= _size([line])
        if room < 0:
            return
        yield line


def _blocks(lines: Sequence[str]) -> Iterator[list[str]]:
    """The lines up to each blank one that no code block holds."""
    block: list[str] = []
    fence = ""
    for line in lines:
        block.append(line)
        fence = _fence(fence, line)
        if not fence and not line.strip():
            yield block
            block = []
    yield block


def _size(lines: Sequence[str]) -> int:
    return sum(len(line.encode()) + 1 for line in lines)


def _fence(fence: str, line: str) -> str:
    """The fence of the code block that is open behind a line, or empty."""
    found = FENCE.fullmatch(line)
    if not found:
        return fence
    if not fence:
        return found[1]
    closes = found[1].startswith(fence) and not found[2].strip()
    return "" if closes else fence


def _ends(lines: Sequence[str]) -> list[str]:
    """What closes the code block and the folds that are open behind these lines."""
    fence, folds = "", 0
    for line in lines:
        if not fence and not FENCE.fullmatch(line):
            folds += sum(1 if tag == "<details" else -1 for tag in DETAILS.findall(line))
        fence = _fence(fence, line)
    closing = [fence] if fence else []
    return [*closing, *[line for _ in range(folds) for line in ("", "</details>")]]
