"""What came, went or changed between a model and its parent, in few words."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from provenance.lineage.consistency.fitting import VOCABULARY
from provenance.lineage.consistency.settings import count
from provenance.weights.packing import SCALED
from provenance.weights.roles import Layout

SHOWN = 4
NOTHING_IN_COMMON = "their tensors have no name in common"
UNREAD = "{} tensors are not read: shapes are not compared"
PART = re.compile(r"vision|visual|image|audio|speech|projector|connector|embed")
"""What is called so reads what comes in, and is no head of what goes out."""
PREDICTION = re.compile(r"(?:^|\.)(?:mtp\w*|nextn\w*|eh_proj|enorm|hnorm|shared_head)(?=\.|$)")
"""Multi-token prediction: modules of its own, or a last layer with these."""
OUTPUT = re.compile(r"(?:^|\.)(?:lm_head|embed_out|output)\.weight$")


def short(items: Collection[str]) -> str:
    """The first few, and how many more."""
    some = list(dict.fromkeys(items))
    more = f" and {len(some) - SHOWN} more" if len(some) > SHOWN else ""
    return "; ".join(some[:SHOWN]) + more


def changes(here: Layout, there: Layout, pairs: Mapping[str, str]) -> Iterator[str]:
    """All that is said of two models whose roles are paired so."""
    if not pairs and not here.roles.keys() & there.roles.keys():
        yield from _apart(here, there)
        return
    back = {theirs: ours for ours, theirs in pairs.items()}
    yield from _layers(here, there, pairs)
    yield from _schemes(here, there)
    yield from _unpaired(here.roles.keys(), pairs, own=True)
    yield from _unpaired(there.roles.keys(), back, own=False)


def _apart(here: Layout, there: Layout) -> Iterator[str]:
    """What is said where nothing of the two can be compared."""
    if here.roles and there.roles:
        yield NOTHING_IN_COMMON
    elif here.roles or there.roles:
        yield UNREAD.format("the parent's" if here.roles else "its")


def _layers(here: Layout, there: Layout, pairs: Mapping[str, str]) -> Iterator[str]:
    stems: dict[tuple[str, str], tuple[set[str], set[str]]] = {}
    for ours, theirs in pairs.items():
        if "#" in ours and not PREDICTION.search(ours):
            key = ours.partition("#")[0], theirs.partition("#")[0]
            sets = stems.setdefault(key, (set(), set()))
            sets[0].update(numbers[0] for numbers in here.roles[ours])
            sets[1].update(numbers[0] for numbers in there.roles[theirs])
    changed = {stem: (len(o), len(t)) for (stem, _), (o, t) in stems.items() if len(o) != len(t)}
    for stem, (ours_, theirs_) in changed.items():
        where = f" in {stem.strip('.')}" if len(changed) > 1 else ""
        yield count(str(ours_), str(theirs_), fewer=ours_ < theirs_) + where


def _schemes(here: Layout, there: Layout) -> Iterator[str]:
    for scheme in sorted(here.schemes - there.schemes):
        yield f"quantised: {scheme if scheme == SCALED else f'weights packed as {scheme}'}"
    for scheme in sorted(there.schemes - here.schemes):
        yield f"scales dropped: the parent has {scheme}"


def _unpaired(roles: Collection[str], pairs: Mapping[str, str], *, own: bool) -> Iterator[str]:
    """The roles that only one side has, by the module that is nobody else's."""
    paired = _above(pairs)
    said: set[str] = set()
    rest = [role for role in roles if role not in pairs]
    inner = _above(rest)
    layered = _above([role for role in rest if "#" in role]).keys()
    for role in sorted(rest, key=lambda role: ("#" in role, role)):
        said_now = _said(role, roles, pairs, own=own) or _module(
            role, paired, inner, layered, own=own
        )
        if said_now not in said:
            said.add(said_now)
            yield said_now


def _above(roles: Collection[str]) -> dict[str, set[str]]:
    """Every module over these roles, with what stands right below it."""
    found: dict[str, set[str]] = {}
    for role in roles:
        words = role.split(".")[:24]
        for n in range(len(words)):
            found.setdefault(".".join(words[:n]), set()).add(words[n])
    return found


def _said(role: str, roles: Collection[str], pairs: Mapping[str, str], *, own: bool) -> str:
    """What has a name of its own, and no place worth naming."""
    if PREDICTION.search(role):
        layer = "a multi-token-prediction layer"
        return f"{layer} of its own" if own else f"the parent's {layer.removeprefix('a ')} dropped"
    if role.endswith(".bias") and f"{role.removesuffix('bias')}weight" in pairs:
        return "biases of its own" if own else "the parent's biases dropped"
    if OUTPUT.search(role) and own and any(VOCABULARY.search(paired) for paired in pairs):
        return "untied embeddings or a head of its own: lm_head"
    return ""


def _module(
    role: str,
    paired: Mapping[str, set[str]],
    inner: Mapping[str, set[str]],
    layered: Collection[str],
    *,
    own: bool,
) -> str:
    """The outermost module that only this side has, down to where it has parts."""
    words = role.split(".")
    depth = next((n for n in range(1, len(words)) if ".".join(words[:n]) not in paired), len(words))
    while depth < len(words) - 1 and len(inner.get(".".join(words[:depth]), ())) == 1:
        depth += 1
    module = ".".join(words[:depth])
    is_part = "#" in role or len(words) > 6 or module in layered or PART.search(module)
    what = "part" if is_part else "head"
    name = re.sub(r"\.(?:weight|bias)$", "", module[:80])
    return f"a {what} of its own: {name}" if own else f"the parent's {what} {name} was dropped"
