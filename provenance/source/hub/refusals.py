"""What a Hub's refusal means, in words that name what would open the door."""

from __future__ import annotations

from collections.abc import Mapping

MISSING = frozenset({401, 403, 404, 410})
NOT_SERVED = frozenset({400, 405, 501})
"""What mirrors answer where they have no such route."""

DISABLED = "access to this resource is disabled"
"""What a Hub answers in words alone (huggingface_hub makes a DisabledRepoError of it)."""
REASONS = {
    "RepoNotFound": "the Hub has no such repository, or shows it only with a token ({sent})",
    "GatedRepo": "it is gated: ask for access at {page}, then give a token that has it (--token or "
    "HF_TOKEN); {sent}{remedy}",
    "RevisionNotFound": "the Hub has no such branch, tag or commit",
    "EntryNotFound": "the Hub has no such file",
    "DisabledRepo": "the Hub has disabled this repository, so that nobody can have it from there",
}


def code_of(headers: Mapping[str, str]) -> str:
    """The Hub's own word for what is wrong, from headers with names in lower case."""
    if DISABLED in headers.get("x-error-message", "").lower():
        return "DisabledRepo"
    return headers.get("x-error-code", "")


def missing(code: str, status: int, *, page: str, namespace: str, sent: bool | None) -> str:
    """Why something is not there, or not for us; `page` is where one asks for access.

    `sent` says whether a token was, None where it may not be: no model of the caller's is of
    `namespace`.
    """
    known = code if code in REASONS else "RepoNotFound" if status != 404 else ""
    return REASONS.get(known, "not found").format(
        page=page,
        sent="a token was sent" if sent else "no token was sent",
        remedy=_remedy(namespace, sent),
    )


def _remedy(namespace: str, sent: bool | None) -> str:
    if sent is None:
        return (
            f": none of your [[models]] is of {namespace}, and to send it for that namespace too, "
            f'put token_namespaces = ["{namespace}"] under [policy] of provenance.toml'
        )
    return ", and it has no access" if sent else ": none is known here"
