"""A question to a timestamp authority, over HTTP (RFC 3161, section 3.4)."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from provenance.errors import ConfigError, SourceError
from provenance.source.deadline import Deadline
from provenance.source.oci.http import Broken, Http, Question
from provenance.source.reach import HTTP, HTTPS
from provenance.source.remote.budget import Beyond
from provenance.source.remote.store import StoreOptions

QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"
ANSWERS = (REPLY, "application/timestamp-response", "application/octet-stream", "")
MOST = 32 * 1024
"""Bytes of an answer: a token with its chain has some thousands."""
SECONDS = 30.0
"""Within which an authority must have answered."""


def check_url(url: str) -> None:
    """The address is one that an authority can be asked at, or ConfigError."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in (HTTPS, HTTP) and parts.hostname and (parts.port or 1)
    except ValueError:
        usable = False
    if not usable or not url.isprintable() or " " in url:
        message = f"expected a URL as https://tsa.example, found {url[:200]!r}"
        raise ConfigError(message, path="--timestamp")
    if parts.username is not None or parts.password is not None:
        message = f"{parts.hostname}: expected an address without a name and a password"
        raise ConfigError(message, path="--timestamp")


def answer(
    url: str, request: bytes, variables: Mapping[str, str], *, seconds: float = SECONDS
) -> bytes:
    """What the authority at `url` answers to a request in DER; what it is worth is not known yet.

    No redirect is followed. Raises SourceError for any other status than 200, for an answer of
    another type or of more than 32 KiB, and where none came within `seconds`.
    """
    options = StoreOptions(variables=variables, deadline=Deadline(seconds))
    question = Question(url=url, accept=REPLY, body=(QUERY, request))
    try:
        found = Http(options).whole(question, MOST)
    except Broken as error:
        raise SourceError(f"{url}: {error}") from None
    except Beyond:
        message = f"expected a timestamp of at most {MOST} bytes, found more"
        raise SourceError(f"{url}: {message}") from None
    if found.status != 200:
        led = found.headers.get("location", "")
        leads = f", which leads to {led[:200]!r}: name that address" if led else ""
        raise SourceError(f"{url}: expected HTTP 200, found {found.status}{leads}")
    kind = found.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ANSWERS:
        raise SourceError(f"{url}: expected an answer of type {REPLY}, found {kind[:80]!r}")
    return found.body
