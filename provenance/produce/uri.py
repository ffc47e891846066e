"""URIs as RFC 3986 has them, and the digest that people write behind one."""

from __future__ import annotations

import re

from provenance.errors import ConfigError

PCHAR = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})"
HOST = r"(?:\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)"
URI = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]+:"
    rf"(?://(?:(?:{PCHAR})*@)?{HOST}(?::[0-9]*)?(?:/{PCHAR}*)*|/?{PCHAR}+(?:/{PCHAR}*)*)"
    rf"(?:\?(?:{PCHAR}|[/?])*)?(?:\#(?:{PCHAR}|[/?])*)?"
)
LONGEST = 1024
EMPTY_HOST = re.compile(r"(?:https?|ssh|git|s3|gs|hf)://(?:[/?#]|$)", re.IGNORECASE)
DIGEST = re.compile(r"@sha256:([0-9A-Za-z]*)$")
COMMIT = re.compile(r"@([0-9a-f]{40})$")
KEPT = ("git+", "pkg:")
"""Forms in which the commit or version is a part of the URI."""


def is_uri(text: str) -> bool:
    """Whether a text is a URI with a scheme, of at most 1024 characters (RFC 3986, 3)."""
    fits = len(text) <= LONGEST and not EMPTY_HOST.match(text)
    return fits and URI.fullmatch(text) is not None


def checked(text: str, option: str) -> str:
    """The URI, or ConfigError about the option that gave it."""
    if not is_uri(text):
        message = f"expected a URI, as https://example.org/run/7, found {shown(text)}"
        raise ConfigError(message, path=option)
    return text


def shown(text: str) -> str:
    """A text in a message, without what may stand in front of a host or behind a question mark."""
    return repr(re.sub(r"//[^/@\s]*@", "//…@", text).partition("?")[0][:80])


def split(text: str, option: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """A URI and its digests, from `URI@sha256:<hex>` or `URI@<commit>`; ConfigError for no URI.

    The commit stays where it is a part of the URI, as in `git+https://…@<commit>`.
    """
    digest, commit = DIGEST.search(text), COMMIT.search(text)
    if digest and not re.fullmatch("[0-9a-f]{64}", digest[1]):
        message = f"expected @sha256: and 64 lower-case hex digits, found {shown(digest[0])}"
        raise ConfigError(message, path=option)
    found = digest or commit
    kept = digest is None and text.startswith(KEPT)
    uri = checked(text[: found.start()] if found and not kept else text, option)
    if digest:
        return uri, (("sha256", digest[1]),)
    return uri, ((("gitCommit", commit[1]),) if commit else ())
