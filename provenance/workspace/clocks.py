"""Timestamp authorities put into a registry: by their certificates, or by those that they send."""

from __future__ import annotations

import secrets
from pathlib import Path

from provenance.errors import ConfigError, Malformed, SourceError
from provenance.keys import Certificate, certificates
from provenance.registry.editing import Book, Edit
from provenance.registry.file import read_text
from provenance.signature.roots import Clock
from provenance.signature.stamping import checked, query
from provenance.signature.usable import amiss
from provenance.source import stamping
from provenance.workspace.workspace import Workspace

TABLE = "timestamp_authority"
PROBED = 32
"""Random bytes over which an authority is asked for a timestamp, to see its certificates."""


def clock_added(file: Path, source: str, workspace: Workspace) -> tuple[Edit, tuple[str, ...]]:
    """The registry in `file` names the authority of a PEM file or at a URL; what is to be noted.

    Raises ConfigError for certificates by which no timestamp can be verified, and SourceError for
    an authority that gives none.
    """
    book = Book.opened(file)
    if book.is_section:
        raise ConfigError("is a section: the registry above it names clocks", path=str(file))
    is_asked = "://" in source
    chain = _asked(source, workspace) if is_asked else _read(source)
    if reasons := tuple(amiss(Clock(certificates=chain))):
        raise ConfigError("; ".join(reasons), path=source)
    if chain[0] in _known(book):
        raise ConfigError(f"names {chain[0].subject} already, and stays as it is", path=str(file))
    notes = tuple(f"{one.subject}, {one.fingerprint}, valid {one.validity}" for one in chain)
    pem = "".join(one.pem for one in chain)
    edit = book.append((TABLE,), {"certificates": pem})
    return edit, (*notes, "compare these with what the authority publishes") if is_asked else notes


def clock_at(book: Book, name: str) -> tuple[str, int]:
    """Where an authority stands in a registry, by the subject or fingerprint of its own
    certificate; ConfigError with those that there are."""
    known = [(str(one.subject), one.fingerprint) for one in _known(book)]
    found = [position for position, names in enumerate(known) if name in names]
    if len(found) != 1:
        listed = "; ".join(f"{subject} ({digest})" for subject, digest in known) or "none"
        message = f"has {len(found)} clocks called {name!r}; it names {listed}"
        raise ConfigError(message, path=str(book.file))
    return TABLE, found[0]


def _known(book: Book) -> list[Certificate]:
    """The own certificates of the authorities that the registry names."""
    rows = (row.get("certificates") for row in book.rows(TABLE))
    return [certificates(pem)[0] for pem in rows if isinstance(pem, str)]


def _read(file: str) -> tuple[Certificate, ...]:
    try:
        return certificates(read_text(Path(file)))
    except Malformed as error:
        raise ConfigError(str(error), path=file) from None


def _asked(url: str, workspace: Workspace) -> tuple[Certificate, ...]:
    """The certificates that verify what an authority answers."""
    stamping.check_url(url)
    asked = query(secrets.token_bytes(PROBED))
    answer = stamping.answer(url, asked.request, workspace.environment.variables)
    try:
        return checked(asked, answer, (), workspace.now()).chain
    except Malformed as error:
        raise SourceError(f"{url}: {error}") from None
