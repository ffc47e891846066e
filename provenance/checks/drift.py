"""drift: is what stands beside the weights what the parent has, or what does it add?

The same weights do something else behind another chat template, with other tokens or settings. Held
against each stated parent whose files are known: the chat templates (as programs, however they are
written), the files of the tokenizer, added and special tokens, settings of generation, of the
architecture, of pictures and of quantisation; of a GGUF what its header has of them. Passes when no
template says something that the parent's does not, no token became another, and no copy is built
otherwise than the parent; what else differs is told. Skipped where the model
names no parent or nobody has its files. It never means that the weights are the parent's: that is
the question of the check `weights`.

Findings:

drift/instruction
    A quantised or converted copy, which has nothing to add, has a chat template with sentences that
    are not in the parent's: whoever made the copy speaks to the model before every user. Read them;
    take the parent's template, or a copy that has it.

drift/template
    The chat template has sentences that are not in the parent's. A warning: fine-tunes often bring
    a template of their own. Read them as what the model is always told.

drift/other-template
    A quantised or converted copy has another chat template than the parent, and adds no
    sentence by it: a program can put words together. A warning, unless the profile wants every
    model signed: quantisers mend templates. Read both.

drift/tokens
    A token that both have is another text in each: a mark that ends a turn, or tells who speaks,
    means something else. A warning: ask the publisher why.

drift/architecture
    The configuration of a quantised or converted copy, or of a model that was made by an adapter,
    contradicts the parent's in what makes a function of the weights: layers, heads, activation,
    positions, the size of a norm or a window; of a copy also the tokens that begin and end a text,
    and how pictures become numbers. The same weights do something else so. Take the parent's.

drift/no-parent
    Nothing is compared: the model names no parent, or the parent's files are not known here.

drift/pass
    What equals the parent's, and what differs without adding any words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from provenance.case.case import Case
from provenance.claims.files import ModelFiles
from provenance.claims.trained import of_files
from provenance.drift import Beside, drift
from provenance.drift.beside import ARCHITECTURE, ENDS, IMAGES, TEMPLATE, TOKENS
from provenance.formats.names import is_adapter_name, is_by_product, is_weight_name
from provenance.lineage.consistency import layout
from provenance.verdict import Finding, failed, passed, skipped, unknown
from provenance.weights.factored import is_adapter
from provenance.wire.training import ADAPTER

COPIES = frozenset({"quantized", "converted"})
"""Relations in which nothing but the form of the weights changes."""
BUILT = (ARCHITECTURE, ENDS, IMAGES)
"""Of what a copy has nothing to change; what an adapter was added to keeps the first."""
SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """What differs from one parent; `built` are subjects in which a fine-tune may not differ."""

    parent: str
    relation: str | None
    found: tuple[Beside, ...]
    built: tuple[str, ...] = ()


def check(case: Case) -> Iterator[Finding]:
    """Whether the model adds words or changes tokens, by each parent whose files are known."""
    every = tuple(_held(case))
    if not every:
        yield _skipped(case)
        return
    found = [finding for held in every for finding in _found(held)]
    yield from found
    if not found:
        yield passed("drift/pass", "; ".join(map(_praise, every)))


def _held(case: Case) -> Iterator[_Held]:
    """Each direct parent of the whole model whose files are known, with what differs."""
    graph, files = case.graph, case.files
    adapts = not _holds_model(files)
    built = (ARCHITECTURE,) if any(of_files(files.by_path)) else ()
    for edge in graph.above.get(graph.model, ()):
        known = (one.evidence for one in case.claimed.by_name.get(edge.parent, ()))
        evidence = next((one for one in known if one), None)
        if evidence is None or edge.parts or (adapts and edge.relation == ADAPTER):
            continue
        found = drift(files, files.of(evidence))
        if found:
            named = graph.by_key[edge.parent].named
            yield _Held(parent=named, relation=edge.relation, found=found, built=built)


def _holds_model(files: ModelFiles) -> bool:
    """Whether there are weights that stand for themselves, and not upon a base's: an adapter alone
    leaves to its base what it does not bring."""
    paths = [f.path for f in files.evidence.manifest.files if is_weight_name(f.path)]
    whole = any(not (is_adapter_name(path) or is_by_product(path)) for path in paths)
    return whole and not is_adapter(layout(files))


def _found(held: _Held) -> Iterator[Finding]:
    for one in held.found:
        if one.subject == TEMPLATE and one.added:
            message = f"it says what {held.parent}'s chat template does not: {one.quoted}"
            if held.relation in COPIES:
                step = "a copy has nothing to add: read it, and take the parent's template"
                yield unknown("drift/instruction", f"{message}; {step}", one.path)
            else:
                step = "read it as what the model is always told"
                yield unknown("drift/template", f"{message}; {step}", one.path)
        elif one.subject == TEMPLATE and one.replaced and held.relation in COPIES:
            step = "a copy has nothing to change: read both, and take the parent's"
            message = f"of {held.parent} and of the copy: {one.words}; {step}"
            yield unknown("drift/other-template", message, one.path)
        if one.subject == TOKENS and one.replaced:
            message = f"tokens are not {held.parent}'s: {one.words}: ask the publisher why"
            yield unknown("drift/tokens", message, one.path)
        if one.replaced and one.subject in (BUILT if held.relation in COPIES else held.built):
            step = "the same weights do something else so: take the parent's, or ask why"
            yield failed(
                "drift/architecture", f"not {held.parent}'s: {one.words}; {step}", one.path
            )


def _praise(held: _Held) -> str:
    """What is equal, and what is not."""
    equal = ", ".join(one.subject for one in held.found if one.equal)
    other = "; ".join(f"{one.subject}: {one.words}" for one in held.found if not one.equal)
    said = f"as in {held.parent}: {equal}" if equal else f"beside {held.parent}"
    return f"{said}; other: {other}" if other else said


def _skipped(case: Case) -> Finding:
    above = case.graph.above.get(case.graph.model, ())
    named = ", ".join(case.graph.by_key[edge.parent].named for edge in above[:SHOWN])
    unknown_files = f"the files of {named} are not known here"
    message = unknown_files if named else "it names no parent to compare with"
    return skipped("drift/no-parent", message, case.subject)
