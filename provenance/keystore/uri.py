"""PKCS#11 URIs (RFC 7512): which module, token and key are meant, and where the PIN is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes, urlsplit

from provenance.errors import ConfigError, Malformed, SourceError
from provenance.source.evidence_files import read

SCHEME = "pkcs11:"
MODULE = "PKCS11_MODULE_PATH"
TOKEN = ("token", "manufacturer", "model", "serial", "slot-id")
KEY = ("object", "id", "type")
QUERY = ("pin-value", "pin-source", "module-path")
MOST = 4096
PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
EXAMPLE = "pkcs11:token=release;object=k?module-path=/usr/lib/softhsm/libsofthsm2.so"


@dataclass(frozen=True, slots=True)
class TokenUri:
    """A PKCS#11 URI as it was read; each attribute as bytes, none of them twice."""

    text: str
    attributes: Mapping[str, bytes] = field(repr=False)

    @classmethod
    def of(cls, text: str) -> TokenUri:
        """The URI of a text, or ConfigError.

        Refused: an attribute that is not known, since another key could be meant by it, one that
        stands twice (RFC 7512, section 2.3), and a URI that names neither an object nor an id.
        """
        path, _, query = text[len(SCHEME) :].partition("?")
        found: dict[str, bytes] = {}
        for name, value in (*_pairs(path, ";"), *_pairs(query, "&")):
            known = QUERY if name in QUERY else (*TOKEN, *KEY)
            if name not in known or name in found:
                twice = "twice" if name in found else f"known are {', '.join((*TOKEN, *KEY))}"
                raise ConfigError(
                    f"the attribute {name[:40]!r}: {twice}; after `?`: {', '.join(QUERY)}",
                    path=without_pin(text),
                )
            found[name] = value
        uri = cls(text=without_pin(text), attributes=found)
        if not {"object", "id"} & found.keys():
            raise uri.wrong(f"names no key: add object=LABEL or id=%01, as in {EXAMPLE}")
        if found.get("type", b"private") != b"private":
            raise uri.wrong("expected type=private, as a private key signs")
        return uri

    def wrong(self, message: str) -> ConfigError:
        """The error of this URI; its PIN is not shown."""
        return ConfigError(message, path=self.text)

    def word(self, name: str) -> str | None:
        """An attribute as text, or None where it is not given; ConfigError where it is none."""
        value = self.attributes.get(name)
        try:
            return None if value is None else value.decode()
        except UnicodeDecodeError:
            raise self.wrong(f"expected UTF-8 in {name}") from None

    def module(self, variables: Mapping[str, str]) -> str:
        """The path of the token's library, or ConfigError."""
        found = self.word("module-path") or variables.get(MODULE)
        if not found:
            raise self.wrong(
                "names no module, which is the library that speaks to the token: set "
                f"{MODULE}=/usr/lib/….so, or add ?module-path=/usr/lib/….so"
            )
        return found

    @property
    def pin(self) -> str | None:
        """The PIN that the URI has, or that lies in the file it names; None where there is none."""
        value, source = self.word("pin-value"), self.word("pin-source")
        if value is not None and source is not None:
            raise self.wrong("has pin-value and pin-source: drop one")
        if source is None:
            return value
        parts = urlsplit(source)
        if parts.scheme not in ("file", "") or parts.netloc or not parts.path.startswith("/"):
            raise self.wrong(f"expected pin-source=file:/path, found {source[:80]!r}")
        try:
            return read(parts.path, MOST).decode().rstrip("\r\n")
        except (SourceError, UnicodeDecodeError, Malformed) as error:
            raise self.wrong(f"pin-source: {error}") from None


def _pairs(text: str, mark: str) -> Iterator[tuple[str, bytes]]:
    for part in filter(None, text.split(mark)):
        name, equals, value = part.partition("=")
        if not equals or PERCENT.search(value):
            raise ConfigError(
                f"expected name=value, a % as %25, found {name[:40]!r}; as in {EXAMPLE}",
                path="pkcs11:",
            )
        yield name, unquote_to_bytes(value)


def without_pin(text: str) -> str:
    """The URI without its PIN, for words that others may read: typed so, it asks for the PIN."""
    return re.sub("(?<=[?&;])pin-value=[^&;]*[&;]?", "", text).rstrip("?&;")
