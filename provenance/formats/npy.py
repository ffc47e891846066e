"""The header of a .npy file (NEP 1): whether its array holds Python objects, which are a pickle."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from provenance.errors import Malformed

MAGIC = b"\x93NUMPY"
MAX_HEADER = 65_535
MAX_DEPTH = 16

PLAIN = re.compile(r"[<>|=]?([?bBhHiIlLqQefdgFDGSUVac]|[iufcSUVab][0-9]{1,9}|[mM]8(\[[\w/]*\])?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """`objects`: the array is stored as a pickle, which begins at `begin`."""

    objects: bool
    begin: int


def parse(head: bytes) -> Header:
    """The header of a file that begins with `head`.

    A type that is not plainly numbers, text, times or raw bytes counts as objects. Raises
    Malformed, slug `npy`.
    """
    text, begin = _header(head)
    try:
        value: object = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise _malformed("the header is not a literal") from None
    if not isinstance(value, dict) or value.keys() != {"descr", "fortran_order", "shape"}:
        raise _malformed("the header is not descr, fortran_order and shape")
    return Header(objects=not _is_plain(value["descr"], 0), begin=begin)


def _header(head: bytes) -> tuple[str, int]:
    if not head.startswith(MAGIC) or len(head) < 12 or head[6] not in (1, 2, 3):
        raise _malformed("not version 1, 2 or 3")
    begin = 10 if head[6] == 1 else 12
    length = int.from_bytes(head[8:begin], "little")
    if length > MAX_HEADER or begin + length > len(head):
        raise _malformed(f"header of {length} bytes")
    encoding = "utf-8" if head[6] == 3 else "latin-1"
    try:
        return head[begin : begin + length].decode(encoding), begin + length
    except UnicodeDecodeError:
        raise _malformed("the header is not UTF-8") from None


def _is_plain(descr: object, depth: int) -> bool:
    if depth > MAX_DEPTH:
        raise _malformed("types nested too deep")
    match descr:
        case str():
            return PLAIN.fullmatch(descr) is not None
        case list():
            return all(_is_plain_field(field, depth) for field in descr)
        case (inner, int() | tuple()):
            return _is_plain(inner, depth + 1)
        case _:
            return False


def _is_plain_field(field: object, depth: int) -> bool:
    match field:
        case (_, descr) | (_, descr, _):
            return _is_plain(descr, depth + 1)
        case _:
            return False


def _malformed(message: str) -> Malformed:
    return Malformed(message, slug="npy")
