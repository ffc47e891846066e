"""What liars make of honest children: another parent in the card, or everywhere, or none at all."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

Files = Mapping[str, bytes]
CARD = "README.md"
TOLD = (".md", ".json", ".yml", ".yaml")
IN_THE_WEIGHTS = "llama.cpp gguf"
"""Who names the parent in the file of the weights, which no liar here writes anew."""
OTHER = {
    "tiny-bert": "wide-bert",
    "tiny-bert-two": "wide-bert",
    "tiny-diffusion": "wide-diffusion",
    "tiny-embedder": "wide-bert",
    "tiny-gpt2": "wide-gpt2",
    "tiny-t5": "wide-t5",
    "tiny-vit": "wide-vit",
    "tiny-wav2vec2": "wide-wav2vec2",
    "wide-llama": "tiny-llama",
}
"""A model of the same family and another width for each parent; all others are Llamas."""


def _unfound() -> frozenset[tuple[str, str]]:
    table = tomllib.loads(Path(__file__).with_name("unfound.toml").read_text("utf-8"))
    return frozenset(
        (lie, name) for row in table["row"] for lie in row["lies"] for name in row["of"]
    )


UNFOUND = _unfound()
"""The lies, each with a child's name, that nothing in the files gives away."""


def _name(parents: frozenset[str]) -> str:
    """A pattern of any of the names, as it stands in texts and in paths of a cache."""
    names = "|".join(re.escape(name.partition("/")[2]) for name in parents)
    return rf"\bacme(/|--)({names})(?![\w-])"


def _another(named: re.Match[str]) -> str:
    between, name = named.groups()
    return f"acme{between}{OTHER.get(name, 'wide-llama')}"


def _retold(text: bytes, parents: frozenset[str]) -> bytes:
    return re.sub(_name(parents), _another, text.decode()).encode()


def in_the_card(files: Files, parents: frozenset[str]) -> Files:
    """The card names another parent, as often as it named this one."""
    return {path: _retold(data, parents) if path == CARD else data for path, data in files.items()}


def everywhere(files: Files, parents: frozenset[str]) -> Files:
    """Everything that is text names another parent."""
    return {
        path: _retold(data, parents) if path.endswith(TOLD) else data
        for path, data in files.items()
    }


def nowhere(files: Files, parents: frozenset[str]) -> Files:
    """No card and no recipe, and null wherever a configuration named a parent."""
    string = re.compile(f'"[^"\\n]*{_name(parents)}[^"\\n]*"')
    return {
        path: string.sub("null", data.decode()).encode() if path.endswith(".json") else data
        for path, data in files.items()
        if not path.endswith((".md", ".yml", ".yaml"))
    }
