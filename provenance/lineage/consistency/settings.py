"""What config.json of both says: words about a difference, and one conviction.

Only where no tensors can be compared, and for one `model_type`, another width convicts: every
weight of a family has that axis, and no honest step changes it. Numbers of layers, heads and
tokens change in honest steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from provenance.claims.files import ModelFiles
from provenance.errors import Malformed

NESTED = ("text_config", "llm_config", "language_config")
WIDTHS = ("hidden_size", "d_model", "n_embd", "dim")
"""The width of a model, as families call it."""
LAYERS = ("num_hidden_layers", "n_layer", "num_layers", "n_layers")


def widths(child: ModelFiles, parent: ModelFiles) -> Iterator[str]:
    """The widths that differ between two models of one type."""
    here, there = configuration(child), configuration(parent)
    if here.get("model_type") != there.get("model_type"):
        return
    for name in WIDTHS:
        ours, theirs = here.get(name), there.get(name)
        if isinstance(ours, int) and isinstance(theirs, int) and ours != theirs:
            yield f"config.json has {name} {ours!r:.40}, the parent's {theirs!r:.40}"


def differences(child: ModelFiles, parent: ModelFiles, *, layers: bool) -> Iterator[str]:
    """What differs and may: the type, and the number of layers where the tensors do not tell."""
    here, there = configuration(child), configuration(parent)
    ours, theirs = here.get("model_type"), there.get("model_type")
    if isinstance(ours, str) and isinstance(theirs, str) and ours != theirs:
        yield f"model_type {theirs:.40} -> {ours:.40}"
    for name in LAYERS if layers else ():
        mine, its = here.get(name), there.get(name)
        if isinstance(mine, int) and isinstance(its, int) and mine != its:
            yield count(f"{mine:d}", f"{its:d}", fewer=mine < its)


def count(ours: str, theirs: str, *, fewer: bool) -> str:
    """How many layers of how many."""
    return f"{ours:.20} of {theirs:.20} layers" if fewer else f"{ours:.20} layers from {theirs:.20}"


def configuration(files: ModelFiles) -> Mapping[str, object]:
    """config.json at the top, or the part of it that is about text."""
    file = files.by_path.get("config.json")
    try:
        table = file.json() if file and file.content.head else {}
    except Malformed:
        return {}
    if not isinstance(table, dict):
        return {}
    nested = next((table[key] for key in NESTED if isinstance(table.get(key), dict)), None)
    return nested if isinstance(nested, dict) else table
