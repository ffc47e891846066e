"""What a training statement says, as values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import quote

from provenance.model import File
from provenance.wire.descriptor import Note

BUILD_TYPE = "https://hf-provenance.github.io/training/v1"
PURL = "pkg:huggingface/"
MANIFEST = "hfProvenanceManifest"
"""The algorithm by which a parent is digested as a whole: SHA-256 of its canonical manifest."""
PARENT, PARENT_FILE = "parent", "parent-file"
ADAPTER = "adapter"
COMMITS = ("gitCommit", "sha1")
"""The algorithms by which in-toto names a commit of git."""
HEX = re.compile("[0-9a-fA-F]*")
LENGTHS: Mapping[str, tuple[int, ...]] = {
    **dict.fromkeys(("gitcommit", "gittree", "gitblob", "gittag"), (40, 64)),
    "sha1": (40,),
    **dict.fromkeys(("sha224", "sha3_224", "sha512_224"), (56,)),
    **dict.fromkeys(("sha256", "sha3_256", "sha512_256", "blake2s", "blake3", "dirhash"), (64,)),
    **dict.fromkeys(("sha384", "sha3_384"), (96,)),
    **dict.fromkeys(("sha512", "sha3_512"), (128,)),
    "blake2b": (64, 128),
    MANIFEST.lower(): (64,),
}
"""The hexadecimal digits of each algorithm whose digests fit no other contents; a digest of zeros
alone is that of nothing."""


class Method(StrEnum):
    """How a step makes a model from its parents."""

    PRETRAIN = "pretrain"
    FINETUNE = "finetune"
    SFT = "sft"
    DPO = "dpo"
    KTO = "kto"
    ORPO = "orpo"
    GRPO = "grpo"
    RLOO = "rloo"
    PPO = "ppo"
    REWARD = "reward"
    LORA = "lora"
    MERGE = "merge"
    QUANTIZE = "quantize"
    DISTILL = "distill"
    CONVERT = "convert"


RELATIONS: Mapping[Method, str] = {
    **dict.fromkeys(Method, "finetune"),
    Method.LORA: ADAPTER,
    Method.MERGE: "merge",
    Method.QUANTIZE: "quantized",
    Method.DISTILL: "distilled",
    Method.CONVERT: "converted",
}
"""The relation to its parents that a method makes where nothing else is said."""


class MaterialKind(StrEnum):
    """What else than a parent goes into a step."""

    DATASET = "dataset"
    CODE = "code"
    CONFIG = "config"
    CONTAINER = "container"
    CHECKPOINT = "checkpoint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """A model that a step began with: its name if it was published, and its digests.

    `manifest` is that of `files`, each with its SHA-256. `unverified` says that whoever attests had
    not verified it.
    """

    repo: str | None = None
    commit: str | None = None
    manifest: str | None = None
    files: tuple[File, ...] = ()
    unverified: bool = False


def uri_of(parent: Parent) -> str:
    """The package URL of a parent that was published (purl-spec, type `huggingface`), or none."""
    if not parent.repo:
        return ""
    return f"{PURL}{parent.repo}" + (f"@{parent.commit}" if parent.commit else "")


def file_uri(uri: str, path: str) -> str:
    """That of a file in it, or none of one in no published model."""
    return f"{uri}#{quote(path)}" if uri else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Something else that went into a step, or came of it beside the model.

    `kind` is a MaterialKind, or what a byproduct is called; `digest` names algorithms. `notes` say
    more of it in the order of their names: `path`, `size`, `files`, `fingerprint`, `rows` of a data
    set, `dirty` and `untracked` of code, `withheld` of a configuration. What no `digest` pins is
    unpinned, and a statement says so of a data set.
    """

    kind: str
    uri: str = ""
    digest: tuple[tuple[str, str], ...] = ()
    notes: tuple[tuple[str, Note], ...] = ()

    @property
    def pinned(self) -> bool:
        """Whether other contents would have another digest, by an algorithm that is known."""
        return bool(self.pins)

    @property
    def pins(self) -> tuple[tuple[str, str], ...]:
        """The digests that pin it: those of known algorithms, with as many digits as those have."""
        return tuple((name, value) for name, value in self.digest if _is_digest(name, value))

    @property
    def commit(self) -> str:
        """The commit of git that it is at, or nothing."""
        return next((value for name, value in self.pins if name in COMMITS), "")

    def is_of(self, kind: str) -> bool:
        """Whether it is of this kind, however that is spelled."""
        return self.kind.strip().casefold() == kind

    def note(self, name: str) -> Note | None:
        """What is noted under this name, if anything."""
        return dict(self.notes).get(name)


def _is_digest(algorithm: str, value: str) -> bool:
    lengths = LENGTHS.get(algorithm.lower().replace("-", "_"), ())
    return len(value) in lengths and bool(HEX.fullmatch(value)) and bool(value.strip("0"))


@dataclass(frozen=True, kw_only=True)
class Step:
    """One training step as a statement describes it; `subjects` are SHA-256 by path.

    `parameters` and `environment` are JSON texts of tables, empty where there is nothing in them.
    `trainer` is the class or the program that trained, `invocation` the run, `builder` a URI of
    what ran it with the `versions` of its parts. `adapter` says that only what lies beside the
    parent's weights was made, by whatever method.
    """

    model: str
    method: Method
    subjects: Mapping[str, str]
    parents: tuple[Parent, ...]
    materials: tuple[Material, ...] = ()
    parameters: str = ""
    environment: str = ""
    trainer: str = ""
    adapter: bool = False
    builder: str = ""
    versions: tuple[tuple[str, str], ...] = ()
    invocation: str = ""
    started: datetime | None = None
    finished: datetime | None = None
    byproducts: tuple[Material, ...] = ()

    @property
    def relation(self) -> str | None:
        """The relation to its parents; None where it has none."""
        if self.method is Method.PRETRAIN:
            return None
        return ADAPTER if self.adapter else RELATIONS[self.method]

    @property
    def unverified(self) -> tuple[Parent, ...]:
        """The parents that whoever attests had not verified."""
        return tuple(parent for parent in self.parents if parent.unverified)
