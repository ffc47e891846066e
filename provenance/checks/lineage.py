"""lineage: does somebody who may vouch for every training step, down to a registered root?

Passes when every path of attested edges ends in a root of the registry: each model on the way is
spoken of by a training statement that a trainer of its organisation signed, over every file that
a loader reads, and its parents are named by digest. Every parent that the repository names must be
among them. A model that was never published is known by what a loader reads of it, and what
trainers leave beside a model (`training_args.bin`, checkpoints) may come after the statement: the
pass says so. The statements are found in the repository, in its ancestors', and in your own
attestations/ folder; their form is in attestations/README.md.

Findings:

lineage/unattested-step
    No trainer of its organisation attests how this model was made. Ask for a training statement
    (`provenance attest` makes one), or register the model as a root.

lineage/uncovered-file
    A statement speaks of the model and leaves out a file that a loader reads. What was left out may
    be what was changed: ask for a statement over all of it.

lineage/contradictory
    Those who may speak of this model attest two ways in which the same weights were made, by other
    methods or from other parents. Both cannot be true. Ask the trainer, and remove the wrong one.

lineage/parent-without-digest
    A statement names a parent and not its digest, so that it may mean any bytes under that name.

lineage/parent-mismatch
    The parent that is there under this name and commit has other files than were attested.

lineage/claimed-not-attested
    The repository names a parent that no statement has. The statement is incomplete, or the card
    is wrong.

lineage/no-root
    A statement says that the model was trained from nothing, and the registry has no such root.

lineage/cycle
    The statements lead back to where they began. Somebody attests what cannot be.

lineage/out-of-order
    A step ended before the step that it builds on: by `finishedOn` of both, or by the certificates
    of both.

lineage/contradicted
    Something speaks against an attested step. The headers of the weights cannot come from the
    parent; the statement's own parameters name a model that is none of its parents, or another
    method; an adapter's configuration names another base; or a trainer, or the card, left word of
    another method that no earlier step explains. Do not deploy it, and ask.

lineage/data-not-pinned
    `[policy.training]` has `data_pinned`, and a step states no data set, or one that neither a
    revision nor a digest pins: nobody can tell what it learnt from. A merge, a quantisation and a
    conversion need none.

lineage/code-not-clean
    `[policy.training]` has `code_clean`, and a step does not state the commit of its code and that
    nothing was changed beside it.

lineage/no-parameters
    `[policy.training]` has `parameters`, and a step does not state what it was configured with.

lineage/no-environment
    `[policy.training]` has `environment`, and a step does not state what it ran in.

lineage/unverified-parent
    Whoever attests a step did not verify what it began with. A warning, unless `[policy.training]`
    has `verified_parents`.

lineage/no-timestamp
    `[policy.training]` has `timestamp`, and neither a log nor a timestamp authority that you trust
    says by when a statement was signed.

lineage/malformed
    A training statement cannot be read as one. Ask for a good one.

lineage/pass
    The path, and who attests each step. Whether the model behaves as it should is another question:
    the message says which evaluator of the registry tested that, or that nobody did.
"""

from __future__ import annotations

from collections.abc import Iterator

from provenance.case.assessments import counting, files_of, words
from provenance.case.case import Case
from provenance.checks import training
from provenance.lineage import Edge, Graph
from provenance.policy.required import TEST_RESULT, RequiredAttestation
from provenance.trust import Role
from provenance.verdict import Finding, Level, failed, passed

SHOWN = 5


def check(case: Case) -> Iterator[Finding]:
    """Whether every path of attested edges ends in a root, and nothing is missing on the way."""
    for problem in dict.fromkeys(case.graph.problems):
        yield failed(f"lineage/{problem.slug}", problem.message, problem.where)
    unmet = tuple(training.unmet(case))
    yield from unmet
    if not case.graph.problems and not any(_counts(case, one) for one in unmet):
        yield passed("lineage/pass", _praise(case))


def _counts(case: Case, finding: Finding) -> bool:
    return case.policy.level(finding.rule) is Level.REQUIRE


def _praise(case: Case) -> str:
    graph = case.graph
    attested = [edge for edge in graph.edges if edge.attested]
    if not attested:
        return f"{graph.model} is a root of the registry, with these bytes"
    said = "; ".join(_step(graph, edge) for edge in attested[:SHOWN])
    more = f"; and {len(attested) - SHOWN} more" if len(attested) > SHOWN else ""
    unverified = [edge for edge in attested[SHOWN:] if edge.unverified]
    more += "".join(f"; {_step(graph, edge)}" for edge in unverified[:SHOWN])
    roots = ", ".join(sorted(node.named for node in graph.nodes if node.root))
    noted = "".join(f"; {note}" for note in (*graph.notes[:SHOWN], _behaviour(case)))
    return f"every step is attested down to {roots}: {said}{more}{noted}"


def _behaviour(case: Case) -> str:
    """Whether anybody tried what the model does: no statement about training tells."""
    asked = RequiredAttestation(predicate=TEST_RESULT, role=Role.EVALUATOR)
    heard = counting(words(case, asked, files_of(case)))
    tried = sorted({one.speaker for one in heard if one.is_of_this and not one.missing})
    who = ", ".join(tried[:SHOWN])
    return f"{who} tested its behaviour" if tried else "nobody tested its behaviour"


def _step(graph: Graph, edge: Edge) -> str:
    parent = graph.by_key[edge.parent].named
    remarks = "".join(f", {remark}" for remark in edge.remarks)
    return f"{edge.child} by {edge.method} from {parent} ({edge.attested}){remarks}"
