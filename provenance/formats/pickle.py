"""Pickles, followed opcode by opcode and never loaded.

From protocol 2 on a pickle begins with a mark of its own. An older one is whatever a stack machine
can run, so that is what decides: the opcodes are followed with the stack they would have.
"""

from __future__ import annotations

import io
import pickletools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import BinaryIO

from provenance.errors import Malformed
from provenance.formats.window import Window

MAX_OPCODES = 1_000_000
MAX_IMPORTS = 500
MAX_STREAMS = 64
MAX_TEXT = 1_024
HIGHEST = 5

OPCODES: Mapping[int, pickletools.OpcodeInfo] = {
    ord(opcode.code): opcode for opcode in pickletools.opcodes
}
BEGINNINGS = frozenset(bytes([code]) for code, opcode in OPCODES.items() if not opcode.stack_before)
"""What a pickle can begin with: nothing lies on its stack that another opcode could take."""

LENGTH_BYTES: Mapping[int, int] = {
    pickletools.TAKEN_FROM_ARGUMENT1: 1,
    pickletools.TAKEN_FROM_ARGUMENT4: 4,
    pickletools.TAKEN_FROM_ARGUMENT4U: 4,
    pickletools.TAKEN_FROM_ARGUMENT8U: 8,
}
CALLS = frozenset({"REDUCE", "BUILD", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX"})
ARGUMENTS = frozenset({"MARK", "EMPTY_TUPLE"})
OUTSIDE = frozenset({"EXT1", "EXT2", "EXT4", "PERSID", "BINPERSID"})
NUMBER = re.compile(rb"\s*[-+.\dinIN]")
NAME = re.compile(rb"[^\x00]*\Z")
BEGINS: Mapping[str, re.Pattern[bytes]] = {
    "INT": NUMBER,
    "LONG": NUMBER,
    "FLOAT": NUMBER,
    "GET": NUMBER,
    "PUT": NUMBER,
    "GLOBAL": NAME,
    "INST": NAME,
    "PERSID": NAME,
    "STRING": re.compile(rb"\s*['\"]"),
    "UNICODE": re.compile(rb""),
}
"""How a line begins of which each opcode can make something; a name that is one holds no NUL."""
IMPORTABLE = re.compile(r"\S+")


class Slot(Enum):
    """What stands on the stack or in the memo where it is not text."""

    MARK = auto()
    VALUE = auto()


Item = str | Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What following the opcodes showed.

    `cut` when they ran into the end of the bytes, `lost` when one was longer than is followed.
    """

    recognised: bool
    cut: bool
    lost: bool
    imports: tuple[str, ...]


def is_pickle(head: bytes, *, whole: bool = True) -> bool:
    """Whether bytes are a pickle of any protocol, also one that breaks after its payload.

    `whole` says that `head` is the entire file.
    """
    return head[:1] in BEGINNINGS and trace(io.BytesIO(head), len(head), whole=whole).recognised


def is_program(head: bytes) -> bool:
    """Whether bytes are a pickle that is known to import and call something.

    The stricter question, for bytes that are also the beginning of something else.
    """
    if head[:1] not in BEGINNINGS:
        return False
    found = trace(io.BytesIO(head), len(head), whole=False)
    return found.recognised and bool(found.imports)


def imports(data: bytes) -> tuple[str, ...]:
    """What the pickle imports, as `module.name`; `?` for a part that it computes.

    Sorted, without repetition, and no more than 500; pickles that follow the first are read too.
    """
    return trace(io.BytesIO(data), len(data)).imports


def trace(stream: BinaryIO, size: int, *, start: int = 0, whole: bool = True) -> Trace:
    """Follows the opcodes from `start` on. Raises OSError alone."""
    machine = _Machine(Window(stream, size, start=start), whole=whole)
    ended = ""
    try:
        machine.run()
    except Malformed as error:
        ended = error.slug
    return Trace(
        recognised=machine.recognised,
        cut=ended == "cut",
        lost=ended == "limit",
        imports=tuple(sorted(machine.imports)),
    )


class _Machine:
    def __init__(self, window: Window, *, whole: bool) -> None:
        self.imports: set[str] = set()
        self.recognised = False
        self._window = window
        self._whole = whole
        self._marked = False
        self._imported = False
        self._reached_out = False
        self._count = 0
        self._before = ""
        self._stack: list[Item] = []
        self._memo: dict[int, Item] = {}

    def run(self) -> None:
        for _ in range(MAX_STREAMS):
            self._stack, self._memo = [], {}
            first = self._count
            while self._step():
                if self._count >= MAX_OPCODES:
                    self.recognised = True
                    return
            ended = self._whole and self._window.left == 0 and self._count - first > 1
            self.recognised |= ended or self._imported
            if self._window.left == 0:
                return

    def _step(self) -> bool:
        opcode = OPCODES.get(self._window.byte())
        if opcode is None:
            raise _broken("no opcode")
        self._count += 1
        self._apply(opcode, self._popped(opcode))
        self.recognised |= self._marked and opcode.name != "PROTO"
        argument = self._argument(opcode)
        self._finish(opcode, argument)
        self._before = opcode.name
        return opcode.name != "STOP"

    def _popped(self, opcode: pickletools.OpcodeInfo) -> list[Item]:
        before = opcode.stack_before
        taken: list[Item] = []
        if pickletools.markobject in before:
            if Slot.MARK not in self._stack:
                raise _broken("no mark")
            while (item := self._stack.pop()) is not Slot.MARK:
                taken.append(item)
            before = before[: before.index(pickletools.markobject)]
        if len(before) > len(self._stack):
            raise _broken("stack empty")
        own = [self._stack.pop() for _ in before]
        if Slot.MARK in own and opcode.name != "POP":
            raise _broken("a mark is no value")
        return own or taken

    def _apply(self, opcode: pickletools.OpcodeInfo, popped: list[Item]) -> None:
        if opcode.name == "STACK_GLOBAL":
            name, module = (_text(item) for item in popped)
            self._import(module, name)
        if opcode.name in {"OBJ", "INST"} and pickletools.markobject not in opcode.stack_before:
            raise _broken("no mark")
        for kind in opcode.stack_after:
            self._stack.append(Slot.MARK if kind is pickletools.markobject else Slot.VALUE)
        if opcode.name in {"DUP", "MEMOIZE"}:
            self._stack[-len(opcode.stack_after) :] = popped * len(opcode.stack_after)

    def _argument(self, opcode: pickletools.OpcodeInfo) -> bytes:
        if opcode.arg is None:
            return b""
        count = opcode.arg.n
        if count == pickletools.UP_TO_NEWLINE:
            lines = 2 if opcode.arg.name == "stringnl_noescape_pair" else 1
            return b"\n".join(self._line(opcode.name) for _ in range(lines))
        if count in LENGTH_BYTES:
            count = int.from_bytes(self._window.take(LENGTH_BYTES[count]), "little")
        if count > MAX_TEXT:
            self._window.skip(count)
            return b""
        return self._window.take(count)

    def _line(self, opcode: str) -> bytes:
        """The next line. One that nobody follows to its end is broken where its beginning is."""
        start = self._window.position
        try:
            return self._window.line()
        except Malformed as error:
            self._window.position = start
            if error.slug == "limit" and not BEGINS[opcode].match(self._window.take(MAX_TEXT)):
                raise _broken(f"a line that {opcode} reads nothing from") from None
            raise

    def _finish(self, opcode: pickletools.OpcodeInfo, argument: bytes) -> None:
        match opcode.name:
            case "PROTO":
                self._protocol(argument[0])
            case "GLOBAL" | "INST":
                module, _, name = argument.decode("utf-8", "replace").partition("\n")
                self._import(module, name)
            case "PERSID" if not argument.isascii():
                raise _broken("a name that is not ASCII")
            case "STRING" if not argument.lstrip().startswith((b"'", b'"')):
                raise _broken("text without quotes")
            case "STRING":
                self._stack[-1] = argument.strip()[1:-1].decode("utf-8", "replace")
            case "PUT" | "BINPUT" | "LONG_BINPUT" | "MEMOIZE":
                self._remember(_index(argument, opcode, len(self._memo)))
            case "GET" | "BINGET" | "LONG_BINGET":
                self._recall(_index(argument, opcode, 0))
            case name if "UNICODE" in name or "BINSTRING" in name:
                self._stack[-1] = argument.decode("utf-8", "replace")
        self._reached_out |= opcode.name in OUTSIDE
        called = opcode.name in CALLS and (self._imported or self._reached_out)
        calling = self._imported and self._before == "GLOBAL" and opcode.name in ARGUMENTS
        self.recognised |= called or calling

    def _protocol(self, version: int) -> None:
        if version > HIGHEST:
            raise _broken(f"protocol {version}")
        self._marked |= self._count == 1 and version >= 2

    def _import(self, module: str, name: str) -> None:
        if len(self.imports) < MAX_IMPORTS:
            self.imports.add(f"{module[:200]}.{name[:200]}")
        if IMPORTABLE.fullmatch(module) and IMPORTABLE.fullmatch(name):
            self._imported = True

    def _remember(self, index: int) -> None:
        if not self._stack or self._stack[-1] is Slot.MARK:
            raise _broken("nothing to remember")
        self._memo[index] = self._stack[-1]

    def _recall(self, index: int) -> None:
        if index not in self._memo:
            raise _broken("nothing remembered")
        self._stack[-1] = self._memo[index]


def _index(argument: bytes, opcode: pickletools.OpcodeInfo, size: int) -> int:
    if opcode.name == "MEMOIZE":
        return size
    if opcode.name not in {"PUT", "GET"}:
        return int.from_bytes(argument, "little")
    try:
        return int(argument)
    except ValueError:
        raise _broken("no number") from None


def _text(item: Item) -> str:
    return item if isinstance(item, str) else "?"


def _broken(message: str) -> Malformed:
    return Malformed(message, slug="broken")
