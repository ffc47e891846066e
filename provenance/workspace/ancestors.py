"""The ancestors of one model, as everybody tells them."""

from __future__ import annotations

from provenance.case.case import Case
from provenance.case.mirror import mirror
from provenance.claims.files import ModelFiles
from provenance.errors import ConfigError
from provenance.lineage import Edge, Graph
from provenance.workspace.gathering import Gathering

MOST = 64


def graph_of(gathering: Gathering) -> Graph:
    """The graph of the session's one model: of one that is locked, at its locked commit.

    Raises ConfigError for several, SourceError.
    """
    session = gathering.session
    evidence = gathering.of(session.one, pinned=session.pinned(session.one))
    files, registry, lock = ModelFiles(evidence=evidence), session.registry, session.lock
    mirror_of = mirror(files, registry, lock)
    policy = session.one.policy
    return Case.heard(evidence, policy, registry, (), mirror_of, files, lock).graph


def paths_to(graph: Graph, ancestor: str) -> tuple[tuple[Edge, ...], ...]:
    """Each path from the model to an ancestor, by its repository, manifest or key; ConfigError
    where none leads there, with those that there are."""
    key = next(
        (n.key for n in graph.nodes if ancestor in (n.key, n.repo, n.manifest, *n.mirrors)), None
    )
    if key is None:
        names = ", ".join(node.key for node in graph.nodes[1:8]) or "none"
        raise ConfigError(f"no such ancestor; there are {names}", path=ancestor)
    found = graph.paths(key, MOST)
    if not found:
        raise ConfigError(f"{graph.model} does not lead to {ancestor}", path="why")
    return found
