"""The values everything else speaks about. None of them knows how it was obtained."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property

from provenance.errors import ConfigError

SHA256_DIGITS = 64
LONG = 200
SCHEMES = ("hf://", "https://", "http://")
"""What only the name of a repository begins with."""
NAMES_A_REPOSITORY = "names a repository, and `repo` is not said: use provenance.refs.parse"
UNUSED_EXCLUDE = "unused-exclude"
"""The code of the one observation that is about the caller's own pattern."""


def check_aware(moment: datetime, name: str) -> None:
    """The moment says in which time zone it is, or ConfigError."""
    if moment.tzinfo is None:
        message = "has no time zone, so no moment is meant: expected datetime.now(UTC)"
        raise ConfigError(f"{moment.isoformat()} {message}", path=name)


class Basis(StrEnum):
    """Where the digests of a manifest come from.

    `replayed` is what anybody may have written down; `stored` is what whoever judges gathered
    before, and keeps.
    """

    DECLARED = "declared"
    LOCKED = "locked"
    MEASURED = "measured"
    REPLAYED = "replayed"
    STORED = "stored"


NOT_GATHERED_NOW = frozenset({Basis.REPLAYED, Basis.STORED})
"""What proves nothing of the bytes that are there now: it is judged, and never admitted."""


class Kind(StrEnum):
    """What the bytes of a file are, whatever its name says."""

    EMPTY = "empty"
    SAFETENSORS = "safetensors"
    GGUF = "gguf"
    NPY = "npy"
    NPY_OBJECTS = "npy with objects"
    ONNX = "onnx"
    HDF5 = "hdf5"
    PICKLE = "pickle"
    ZIP = "zip"
    TORCH_ZIP = "pytorch zip"
    KERAS_ZIP = "keras zip"
    NPZ = "npz"
    TAR = "tar"
    COMPRESSED = "compressed"
    EXECUTABLE = "executable"
    SCRIPT = "script"
    LFS_POINTER = "git-lfs pointer"
    JSON = "json"
    TEXT = "text"
    BINARY = "binary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ref:
    """What the caller asked about: `text` as written, `repo` as `org/name`.

    `revision` is the branch, tag or commit that was asked for; None stands for `main`. `commit` is
    a revision that does not change: 40 hex digits on a Hub, `sha256:` and 64 in another store,
    which is the `source` (`oci://host/repository`, `s3://bucket/prefix`); None for a Hub and a
    directory. ConfigError for the name of a repository of which no `repo` is said: nobody would
    judge whose it is.
    """

    text: str
    repo: str | None = None
    revision: str | None = None
    commit: str | None = None
    source: str | None = None

    def __post_init__(self) -> None:
        """Its text and its repository agree on whether there is one."""
        if self.repo is None and self.text.startswith(SCHEMES):
            raise ConfigError(NAMES_A_REPOSITORY, path=self.text[:LONG])


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class File:
    """One file of a model: POSIX path below its root, size in bytes, digest in hex.

    The digest is SHA-256; of an unselected small file of a Hub listing it is the git blob id (40
    digits), and it is empty where a Hub states none.
    """

    path: str
    size: int
    digest: str

    @property
    def sha256(self) -> str:
        """The SHA-256 in hex, or nothing where it is not known."""
        return self.digest if len(self.digest) == SHA256_DIGITS else ""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """Every file of a model, or of a selection of it, in code-point order of the paths."""

    files: tuple[File, ...]

    @classmethod
    def of(cls, files: Iterable[File]) -> Manifest:
        """The manifest of `files`, whatever their order."""
        return cls(files=tuple(sorted(files)))

    @cached_property
    def digest(self) -> str:
        """`sha256:<hex>` over canonical JSON `[[path, size, digest], …]`."""
        rows = [[file.path, file.size, file.digest] for file in self.files]
        text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
        return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()

    @cached_property
    def by_path(self) -> dict[str, File]:
        """The files by their path."""
        return {file.path: file for file in self.files}


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What the bytes of one file are: their kind, and their beginning where a check reads it.

    `head` is the whole file when it is as long as the file, and empty when no check asked for it.
    `inside` has a row for each file in an archive that was looked into, by its path there, whose
    `head` is that file whole where a check reads it; none where it was not.
    """

    path: str
    kind: Kind
    head: bytes = b""
    inside: tuple[Content, ...] = ()

    @property
    def kept(self) -> int:
        """How many bytes are kept of it."""
        return len(self.head) + sum(len(one.head) for one in self.inside)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One thing a reader saw in a file or about its place; `code` names a rule's slug."""

    code: str
    path: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartDigest:
    """A digest beside the file's own SHA-256: another algorithm, or the bytes from start to end."""

    path: str
    algorithm: str
    start: int
    end: int
    hex: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A small file kept whole, as the bytes it was."""

    path: str
    data: bytes


class Reach(StrEnum):
    """By what a commit can be reached in its repository, the most telling first."""

    BRANCH = "branch"
    TAG = "tag"
    PULL_REQUEST = "pull request"
    NOTHING = "nothing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """What a scanner of the Hub says of one file, in the Hub's own word."""

    path: str
    level: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a Hub says of a repository at one commit; None is what it does not say.

    `id` is the canonical `org/name` of its answer, `repo_id` and `owner_id` are its own ids (24
    hex digits), `parents` what its copy of the card declares.
    """

    id: str
    repo_id: str | None = None
    owner: str | None = None
    owner_id: str | None = None
    gated: bool | None = None
    private: bool | None = None
    reach: Reach = Reach.UNKNOWN
    flags: tuple[Flag, ...] = ()
    parents: tuple[str, ...] = ()
    relation: str | None = None

    @property
    def created(self) -> datetime | None:
        """When the repository was made, as the first four bytes of its id say."""
        return datetime.fromtimestamp(int(self.repo_id[:8], 16), UTC) if self.repo_id else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ancestor:
    """A repository that a claim names, as a Hub or the lockfile knows it.

    `claimed` and `revision` are what the claim says. Without `facts` it could not be resolved, and
    `missing` says why. `manifest` is the digest of all its files. `evidence` is what was read of
    it, as of any model, but no weights; None where only the lockfile speaks of it.
    """

    claimed: str
    revision: str | None = None
    facts: Facts | None = None
    commit: str | None = None
    manifest: str | None = None
    missing: str = ""
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A repository that a loader fetches by name when it loads the model.

    `repo` and `revision` are what the loader asks for, None for `main`; `commit` is where it was
    looked at. `evidence` is what was read of it, as of any model; None where only the lockfile
    speaks of it, with the digest `manifest` of all its files. Without `commit` it could not be
    resolved, and `missing` says why.
    """

    repo: str
    revision: str | None = None
    commit: str | None = None
    manifest: str | None = None
    missing: str = ""
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorDigest:
    """A tensor by its values, whatever file, name and type they have (weights/ledger.py).

    `opening` is the SHA-256 in hex of its first canonical values, `digest` that of all of them;
    empty where nobody knew the opening, so that the values were not gone through.
    """

    path: str
    name: str
    dtype: str
    shape: tuple[int, ...]
    opening: str
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightFacts:
    """What was read of a model's weights, beyond the headers of their files.

    `tensors` is the ledger of what is here. `own` are fingerprint files of the model itself, one
    for each way to choose coordinates, and `bases` those of other models that the registries and
    the caller hand in (weights/fingerprint.py); the path of each is the name of its coordinates,
    of a base with the repository before it. `changes` are change maps against ancestors whose
    weights are here, each under the ancestor's name (weights/changes). `skipped` says why nothing
    was compared, `unread` why something could not be.
    """

    tensors: tuple[TensorDigest, ...] = ()
    own: tuple[Document, ...] = ()
    bases: tuple[Document, ...] = ()
    changes: tuple[Document, ...] = ()
    skipped: str = ""
    unread: str = ""


