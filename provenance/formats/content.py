"""One open file in, what the checks need to know of it out: kind, beginning, and what was seen."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import BinaryIO

from provenance.errors import Malformed
from provenance.formats import (
    archive,
    familiar,
    gguf,
    inside,
    json_stream,
    npy,
    onnx,
    pickle,
    safetensors,
)
from provenance.formats.compressed import may_be_compressed
from provenance.formats.names import (
    is_requirements,
    is_safetensors_index,
    name_of,
    suffix_of,
    words,
)
from provenance.formats.sniff import HEAD, TAIL, lfs_pointer, sniff
from provenance.formats.window import MAX_LINE
from provenance.model import Content, Kind, Observation

MAX_DOCUMENT = 4 * 1024 * 1024
MAX_INDEX = 32 * 1024 * 1024
MAX_LOG = 16 * 1024 * 1024
"""Of what a trainer logged: a long run writes more of it than any configuration has."""
MAX_STREAMED = 64 * 1024 * 1024
"""Of JSON that only lists tokens, as far as its keys tell: it is followed and not kept."""
MAX_CARD = 1024 * 1024
MAX_CODE = 512 * 1024
"""Of code: kept for what it loads by name, and for a reviewer to compare."""
MAX_MEMBER = 8 * 1024 * 1024
MAX_UNPACKED = 32 * 1024 * 1024
MAX_MEMBERS = 64
MAX_SHOWN = 20
FIRST_GUESS = 256 * 1024

CARD = re.compile(
    r"(?:readme|model[_-]?card)(?:[._-](?:[a-z]{2}|chs|cht|eng)(?:[_-][a-z]{2,4})?)?"
    r"(?:\.(?:md|mdx|markdown|txt|rst))?"
)
"""How cards are called, in any letter case and language: `README_zh-CN.md` too."""
CODE = ".py"
LOG = "trainer_state.json"
DOCUMENTS = words(".cfg .ini .j2 .jinja .jinja2 .json .toml .yaml .yml")
DOCUMENT_NAMES = frozenset({"mlmodel", "modelfile"})
UNREAD = frozenset({"tokenizer.json", "vocab.json", "vocab.txt", "merges.txt"})
ARCHIVES = frozenset({Kind.ZIP, Kind.TORCH_ZIP, Kind.KERAS_ZIP, Kind.NPZ})
PLAIN = frozenset({Kind.JSON, Kind.TEXT, Kind.SCRIPT, Kind.BINARY})
CARD_KINDS = PLAIN | {Kind.GGUF, Kind.SAFETENSORS}
"""What a card may seem to be: one may begin with the words `GGUF quants of`."""
PICKLED = (".pkl", ".pickle", ".pt", ".pth", ".bin", ".npy", ".joblib", ".dill")
SPEAKS = re.compile(
    "auto_map|custom_pipeline|trust_remote_code|attn_implementation|_implementation_internal"
    "|chat_template|_name_or_path|_target_|__target__|class_path|py/|model_file|pyref"
    "|__fn_or_cls__|megatron_core|activation_f|default_activation|_implementation|type_hint"
)
"""Keys by which JSON names code, a template or a parent, as the readers of claims know them."""
COMMON = ("torch.", "numpy.", "collections.")


def read(
    stream: BinaryIO, path: str, size: int, *, limit: int
) -> tuple[Content, tuple[Observation, ...]]:
    """What the `size` bytes of a seekable stream are, and what was seen in them.

    `Content.head` holds what a check reads: a small document whole, the beginning of a model card,
    else the header of safetensors or GGUF; nothing of JSON that is longer and of which no key
    speaks of code or parents, once it was followed to its end; never more than `limit` bytes, with
    an observation `limit` where that was too little. `Content.inside` is what an archive holds that
    a loader opens; none, and an observation, where not all of them could be read.
    Observations are `pickle-import` (the name imported), `npy-objects`, `external-data` (the file
    named), `lfs-pointer` (what it stands for), `unfamiliar` (how it begins), `limit` and
    `unreadable`. Raises OSError alone.
    """
    kind, lost = _kind(stream, size)
    seen = list(_observe(stream, path, size, kind))
    if lost:
        detail = f"it may be a pickle: one of its lines is longer than {MAX_LINE} bytes"
        seen.append(Observation(code="limit", path=path, detail=detail))
    try:
        head = _head(stream, path, size, kind, limit)
    except Malformed as error:
        head = b""
        detail = f"{error}: it is not known what it holds"
        seen.append(Observation(code="limit", path=path, detail=detail))
    held, missed = _held(stream, path, kind, limit)
    return Content(path=path, kind=kind, head=head, inside=held), (*seen, *missed)


def wants_whole(path: str) -> bool:
    """Whether a check reads the document of this name whole: not one that only lists tokens."""
    name = name_of(path)
    listed = suffix_of(path) in DOCUMENTS or name in DOCUMENT_NAMES or is_requirements(path)
    return listed and name not in UNREAD


def is_card(path: str) -> bool:
    """Whether it is the card of the model, or of the part in its folder: it speaks of parents."""
    return CARD.fullmatch(name_of(path)) is not None


def _held(
    stream: BinaryIO, path: str, kind: Kind, limit: int
) -> tuple[tuple[Content, ...], tuple[Observation, ...]]:
    try:
        return inside.look(stream, path, kind, wants_whole, limit), ()
    except Malformed as error:
        code = "limit" if error.slug == "limit" else "unreadable"
        return (), (Observation(code=code, path=path, detail=str(error)),)


def _bytes(stream: BinaryIO, start: int, count: int) -> bytes:
    stream.seek(start)
    parts = []
    while count > 0 and (part := stream.read(count)):
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def _kind(stream: BinaryIO, size: int) -> tuple[Kind, bool]:
    """The kind, and whether it may be a pickle that nobody could follow."""
    head = _bytes(stream, 0, min(size, HEAD))
    tail = head if size <= HEAD else _bytes(stream, max(0, size - TAIL), min(size, TAIL))
    kind = sniff(head, tail, size)
    if kind is Kind.ZIP:
        try:
            return archive.zip_kind(archive.names(stream)), False
        except Malformed:
            starts = head.startswith(archive.ZIP_STARTS)
            return kind if starts else sniff(head, b"", size), False
    return _long_pickle(stream, size, kind) if size > len(head) else (kind, False)


def _long_pickle(stream: BinaryIO, size: int, kind: Kind) -> tuple[Kind, bool]:
    """The kind of a file that may be a pickle whose first text goes on behind the head.

    Tensors may be one too, where that text ends among them and a call follows.
    """
    if kind not in {Kind.BINARY, Kind.TEXT, Kind.SAFETENSORS}:
        return kind, False
    found = pickle.trace(stream, size)
    program = bool(found.imports) or kind is not Kind.SAFETENSORS
    return (Kind.PICKLE if found.recognised and program else kind), found.lost


def _observe(stream: BinaryIO, path: str, size: int, kind: Kind) -> Iterator[Observation]:
    try:
        for code, detail in _seen(stream, size, kind):
            yield Observation(code=code, path=path, detail=detail)
    except Malformed as error:
        code = "limit" if error.slug == "limit" else "unreadable"
        yield Observation(code=code, path=path, detail=str(error))


def _seen(stream: BinaryIO, size: int, kind: Kind) -> Iterator[tuple[str, str]]:
    match kind:
        case Kind.PICKLE:
            yield from _imports(pickle.trace(stream, size).imports)
        case Kind.NPY_OBJECTS:
            yield "npy-objects", "the array holds Python objects, stored as a pickle"
            begin = npy.parse(_bytes(stream, 0, HEAD)).begin
            yield from _imports(pickle.trace(stream, size, start=begin).imports)
        case Kind.ONNX:
            yield from (("external-data", name) for name in onnx.locations(stream, size))
        case Kind.BINARY:
            yield from _unfamiliar(_bytes(stream, 0, min(size, HEAD)))
        case Kind.LFS_POINTER:
            pointer = lfs_pointer(_bytes(stream, 0, size))
            if pointer:
                yield "lfs-pointer", f"sha256:{pointer[0]}, {pointer[1]} bytes"
        case _ if kind in ARCHIVES:
            yield from _members(stream)


def _unfamiliar(head: bytes) -> Iterator[tuple[str, str]]:
    if may_be_compressed(head):
        yield "unfamiliar", f"it begins with {head[:8].hex()}, and may be compressed"
    elif not familiar.is_familiar(head):
        yield "unfamiliar", f"it begins with {head[:8].hex()}, as no form that is known"


def _imports(names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """One row per import, those that every checkpoint has last."""
    ordered = sorted(names, key=lambda name: (name.startswith(COMMON), name))
    yield from (("pickle-import", name) for name in ordered[:MAX_SHOWN])


def _members(stream: BinaryIO) -> Iterator[tuple[str, str]]:
    found: set[str] = set()
    left = MAX_UNPACKED
    refused: Malformed | None = None
    opened = archive.Members(stream)
    candidates = [name for name in opened.names if name.lower().endswith(PICKLED)]
    for name in candidates[:MAX_MEMBERS]:
        try:
            data = opened.read(name, min(left, MAX_MEMBER))
        except Malformed as error:
            refused = error
            continue
        left -= len(data)
        objects, begin = _array_objects(data)
        if objects:
            yield "npy-objects", name
        member = pickle.trace(io.BytesIO(data), len(data), start=begin)
        found.update(member.imports if member.recognised else ())
    yield from _imports(tuple(found))
    if refused:
        raise refused
    if len(candidates) > MAX_MEMBERS or left <= 0:
        raise Malformed("not every member of the zip was read", slug="limit")


def _array_objects(data: bytes) -> tuple[bool, int]:
    if not data.startswith(npy.MAGIC):
        return False, 0
    try:
        header = npy.parse(data)
    except Malformed:
        return True, 0
    return header.objects, header.begin


def _head(stream: BinaryIO, path: str, size: int, kind: Kind, limit: int) -> bytes:
    if is_card(path) and kind in CARD_KINDS:
        return _bytes(stream, 0, min(size, MAX_CARD, limit))
    if kind is Kind.GGUF:
        return _gguf_head(stream, size, limit)
    suffix = suffix_of(path)
    if kind is Kind.SAFETENSORS or (suffix == ".safetensors" and kind is Kind.BINARY):
        return _safetensors_head(stream, size, limit)
    if kind is Kind.LFS_POINTER:
        return _within(stream, size, size, limit)
    return _plain_head(stream, path, size, suffix, limit) if kind in PLAIN else b""


def _plain_head(stream: BinaryIO, path: str, size: int, suffix: str, limit: int) -> bytes:
    if wants_whole(path):
        most = _most(path)
        if suffix == ".json" and most == MAX_DOCUMENT < size <= MAX_STREAMED:
            return _followed(stream, size)
        return _within(stream, size, most, limit)
    if suffix == CODE and size <= min(MAX_CODE, limit):
        return _bytes(stream, 0, size)
    return b""


def _most(path: str) -> int:
    """How much of a document is kept."""
    if is_safetensors_index(path):
        return MAX_INDEX
    return MAX_LOG if name_of(path) == LOG else MAX_DOCUMENT


def _safetensors_head(stream: BinaryIO, size: int, limit: int) -> bytes:
    try:
        length = 8 + safetensors.header_length(_bytes(stream, 0, min(size, 8)))
    except Malformed:
        length = min(size, 8)
    # A length that is a lie is refused by the eight bytes that state it.
    return _within(stream, length if length <= size else min(size, 8), limit, limit)


def _gguf_head(stream: BinaryIO, size: int, limit: int) -> bytes:
    most = min(size, limit)
    wanted = min(FIRST_GUESS, most)
    while True:
        head = _bytes(stream, 0, wanted)
        try:
            gguf.parse(head, size)
        except Malformed as error:
            if error.slug != "header-cut":
                return head
        else:
            return head
        if wanted >= most:
            raise Malformed(f"the header is longer than the {limit} bytes read", slug="limit")
        wanted = min(wanted * 4, most)


def _followed(stream: BinaryIO, size: int) -> bytes:
    """Nothing of a long JSON text in which nothing speaks of code or parents."""
    if keys := json_stream.spoken(stream, SPEAKS):
        raise Malformed(f"{keys[0][:80]!r} in JSON of {size} bytes, too long to be read whole")
    return b""


def _within(stream: BinaryIO, count: int, most: int, limit: int) -> bytes:
    allowed = min(most, limit)
    if count > allowed:
        raise Malformed(f"{count} bytes; at most {allowed} are read", slug="limit")
    return _bytes(stream, 0, count)
