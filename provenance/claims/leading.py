"""What in a model may lead a loader to what trainers leave beside it.

No reader follows every path that code, a template or a setting computes. So what is looked for is
the word: a text that speaks of checkpoints as folders, of a folder of a tracker, or of a file by
its name, or that looks about in folders. What cannot be read may speak of all of them.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterator, Mapping
from posixpath import normpath

from provenance.claims.configuration import pairs, values
from provenance.claims.running import PYTHON, SCRIPTS
from provenance.errors import Malformed
from provenance.formats.content import DOCUMENTS, UNREAD, is_card
from provenance.formats.names import name_of, suffix_of
from provenance.formats.parsed import Parsed
from provenance.model import Kind

TEXT = frozenset({Kind.JSON, Kind.TEXT, Kind.SCRIPT, Kind.BINARY, Kind.EMPTY})
CHECKPOINT = "checkpoint-"
CODE = PYTHON | SCRIPTS
NEEDED = CODE | DOCUMENTS | {""}
"""The names of what has to be read: of other texts, lists of words and data, no path is opened."""
PROVENANCE = frozenset({"_name_or_path", "name_or_path"})
"""Keys under which a library notes where it loaded from; nothing is loaded from there again."""
CHECKPOINTS = re.compile(
    r"checkpoint\s*-|last_checkpoint|(?:[\"']|[/\\])(?:tmp-)?checkpoint[\"'{*?\[$%]", re.IGNORECASE
)
SEARCHES = re.compile(r"\b(?:i?glob|rglob|listdir|iterdir|scandir|fwalk)\b|\bwalk\s*\(")
COUNTED = re.compile(r"(?:_\d+)?\.pth$")
ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3}))")
FOLDED = re.compile(r"\\\r?\n\s*|[\"']\s*\+?\s*[fFrRbBuU]{0,2}[\"']")
"""A line that goes on, and what stands between two parts of one text."""


def led_to(
    files: Mapping[str, Parsed], read: Collection[str], left: Collection[str]
) -> frozenset[str]:
    """Those of the paths `left` to which one of the files that are `read` may lead a loader.

    A card, and what has other content than text, leads nowhere.
    """
    found: set[str] = set()
    for path in read:
        file = files.get(path)
        if is_card(path) or (file and file.content.kind not in TEXT):
            continue
        said = _said(path, file)
        if said is None or (suffix_of(path) != ".json" and SEARCHES.search(said)):
            return frozenset(left)
        found.update(_spoken_of(said, left))
    return frozenset(found)


def _spoken_of(said: str, left: Collection[str]) -> Iterator[str]:
    """The paths of which a text speaks by their name, their folder, or that of all like it."""
    spoken = {word: _is_spoken(word, said) for word in set(map(_word, left))}
    yield from (path for path in left if spoken[_word(path)])


def _word(path: str) -> str:
    """What a text says that speaks of the path: one word for all that are only counted."""
    head, slash, _ = path.partition("/")
    if CHECKPOINT in head:
        return CHECKPOINT
    return head + slash if slash else COUNTED.sub("", path)


def _is_spoken(word: str, said: str) -> bool:
    """Whether a text has the word: a folder as a path, or as one of the parts of one."""
    if word == CHECKPOINT:
        return CHECKPOINTS.search(said) is not None
    name = rf"(?<![\w.-]){re.escape(word.rstrip('/'))}"
    after = r"(?:[/\\]|[\"']|\s*$)" if word.endswith("/") else ""
    return re.search(name + after, said, re.IGNORECASE | re.MULTILINE) is not None


def _said(path: str, file: Parsed | None) -> str | None:
    """All that a file says, one text below the other; None where it had to be read and was not."""
    if file is None or not (file.is_whole and file.content.head):
        empty = file is not None and file.size == 0
        needed = suffix_of(path) in NEEDED and name_of(path) not in UNREAD
        return None if needed and not empty else ""
    if suffix_of(path) == ".json":
        return _of_json(file)
    text = file.content.head.decode("utf-8", "replace").replace("\0", "")
    plain = ESCAPE.sub(_letter, text)
    return "\n".join((text, plain, FOLDED.sub("", plain)))


def _letter(escape: re.Match[str]) -> str:
    *hexadecimal, octal = escape.groups()
    code = int(octal, 8) if octal else int("".join(filter(None, hexadecimal)), 16)
    return chr(code) if code <= sys.maxunicode else ""


def _of_json(file: Parsed) -> str | None:
    """The texts and the keys of a JSON document, but where its libraries loaded it from."""
    try:
        value = file.json()
        nodes = list(values(value, sys.maxsize))
        keys = [key for key, _ in pairs(value)]
    except Malformed:
        return None
    said = [text for node in nodes for text in _texts_in(node)]
    return "\n".join((*keys, *said, *(normpath(one.replace("\\", "/")) for one in said)))


def _texts_in(node: object) -> Iterator[str]:
    """The texts right in a list or a table, but where a library loaded it from."""
    if isinstance(node, dict):
        held = [one for key, one in node.items() if key not in PROVENANCE]
    else:
        held = node if isinstance(node, list) else []
    yield from (one for one in held if isinstance(one, str))
