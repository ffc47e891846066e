"""What an S3 server writes in XML: a page of a listing, with or without versions, and errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_plus
from xml.parsers.expat import ExpatError, ParserCreate

from provenance.errors import Malformed

RECORDS = frozenset({"Contents", "Version", "DeleteMarker"})
MARKERS: Mapping[str, str] = {
    "NextContinuationToken": "continuation-token",
    "NextKeyMarker": "key-marker",
    "NextVersionIdMarker": "version-id-marker",
}
"""By the element that says where a page ends the parameter that asks for what follows."""
ENCODED = frozenset({"key-marker"})
LONGEST = 4096
VERSIONS = "ListVersionsResult"
NO_VERSION = frozenset({"", "null"})
"""The version of what was written while a bucket kept none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One object, or one version of it; `gone` where the version is that it was removed."""

    key: str
    size: int = 0
    etag: str = ""
    version: str = ""
    modified: str = ""
    latest: bool = True
    gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of a listing, and what asks for the next one; `cut` where there is one.

    `versions` says whether it is one of versions, which not every server knows.
    """

    rows: tuple[Row, ...]
    following: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    versions: bool = False


def page(data: bytes) -> Page:
    """A page of ListObjectsV2 or ListObjectVersions (Amazon S3 API reference), or Malformed."""
    read = _read(data)
    encoded = read.said.get("EncodingType") == "url"
    names = {name for name, _ in read.records}
    following = {
        name: read.said[element] for element, name in MARKERS.items() if element in read.said
    }
    return Page(
        rows=tuple(_row(name, said, encoded) for name, said in read.records),
        following={
            name: unquote_plus(text) if encoded and name in ENCODED else text
            for name, text in following.items()
        },
        cut=read.said.get("IsTruncated") == "true",
        versions=read.root == VERSIONS or bool(names - {"Contents"}),
    )


def refusal(data: bytes) -> str:
    """The code of an error, such as `NoSuchBucket`; empty where it says none."""
    try:
        code = _read(data).said.get("Code", "")
    except Malformed:
        return ""
    return code if code.isascii() and code.isalnum() and len(code) <= 80 else ""


def _row(name: str, said: Mapping[str, str], encoded: bool) -> Row:
    size, key = said.get("Size", "0"), said.get("Key", "")
    if not (size.isascii() and size.isdigit() and len(size) < 17 and key):
        raise Malformed(f"expected a key and its size, found {key[:80]!r} and {size[:80]!r}")
    return Row(
        key=unquote_plus(key) if encoded else key,
        size=int(size),
        etag=said.get("ETag", ""),
        version="" if said.get("VersionId", "") in NO_VERSION else said["VersionId"],
        modified=said.get("LastModified", ""),
        latest=said.get("IsLatest", "true") == "true",
        gone=name == "DeleteMarker",
    )


@dataclass(slots=True)
class _Read:
    """The texts directly below the root, and those of each record."""

    root: str = ""
    said: dict[str, str] = field(default_factory=dict)
    records: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    _path: list[str] = field(default_factory=list)

    def start(self, name: str, _: Mapping[str, str]) -> None:
        self.root = self.root or name
        self._path.append(name)
        if len(self._path) == 2 and name in RECORDS:
            self.records.append((name, {}))

    def end(self, _: str) -> None:
        self._path.pop()

    def text(self, data: str) -> None:
        match self._path:
            case [_, name]:
                held = self.said
            case [_, record, name] if record in RECORDS:
                held = self.records[-1][1]
            case _:
                return
        held[name] = held.get(name, "") + data
        if len(held[name]) > LONGEST:
            raise Malformed(f"{name} is longer than {LONGEST} characters")


def _read(data: bytes) -> _Read:
    read, parser = _Read(), ParserCreate()
    parser.StartElementHandler = read.start
    parser.EndElementHandler = read.end
    parser.CharacterDataHandler = read.text
    parser.StartDoctypeDeclHandler = _refused
    try:
        parser.Parse(data, True)
    except ExpatError as error:
        raise Malformed(f"not XML: {error}") from None
    return read


def _refused(*_: object) -> None:
    raise Malformed("a document type, where an S3 server states none")
