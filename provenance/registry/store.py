"""A registry as named texts, wherever they lie: `trust.toml`, trusted roots, sections."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Protocol

from provenance.errors import ConfigError, RegistryRefused, SourceError
from provenance.formats import toml
from provenance.trust import Registry, Release
from provenance.trust.section import with_section, without_section

FILE_NAME = "trust.toml"
MAX_SECTION = 1 << 20
# tomllib walks every part of a dotted name, and of the table it stands in, for each of its lines:
# what has names of thousands of parts takes time that grows with the square of its length.
PART = r"""(?:[A-Za-z0-9_-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')"""
DEEP = re.compile(rf"^[ \t]*+\[{{0,2}}[ \t]*+(?:{PART}[ \t]*+\.[ \t]*+){{64}}", re.MULTILINE)


class Shelf(Protocol):
    """Where the texts of one registry lie."""

    def text(self, name: str) -> str:
        """The text of this name, or ConfigError; SourceError if it could not be asked for."""

    def version(self, name: str) -> int | None:
        """The version of whoever signed the text of this name, where that has one."""


def assembled(store: Shelf, *, file: str = FILE_NAME, source: str = "") -> Registry:
    """The registry of a `trust.toml`, with the trusted roots and the sections that it names.

    ConfigError for what its own maintainers wrote wrong; what is wrong with a section is its
    organisation's matter alone.
    """
    table = parsed(store.text(file), file)
    sigstores = table.get("sigstore")
    if isinstance(sigstores, list):
        table["sigstore"] = [
            _with_root(entry, store, f"{file}: sigstore[{position}].trusted_root")
            for position, entry in enumerate(sigstores)
        ]
    return _with_sections(Registry.from_table(table, source=source or file), store)


def parsed(text: str, name: str) -> dict[str, object]:
    """The table of a TOML text, or ConfigError, in time that grows with its length."""
    if DEEP.search(text):
        raise ConfigError("a name of more than 64 parts", path=name)
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise ConfigError(toml.fault(error, text), path=name) from None


def _bounded(text: str) -> str:
    if len(text) > MAX_SECTION:
        raise ConfigError(f"more than {MAX_SECTION >> 10} KiB")
    return text


def section_file(name: str) -> str:
    """Where a section lies, beside `trust.toml`."""
    return f"sections/{name}.toml"


def _with_root(entry: object, store: Shelf, where: str) -> object:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("trusted_root"), str):
        return entry
    try:
        return {**entry, "trusted_root": store.text(entry["trusted_root"])}
    except ConfigError as error:
        raise ConfigError(str(error), path=where) from None


def _with_sections(registry: Registry, store: Shelf) -> Registry:
    found = registry
    for org in registry.orgs:
        if org.section is None:
            continue
        file = section_file(org.section.name)
        try:
            table = parsed(_bounded(store.text(file)), file)
        except (ConfigError, SourceError, RegistryRefused) as error:
            found = without_section(found, org, str(error))
            continue
        name = f"{registry.name}/{org.section.name}"
        release = Release(name=name, version=store.version(file), section=org.section.name)
        found = with_section(found, org, table, source=file, release=release)
    return found
