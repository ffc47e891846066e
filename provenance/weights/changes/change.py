"""A change map as values and as a document."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from provenance.weights.roles import Numbers


class Kind(StrEnum):
    """How the values of one tensor differ from the base's."""

    IDENTICAL = "identical"
    CAST = "cast"
    QUANTIZED = "quantized"
    PRUNED = "pruned"
    ROWS = "rows"
    LOW_RANK = "low rank"
    DENSE = "dense"
    RESHAPED = "reshaped"
    ADDED = "added"
    REMOVED = "removed"
    UNREADABLE = "unreadable"


UNCHANGED = frozenset({Kind.IDENTICAL, Kind.CAST})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One tensor of the derivative beside the base's tensor `base`.

    `role` and `numbers` say what it is for and in which layer. `relative` is the Frobenius norm of
    the difference by that of the base, `share` how many of the values differ, from 0 to 1. `rank`
    is that of the difference where it is low, None where it is not or was not asked. `detail` is
    what else is to be said: `int8 in rows`, `F32 to BF16`, `12 of 32000 rows`.
    """

    name: str
    base: str = ""
    role: str
    numbers: Numbers
    kind: Kind
    rank: int | None = None
    relative: float = 0.0
    share: float = 0.0
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeMap:
    """Every tensor of a derivative beside its base's, in the order of role and layer.

    `base` is what the base is called, `manifest` the digest of its files where that is known.
    """

    base: str
    manifest: str = ""
    changes: tuple[Change, ...]

    @property
    def changed(self) -> tuple[Change, ...]:
        """Those whose values are other than the base's."""
        return tuple(one for one in self.changes if one.kind not in UNCHANGED)


def dumps(changes: ChangeMap) -> bytes:
    """The map as canonical JSON."""
    raise NotImplementedError


def loads(data: bytes) -> ChangeMap:
    """The map in such a document, or Malformed."""
    raise NotImplementedError
