"""Of which known model the weights of one are, as people and programs read it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import asdict

from provenance.report.common import printable
from provenance.report.human import DIM, DOUBT, Line, Span, wrapped
from provenance.report.weights import VERSION, kinship_table, number, side
from provenance.weights.compared import Copied, Traced

SHOWN = 5
GAP = "  "
RHO = "\N{GREEK SMALL LETTER RHO}"
UNSEEN = (
    "retraining and distillation leave no trace, and re-ordered hidden units are looked for by "
    "`provenance compare --deep` alone"
)
AWAY = (
    "`provenance compare BASE MODEL` shows what was changed, of two folders on this machine; no "
    "name in provenance.toml or in the Hub's cache leads to the base: type its folder"
)
LIMIT = (
    "the relation has no direction: which of two models was first stands in dates and attestations"
)


def trace_lines(traced: Traced, *, width: int = 100) -> Iterator[Line]:
    """The nearest kin first, or that there is none, and the next line to type."""
    yield from wrapped(side(traced.model), "", width)
    for copy in traced.copies[:SHOWN]:
        yield from wrapped(_copied(copy), GAP, width, DOUBT)
    for place, kin in enumerate(traced.kin[:SHOWN], 1):
        yield (Span(f"{GAP}{place}. {printable(kin.base)}", DOUBT), Span(f"{GAP}{kin.kind}"))
        yield from wrapped(kin.words, " " * 5, width)
    if len(traced.kin) > SHOWN:
        more = f"and {len(traced.kin) - SHOWN} more: --format json has them all"
        yield (Span(f"{GAP}{more}", DIM),)
    if not traced.kin and traced.ranked:
        yield from wrapped(_none(traced), GAP, width)
    for why in traced.unread:
        yield from wrapped(why, f"{GAP}? ", width, DOUBT)
    if traced.names and not traced.here:
        yield from wrapped(AWAY, GAP, width, DIM)
    if line := next_line(traced):
        yield (Span(f"{GAP}next  {line}"),)
    yield from wrapped(LIMIT, GAP, width, DIM)


def next_line(traced: Traced) -> str:
    """What to type next: to see what was changed, else to judge the model, else to read what was
    found; nothing where no kin was found."""
    own = printable(traced.model.name)
    if not traced.names:
        return ""
    if traced.here:
        return shlex.join(["provenance", "compare", printable(traced.here), own])
    if traced.repo:
        return shlex.join(["provenance", "verify", own])
    return "provenance explain kinship"


def _copied(copy: Copied) -> str:
    whose = f"those of {copy.name}, which is locked"
    if copy.same:
        return f"{copy.same} of {copy.files} files of weights are {whose}"
    return f"tensors begin as {whose}: {copy.begin} of the {copy.sketched} that the lockfile keeps"


def _none(traced: Traced) -> str:
    count = len(traced.ranked)
    of = f"none of {count} registered fingerprints"
    seen = f"a correlation above {RHO} = {traced.least:.3f} would have been seen"
    unlike = [one for one in traced.ranked if not one.relation.whole.values]
    if len(unlike) == count:
        could = f"{of} could" if count > 1 else "the registered fingerprint could not"
        return f"{could} be compared: {unlike[0].words or 'no matrix has the same shape'}"
    part = f"; {len(unlike)} of them have no matrix of the same shape" if unlike else ""
    of = of if count > 1 else "not of the one registered fingerprint"
    return f"{of}: {seen}{part}; {UNSEEN}"


def trace_json(traced: Traced) -> str:
    """All of it as one JSON document in ASCII."""
    document = {
        "version": VERSION,
        "model": asdict(traced.model),
        "fingerprints": len(traced.ranked),
        "least": number(traced.least),
        "kin": [kinship_table(one) for one in traced.kin],
        "ranked": [kinship_table(one) for one in traced.ranked],
        "copies": [asdict(one) for one in traced.copies],
        "unread": list(traced.unread),
        "next": next_line(traced),
    }
    return json.dumps(document, indent=1, allow_nan=False)
