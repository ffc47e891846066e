"""What a chat template says by itself, and whether two are one program."""

from __future__ import annotations

import re

from jinja2 import TemplateError, nodes

from provenance.formats.template.reading import MAX_SOURCE, environment, flat

BREAK = re.compile(r"\n+|(?<=[.!?])\s+")


def tree_of(source: str) -> nodes.Template | None:
    """The syntax tree; None of what is no template that can be followed."""
    if len(source) > MAX_SOURCE:
        return None
    try:
        tree = environment().parse(source)
        flat(tree)
    except (TemplateError, RecursionError, ValueError, OverflowError):
        return None
    return tree


def sentences(tree: nodes.Template) -> tuple[str, ...]:
    """Every sentence that stands in it as text, in its order, each once: what it writes around the
    messages, and the texts that it compares or hands on."""
    found: dict[str, None] = {}
    for node in flat(tree):
        text = node.data if isinstance(node, nodes.TemplateData) else None
        if isinstance(node, nodes.Const) and isinstance(node.value, str):
            text = node.value
        for sentence in BREAK.split(text or ""):
            if plain := " ".join(sentence.split()):
                found[plain] = None
    return tuple(found)
