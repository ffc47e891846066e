"""The ancestors of one model, as everybody tells them."""

from __future__ import annotations

from provenance.case.case import Case
from provenance.case.mirror import mirror
from provenance.claims.files import ModelFiles
from provenance.errors import ConfigError
from provenance.lineage import Graph, Way
from provenance.report.graph import called
from provenance.workspace.gathering import Gathering

MOST = 64
SHOWN = 7


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


def ways_to(graph: Graph, ancestor: str) -> tuple[Way, ...]:
    """Each way from the model to an ancestor, by its repository, manifest or key, or by the words
    of a parent that leads nowhere; ConfigError where none leads there, with those that there are.
    """
    key = next(
        (n.key for n in graph.nodes if ancestor in (n.key, n.repo, n.manifest, *n.mirrors)), None
    )
    gone = [one for one in graph.unresolved if ancestor in (one.text, called(one))]
    if key is None and not gone:
        known = (*(node.key for node in graph.nodes[1:]), *map(called, graph.unresolved))
        names = ", ".join(list(dict.fromkeys(known))[:SHOWN]) or "none"
        raise ConfigError(f"no such ancestor; there are {names}", path=ancestor)
    found = graph.ways(key, MOST) if key else ()
    found += tuple(way for one in gone for way in graph.ways_nowhere(one, MOST))
    if not found:
        raise ConfigError(f"{graph.model} does not lead to {ancestor}", path="why")
    return found[:MOST]
