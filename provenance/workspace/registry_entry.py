"""A registry's entry for a model's publisher, proposed from what the model is signed with."""

from __future__ import annotations

from provenance.errors import ConfigError
from provenance.proposal import proposal
from provenance.workspace.own_registry import with_own_file
from provenance.workspace.request import Request
from provenance.workspace.workspace import Workspace


def proposed_entry(workspace: Workspace, request: Request) -> str:
    """The TOML of an `[[org]]` for the one model of a request, to be reviewed.

    Raises ConfigError for a model without a name, SourceError.
    """
    session = workspace.session(with_own_file(workspace, request))
    if session.one.ref.repo is None:
        (ref,) = request.refs
        raise ConfigError(f"expected a model with a name, found {ref}; --as names a directory")
    evidence = workspace.gathering(session, ask_owner=True).of(session.one)
    return proposal(evidence, session.registry)
