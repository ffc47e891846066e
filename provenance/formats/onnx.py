"""ONNX models (onnx.proto3): whether a file is one, and which other files it would load."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import BinaryIO

from provenance.errors import Malformed
from provenance.formats.protobuf import BYTES, VARINT, Messages, tag, varint
from provenance.formats.window import Window

MAX_DEPTH = 64
MAX_TEXT = 4_096
MAX_FILES = 10_000
MAX_IR_VERSION = 1_000

IR_VERSION, GRAPH = 1, 7

MODEL_FIELDS: Mapping[int, int] = {
    IR_VERSION: VARINT,
    2: BYTES,
    3: BYTES,
    4: BYTES,
    5: VARINT,
    6: BYTES,
    GRAPH: BYTES,
    8: BYTES,
    14: BYTES,
    20: BYTES,
    25: BYTES,
    26: BYTES,
}
"""The wire type of each field of a ModelProto."""

MESSAGES: Mapping[str, Mapping[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {
        5: "tensor",
        6: "graph",
        10: "tensor",
        11: "graph",
        22: "sparse",
        23: "sparse",
    },
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "entry"},
}
"""The fields of each message that lead to a tensor, and the message that each holds."""


def is_onnx(head: bytes) -> bool:
    """Whether bytes begin as a ModelProto does: its fields alone, an IR version, then a graph."""
    if not _begins(head):
        return False
    window = Window(io.BytesIO(head), len(head))
    version = 0
    try:
        while window.left:
            number, wire = tag(window)
            if MODEL_FIELDS.get(number) != wire:
                return False
            value = varint(window)
            if number == IR_VERSION:
                version = value
            if number == GRAPH:
                return 0 < version <= MAX_IR_VERSION
            window.skip(value if wire == BYTES else 0)
    except Malformed:
        return False
    return False


def _begins(head: bytes) -> bool:
    """Whether the first byte may be a field of a model: nearly all texts end here."""
    first = head[0] if head else 0
    return first >= 0x80 or MODEL_FIELDS.get(first >> 3) == first & 7


def external_files(data: bytes) -> tuple[str, ...]:
    """The `location` of every tensor of a ModelProto that keeps its data in another file."""
    return locations(io.BytesIO(data), len(data))


def locations(stream: BinaryIO, size: int) -> tuple[str, ...]:
    """What `external_files` says, of a stream; tensor data in it are skipped, not read.

    Initialisers, sparse ones, attributes, nested graphs, functions and training graphs are walked.
    Sorted, without repetition. Raises Malformed: slug `limit` where there is more of anything than
    this reads, else `onnx`.
    """
    walk = _Walk(Window(stream, size))
    try:
        walk.message("model", size, 0)
    except Malformed as error:
        slug = "onnx" if error.slug == "cut" else error.slug
        raise Malformed(str(error), slug=slug) from None
    return tuple(sorted(walk.found))


class _Walk:
    def __init__(self, window: Window) -> None:
        self.found: set[str] = set()
        self._window = window
        self._messages = Messages(window)

    def message(self, name: str, end: int, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise Malformed("messages nested too deep", slug="limit")
        for number, wire, length in self._messages.fields(end):
            inner = MESSAGES[name].get(number)
            if wire != BYTES:
                continue
            if inner is None:
                self._window.skip(length)
            elif inner == "entry":
                self._entry(self._window.position + length)
            else:
                self.message(inner, self._window.position + length, depth + 1)

    def _entry(self, end: int) -> None:
        key, value = entry(self._messages, self._window, end)
        if key == b"location":
            self.found.add(value.decode("utf-8", "replace"))
        if len(self.found) > MAX_FILES:
            raise Malformed(f"more than {MAX_FILES} external files", slug="limit")


def entry(messages: Messages, window: Window, end: int) -> tuple[bytes, bytes]:
    """Key and value of an entry of `external_data`; of several values the last."""
    key = value = b""
    for number, wire, length in messages.fields(end):
        if wire != BYTES:
            continue
        if length > MAX_TEXT:
            raise Malformed(f"text of {length} bytes in external_data", slug="limit")
        text = window.take(length)
        if number == 1:
            key = text
        if number == 2:
            value = text
    return key, value
