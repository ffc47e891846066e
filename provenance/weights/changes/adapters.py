"""The parameters of an adapter as what they change: a piece for each module that has some."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import prod

from provenance.weights.changes.pieces import Piece, whole_of
from provenance.weights.matrix import Matrix
from provenance.weights.methods import (
    BESIDE,
    BETWEEN,
    ENDS,
    FIRST,
    SECOND,
    SHARED_BY_ALL,
    TURNED,
    parameter,
)
from provenance.weights.roles import module_of, role_of
from provenance.weights.stored import Stored
from provenance.weights.values import DECODERS

PRODUCT, PARAMETERS = "lora", "adapter"
"""Forms of matrices: the product of two factors, and what else changes a module."""
FACTORS = frozenset((*FIRST, *SECOND, BETWEEN))
Group = dict[str, Stored]


def adapted(stored: Sequence[Stored]) -> tuple[tuple[Piece, ...], tuple[Stored, ...]]:
    """What an adapter's parameters change, each by the name of the weight or bias, and all tensors
    that are no such parameters."""
    found: dict[tuple[str, str, str], Group] = defaultdict(dict)
    for one in stored:
        if one.size and (said := parameter(one.name)):
            folder = one.path.rpartition("/")[0]
            found[folder, said.changes, said.adapter][said.word] = one
    made: list[Piece] = []
    used: set[Stored] = set()
    for (folder, name, _), group in found.items():
        if piece := _piece(folder, name, group):
            made.append(piece)
            used.update(group.values())
    beside = {module_of(one.name) for one in made}
    return tuple(made), tuple(s for s in stored if s not in used and not _is_beside(s, beside))


def without_shared(stored: Iterable[Stored]) -> tuple[Stored, ...]:
    """The tensors that no adapter holds for all of its modules together."""
    return tuple(one for one in stored if not SHARED_BY_ALL.fullmatch(one.name))


def _is_beside(one: Stored, modules: Iterable[str]) -> bool:
    of, _, word = one.name.rpartition(".")
    return word in BESIDE and one.size == 1 and module_of(of) in modules


def _piece(folder: str, name: str, group: Group) -> Piece | None:
    role, numbers = role_of(name, folder)
    rows = columns = 0
    stored, form = tuple(group.values()), PARAMETERS
    if group.keys() <= FACTORS and name.endswith(ENDS[0]):
        factors = _factors(group)
        if factors is None:
            return None
        (rows, columns), stored, form = _shape(factors), factors, PRODUCT
    matrix = Matrix(
        name=name, role=role, numbers=numbers, rows=rows, columns=columns, stored=stored, form=form
    )
    return Piece(role=role, numbers=numbers, matrix=matrix)


def _factors(group: Group) -> tuple[Stored, ...] | None:
    """Both factors and what stands between them, as far as they fit each other."""
    first = next((group[word] for word in FIRST if word in group), None)
    second = next((group[word] for word in SECOND if word in group), None)
    between = group.get(BETWEEN)
    if first is None or second is None:
        return None
    found = (first, second, *((between,) if between else ()))
    ranks = {inner(first), outer(second), *((between.size,) if between else ())}
    fit = len(ranks) == 1 and all(one.dtype in DECODERS and len(one.shape) > 1 for one in found)
    return found if fit else None


def inner(first: Stored) -> int:
    """The rank that the factor which reads the input has."""
    return first.shape[-1] if is_turned(first) else first.shape[0]


def outer(second: Stored) -> int:
    """That of the factor which writes the output: a kernel of one value may stand behind it."""
    if is_turned(second):
        return second.shape[0]
    return second.shape[1] if prod(second.shape[2:]) == 1 and len(second.shape) > 1 else 0


def is_turned(factor: Stored) -> bool:
    """Whether its axes stand the other way round."""
    said = parameter(factor.name)
    return said is not None and said.word in TURNED


def _shape(factors: tuple[Stored, ...]) -> tuple[int, int]:
    first, second = factors[:2]
    return second.size // max(1, outer(second)), first.size // max(1, inner(first))


def beside(adapter: Sequence[Piece], base: Sequence[Piece]) -> dict[int, Piece]:
    """For the places of an adapter's pieces, the whole tensor of the base that each changes, found
    by its name: equal, or the end of the other."""
    tensors: dict[str, list[Piece]] = defaultdict(list)
    for piece in base if adapter else ():
        tensors[_plain(piece.name)].append(piece)
    ends: dict[str, set[str]] = defaultdict(set)
    for name in tensors:
        for end in _ends(name):
            ends[end].add(name)
    names = {at: _named(_plain(piece.name), tensors, ends) for at, piece in enumerate(adapter)}
    return {at: whole_of(tensors[name]) for at, name in names.items() if name}


def _plain(name: str) -> str:
    """The name of a tensor without wrappers: its module, and `.bias` if it is one."""
    return module_of(name) + (ENDS[1] if name.endswith(ENDS[1]) else "")


def _named(name: str, tensors: Mapping[str, object], ends: Mapping[str, set[str]]) -> str:
    shorter = next((end for end in _ends(name) if end in tensors), "")
    longer = ends.get(name, set())
    return shorter or (next(iter(longer)) if len(longer) == 1 else "")


def _ends(name: str) -> list[str]:
    """The name, and what is left of it without its first words."""
    words = name.split(".")
    return [".".join(words[at:]) for at in range(len(words))]


def method_of(piece: Piece) -> str:
    """Which parameters an adapter holds of a module, in words."""
    found = (parameter(one.name) for one in piece.matrix.stored)
    return ", ".join(dict.fromkeys(said.word for said in found if said))