NO_WEIGHTS = WeightFacts()


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """All that a verdict may rest on, gathered at one moment: judged again, it yields the same.

    `listing` names every file of the model, `manifest` the selected ones, which `include` and
    `exclude` leave; `contents` has one row for each of those. `bundles` are evidence files, raw
    and unverified. `now` is when it is judged, where that is not when it was gathered. `facts` are
    those of the Hub it came from, or of the lockfile that names it; `ancestors` has one row for
    every repository that was asked for because something claims it, and `members` one for every
    repository that a loader of the model would ask for. `origin` is what the caller or the registry
    says that it is a mirror of, as far as it is known. `weights` is what was read of the weights
    themselves. `gathered` is the basis that stored evidence had when it was gathered.
    """

    ref: Ref
    at: datetime
    basis: Basis
    listing: Manifest
    manifest: Manifest
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    contents: tuple[Content, ...] = ()
    parts: tuple[PartDigest, ...] = ()
    bundles: tuple[Document, ...] = ()
    observations: tuple[Observation, ...] = ()
    facts: Facts | None = None
    ancestors: tuple[Ancestor, ...] = ()
    members: tuple[Member, ...] = ()
    origin: Ancestor | None = None
    weights: WeightFacts = NO_WEIGHTS
    now: datetime | None = field(default=None, compare=False)
    gathered: Basis | None = None

    @property
    def judged_as(self) -> Basis:
        """The basis by which it is judged: of stored evidence, the one it was gathered with."""
        return self.gathered or self.basis if self.basis is Basis.STORED else self.basis

    @property
    def today(self) -> datetime:
        """The moment of judgement, by which everything is held: what expires has expired by then,
        and what was signed without a date was signed then."""
        return self.now or self.at

    def judged_at(self, now: datetime) -> Evidence:
        """The same, with all that stands in it on others, judged by what holds `now`."""

        def inner(one: Evidence | None) -> Evidence | None:
            return one.judged_at(now) if one else None

        origin = self.origin
        return replace(
            self,
            now=now,
            ancestors=tuple(replace(one, evidence=inner(one.evidence)) for one in self.ancestors),
            members=tuple(replace(one, evidence=inner(one.evidence)) for one in self.members),
            origin=replace(origin, evidence=inner(origin.evidence)) if origin else None,
        )

    def __post_init__(self) -> None:
        """Its moment is one."""
        check_aware(self.at, "at")

    @cached_property
    def by_path(self) -> dict[str, Content]:
        """The contents by their path."""
        return {content.path: content for content in self.contents}
