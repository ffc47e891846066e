"""What a registry says of a model, taken from the model: its publisher's entry, its manifest."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from provenance.errors import ConfigError
from provenance.model import Ref
from provenance.proposal import proposal
from provenance.source import directory
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


def manifest_of(text: str, commit: str | None, workspace: Workspace) -> str:
    """The digest that `text` is, or that of the folder that it names, every byte measured.

    ConfigError for a digest of no commit: nobody could look its model up. Raises SourceError.
    """
    if text.startswith("sha256:"):
        if commit is None:
            raise ConfigError("missing: the commit that has this manifest", path="--commit")
        return text
    ref, at = Ref(text=text), datetime.now(UTC)
    evidence = directory.collect(Path(text), ref=ref, at=at, progress=workspace.progress)
    return evidence.manifest.digest
