"""Python texts and their syntax trees: read, found again in the text, compared after an edit."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from provenance.errors import Malformed
from provenance.references.reference import Splice

LONGEST_LINE = 20_000
LINE_END = re.compile(r"\r\n|\r|\n")


def decoded(data: bytes) -> tuple[str, str]:
    """The text of a module and its encoding, as its first lines say it (PEP 263); Malformed."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data.decode(encoding), encoding
    except (SyntaxError, LookupError, ValueError) as error:
        raise Malformed(f"its encoding cannot be read: {str(error)[:120]}") from None


def parse(text: str) -> ast.Module:
    """The syntax tree of a module, or Malformed that says where it ends."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        place = f" at line {error.lineno}" if error.lineno else ""
        raise Malformed(f"not Python 3{place}: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise Malformed(f"not Python 3: {str(error)[:120] or 'nested too deep'}") from None


@dataclass(frozen=True, slots=True)
class Places:
    """Where each line of a text begins; positions of the tree count bytes of UTF-8."""

    text: str
    starts: tuple[int, ...]
    ascii: bool

    @classmethod
    def of(cls, text: str) -> Places:
        """The lines of a text, ended as Python ends them; Malformed for a line too long."""
        starts = (0, *(end.end() for end in LINE_END.finditer(text)))
        longest = max(stop - start for start, stop in pairwise((*starts, len(text))))
        if longest > LONGEST_LINE and not text.isascii():
            raise Malformed(f"a line of {longest} characters, and at most {LONGEST_LINE} are read")
        return cls(text, starts, text.isascii())

    def at(self, line: int, column: int) -> int:
        """The character at a line from 1 and a column in bytes."""
        start = self.starts[line - 1]
        if self.ascii:
            return start + column
        end = self.starts[line] if line < len(self.starts) else len(self.text)
        return start + len(self.text[start:end].encode()[:column].decode())

    def span(self, node: ast.expr | ast.keyword) -> tuple[int, int]:
        """The first character of a node, and the one behind it."""
        last = self.at(node.end_lineno or node.lineno, node.end_col_offset or 0)
        return self.at(node.lineno, node.col_offset), last


def expected(text: str, edits: Sequence[tuple[Splice, str]]) -> str:
    """The tree of a text after the edits, had they changed these arguments and nothing else."""
    tree, places = parse(text), Places.of(text)
    wanted = {splice.start: (splice, commit) for splice, commit in edits}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            _change(node, places, wanted)
    return ast.dump(tree)


def _change(node: ast.Call, places: Places, wanted: dict[int, tuple[Splice, str]]) -> None:
    """The revision of this call set in the tree, if one of the edits is its own."""
    every: list[ast.expr | ast.keyword] = [*node.args, *node.keywords]
    for given in every:
        one = given.value if isinstance(given, ast.keyword) else given
        (start, last), end = places.span(one), places.span(given)[1]
        if start in wanted and wanted[start][0].end == last and isinstance(one, ast.Constant):
            one.value, one.kind = wanted[start][1], None
        elif end in wanted and wanted[end][0].end == end:
            _insert(node, places, end, wanted[end])
        elif isinstance(one, ast.Constant) and isinstance(one.value, str):
            _change_inside(one, (start, last), wanted)


def _insert(node: ast.Call, places: Places, end: int, edit: tuple[Splice, str]) -> None:
    """One more keyword in a call, behind those that end up to here."""
    splice, commit = edit
    name = splice.before[2:].rstrip("=\"'")
    keyword = ast.keyword(name, ast.Constant(commit), lineno=node.lineno, col_offset=0)
    keyword.end_lineno, keyword.end_col_offset = node.lineno, 0
    keyword.value = ast.copy_location(keyword.value, node)
    before = [word for word in node.keywords if places.span(word)[1] <= end]
    node.keywords.insert(len(before), keyword)


def _change_inside(
    node: ast.Constant, span: tuple[int, int], wanted: dict[int, tuple[Splice, str]]
) -> None:
    for splice, commit in wanted.values():
        if span[0] < splice.start and splice.end == span[1] - 1 and splice.before == "@":
            node.value = f"{str(node.value).partition('@')[0]}@{commit}"


def shape(text: str) -> str:
    """The tree of a text as words, to compare with what was expected; Malformed."""
    return ast.dump(parse(text))
