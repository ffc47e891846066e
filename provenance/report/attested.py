"""What a training statement publishes, in a few lines for whoever is about to sign it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from provenance.report.common import printable
from provenance.wire.training import MANIFEST, Material, MaterialKind, Parent, Step

MOST = 8
"""Lines of one kind, and names on one line."""
SHORT = 12
"""Digits of a digest."""
PINS = (MaterialKind.DATASET, MaterialKind.CODE)
"""What should be pinned."""
UNPINNED = "unpinned: nobody can tell later which bytes these were"


def publishes(step: Step) -> Iterator[str]:
    """Each line says one thing that everybody can read in the statement from now on."""
    made = f"{step.model or 'a model'} ({len(step.subjects)} files) was made by {step.method}"
    yield printable(f"publishes: {made}")
    yield from _few("parent", map(_parent, step.parents))
    for kind in dict.fromkeys(material.kind for material in step.materials):
        of_kind = [_material(one) for one in step.materials if one.kind == kind]
        yield from _few(kind, of_kind)
    yield from _few("byproduct", map(_material, step.byproducts))
    yield from _names("parameters", step.parameters)
    yield from _names("environment", step.environment)
    if step.invocation:
        yield printable(f"  invocation: {step.invocation}")
    yield printable(f"  builder: {step.builder}")


def summary(step: Step) -> str:
    """What a statement says of a step in a few words: the model, how, and from what."""
    made = f"{step.model or 'a model'} by {step.method}"
    parents = ", ".join(parent.repo or "a model without a name" for parent in step.parents)
    parts = [
        f"{made} from {parents}" if parents else made,
        _pinned(step, MaterialKind.DATASET, "data"),
        _pinned(step, MaterialKind.CODE, "code"),
    ]
    return printable("; ".join(parts))


def _pinned(step: Step, kind: MaterialKind, called: str) -> str:
    """Whether the materials of a kind are pinned, and the one that there is."""
    found = [one for one in step.materials if one.kind == kind]
    if not found:
        return f"{called} not stated"
    loose, dirty = [not one.pinned for one in found], [one.note("dirty") is True for one in found]
    one = found[0].commit[:SHORT] or found[0].uri or str(found[0].note("path") or "without a name")
    state = "unpinned" if any(loose) else "pinned, with changes" if any(dirty) else "pinned"
    return f"{called} {one if len(found) == 1 else len(found)} ({state})"


def _few(name: str, texts: Iterable[str]) -> Iterator[str]:
    every = list(texts)
    yield from (printable(f"  {name}: {text}") for text in every[:MOST])
    if len(every) > MOST:
        yield printable(f"  {name}: and {len(every) - MOST} more")


def _parent(parent: Parent) -> str:
    at = f"@{parent.commit}" if parent.commit else ""
    digest = (parent.manifest or "").removeprefix("sha256:")
    parts = [
        f"{parent.repo}{at}" if parent.repo else "",
        f"manifest {digest[:SHORT]}…" if digest else "",
        "which was not verified" if parent.unverified else "",
    ]
    return ", ".join(filter(None, parts))


def _material(material: Material) -> str:
    notes = dict(material.notes)
    name = material.uri or str(notes.get("path", ""))
    digests = [
        f"{'manifest ' if algorithm == MANIFEST else ''}{value[:SHORT]}…"
        for algorithm, value in material.digest
        if value not in name
    ]
    parts = [name, *digests]
    if material.note("dirty") is True:
        parts.append("with changes that are in no commit")
    if material.kind in PINS and not material.pinned:
        parts.append(UNPINNED)
    return ", ".join(filter(None, parts))


def _names(name: str, text: str) -> Iterator[str]:
    if text:
        names = list(json.loads(text))
        more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
        yield printable(f"  {name}: {', '.join(names[:MOST])}{more}")
