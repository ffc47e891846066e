"""What an adapter adds to the weights of its base, as matrices: the product of two factors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from math import sqrt

from provenance.weights.forms.form import Hint
from provenance.weights.forms.lora import LORA
from provenance.weights.forms.packings import Weight
from provenance.weights.matrix import Matrix, of_weights
from provenance.weights.stored import Stored

FACTOR = re.compile(
    r"(?P<of>.+?)[._](?:lora_(?P<letter>[AB])(?:\.(?!weight$)[^.]+)?|lora[._](?P<way>down|up))"
    r"\.weight"
)
"""As peft, diffusers and kohya's scripts call the two factors; B and `up` are the outputs'."""
LARGEST = 1e9
"""Of a rank or an alpha: beyond it nobody meant it."""
NOTHING: Mapping[str, object] = {}


def factors(
    stored: Iterable[Stored], settings: Mapping[str, object] = NOTHING
) -> tuple[Matrix, ...]:
    """The product B·A of each pair of factors, under the role of the weight that it is added to.

    `settings` is what `adapter_config.json` holds: its alpha by its rank is the factor of all
    values, 1 where it says nothing. The rank is that of the shapes.
    """
    halves: dict[tuple[str, str], dict[bool, Stored]] = {}
    for one in stored:
        if found := FACTOR.fullmatch(one.name):
            outputs = (found["letter"] or found["way"]) in ("B", "up")
            folder = one.path.rpartition("/")[0]
            halves.setdefault((folder, found["of"]), {})[outputs] = one
    weights = [
        Weight(name=f"{name}.weight", main=pair[True], beside=(pair[False],), forms=("lora",))
        for (_, name), pair in halves.items()
        if len(pair) == 2 and LORA.shape(pair[True], (pair[False],), Hint())
    ]
    return tuple(_scaled(matrix, settings) for matrix in of_weights(weights))


def rank_of(matrix: Matrix) -> int:
    """The rank of a product of factors by their shapes; 0 for any other matrix."""
    return matrix.stored[0].shape[1] if matrix.form == "lora" else 0


def _scaled(matrix: Matrix, settings: Mapping[str, object]) -> Matrix:
    module = matrix.name.removesuffix(".weight")
    rank = _for(module, settings, "rank_pattern", "r") or float(rank_of(matrix))
    alpha = _for(module, settings, "alpha_pattern", "lora_alpha")
    if alpha is None or rank <= 0:
        return matrix
    return replace(matrix, scale=alpha / (sqrt(rank) if settings.get("use_rslora") else rank))


def _for(module: str, settings: Mapping[str, object], patterns: str, key: str) -> float | None:
    """A number of the settings: of the pattern that a module's name ends in, else the general."""
    table = settings.get(patterns)
    named = _ends(module, table) if isinstance(table, dict) else ()
    for value in (*named, settings.get(key)):
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LARGEST:
            return float(value)
    return None


def _ends(module: str, table: Mapping[str, object]) -> Iterator[object]:
    for pattern, value in table.items():
        if f".{module}".endswith(f".{pattern}"):
            yield value
