"""What went wrong with a bucket, in words of ours: those of obstore run over lines, and may be
signed addresses."""

from __future__ import annotations

import re
from collections.abc import Mapping

from obstore.exceptions import (
    InvalidPathError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)

from provenance.errors import Absent, SourceError
from provenance.source.exchange import LONGEST_REASON

QUERY = re.compile(r"\?[^\s)\"]*")
STATUS = re.compile(r"status code: ([0-9]{3})")
NO_CREDENTIALS = re.compile(r"http://169\.254\.|token request|credential", re.IGNORECASE)
BODY = re.compile(r": <.*")

CHANGED = "it was written over since it was listed: run it again"
GONE = "it was removed since it was listed: run it again"
NOWHERE = "there is no such bucket, or it is not shown: correct its name"
NAMED = "an object there has a name that no folder can hold: rename or remove it"
SLOW = "the server does not answer in time: try again"
TYPES: Mapping[type[BaseException], str] = {
    PreconditionError: CHANGED,
    FileNotFoundError: GONE,
    InvalidPathError: NAMED,
    TimeoutError: SLOW,
}
REFUSED = frozenset({"401", "403"})


def said_by(error: BaseException) -> str:
    """The first line of what obstore says, without what follows a question mark: a signature."""
    line = BODY.sub("", str(error).partition("\n")[0])
    return QUERY.sub("?…", line)[:LONGEST_REASON]


def in_words(
    what: str, error: BaseException, step: str, denied: str = "it is not shown to us"
) -> SourceError:
    """What went wrong with `what`; `step` is what a caller types to whom it is `denied`."""
    for kind, said in TYPES.items():
        if isinstance(error, kind):
            return SourceError(f"{what}: {said}")
    text = str(error)
    found = STATUS.search(text)
    status = found[1] if found else ""
    if isinstance(error, PermissionDeniedError | UnauthenticatedError) or status in REFUSED:
        known = NO_CREDENTIALS.search(text) is None
        said = denied if known else "no credentials were found"
        return SourceError(f"{what}: {said}: {step}")
    if status == "404":
        return Absent(f"{what}: {NOWHERE}")
    hint = f"; {step}" if NO_CREDENTIALS.search(text) else ""
    return SourceError(f"{what}: {said_by(error)}{hint}")
