"""The rules that single entries of the caller's files obey, whichever table they stand in."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

from provenance import names
from provenance.errors import ConfigError
from provenance.formats.fields import Fields
from provenance.formats.unseen import shows

_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?"
_REST = r"(?::[0-9]{1,5})?(?:/[!-~]*)?"
_HTTPS = re.compile(f"https://{_HOST}{_REST}")
_LOOPBACK = re.compile(rf"http://(?:localhost|127\.0\.0\.1|\[::1\]){_REST}")
_RULE = re.compile(r"[a-z]+(?:/[a-z0-9]+(?:-[a-z0-9]+)*)?")
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"sha256:[0-9a-f]{64}")


def errors_in(source: str) -> Callable[[str, str], ConfigError]:
    """What makes errors about the file `source`: their path begins with its name."""

    def error(path: str, message: str) -> ConfigError:
        return ConfigError(message, path=": ".join(part for part in (source, path) if part))

    return error


def line(fields: Fields, name: str) -> str:
    """A text that is not empty and that a terminal shows on one line as it is."""
    value = fields.filled(name)
    if not shows(value):
        raise fields.wrong(name, f"expected printable text on one line, found {value[:80]!r}")
    return value


def optional_line(fields: Fields, name: str) -> str | None:
    """As `line`, or None where the name is absent."""
    return line(fields, name) if name in fields else None


def prose(fields: Fields, name: str) -> str:
    """A text for people, its line breaks folded into spaces."""
    value = " ".join(fields.filled(name).split())
    if not shows(value):
        raise fields.wrong(name, f"expected printable text, found {value[:80]!r}")
    return value


def slug(fields: Fields, name: str) -> str:
    """A name of lower-case letters, digits and single hyphens, which can be that of a file."""
    value = fields.text(name)
    if not _SLUG.fullmatch(value) or len(value) > names.LONGEST:
        raise fields.wrong(name, f"expected letters, digits and hyphens, found {value[:80]!r}")
    return value


def is_url(text: str) -> bool:
    """Whether `text` is an https URL, or an http one of this machine."""
    return bool(_HTTPS.fullmatch(text) or _LOOPBACK.fullmatch(text))


def url(fields: Fields, name: str) -> str:
    """An https URL, or an http one of this machine (where test instances of Sigstore run)."""
    value = fields.text(name)
    if not is_url(value):
        raise fields.wrong(name, f"expected an https URL, found {value[:200]!r}")
    return value


def optional_url(fields: Fields, name: str) -> str | None:
    """As `url`, or None where the name is absent."""
    return url(fields, name) if name in fields else None


def repo(fields: Fields, name: str) -> str:
    """A repository as `org/name`."""
    value = fields.text(name)
    if not names.is_repo(value):
        raise fields.wrong(name, f"expected a repository as org/name, found {value[:200]!r}")
    return value


def namespace(fields: Fields, name: str) -> str:
    """The name of an organisation or user on the Hub."""
    value = fields.text(name)
    if not names.is_namespace(value):
        raise fields.wrong(name, f"expected the name of a namespace, found {value[:200]!r}")
    return value


def namespaces(fields: Fields, name: str) -> tuple[str, ...]:
    """A list of namespaces, none of them twice (the Hub takes `Acme` and `acme` for one)."""
    values = fields.texts(name, ())
    seen: set[str] = set()
    for position, value in enumerate(values):
        where = f"{name}[{position}]"
        if not names.is_namespace(value):
            raise fields.wrong(where, f"expected the name of a namespace, found {value[:200]!r}")
        if value.lower() in seen:
            raise fields.wrong(where, f"{value!r} stands twice")
        seen.add(value.lower())
    return values


def manifest(fields: Fields, name: str) -> str:
    """The digest of a manifest, `sha256:<hex>`."""
    return fields.hexadecimal(name, 64, prefix="sha256:")


def digests(fields: Fields, name: str) -> tuple[str, ...]:
    """A list of one digest or more, each `sha256:<hex>`, in its order and each once."""
    values = fields.texts(name)
    if not values:
        raise fields.wrong(name, "must not be empty")
    for position, value in enumerate(values):
        if not _SHA256.fullmatch(value):
            where = f"{name}[{position}]"
            expected = "expected sha256:<64 lower-case hex digits>"
            raise fields.wrong(where, f"{expected}, found {value[:80]!r}")
    return tuple(dict.fromkeys(values))


def optional_hexadecimal(fields: Fields, name: str, digits: int, prefix: str = "") -> str | None:
    """Lower-case hexadecimal digits behind `prefix`, or None where the name is absent."""
    return fields.hexadecimal(name, digits, prefix=prefix) if name in fields else None


def optional_day(fields: Fields, name: str) -> datetime | None:
    """A date or date-time as a moment in UTC, or None where the name is absent."""
    moment = fields.day(name)
    try:
        return moment.astimezone(UTC) if moment else None
    except OverflowError:
        raise fields.wrong(name, "no such moment in UTC") from None


def day(fields: Fields, name: str) -> datetime:
    """A date that must be there, as a moment in UTC."""
    moment = optional_day(fields, name)
    if moment is None:
        raise fields.wrong(name, "missing")
    return moment


def is_rule(text: str) -> bool:
    """Whether `text` has the form `check` or `check/slug`."""
    return bool(_RULE.fullmatch(text))


def is_commit(text: str) -> bool:
    """Whether `text` is a full commit id."""
    return bool(_COMMIT.fullmatch(text))


def is_inner_path(text: str) -> bool:
    """Whether `text` is a POSIX path that stays below where it starts."""
    return bool(text) and "\\" not in text and not {"", ".", ".."}.intersection(text.split("/"))


def inner_path(fields: Fields, name: str) -> str:
    """A path inside a model."""
    value = line(fields, name)
    if not is_inner_path(value):
        raise fields.wrong(name, f"expected a path inside the model, found {value[:200]!r}")
    return value
