"""format: is every file data, whatever it is called, and does its header say what it is?

Passes when what a loader would read by its name, or a sniffer would recognise by its content, is
safetensors, GGUF, npy without objects, or ONNX; when their headers are read without a doubt; and
when each index and its shards agree both ways. The pass says how many files of which kinds.

It matters because most other formats can run code while they are loaded: a pickle is a program,
and calling it `.safetensors` or `README.md` does not change that. Two readers that understand one
header differently see two models, and only one of them was judged.

A git-lfs pointer in place of weights is the matter of `integrity`; the pickles that a trainer
leaves behind (`training_args.bin`, `optimizer.pt`) are that of `code`.

format/pickle
    The bytes are a pickle, a PyTorch archive or an array of Python objects: loading them can run
    anything. The message names what it imports. Ask the publisher for safetensors, or convert the
    file in a sandbox and sign the result yourself; never open it to see what it does.

format/pickle-beside-safetensors
    Weights in another format stand beside a complete set of safetensors, which loaders prefer, or
    below it in a folder of copies (`original/`, `onnx/`, `openvino/`, `coreml/`, ...). Nothing
    needs them: add the `exclude` line of the message to the model's entry. Only pickles that import
    nothing but what rebuilds tensors count here; every other is `format/pickle`.

format/beside-safetensors
    The same, where all of the copies are data alone, as ONNX is: no fault, and bytes that nobody
    needs to judge, lock and download.

format/loader-choice
    A file here makes a loader use other weights or code than it would without it: the base that
    `adapter_config.json` names instead of the model beside it, the format of `consolidated*`
    instead of the model's own, what `preset.ini` names instead of the GGUF beside it, a projector
    or draft model (`mmproj*.gguf`), or a file that a key of `config.json` names. The message says
    what is used. Keep the file if that is what you mean to deploy, or leave it out. A warning by
    default: many publishers mean it. Where others are signed and this one is not, it fails as
    `signature/unsigned-file`.

format/several-gguf
    A repository holds one model in several GGUF variants, and a loader takes one of them: choose it
    by `include`, so that the others are neither judged nor downloaded.

format/archive
    A zip, tar, compressed file or other container: what is inside was not judged. Exclude it, or
    have its files published one by one.

format/hdf5
    An HDF5 file, as Keras and TensorFlow write: it can hold Lambda layers, which are code. Use
    safetensors instead.

format/keras
    A Keras archive: it can hold Lambda layers, which are code. Use safetensors instead.

format/executable
    A program or library for some machine. A model needs none: exclude it and ask why it is there.

format/disguised
    The name says weights and the content is something else, though no pickle. Do not load it: ask
    the publisher what it is.

format/empty
    A file with the name of weights and no content. Download it again.

format/unrecognised
    A loader may read it, and the content has no form that is known: neither weights, nor text, nor
    a picture, sound or vocabulary. It may be harmless, as raw tensors are, and it may hold a pickle
    in a container that nobody looked into. Exclude it if nothing needs it.

format/safetensors
    The header breaks the format: the message begins with the rule it broke (`overlap`, `hole`,
    `trailing-bytes`, `duplicate-key`, `dtype`, ...), then the values found and expected. No writer
    produces this by accident: do not load the file.

format/gguf
    The header breaks the format, said as for safetensors. Parsers of GGUF are written in C: do not
    load the file.

format/onnx
    The file begins as an ONNX model and is not one to its end, so that which other files it loads
    is not known. Do not load it.

format/external-data
    An ONNX model keeps tensors in another file, and that file is absent, not selected, or outside
    the model. Select it; refuse a path that leads out.

format/index
    An index from tensors to shards cannot be read, or names a path that leads out of its folder.

format/missing-shard
    An index names a shard, or a split GGUF a part, that is absent or not selected. Select it, or
    download again.

format/split
    The parts of a split GGUF do not belong together: a part's name and header disagree about its
    number, or two parts about the model. Download all of them from one release.

format/orphan-shard
    A file looks like a shard and no index names it: some loaders read it, others do not. Remove or
    exclude it.

format/index-mismatch
    An index and the header of a shard disagree about which tensors the shard holds. Whoever made
    the index did not make these shards: ask the publisher.

format/unread
    Something was not read because it is longer than the limit for one model. Not a defect in
    itself, and nothing is known of the file.

format/pass
    How many files passed, and their kinds.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from provenance.case.case import Case
from provenance.case.splits import Splits
from provenance.checks.format.choices import loader_choices
from provenance.checks.format.copies import Copies
from provenance.checks.format.shards import Sets
from provenance.errors import Malformed
from provenance.formats import index
from provenance.formats.names import (
    folder_of,
    is_by_product,
    is_weight_name,
    kinds_named,
    suffix_of,
)
from provenance.model import Content, Evidence, Kind
from provenance.verdict import Finding, failed, passed, unknown

FORBIDDEN: Mapping[Kind, str] = {
    Kind.PICKLE: "format/pickle",
    Kind.TORCH_ZIP: "format/pickle",
    Kind.NPY_OBJECTS: "format/pickle",
    Kind.ZIP: "format/archive",
    Kind.TAR: "format/archive",
    Kind.COMPRESSED: "format/archive",
    Kind.NPZ: "format/archive",
    Kind.HDF5: "format/hdf5",
    Kind.KERAS_ZIP: "format/keras",
    Kind.EXECUTABLE: "format/executable",
}
DATA_ONLY = (Kind.SAFETENSORS, Kind.GGUF, Kind.NPY, Kind.ONNX)
DATA_SUFFIXES = frozenset({".gguf", ".npy", ".onnx", ".safetensors"})
"""Names that promise data: another format under one of them is no leftover but a disguise."""

REPLACEABLE = frozenset({Kind.PICKLE, Kind.TORCH_ZIP, Kind.HDF5, Kind.NPZ, Kind.BINARY})
ADVICE = frozenset({"format/beside-safetensors", "format/loader-choice", "format/several-gguf"})
"""Rules about what is more than one deployment needs, or what it is, and no fault."""
LEAVE = "leave it out with --exclude if nothing needs it"
REBUILDS_TENSORS = re.compile(
    r"collections\.OrderedDict"
    r"|torch\._utils\._rebuild_(tensor(_v2|_v3)?|parameter|qtensor|sparse_tensor)"
    r"|torch\.(\w*Storage|Size|device|Tensor|u?int\d+|b?float\d+\w*|half|double|long|bool)"
    r"|torch\.storage\.(Typed|Untyped)Storage|torch\.nn\.parameter\.Parameter"
    r"|torch\.serialization\._get_layout"
    r"|numpy(\._?core\.multiarray)?\.(_reconstruct|scalar|dtype|ndarray)|_codecs\.encode"
)


def check(case: Case) -> Iterator[Finding]:
    """What the files of one model are, against what may be deployed: the module's manual page."""
    sets = Sets(files=case.files)
    survey = _Survey(
        evidence=case.evidence,
        sets=sets,
        splits=Splits(files=case.files),
        copies=Copies(evidence=case.evidence, sets=sets),
        seen=_seen(case),
    )
    weights = (*survey.sets.findings(), *survey.splits.findings())
    found = [*survey.files(), *weights, *loader_choices(case)]
    yield from found
    if all(finding.rule in ADVICE for finding in found):
        yield passed("format/pass", survey.scope())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Survey:
    """One model before this check; `seen` has what was observed, by path and code."""

    evidence: Evidence
    sets: Sets
    splits: Splits
    copies: Copies
    seen: Mapping[tuple[str, str], Sequence[str]]

    def files(self) -> Iterator[Finding]:
        external = self._external()
        beside: list[str] = []
        for file in self.evidence.manifest.files:
            content = self.evidence.by_path.get(file.path)
            if content is None:
                yield unknown("format/unread", "its content is not known", file.path)
            elif is_by_product(file.path) or content.kind is Kind.LFS_POINTER:
                continue
            elif self._is_beside(content) and file.path not in external:
                beside.append(file.path)
            else:
                yield from self._file(content, external)
        yield from self.copies.findings(beside)

    def scope(self) -> str:
        kinds = [self.evidence.by_path[file.path].kind for file in self.evidence.manifest.files]
        counted = Counter(kind for kind in kinds if kind in DATA_ONLY)
        if not counted:
            return "no weight files, and nothing that is an archive or a program"
        files = "1 weight file" if counted.total() == 1 else f"{counted.total()} weight files"
        listed = ", ".join(f"{counted[kind]} {kind}" for kind in DATA_ONLY if counted[kind])
        return f"{files} in data-only formats: {listed}"

    def _noted(self, path: str, code: str) -> Sequence[str]:
        return self.seen.get((path, code), ())

    def _external(self) -> frozenset[str]:
        """The files that ONNX models name as holding their tensors."""
        return frozenset(
            folder_of(path) + name
            for (path, code), names in self.seen.items()
            for name in names
            if code == "external-data"
        )

    def _is_beside(self, content: Content) -> bool:
        imports = self._noted(content.path, "pickle-import")
        return (
            is_weight_name(content.path)
            and suffix_of(content.path) not in DATA_SUFFIXES
            and content.kind in REPLACEABLE
            and content.path not in self.sets.headers
            and all(REBUILDS_TENSORS.fullmatch(name) for name in imports)
            and not self._noted(content.path, "unreadable")
            and not self._noted(content.path, "limit")
            and (self.sets.is_beside(content.path) or self.copies.is_inside(content.path))
        )

    def _file(self, content: Content, external: frozenset[str]) -> Iterator[Finding]:
        misnamed = is_weight_name(content.path) and content.kind not in kinds_named(content.path)
        if content.kind in FORBIDDEN:
            yield self._forbidden(content)
        elif content.path in self.sets.headers:
            yield from self._safetensors(content, misnamed)
        elif misnamed and not (content.kind is Kind.BINARY and content.path in external):
            yield _misnamed(content)
        elif content.kind is Kind.GGUF:
            yield from self._gguf(content)
        elif content.kind is Kind.ONNX:
            yield from self._onnx(content)
        elif content.path in self.sets.files.read and content.path not in external:
            for how in self._noted(content.path, "unfamiliar"):
                message = f"{how}; {self.sets.files.why_read(content.path)}: {LEAVE}"
                yield unknown("format/unrecognised", message, content.path)

    def _forbidden(self, content: Content) -> Finding:
        imports = ", ".join(repr(name)[1:-1] for name in self._noted(content.path, "pickle-import"))
        disguise = "" if _says_so(content) else f", though it is called {content.path!r}"
        message = f"holds {content.kind}{disguise}"
        if imports:
            message += f"; loading it imports {imports}"
        for reason in self._noted(content.path, "unreadable"):
            message += f"; not all of it could be read: {reason}"
        message += ": ask the publisher for safetensors, or leave it out with --exclude"
        return failed(FORBIDDEN[content.kind], message, content.path)

    def _safetensors(self, content: Content, misnamed: bool) -> Iterator[Finding]:
        header = self.sets.headers[content.path]
        if isinstance(header, Malformed):
            yield _defect("format/safetensors", header, content.path)
        elif misnamed:
            yield _misnamed(content)

    def _gguf(self, content: Content) -> Iterator[Finding]:
        header = self.splits.headers[content.path]
        if isinstance(header, Malformed):
            yield _defect("format/gguf", header, content.path)

    def _onnx(self, content: Content) -> Iterator[Finding]:
        path = content.path
        for reason in self._noted(path, "limit"):
            yield unknown("format/unread", reason, path)
        for reason in self._noted(path, "unreadable"):
            yield failed("format/onnx", reason, path)
        for name in self._noted(path, "external-data"):
            if not index.is_plain(name):
                message = f"keeps tensors in {name!r}, not a plain path below the model"
                yield failed("format/external-data", message, path)
            elif folder_of(path) + name not in self.evidence.manifest.by_path:
                message = f"keeps tensors in {name!r}, which is not among the selected files"
                yield failed("format/external-data", message, path)


def _seen(case: Case) -> dict[tuple[str, str], list[str]]:
    seen: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for observation in case.evidence.observations:
        seen[observation.path, observation.code].append(observation.detail)
    return dict(seen)


def _says_so(content: Content) -> bool:
    """Whether nobody would take the file for data by its name: no surprise is worth a word."""
    return is_weight_name(content.path) and not kinds_named(content.path)


def _misnamed(content: Content) -> Finding:
    if content.kind is Kind.EMPTY:
        return failed("format/empty", "has the name of weights and no content", content.path)
    if content.kind is Kind.BINARY:
        message = "has the name of weights and a content of no known form"
        return unknown("format/unrecognised", message, content.path)
    message = f"has the name of weights and holds {content.kind}"
    return failed("format/disguised", message, content.path)


def _defect(rule: str, error: Malformed, path: str) -> Finding:
    if error.slug == "header-cut":
        return unknown("format/unread", f"the header was not read whole: {error}", path)
    return failed(rule, f"{error.slug}: {error}", path)
