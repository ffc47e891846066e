"""Settings in sections that make their loader call something: spaCy's `config.cfg`, and others.

spaCy looks up functions in its registries by name (`@architectures`), components by `factory`, a
language by `lang`; installed packages put more names there. What only spaCy and thinc put there is
theirs. Any key that names a callable anywhere else does so here too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from provenance.claims.callables import RULE, Named, in_table
from provenance.claims.claim import CodeClaim, LibraryClass
from provenance.claims.configuration import values
from provenance.claims.libraries import FACTORIES, LANGUAGE, is_registered
from provenance.errors import Malformed
from provenance.formats import sections
from provenance.formats.names import name_of

OF_SPACY = "config.cfg"
OF_LANGUAGE_MODELS = "@llm_"
"""Registries of spacy-llm, whose functions ask other services, or fetch models by name."""
SPEAKS = re.compile(rb"@\w+[ \t]*[=:]|target|class_path|factory")
COMPONENTS = "components"


def in_ini(path: str, data: bytes) -> Iterator[Named]:
    """What an INI text names. Malformed for one that cannot be read, unless it is of a dialect in
    which names stand twice (Darknet) and nothing in it speaks of code."""
    try:
        found = sections.ini(data)
    except Malformed as error:
        dialect = error.slug == "twice" and name_of(path) != OF_SPACY
        if dialect and not SPEAKS.search(data):
            return
        raise
    for section in found:
        yield from _pairs(path, section.pairs, section.path)
        for _, value in section.pairs:
            yield from _inner(path, value, section.path)


def in_toml(path: str, data: bytes) -> Iterator[Named]:
    """What the tables of a TOML text name; Malformed for one that cannot be read."""
    for node in values(sections.toml(data)):
        if isinstance(node, dict):
            yield from in_table(path, node.items())


def _inner(path: str, value: object, keys: tuple[str, ...]) -> Iterator[Named]:
    """The tables in a value that is JSON."""
    for node in values(value):
        if isinstance(node, dict):
            yield from _pairs(path, node.items(), keys)


def _pairs(
    path: str, pairs: Iterable[tuple[str, object]], keys: tuple[str, ...]
) -> Iterator[Named]:
    every = list(pairs)
    yield from in_table(path, every, keys=keys)
    for key, value in every:
        yield from _looked_up(path, keys, key, value)


def _looked_up(path: str, keys: tuple[str, ...], key: str, value: object) -> Iterator[Named]:
    name = value if isinstance(value, str) else ""
    if key.startswith("@") and isinstance(value, str):
        own = is_registered(name) and not key.startswith(OF_LANGUAGE_MODELS)
        yield _known(path, key, name, own=own)
    elif name and keys[:1] == (COMPONENTS,) and key in {"factory", "source"}:
        yield _known(path, key, name, own=key == "factory" and name in FACTORIES)
    elif name and keys == ("nlp",) and key == "lang" and not LANGUAGE.fullmatch(name):
        yield _known(path, key, name, own=False)


def _known(path: str, key: str, name: str, *, own: bool) -> Named:
    if own:
        return LibraryClass(path=path, name=name)
    return CodeClaim(
        path=path, code=RULE, detail=f"{key} calls what is registered as {name[:200]!r}"
    )
