"""weights: do the bytes bear out what is said of their parent and of their making?

A card can name any parent. Where the weights of the stated parent are here, or the registry or
your settings have a fingerprint of it (`provenance fingerprint`), a sample of the model is compared
with it: two models that have nothing to do with each other do not agree at hidden coordinates.
Passes when every parent that could be compared is borne out. Where nothing of a parent is at hand,
the nearest of its ancestors is taken that is, and the message tells. Where nothing can be compared
the check is skipped, and says why; with `weights = "require"` in `[policy.rules]` it is unknown.

What it says has limits. Coordinates that everybody knows can be planted in weights that have
nothing to do with a base, so they are *consistent* with it and no more; *corroborated* needs the
base's own weights, or a fingerprint with a key. The relation has no direction. Distillation and
retraining leave nothing to find. And a parent that is borne out says nothing of what was learnt
since: what can be said is where something changed, how much, and whether that was declared.

Findings:

weights/contradicted
    The weights have no trace of the stated parent, and they are those of another model at hand or
    of kin of it. Do not deploy it; ask the publisher.

weights/not-supported
    The weights have no trace of the stated parent, and of no other model at hand. Retraining and
    distillation leave none, and neither does a card that names any parent: ask the publisher what
    was done, and waive it after a look.

weights/partial
    Only the tables of tokens, some of the layers or some of the matrices are the stated parent's,
    in one of the files at least, or there are layers that it has not. The rest is somebody else's,
    or new: ask the publisher where it comes from. A merge that names several parents may have a
    part of each; so may a model that names several without a word on how, if each is at hand.

weights/weak-relation
    There is a relation to the stated parent that is too weak for a fine-tune: a minor share in a
    merge, the same initialisation, or very long training. A merge that names it may have that
    little of it; anything else is to be asked for.

weights/obfuscated
    The weights are the stated parent's after its hidden units were put in another order, or signs
    of its numbers were changed. Ordinary training does neither: ask why it was done.

weights/inconclusive
    They could not be compared: the packing is not read, no matrix is known to lie at the residual
    stream, or the statistic is between chance and kin. A warning, and the check has not passed
    then: `"weights/inconclusive" = "require"` in `[policy.rules]` makes it decide.

weights/incomparable
    The weights were read, and have nothing to put beside those of the stated parent: other shapes,
    too few values, or no line with differing numbers. Training keeps the shapes: ask the publisher
    what was done, and waive it after a look.

weights/exceeded
    More was changed than was declared: modules that the configuration of an adapter, a training
    statement or a recipe does not name, a higher rank, values that were rounded with no word
    on it, or other changes than the quantisation or conversion that is stated: what an error of
    rounding cannot be, for it is too large or has a direction, values set to zero, and tensors that
    were added or left out. An adapter is held to it by its own tensors where its base is not here.
    Do not deploy it; ask what else was done. Unknown where several parents are named, as a merge
    or with no word on how: then it lies beyond the declaration beside each of them that is here,
    and one that is not here cannot speak for it.

weights/unread
    Weights, tensors in the place of the parent's, a fingerprint or a map of changes could not be
    read, or a fingerprint is nobody's whom you trust in this.

weights/not-compared
    Nothing was compared, and why. Skipped, unless `[policy.rules]` asks for the check by name.

weights/pass
    What the model is to each parent that was compared: *identical*, *corroborated* or *consistent*,
    with the numbers; what is left open: edits below the rounding of packed matrices, and with a
    fingerprint alone edits of packed matrices, which rows of a table, and the values of buffers;
    and which parents could not be compared. A root of the registry has none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from provenance.case.case import Case
from provenance.checks.weights.parents import Parent, parents_of, why_not
from provenance.formats.names import is_adapter_name
from provenance.verdict import Finding, failed, passed, skipped, unknown
from provenance.weights.kind import Kind

INCONCLUSIVE = "weights/inconclusive"
WAIVE = "ask the publisher what was done, and waive this after a look"


def check(case: Case) -> Iterator[Finding]:
    """What the weights say of each stated parent, and what was changed beyond a declaration."""
    parents = parents_of(case.graph)
    found = [*_unread(case), *_exceeded(case)]
    for parent in parents:
        found += _of(case, parent)
    yield from dict.fromkeys(found)
    if parents and all(finding.rule == INCONCLUSIVE for finding in found):
        borne_out = [one for one in parents if one.is_borne_out]
        if borne_out:
            left = _left_open(case, borne_out)
            yield passed("weights/pass", _praise(case, borne_out), left_open=left)
    elif not found:
        yield _nothing(case)


def _unread(case: Case) -> Iterator[Finding]:
    if case.evidence.weights.unread:
        yield unknown("weights/unread", case.evidence.weights.unread, case.subject)
    for path, why in case.graph.kin.unread:
        message = f"{why}: see `provenance registry show`, and gather again"
        yield unknown("weights/unread", message, path)


def _exceeded(case: Case) -> Iterator[Finding]:
    """Changes beyond a declaration; without anything to compare nothing is imported."""
    weights = case.evidence.weights
    if weights.changes or weights.tensors or any(map(is_adapter_name, case.evidence.by_path)):
        from provenance.checks.weights.exceeding import exceeding

        yield from exceeding(case)


def _of(case: Case, parent: Parent) -> Iterator[Finding]:
    """What is wrong with one parent."""
    kind, name, words = parent.kinship.kind, parent.edge.parent, parent.words
    other = case.graph.foreign
    if kind is Kind.NOT_SUPPORTED and other:
        match = f"declared {name} not supported; the weights match {other.base} ({other.words})"
        message = f"{match}: do not deploy it, and ask the publisher"
        yield failed("weights/contradicted", message, name)
    elif kind is Kind.NOT_SUPPORTED:
        yield unknown("weights/not-supported", f"{words}: {WAIVE}", name)
    elif kind is Kind.PARTIAL and not parent.is_borne_out:
        yield unknown("weights/partial", f"{words}: ask whose the rest is", name)
    elif kind is Kind.WEAK and not parent.is_borne_out:
        yield unknown("weights/weak-relation", f"{words}: {WAIVE}", name)
    elif kind is Kind.OBFUSCATED:
        yield unknown("weights/obfuscated", f"{words}: ask why that was done", name)
    elif kind is Kind.INCONCLUSIVE:
        yield unknown("weights/inconclusive", words, name)
    elif kind is Kind.INCOMPARABLE:
        yield unknown("weights/incomparable", f"{words}: {WAIVE}", name)


def _praise(case: Case, borne_out: Sequence[Parent]) -> str:
    from provenance.checks.weights.changed import untold

    said = [one.words for one in borne_out]
    left = dict.fromkeys(words for one in borne_out for words in untold(case, one.edge))
    return "; ".join((*said, *left, *why_not(case, [one.edge for one in borne_out])))


def _left_open(case: Case, borne_out: Sequence[Parent]) -> str:
    """What was not looked at of the step from the parents that are borne out."""
    from provenance.checks.weights.changed import untold

    left = dict.fromkeys(words for one in borne_out for words in untold(case, one.edge))
    return "; ".join((*left, *why_not(case, [one.edge for one in borne_out])))


def _nothing(case: Case) -> Finding:
    """Why nothing was compared: skipped, or unknown where the caller asks for it by name; above a
    root of the registry there is nothing."""
    node = case.graph.by_key.get(case.graph.model)
    if node and node.root:
        message = f"{case.subject} is a root of the registry, with these bytes: it has no parent"
        return passed("weights/pass", message)
    message = "; ".join(why_not(case, ())) or "it names no parent to compare with"
    if case.policy.demands_weights:
        return unknown("weights/not-compared", message, case.subject)
    return skipped("weights/not-compared", message, case.subject)
