"""Every place of a model that makes a loader fetch something else, read by the table of loaders."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from provenance.claims.configuration import is_configuration
from provenance.claims.files import ModelFiles
from provenance.claims.named import line_of
from provenance.closure.claim import MemberClaim
from provenance.closure.documents import Leaf, is_read, leaves
from provenance.closure.forms import FORMS, Name
from provenance.closure.python import of_python
from provenance.errors import Malformed
from provenance.formats.names import folder_of, is_safetensors_index
from provenance.formats.parsed import Parsed
from provenance.loaders.readers import Matches, matcher
from provenance.loaders.table import Fetches, Loader, loaders

LATEST = ("main", "newest")
"""Where a loader looks that was told no revision."""
ANY_JSON = ("*.json",)
MAX_TEXT = 200
MAX_CLAIMS = 1_000
GONE_ON = f"it names more than the {MAX_CLAIMS} repositories that are followed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of the table, ready to be held against files."""

    loader: Loader
    row: Fetches
    keys: re.Pattern[str]
    fits: Matches

    def takes(self, path: str, *, may_configure: bool) -> bool:
        """Whether the loader looks into it; `may_configure` is whether one of any JSON would."""
        return may_configure if self.row.files == ANY_JSON else self.fits(path)


def member_claims(files: ModelFiles, *, imported: bool = False) -> tuple[MemberClaim, ...]:
    """What the selected files make a loader fetch by name, each place once, in path order.

    `imported` says that the modules of the model are imported for another one.
    """
    own = frozenset(filter(None, (files.evidence.ref.repo,)))
    found: dict[MemberClaim, None] = {}
    for file in files.by_path.values():
        if file.path in files.evidence.manifest.by_path and file.size:
            for claim in _of_file(file):
                if claim.repo not in own:
                    found.setdefault(claim)
                if len(found) > MAX_CLAIMS:
                    return (*found, _unread(file, GONE_ON))
    found |= dict.fromkeys((*_from_nowhere(files), *of_python(files, imported=imported)))
    return tuple(found)


def _of_file(file: Parsed) -> Iterator[MemberClaim]:
    if not is_read(file):
        return
    whole = file.is_whole or is_configuration(file.path)
    may_configure = whole and not is_safetensors_index(file.path)
    keyed = (row for row in _rows() if row.row.key)
    rows = [row for row in keyed if row.takes(file.path, may_configure=may_configure)]
    if not rows:
        return
    if not file.is_whole:
        yield _unread(file, f"{file.size} bytes were not read, and may name what a loader fetches")
        return
    try:
        yield from _named_in(file, rows)
    except Malformed as error:
        # What no loader opens by this name, and speaks of code, is the matter of the check `code`.
        if is_configuration(file.path) or any(row.row.files != ANY_JSON for row in rows):
            yield _unread(file, str(error))


def _named_in(file: Parsed, rows: Iterable[Row]) -> Iterator[MemberClaim]:
    for leaf in leaves(file):
        joined = _joined(leaf.keys)
        for row in rows:
            if row.keys.fullmatch(joined):
                for name in FORMS[row.row.form](leaf.text, row.row.names):
                    yield _claim(file, row, leaf, name)


def _claim(file: Parsed, row: Row, leaf: Leaf, name: Name) -> MemberClaim:
    stated = leaf.beside.get(row.row.revision) if row.row.revision else None
    revision = stated if isinstance(stated, str) and stated else name.revision
    follows = None if row.row.follows in LATEST else row.row.follows
    key = leaf.keys[-1] if leaf.keys else ""
    return MemberClaim(
        path=file.path,
        line=line_of(file.content.head, key, leaf.text),
        key=".".join(leaf.keys)[:MAX_TEXT],
        text=leaf.text[:MAX_TEXT],
        loader=row.loader.name,
        brings=row.row.brings,
        repo=name.repo or None,
        revision=revision or follows,
        reason=name.reason,
        only=row.row.only,
    )


def _from_nowhere(files: ModelFiles) -> Iterator[MemberClaim]:
    """What a loader fetches because a file is missing: nobody wrote it down, and it comes."""
    paths = files.evidence.listing.by_path
    for row in _rows():
        if not row.row.missing:
            continue
        for path in filter(row.fits, files.evidence.manifest.by_path):
            if folder_of(path) + row.row.missing not in paths:
                yield MemberClaim(
                    path=path,
                    key=f"no {row.row.missing}",
                    text="",
                    loader=row.loader.name,
                    brings=row.row.brings,
                    repo=row.row.names[""],
                    only=row.row.only,
                )


def _unread(file: Parsed, reason: str) -> MemberClaim:
    return MemberClaim.unread(file.path, reason)


@cache
def _rows() -> tuple[Row, ...]:
    return tuple(
        Row(loader=loader, row=row, keys=_keys(row.key), fits=matcher(row.files, loader.name))
        for loader in loaders()
        for row in loader.fetches
    )


def _joined(keys: Iterable[str]) -> str:
    return "".join(f"{key}\0" for key in keys)


def _keys(key: str) -> re.Pattern[str]:
    """The keys that a row means, each with a NUL behind it."""
    parts = {"**": r"(?:[^\0]*\0)*", "*": r"[^\0]*\0"}
    return re.compile(
        "".join(parts.get(part) or re.escape(part) + r"\0" for part in key.split("."))
    )
