"""Layers as people list them: `layers 0-3 and 7`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def listed(names: Iterable[str]) -> str:
    """Layers by the word before their number, neighbours drawn together: `model.layers.0`,
    `model.layers.1` and `model.layers.4` are `layers 0-1 and 4`."""
    stems: dict[str, list[int]] = {}
    for name in names:
        stem, _, number = name.rpartition(".")
        stems.setdefault(stem, []).append(int(number))
    if len(stems) == 1:
        return "".join(f"{stem.rpartition('.')[2]} {_joined(some)}" for stem, some in stems.items())
    return ", ".join(f"{stem} {_joined(some)}" for stem, some in stems.items())


def _joined(numbers: list[int]) -> str:
    *some, last = _runs(sorted(set(numbers)))
    return f"{', '.join(some)} and {last}" if some else last


def _runs(numbers: list[int]) -> Iterator[str]:
    begin = 0
    for at, number in enumerate(numbers):
        if at + 1 == len(numbers) or numbers[at + 1] != number + 1:
            first = numbers[begin]
            yield f"{first}" if first == number else f"{first}-{number}"
            begin = at + 1
