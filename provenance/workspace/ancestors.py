"""The ancestors of one model, as everybody tells them."""

from __future__ import annotations

from provenance.case.verified import verify_bundles
from provenance.claims.files import ModelFiles
from provenance.lineage import Graph
from provenance.workspace.gathering import Gathering


def graph_of(gathering: Gathering) -> Graph:
    """The graph of the session's one model: of one that is locked, at its locked commit.

    Raises ConfigError for several, SourceError.
    """
    session = gathering.session
    evidence = gathering.of(session.one, pinned=session.pinned(session.one))
    return verify_bundles(
        ModelFiles(evidence=evidence), session.registry, session.one.policy.parents
    ).graph
