"""What loading one model does, as far as its evidence and that of its members tells."""

from __future__ import annotations

from provenance.errors import ConfigError, SourceError
from provenance.loading import Loading
from provenance.verdict import Unjudged
from provenance.workspace.gathering import Gathering
from provenance.workspace.verifying import Verifier


def loading_of(gathering: Gathering) -> Loading:
    """What loading the session's one model opens, runs and fetches; of a locked one, as locked.

    Raises ConfigError for several models, SourceError for one that could not be asked for.
    """
    found = Verifier(gathering=gathering).of(gathering.session.one)
    if isinstance(found, Unjudged):
        raise (ConfigError if found.usage else SourceError)(f"{found.name}: {found.reason}")
    return Loading.of(found.case)
