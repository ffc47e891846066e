"""Which files of a selection a loader reads: what a signature has to cover.

A list of what loaders open cannot be complete, and each name that is missing from it is a place
for a file that nobody signed. The list here is the other one: of what nobody opens.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fnmatch import translate
from posixpath import normpath

from provenance.claims.configuration import texts
from provenance.errors import Malformed
from provenance.formats.names import folder_of, is_weight_name, name_of, suffix_of
from provenance.formats.parsed import Parsed, parsed
from provenance.formats.shared import Shared
from provenance.loaders.readers import read_by
from provenance.model import Evidence, Kind

DOCUMENTS = ("readme", "license", "licence", "copying", "notice", "changelog")
WORDS = r"\.(?:txt|html?|\d[\w-]*)"
"""What may stand behind the name of a document: its suffix, or the number of a version. Any other
is not that of a document: transformers takes each `additional_chat_templates/*.jinja`."""
SUFFIXES = ("citation.cff", "*.md", "*.rst", "*.pdf", "*.ipynb", "*.log")
PICTURES = ("*.png", "*.jpg", "*.jpeg", "*.gif", "*.svg", "*.webp")
BOOKKEEPING = (".git*", "events.out.tfevents*")
EVIDENCE = ("*.sig", "*.asc", "*.sigstore", "*.sigstore.json", "*.intoto.jsonl", "claims.jsonl")
NOBODYS = (*SUFFIXES, *PICTURES, *BOOKKEEPING, *EVIDENCE)
PLACED = re.compile(r"\.github/.+\.ya?ml|\.cache/huggingface/.+\.incomplete", re.IGNORECASE)
"""What nobody reads where it lies: workflows, and what an aborted download left."""
DOCUMENT = rf"(?:{'|'.join(DOCUMENTS)})[^.]*(?:{WORDS})*"
UNREAD = re.compile("|".join((DOCUMENT, *map(translate, NOBODYS))))
SPELLED = re.compile(r"(?:^|[/\\])\.{0,2}[/\\]|\\")
"""What stands in a path that has another spelling: `./a`, `a/../b`, `a//b`, `a\\b`."""
KINDS = frozenset(Kind) - {
    Kind.EMPTY,
    Kind.JSON,
    Kind.TEXT,
    Kind.SCRIPT,
    Kind.BINARY,
    Kind.LFS_POINTER,
}
"""What is weights, pickle or archive by its content, whatever its name."""

TEXTS: Shared[frozenset[str]] = Shared()
"""The texts of documents that many models have."""


def loader_reads(evidence: Evidence, files: Mapping[str, Parsed] | None = None) -> frozenset[str]:
    """The selected files a loader reads: every one that is not known to be read by nobody.

    Not read are documents, pictures, logs, signatures and Git's own files by name, unless the
    content is weights, a pickle or an archive, or a configuration or an index names the file.
    Names match whatever their case. `files` are those of the evidence, if somebody has begun to
    parse them.
    """
    opened = {path for path in evidence.manifest.by_path if not _is_unread(path, evidence)}
    return frozenset(opened | _named_by(evidence, parsed(evidence) if files is None else files))


def why_read(path: str, evidence: Evidence) -> str:
    """Why a file that `loader_reads` has counts as read, as a sentence without its stop: who opens
    it, or that nothing says that nobody does."""
    if not is_called_unread(path):
        return read_by(path)
    content = evidence.by_path.get(path)
    if content is not None and content.kind in KINDS:
        return f"it holds {content.kind} whatever its name says, and a loader may read it"
    return "a configuration or index of the model names it, so that a loader may read it"


def _is_unread(path: str, evidence: Evidence) -> bool:
    content = evidence.by_path.get(path)
    plain = content is None or content.kind not in KINDS
    return plain and is_called_unread(path)


def is_called_unread(path: str) -> bool:
    """Whether the name is that of what nobody reads, as far as a name tells."""
    named = UNREAD.fullmatch(name_of(path)) or PLACED.fullmatch(path)
    return named is not None and not is_weight_name(path)


def _named_by(evidence: Evidence, files: Mapping[str, Parsed]) -> frozenset[str]:
    """The selected files whose path stands as a text in a JSON document of theirs or above."""
    selected: dict[str, set[str]] = {}
    for file in evidence.manifest.files:
        selected.setdefault(file.path.casefold(), set()).add(file.path)
    return frozenset(
        path
        for file in files.values()
        if suffix_of(file.path) == ".json" or file.content.kind is Kind.JSON
        for named in _texts(file)
        for path in selected.get(_plain(folder_of(file.path) + named).casefold(), ())
    )


def _plain(path: str) -> str:
    """The path as a system finds the file: without steps to where one is, or up again."""
    return normpath(path.replace("\\", "/")) if SPELLED.search(path) else path


def _texts(file: Parsed) -> frozenset[str]:
    """The texts of a JSON document, as far as it can be read."""
    return TEXTS.of(file.mark, len(file.content.head), lambda: frozenset(_readable(file)))


def _readable(file: Parsed) -> Iterator[str]:
    try:
        yield from texts(file.json())
    except Malformed:
        return
