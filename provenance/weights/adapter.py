"""By how much an adapter's factors count: what its configuration says (peft, LoraConfig)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import sqrt

from provenance.formats import json

FILE = "adapter_config.json"


def scales(data: bytes) -> dict[str, float]:
    """Alpha by rank, or by its root with `use_rslora`, under the name of each module that has its
    own, and of all others under the empty name; Malformed for what is no JSON.

    Nothing stands for what the configuration does not say in numbers.
    """
    found = json.loads(data)
    settings = found if isinstance(found, dict) else {}
    alpha, rank = settings.get("lora_alpha"), settings.get("r")
    alphas, ranks = (_pattern(settings, f"{name}_pattern") for name in ("alpha", "rank"))
    root = settings.get("use_rslora") is True
    rows = {name: (alphas.get(name, alpha), ranks.get(name, rank)) for name in (*alphas, *ranks)}
    return dict(_known({"": (alpha, rank), **rows}, root))


def _pattern(settings: Mapping[str, object], name: str) -> dict[str, object]:
    found = settings.get(name)
    return found if isinstance(found, dict) else {}


def _known(rows: Mapping[str, tuple[object, object]], root: bool) -> Iterator[tuple[str, float]]:
    for name, (alpha, rank) in rows.items():
        if isinstance(alpha, int | float) and isinstance(rank, int) and rank > 0:
            yield name, float(alpha) / (sqrt(rank) if root else rank)
