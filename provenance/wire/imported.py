"""Import statements: SLSA Provenance v1 with this project's build type for imports.

Whoever copied a model into a store says from where: the files by their digests, and the model that
they were, at its commit. A statement of another build type says nothing of imports.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from provenance.errors import Malformed
from provenance.formats.fields import Fields
from provenance.model import LONG
from provenance.names import IMMUTABLE, is_in_store, is_repo
from provenance.wire.intoto import Statement, written
from provenance.wire.slsa import PREDICATE_TYPE, files_of, is_built_by
from provenance.wire.training.step import MANIFEST, PURL

BUILD_TYPE = "https://hf-provenance.github.io/import/v1"
ORIGIN, VIA = "origin", "via"
"""The dependencies that count: the model that the files are, and the copy they were taken from."""
COMMIT = re.compile("[0-9a-f]{40}")
FOREIGN = "foreign"
"""The slug of what is no import statement at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A model where it lay: `repo` of a Hub or `source` of another store, at a `revision` that does
    not change, and the digest of all its files, `sha256:<hex>`."""

    revision: str
    repo: str = ""
    source: str = ""
    manifest: str = ""

    @property
    def uri(self) -> str:
        """Its package URL (purl-spec, type `huggingface`), or the address in the store."""
        return (
            f"{PURL}{self.repo}@{self.revision}" if self.repo else f"{self.source}@{self.revision}"
        )

    @property
    def named(self) -> str:
        """As people type it."""
        return f"{self.repo or self.source}@{self.revision}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import statement says: these files, by path and SHA-256, are those of `origin`.

    `via` is the copy they were taken from, where that is another place; `destination` where they
    were put, as far as that may be told.
    """

    subjects: Mapping[str, str]
    origin: Place
    via: Place | None = None
    destination: str = ""

    @property
    def places(self) -> Iterator[Place]:
        """Where the files are said to come from."""
        yield self.origin
        if self.via:
            yield self.via


def is_import(statement: Statement) -> bool:
    """Whether a statement means to be one of these, however badly."""
    return is_built_by(statement, BUILD_TYPE)


def imported(statement: Statement) -> Imported:
    """What an import statement says, or Malformed; `foreign` if it is none."""
    if not is_import(statement):
        raise Malformed("not an import statement", slug=FOREIGN)
    predicate = Fields(statement.predicate, "predicate")
    definition = predicate.table("buildDefinition")
    outside = definition.optional_table("externalParameters")
    named: dict[str, Place] = {}
    for one in definition.tables("resolvedDependencies"):
        kind = one.text("name", "")
        if kind in named:
            raise one.wrong("name", f"{kind!r} stands twice")
        if kind in (ORIGIN, VIA):
            named[kind] = _place(one)
    if ORIGIN not in named:
        raise definition.wrong(
            "resolvedDependencies", f"expected one called {ORIGIN!r}, found none"
        )
    return Imported(
        subjects=files_of(statement),
        origin=named[ORIGIN],
        via=named.get(VIA),
        destination=outside.text("destination", "")[:LONG],
    )


def _place(fields: Fields) -> Place:
    uri = fields.text("uri")
    digest = fields.optional_table("digest")
    manifest = f"sha256:{digest.hexadecimal(MANIFEST, 64)}" if MANIFEST in digest else ""
    source, _, revision = uri.rpartition("@")
    repo = source.removeprefix(PURL)
    if source.startswith(PURL) and is_repo(repo) and COMMIT.fullmatch(revision):
        if digest.text("gitCommit", revision) != revision:
            raise digest.wrong("gitCommit", f"expected {revision} as in the URI")
        return Place(repo=repo, revision=revision, manifest=manifest)
    if is_in_store(source) and IMMUTABLE.fullmatch(revision):
        return Place(source=source, revision=revision, manifest=manifest)
    expected = f"expected {PURL}org/name@<commit>, or a store's address@sha256:<64 digits>"
    raise fields.wrong("uri", f"{expected}, found {uri[:LONG]!r}")


def statement(said: Imported, *, builder: str) -> bytes:
    """The in-toto statement (SLSA Provenance v1), as bytes to sign: one import, one text."""
    dependencies = [_dependency(ORIGIN, said.origin)]
    dependencies += [_dependency(VIA, said.via)] if said.via else []
    outside = {"origin": said.origin.uri}
    outside |= {"destination": said.destination} if said.destination else {}
    predicate = {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": outside,
            "internalParameters": {},
            "resolvedDependencies": dependencies,
        },
        "runDetails": {"builder": {"id": builder}, "metadata": {}},
    }
    return written(sorted(said.subjects.items()), PREDICATE_TYPE, predicate)


def _dependency(name: str, place: Place) -> dict[str, object]:
    digest = {"gitCommit": place.revision} if place.repo else {}
    if place.manifest:
        digest[MANIFEST] = place.manifest.removeprefix("sha256:")
    found: dict[str, object] = {"name": name, "uri": place.uri}
    return found | ({"digest": digest} if digest else {})
