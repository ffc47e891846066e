"""OpenSSF Model Signing manifests: what a signature says the files of a model are.

Read: OMS 1 (`https://model_signing/signature/v1.0`, and newer minors as far as they only add) and
the digests of model-signing 0.2 (`https://model_signing/Digests/v0.1`). Written: OMS 1.0. Fields
that are not known are left alone, as in-toto asks of who reads a predicate (attestation 1.0,
parsing rules); what has another meaning than is known here is unsupported, and no manifest.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from provenance.errors import Malformed
from provenance.formats.fields import Fields
from provenance.model import File
from provenance.wire.intoto import UNSUPPORTED, Statement

PREDICATE_TYPE = "https://model_signing/signature/v1.0"
KINDS = "https://model_signing/"
"""What every kind of statement begins with that means to sign a model's files."""
FAMILY = re.compile(r"https://model_signing/signature/v([0-9]{1,9})\.([0-9]{1,9})")
MAJOR = 1
LEGACY_PREDICATE_TYPE = "https://model_signing/Digests/v0.1"

# Digest sizes in bytes; an algorithm that is not here is unknown, never a mismatch.
ALGORITHMS = {"sha256": 32, "blake2b": 64, "blake3": 32}
METHODS = ("files", "shards")
MAX_RESOURCES = 100_000
SINGLE_FILE = "."
STRANGE = frozenset({"", ".", ".."})
HEX = re.compile("[0-9a-f]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A way of digesting that a manifest asks for beside whole-file SHA-256."""

    algorithm: str
    shard_size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What was signed of one file: all of it, or the bytes from `start` to `end`."""

    path: str
    algorithm: str
    digest: str
    start: int = 0
    end: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedManifest:
    """The files a signer put their name to, in the order they listed them.

    `name` is what they called the model, which identifies nothing.
    """

    name: str
    resources: tuple[Resource, ...]
    need: Need

    @property
    def paths(self) -> frozenset[str]:
        """Every file of which something is signed."""
        return frozenset(resource.path for resource in self.resources)


def signed_manifest(statement: Statement) -> SignedManifest:
    """The manifest a statement carries, or Malformed.

    Refused: no resources, a resource twice, a path that leads out of the model, shards that leave
    a gap, and a root digest that is not the one of the resources as listed.
    The slug is `unsupported` for what a later version of the specification may mean, and
    `algorithm` for digests that cannot be computed.
    """
    if statement.predicate_type == LEGACY_PREDICATE_TYPE:
        manifest = _legacy(statement)
    elif version := FAMILY.fullmatch(statement.predicate_type):
        manifest = _of_version(statement, int(version[1]), int(version[2]))
    else:
        raise Malformed(
            f"predicate type {statement.predicate_type[:80]!r}, expected {PREDICATE_TYPE!r}",
            slug="predicate-type",
        )
    _check_resources(manifest.resources)
    return manifest


def is_manifest(statement: Statement) -> bool:
    """Whether it says that it is an OMS manifest, of whichever version."""
    return FAMILY.fullmatch(statement.predicate_type) is not None


def _of_version(statement: Statement, major: int, minor: int) -> SignedManifest:
    """The manifest of a version of OMS; what is wrong by 1.0 may be right in a newer one."""
    if major != MAJOR:
        raise Malformed(
            f"it is signed as OMS {major}.{minor}, and this version of provenance reads OMS "
            f"{MAJOR}: update provenance",
            slug=UNSUPPORTED,
        )
    try:
        return _current(statement)
    except Malformed as error:
        if minor == 0 or error.slug == "algorithm":
            raise
        raise Malformed(
            f"it is signed as OMS {MAJOR}.{minor}, and this version of provenance reads it as OMS "
            f"{MAJOR}.0, where this is wrong: {error}: update provenance",
            slug=UNSUPPORTED,
        ) from None


def _legacy(statement: Statement) -> SignedManifest:
    for subject in statement.subjects:
        if subject.algorithm not in ("", "sha256", "file-sha256") or not subject.sha256:
            raise Malformed(
                f"{subject.name[:80]!r} is digested by {subject.algorithm[:40]!r}, "
                "which this version cannot compute",
                slug="algorithm",
            )
    resources = tuple(
        Resource(path=subject.name, algorithm="sha256", digest=subject.sha256)
        for subject in statement.subjects
    )
    return SignedManifest(name="", resources=resources, need=Need(algorithm="sha256"))


def _current(statement: Statement) -> SignedManifest:
    if len(statement.subjects) != 1:
        raise Malformed(f"{len(statement.subjects)} subjects, expected the model alone")
    fields = Fields(statement.predicate, "predicate")
    need = _serialization(fields.table("serialization"))
    tables = fields.rows("resources")
    if len(tables) > MAX_RESOURCES:
        raise Malformed(f"{len(tables)} resources, expected {MAX_RESOURCES} at the most")
    resources = tuple(
        _whole(table, need) or _resource(Fields(table, f"predicate.resources[{number}]"), need)
        for number, table in enumerate(tables)
    )
    root = hashlib.sha256(b"".join(bytes.fromhex(r.digest) for r in resources)).hexdigest()
    subject = statement.subjects[0]
    if root != subject.sha256:
        raise Malformed(
            f"the root digest is {subject.sha256}, that of the listed resources {root}",
            slug="root-digest",
        )
    return SignedManifest(name=subject.name, resources=resources, need=need)


def _serialization(fields: Fields) -> Need:
    """How the signer digested; what they ignored stays unsigned, and is ours to weigh."""
    method = fields.text("method")
    if method not in METHODS:
        raise Malformed(
            f"the files are digested by the method {method[:40]!r}, expected one of "
            f"{', '.join(METHODS)}",
            slug=UNSUPPORTED,
        )
    algorithm = fields.text("hash_type")
    fields.flag("allow_symlinks")
    fields.texts("ignore_paths", ())
    size = _shard_size(fields) if method == "shards" else None
    if algorithm not in ALGORITHMS:
        raise Malformed(
            f"the files are digested by {algorithm[:40]!r}, which this version cannot compute",
            slug="algorithm",
        )
    return Need(algorithm=algorithm, shard_size=size)


def _shard_size(fields: Fields) -> int:
    """The reference implementation may write it as a float."""
    value = fields.take("shard_size")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value < 1 << 63:
        raise fields.wrong("shard_size", f"expected a size in bytes, found {value!r:.40}")
    return value


def _whole(table: Mapping[str, object], need: Need) -> Resource | None:
    """A whole file's resource where it is written as nearly all are; None for a closer look."""
    name, digest = table.get("name"), table.get("digest")
    if need.shard_size or table.get("algorithm") != need.algorithm:
        return None
    if not isinstance(name, str) or not isinstance(digest, str):
        return None
    if len(digest) != 2 * ALGORITHMS[need.algorithm] or HEX.fullmatch(digest) is None:
        return None
    return Resource(path=name, algorithm=need.algorithm, digest=digest)


def _resource(fields: Fields, need: Need) -> Resource:
    name = fields.text("name")
    stated = fields.text("algorithm")
    digest = fields.hexadecimal("digest", 2 * ALGORITHMS[need.algorithm])
    expected = {need.algorithm, f"{need.algorithm}-sharded-{need.shard_size}"}
    if stated not in expected:
        raise fields.wrong(
            "algorithm", f"expected {need.algorithm!r} as hash_type says, found {stated[:40]!r}"
        )
    if need.shard_size is None:
        return Resource(path=name, algorithm=need.algorithm, digest=digest)
    shard = re.fullmatch(r"(.+):(0|[1-9][0-9]{0,18}):([1-9][0-9]{0,18})", name, re.DOTALL)
    if not shard:
        raise fields.wrong("name", f"expected path:start:end, found {name[:80]!r}")
    path, start, end = shard[1], int(shard[2]), int(shard[3])
    if start % need.shard_size or not start < end <= start + need.shard_size:
        raise fields.wrong("name", f"not a shard of {need.shard_size} bytes: {name[:80]!r}")
    return Resource(path=path, algorithm=need.algorithm, digest=digest, start=start, end=end)


def _check_resources(resources: tuple[Resource, ...]) -> None:
    if not resources:
        raise Malformed("the signature covers no file", slug="empty")
    ends: dict[str, int | None] = {}
    for resource in sorted(resources, key=lambda r: (r.path, r.start)):
        if resource.path not in ends:
            _check_path(resource.path)
        if ends.get(resource.path, 0) != resource.start:
            raise Malformed(
                f"{resource.path[:80]!r} is listed twice, or with a gap before byte "
                f"{resource.start}",
                slug="resources",
            )
        ends[resource.path] = resource.end
    if SINGLE_FILE in ends and len(ends) > 1:
        raise Malformed("the resource '.' stands beside others", slug="resources")


def _check_path(path: str) -> None:
    """A path is relative, normalised, and spelled in one way only."""
    plain = path == SINGLE_FILE or STRANGE.isdisjoint(path.split("/"))
    if not plain or "\\" in path or not path.isprintable():
        raise Malformed(
            f"the resource {path[:80]!r} is not a plain path inside the model", slug="resources"
        )


def is_by_whole_files(statement: Statement) -> bool:
    """Whether it asks for no digests but SHA-256 of whole files, by how it says it was made."""
    if statement.predicate_type == LEGACY_PREDICATE_TYPE:
        return True
    predicate = statement.predicate
    way = predicate.get("serialization") if isinstance(predicate, dict) else None
    return isinstance(way, dict) and (way.get("method"), way.get("hash_type")) == (
        "files",
        "sha256",
    )


def predicate(files: Iterable[File], ignored: Iterable[str]) -> dict[str, object]:
    """The OMS 1.0 predicate over `files` in code-point order."""
    return {
        "resources": [
            {"name": file.path, "algorithm": "sha256", "digest": file.sha256}
            for file in sorted(files)
        ],
        "serialization": {
            "method": "files",
            "hash_type": "sha256",
            "allow_symlinks": False,
            "ignore_paths": sorted(ignored),
        },
    }


def root_digest(files: Iterable[File]) -> str:
    """The OMS root digest, hex: SHA-256 over the raw digests in code-point order of the paths."""
    digests = b"".join(bytes.fromhex(file.sha256) for file in sorted(files))
    return hashlib.sha256(digests).hexdigest()
