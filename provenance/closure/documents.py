"""Every text in a configuration with the keys that lead to it, whatever language it is written in.

JSON, YAML (by its events, nothing is constructed), INI as llama.cpp reads it, and the Modelfile of
Ollama. Lists are passed through: what stands in one stands at the key that holds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from provenance.errors import Malformed
from provenance.formats.names import name_of, suffix_of
from provenance.formats.parsed import Parsed
from provenance.model import Kind

if TYPE_CHECKING:
    from provenance.formats.yaml_tree import Node

MERGE = "<<"
MAX_LEAVES = 200_000
MAX_DEPTH = 200
REFERENCE = re.compile(r"<([^<>]+)>")
MAX_REFERENCES = 16
LONGEST = 2_000
QUOTED = re.compile(r'"""(?:.*?"""|.*\Z)', re.DOTALL)
CALLS = re.compile(r"!(?:new|name|apply):speechbrain\.")
FIRST = "!0"
"""The key of the first argument that a call is given by its place."""
NO_TEXT = frozenset({"null", "~", "true", "false", "yes", "no", "on", "off"})
"""What is no text where it stands without quotes."""
YAML = frozenset({".yaml", ".yml"})
INI = frozenset({".ini"})
MODELFILE = "modelfile"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One text, the keys that lead to it, and what else stands in its table."""

    keys: tuple[str, ...]
    text: str
    beside: Mapping[str, object] = field(default_factory=dict)


def is_read(file: Parsed) -> bool:
    """Whether the file is in one of the languages that are followed."""
    suffix = suffix_of(file.path)
    if suffix in YAML | INI or name_of(file.path) == MODELFILE:
        return True
    return suffix == ".json" or file.content.kind is Kind.JSON


def leaves(file: Parsed) -> Iterator[Leaf]:
    """The texts of a whole file, or Malformed where it cannot be followed."""
    suffix = suffix_of(file.path)
    if suffix in YAML:
        yield from _of_yaml(file.content.head)
    elif suffix in INI:
        yield from _of_ini(_text(file))
    elif name_of(file.path) == MODELFILE:
        yield from _of_modelfile(_text(file))
    else:
        yield from _of_value(file.json())


def _text(file: Parsed) -> str:
    try:
        return file.content.head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Malformed(f"not UTF-8 at byte {error.start}") from None


def _of_value(value: object) -> Iterator[Leaf]:
    waiting: list[tuple[tuple[str, ...], object, Mapping[str, object]]] = [((), value, {})]
    count = 0
    while waiting:
        keys, node, table = waiting.pop()
        count += 1
        if count > MAX_LEAVES or len(keys) > MAX_DEPTH:
            raise Malformed(f"more than {MAX_LEAVES} values, or {MAX_DEPTH} of them in each other")
        if isinstance(node, dict):
            waiting.extend(((*keys, key), inner, node) for key, inner in node.items())
        elif isinstance(node, list):
            waiting.extend((keys, inner, table) for inner in node)
        elif isinstance(node, str):
            yield Leaf(keys=keys, text=node, beside=table)


def _of_yaml(data: bytes) -> Iterator[Leaf]:
    """Every text wherever an alias or `<<` puts it, and in its place what a `!ref` stands for."""
    # PyYAML takes as long to import as all the rest; most models bring no YAML.
    from provenance.formats.yaml_tree import trees

    documents = trees(data)
    top = {key: one.text for document in documents for key, one in document.merged if one.text}
    waiting: list[tuple[tuple[str, ...], Node, Mapping[str, object]]] = [
        ((), document, {}) for document in documents
    ]
    count = 0
    while waiting:
        keys, node, beside = waiting.pop()
        count += 1
        if count > MAX_LEAVES or len(keys) > MAX_DEPTH:
            raise Malformed(f"more than {MAX_LEAVES} values, or {MAX_DEPTH} of them in each other")
        if node.kind == "scalar" and not (node.plain and node.text.lower() in NO_TEXT):
            yield Leaf(keys=keys, text=_referred(node.text, top), beside=beside)
        waiting += _inner(keys, node, beside)


def _inner(
    keys: tuple[str, ...], node: Node, beside: Mapping[str, object]
) -> Iterator[tuple[tuple[str, ...], Node, Mapping[str, object]]]:
    """What stands in a node, with the keys that lead to it there."""
    if node.kind == "mapping":
        table = {key: one.text for key, one in node.merged if one.kind == "scalar"}
        for key, one in node.merged:
            yield (keys if key == MERGE else (*keys, key)), one, table
    elif node.kind == "sequence":
        for position, one in enumerate(node.items):
            argument = position == 0 and CALLS.match(node.tag) is not None
            yield ((*keys, FIRST) if argument else keys), one, beside


def _referred(text: str, top: Mapping[str, str]) -> str:
    """The text with what each `<key>` in it stands for; what cannot be followed keeps its `<`."""
    for _ in range(MAX_REFERENCES):
        replaced = REFERENCE.sub(lambda match: top.get(match[1], match[0]), text)
        if replaced == text or len(replaced) > LONGEST:
            break
        text = replaced
    return text


def _of_ini(text: str) -> Iterator[Leaf]:
    section: tuple[str, ...] = ()
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("[") and "]" in line:
            section = (line[1 : line.index("]")].strip(),)
        elif line and line[0] not in ";#":
            key, _, value = line.partition("=")
            yield Leaf(keys=(*section, key.strip()), text=_unquoted(value))


def _of_modelfile(text: str) -> Iterator[Leaf]:
    """Its instructions; what stands between three quotes is a text."""
    for line in QUOTED.sub("", text).splitlines():
        word, _, value = line.strip().partition(" ")
        if word.upper() in ("FROM", "ADAPTER"):
            yield Leaf(keys=(word.upper(),), text=_unquoted(value))


def _unquoted(value: str) -> str:
    value = value.strip()
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value
