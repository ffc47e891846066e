"""Reading a table strictly: every value typed, every name known, every error with its path.

The same reader serves what the caller wrote (TOML; errors are ConfigError) and what an attacker
may have written (JSON; errors are Malformed).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import TypeVar

from provenance.errors import ConfigError, Malformed
from provenance.formats.near import near

T = TypeVar("T")

type_names = {
    dict: "a table",
    list: "a list",
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    type(None): "null",
}


def config_error(path: str, message: str) -> ConfigError:
    """The error for what the caller wrote."""
    return ConfigError(message, path=path)


def malformed(path: str, message: str) -> Malformed:
    """The error for what anybody may have written."""
    return Malformed(f"{path}: {message}" if path else message)


class Fields:
    """One table being read. Each method takes a name off it; `end` refuses whatever was not taken.

    A method called without a default requires the name. `raises` makes the error from a path
    and a message.
    """

    def __init__(
        self,
        value: object,
        path: str = "",
        *,
        raises: Callable[[str, str], Exception] = malformed,
    ) -> None:
        self.path = path
        self._raises = raises
        if not isinstance(value, Mapping):
            raise self.wrong("", f"expected a table, found {_name(value)}")
        self._values: dict[str, object] = dict(value)
        self._asked: set[str] = set()

    def __contains__(self, name: str) -> bool:
        self._asked.add(name)
        return name in self._values

    def holds(self, name: str, kind: type) -> bool:
        """Whether what stands at `name` is of this kind; nothing is taken."""
        return name in self and isinstance(self._values[name], kind)

    def where(self, name: str) -> str:
        """The path of `name` in the whole document."""
        return ".".join(part for part in (self.path, name) if part)

    def wrong(self, name: str, message: str) -> Exception:
        """The error to raise about `name`."""
        return self._raises(self.where(name), message)

    def take(self, name: str) -> object:
        """Whatever stands at `name`, untyped."""
        if name not in self:
            raise self.wrong(name, "missing")
        return self._values.pop(name)

    def _typed(self, name: str, kind: type[T], default: T | None) -> T:
        if name not in self and default is not None:
            return default
        value = self.take(name)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.wrong(name, f"expected {type_names[kind]}, found {_name(value)}")
        return value

    def text(self, name: str, default: str | None = None) -> str:
        """A string."""
        return self._typed(name, str, default)

    def filled(self, name: str, default: str | None = None) -> str:
        """A string that is not empty."""
        value = self.text(name, default)
        if not value.strip() and default != value:
            raise self.wrong(name, "must not be empty")
        return value

    def flag(self, name: str, default: bool | None = None) -> bool:
        """True or false."""
        return self._typed(name, bool, default)

    def whole(self, name: str, default: int | None = None, *, least: int = 0) -> int:
        """A whole number, `least` or more."""
        value = self._typed(name, int, default)
        if value < least:
            raise self.wrong(name, f"expected {least} or more, found {value}")
        return value

    def choice(self, name: str, allowed: Sequence[str], default: str | None = None) -> str:
        """One of the `allowed` words."""
        value = self.text(name, default)
        if value not in allowed:
            raise self.wrong(name, f"expected one of {', '.join(allowed)}; found {value!r}")
        return value

    def hexadecimal(self, name: str, digits: int, *, prefix: str = "") -> str:
        """`digits` lower-case hexadecimal digits behind `prefix`, which stays on."""
        value = self.text(name)
        if not re.fullmatch(re.escape(prefix) + f"[0-9a-f]{{{digits}}}", value):
            raise self.wrong(
                name, f"expected {prefix}<{digits} lower-case hex digits>, found {value[:80]!r}"
            )
        return value

    def base64(self, name: str) -> bytes:
        """Bytes from canonical, padded base64 (RFC 4648, sections 3.3 and 3.5)."""
        return self._decoded(name, self.text(name))

    def base64s(self, name: str) -> tuple[bytes, ...]:
        """A list of such bytes; none if the name is absent."""
        items = self.texts(name, ())
        return tuple(self._decoded(f"{name}[{n}]", item) for n, item in enumerate(items))

    def _decoded(self, name: str, value: str) -> bytes:
        try:
            data = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            raise self.wrong(name, "not base64") from None
        if base64.b64encode(data).decode() != value:
            raise self.wrong(name, "not canonical base64")
        return data

    def day(self, name: str) -> datetime | None:
        """A TOML date or date-time as a moment (a date is its first second, UTC), or None."""
        if name not in self:
            return None
        value = self.take(name)
        if isinstance(value, datetime):
            return value if value.tzinfo else value.replace(tzinfo=UTC)
        if isinstance(value, date):
            return datetime.combine(value, time(), UTC)
        raise self.wrong(name, f"expected a date such as 2027-02-01, found {_name(value)}")

    def texts(self, name: str, default: Sequence[str] | None = None) -> tuple[str, ...]:
        """A list of strings."""
        if name not in self and default is not None:
            return tuple(default)
        items = self._typed(name, list, None)
        for position, item in enumerate(items):
            if not isinstance(item, str):
                raise self.wrong(f"{name}[{position}]", f"expected text, found {_name(item)}")
        return tuple(items)

    def table(self, name: str) -> Fields:
        """The table at `name`."""
        return Fields(self.take(name), self.where(name), raises=self._raises)

    def optional_table(self, name: str) -> Fields:
        """The table at `name`, or an empty one."""
        self._asked.add(name)
        return Fields(self._values.pop(name, {}), self.where(name), raises=self._raises)

    def tables(self, name: str, *, required: bool = False) -> Iterator[Fields]:
        """Each table of the list at `name`; none if the name is absent and not required."""
        if name not in self and not required:
            return
        for position, item in enumerate(self._typed(name, list, None)):
            yield Fields(item, f"{self.where(name)}[{position}]", raises=self._raises)

    def rows(self, name: str) -> Sequence[Mapping[str, object]]:
        """The tables of the list at `name` as they are: of many, few need a closer look."""
        found = self._typed(name, list, None)
        for position, item in enumerate(found):
            if not isinstance(item, dict):
                where = f"{self.where(name)}[{position}]"
                raise self._raises(where, f"expected a table, found {_name(item)}")
        return found

    def items(self) -> Iterator[tuple[str, object]]:
        """Every remaining pair, taken off as it is handed out."""
        for name in list(self._values):
            yield name, self._values.pop(name)

    def one_of(self, names: Sequence[str]) -> str:
        """Which single one of `names` is present."""
        present = [name for name in names if name in self]
        if len(present) != 1:
            found = " and ".join(present) or "none"
            raise self.wrong("", f"expected exactly one of {', '.join(names)}; found {found}")
        return present[0]

    def end(self) -> None:
        """Nothing is left: an unknown name is an error."""
        for name in self._values:
            word = str(name)[:80]
            raise self.wrong(word, f"unknown key{near(word, sorted(self._asked))}")


def _name(value: object) -> str:
    return type_names.get(type(value), type(value).__name__)
