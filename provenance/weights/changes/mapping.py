"""The change map of a derivative: every piece of it beside its base's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from provenance.weights.changes.adapters import adapted, without_shared
from provenance.weights.changes.change import Change, ChangeMap, Kind
from provenance.weights.changes.fused import with_wholes
from provenance.weights.changes.kinds import change_of
from provenance.weights.changes.layers import moved
from provenance.weights.changes.moving import moved_scales, settled
from provenance.weights.changes.pairs import Pair, adapting, pairs, saved_whole, spelled_alike
from provenance.weights.changes.pieces import pieces
from provenance.weights.factored import is_adapter_of
from provenance.weights.reserve import keep_freed
from provenance.weights.stored import Reader, Stored

THREADS = 2
BATCH = 1 << 20
"""Values that one thread takes at once, of small tensors many."""
SMALLEST = 1 << 12
"""What a tensor counts for at least: it is more work than its values."""
Told = Callable[[int], None]


def change_map(
    base: Sequence[Stored],
    derived: Sequence[Stored],
    base_reader: Reader,
    reader: Reader,
    *,
    named: str,
    manifest: str = "",
    progress: Told | None = None,
    scales: Mapping[str, float] | None = None,
) -> ChangeMap:
    """What was changed from a base's tensors to a derivative's.

    `progress` is told how many bytes of the derivative were gone through, from several threads.
    `scales` are those of an adapter's factors, alpha by rank, under the ends of the names of its
    modules; the one of all others stands under the empty name.
    """
    keep_freed()
    found, adapter = _paired(base, derived, base_reader, reader)
    by = moved_scales(found, base_reader, reader)

    def batch(some: Sequence[Pair]) -> list[Change]:
        changes = [change_of(one, base_reader, reader, scales or {}, by.scales) for one in some]
        if progress:
            progress(sum(one.end - one.begin for pair in some for one in _stored(pair)))
        return changes

    with ThreadPoolExecutor(THREADS) as pool:
        each = [one for some in pool.map(batch, _batches(found)) for one in some]
    changes = settled(with_wholes(zip(found, each, strict=True), base_reader, reader), by)
    if adapter:
        changes = _untouched(changes)
    return ChangeMap(base=named, manifest=manifest, changes=tuple(sorted(changes, key=_order)))


def _paired(
    base: Sequence[Stored], derived: Sequence[Stored], base_reader: Reader, reader: Reader
) -> tuple[tuple[Pair, ...], bool]:
    """The pairs of two models, and whether the derivative is an adapter of the other."""
    adapter, rest = adapted(derived)
    theirs, is_adapter = pieces(base), is_adapter_of(derived)
    plain = pieces(without_shared(rest) if is_adapter else rest)
    is_adapter = is_adapter or (bool(adapter) and len(plain) * 2 < len(theirs))
    whole = saved_whole(plain, theirs) if is_adapter else ()
    named = {id(pair.derived) for pair in whole}
    plain = tuple(piece for piece in plain if id(piece) not in named)
    spelled = spelled_alike(theirs, plain)
    places = moved(theirs, plain, base_reader, reader, spelled)
    found = pairs(theirs, plain, spelled, places, heads=not is_adapter)
    return (*adapting(adapter, theirs), *whole, *found), is_adapter


def _stored(pair: Pair) -> tuple[Stored, ...]:
    return pair.derived.matrix.stored if pair.derived else ()


def _batches(found: Iterable[Pair]) -> Iterator[list[Pair]]:
    """The pairs in the order of their bytes, many small ones together."""
    some: list[Pair] = []
    values = 0
    for pair in found:
        some.append(pair)
        values += SMALLEST + (pair.derived.size if pair.derived else 0)
        if values >= BATCH:
            yield some
            some, values = [], 0
    if some:
        yield some


def _untouched(changes: Sequence[Change]) -> list[Change]:
    """The changes of an adapter: what it has no word on stays as it is."""
    known = {one.base for one in changes}
    return [
        replace(one, base=one.name, kind=Kind.IDENTICAL, detail="not in the adapter")
        if one.kind is Kind.REMOVED
        else one
        for one in changes
        if one.kind is not Kind.REMOVED or one.name not in known
    ]


def _order(change: Change) -> tuple[str, tuple[tuple[int, str], ...], str]:
    return change.role, tuple((len(n), n) for n in change.numbers), change.name
