"""Which reader reads a file, by its name; its text as characters that go back into its bytes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePath

from provenance.errors import Malformed
from provenance.references import dockerfile, manifest, nodes, python, shell, tree
from provenance.references.reference import Reference, Splice, spans, spliced

MAX_SIZE = 1 << 20
SHORTER = 1 << 18
"""Bytes: of Python and YAML, and of what is read letter by letter."""
MOST_ONE_BY_ONE = 64
YAML, PYTHON, SHELL, DOCKERFILE, NOTEBOOK = "YAML", "Python", "shell", "Dockerfile", "notebook"
SUFFIXES = {
    ".py": PYTHON,
    ".pyw": PYTHON,
    ".pyi": PYTHON,
    ".yaml": YAML,
    ".yml": YAML,
    ".sh": SHELL,
    ".bash": SHELL,
    ".zsh": SHELL,
    ".env": SHELL,
    ".dockerfile": DOCKERFILE,
    ".containerfile": DOCKERFILE,
    ".ipynb": NOTEBOOK,
}
NAMES = re.compile(r"(?:dockerfile|containerfile)(?:\..+)?", re.IGNORECASE)
SHEBANG = re.compile(rb"#![^\n]*\b(?:(python)|(?:ba|da|z|k)?sh)")
LOADS = re.compile(rb"from_pretrained|snapshot_download|hf_hub_download|pipeline\(")
READERS: dict[str, Callable[[str], tuple[Reference, ...]]] = {
    PYTHON: python.references,
    YAML: manifest.references,
    SHELL: shell.references,
    DOCKERFILE: dockerfile.references,
}


def form_of(name: str, head: bytes = b"") -> str | None:
    """The form of a file with this name and beginning; None where no reader knows it."""
    path = PurePath(name)
    if NAMES.fullmatch(path.name):
        return DOCKERFILE
    if path.name == ".env":
        return SHELL
    known = SUFFIXES.get(path.suffix.lower())
    found = None if known or path.suffix else SHEBANG.match(head)
    return (PYTHON if found[1] else SHELL) if found else known


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file's text, and what it loads by name."""

    form: str
    text: str
    encoding: str
    references: tuple[Reference, ...]

    @classmethod
    def of(cls, form: str, data: bytes) -> Document:
        """The document of a file's bytes, or Malformed with the reason why it is not read."""
        most = SHORTER if form in (SHELL, DOCKERFILE) else MAX_SIZE
        if len(data) > most:
            raise Malformed(f"{len(data)} bytes, and at most {most} are read", slug="limit")
        if b"\0" in data:
            raise Malformed("it has a null byte: it is not text")
        if form == NOTEBOOK:
            return cls(form=form, text="", encoding="utf-8", references=_notebook(data))
        text, encoding = tree.decoded(data) if form == PYTHON else _utf8(data)
        return cls(form=form, text=text, encoding=encoding, references=READERS[form](text))

    def fixed(self, edits: dict[int, str]) -> bytes | None:
        """The bytes with the references of these numbers at these commits, and nothing else
        changed; None where that is not certain."""
        pairs = [(splice, edits[n]) for n, splice in self._splices() if n in edits]
        wanted = tuple(dict.fromkeys(pairs))
        if not wanted or _overlap(wanted):
            return None
        text = spliced(self.text, wanted)
        try:
            data = text.encode(self.encoding)
            whole = self.text.encode(self.encoding)
            after = Document.of(self.form, data)
            same = _is_pinned(self.references, after.references, edits)
            if not same or not self._changes_only(text, wanted):
                return None
        except (Malformed, UnicodeError, RecursionError):
            return None
        return data if whole.decode(self.encoding) == self.text else None

    def pinned(self, edits: dict[int, str]) -> tuple[bytes | None, frozenset[int]]:
        """The bytes with as many of the edits as are certain, and which these are."""
        data = self.fixed(edits)
        if data is not None:
            return data, frozenset(edits)
        done: dict[int, str] = {}
        for number in list(edits)[:MOST_ONE_BY_ONE]:
            more = self.fixed({**done, number: edits[number]})
            if more is not None:
                data, done[number] = more, edits[number]
        return data, frozenset(done)

    def _splices(self) -> list[tuple[int, Splice]]:
        return [(n, one.splice) for n, one in enumerate(self.references) if one.splice]

    def _changes_only(self, text: str, wanted: tuple[tuple[Splice, str], ...]) -> bool:
        """Whether the structure is what it was, but for what the edits put in."""
        if self.form == PYTHON:
            return tree.shape(text) == tree.expected(self.text, wanted)
        if self.form == YAML:
            before, after = spans(wanted)
            return nodes.outside(self.text, before) == nodes.outside(text, after)
        return True


def _utf8(data: bytes) -> tuple[str, str]:
    try:
        return data.decode("utf-8-sig"), "utf-8-sig" if data[:3] == b"\xef\xbb\xbf" else "utf-8"
    except UnicodeDecodeError as error:
        raise Malformed(f"not UTF-8 at byte {error.start}") from None


def _notebook(data: bytes) -> tuple[Reference, ...]:
    if not LOADS.search(data):
        return ()
    reason = "notebooks are not read: `jupyter nbconvert --to script` makes Python of it"
    return (Reference(line=1, by="notebook", unknown=reason),)


def _overlap(edits: tuple[tuple[Splice, str], ...]) -> bool:
    """Whether two edits would change the same characters."""
    taken = sorted((splice.start, splice.end) for splice, _ in edits)
    return any(one == two or two[0] < one[1] for one, two in pairwise(taken))


def _is_pinned(
    before: tuple[Reference, ...], after: tuple[Reference, ...], edits: dict[int, str]
) -> bool:
    """Whether the same references are there, those of the edits at their commits."""
    if len(before) != len(after):
        return False
    for number, (old, new) in enumerate(zip(before, after, strict=True)):
        wanted = edits.get(number, old.revision)
        if (old.by, old.repo, old.unknown, wanted) != (new.by, new.repo, new.unknown, new.revision):
            return False
    return True
