"""A fingerprint that was made, as people and programs read it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

from provenance.formats.toml import pair
from provenance.names import namespace_of
from provenance.report.human import DOUBT, Line, wrapped

KIB = 1024
SHOWN = 3
INDENT = 11
"""Columns before the words of a fact."""
WITHOUT = "without"
SECRET = (
    "never published: whoever has the key, or this file and the weights, knows which values are "
    "compared"
)
PUBLIC = (
    "everybody knows which values are compared, so a forger could plant them: --key makes one that "
    "only you know"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What a fingerprint's file is: where it lies, of which model, and what it holds.

    `digest` and `manifest` are `sha256:<hex>`, `size` is in bytes. `matrices` were sampled, with
    `values` numbers in all; `unread` says what could not be and why, of very much the first;
    `tensors` have their digests. `key` is the
    file of its secret coordinates, and `is_new` says that it was made just now. `statement` is the
    file in which it is signed, and `org` the organisation that has the model in the registry.
    """

    file: str
    digest: str
    size: int
    model: str
    commit: str
    manifest: str
    folder: str
    coordinates: str
    matrices: int
    values: int
    unread: tuple[str, ...] = ()
    tensors: int = 0
    key: str = ""
    is_new: bool = False
    statement: str = ""
    org: str = ""

    @property
    def next(self) -> str:
        """The line to type next; of a secret one, the table to put into provenance.toml."""
        if self.key:
            own = pair("key", self.key) + pair("fingerprints", [self.file])
            return f"put this into provenance.toml\n[policy.weights]\n{own.rstrip()}"
        words = ["provenance", "registry", "add-root", self.org or "ORG", self.model]
        pinned = ["--commit", self.commit, "--manifest", self.manifest]
        words += pinned if self.commit else ["--manifest", self.folder]
        return shlex.join([*words, "--fingerprint", self.file])


def fingerprint_table(made: Described) -> dict[str, object]:
    """The same as JSON has it."""
    return {**asdict(made), "next": made.next}


def fingerprint_lines(made: Described, *, width: int = 100) -> Iterator[Line]:
    """What was written, of which model, what it holds and who may have it."""
    yield from wrapped(f"wrote {made.file}: {-(-made.size // KIB)} KiB", "", width)
    for title, text in _facts(made):
        first, *rest = wrapped(text, " " * INDENT, width, DOUBT * (title == WITHOUT))
        yield (replace(first[0], text=f"  {title:<{INDENT - 2}}{first[0].text.lstrip()}"),)
        yield from rest


def _facts(made: Described) -> Iterator[tuple[str, str]]:
    yield "digest", made.digest
    at = f"@{made.commit}" if made.commit else ""
    yield "of", f"{made.model}{at} {made.manifest}"
    secret = f"secret coordinates ({made.coordinates})"
    where = secret if made.key else f"{made.coordinates} coordinates"
    held = f"{made.matrices:,} matrices, {made.values:,} values at {where}"
    yield "holds", f"{held}; {made.tensors:,} tensors by digest"
    if made.unread:
        more = f" and {len(made.unread) - SHOWN} more" if len(made.unread) > SHOWN else ""
        yield WITHOUT, "; ".join(made.unread[:SHOWN]) + more
    if made.key:
        how = "made just now, for you alone to read" if made.is_new else "as it was"
        yield "key", f"{made.key}, {how}"
        yield "secret", SECRET
    else:
        yield "public", PUBLIC
    if made.statement:
        yield "signed", made.statement
    if not made.org and not made.key:
        yield "ORG", f"the organisation that has {namespace_of(made.model)} in trust.toml"
