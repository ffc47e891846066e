"""The manual: what every check and rule means, out of the checks' own docstrings."""

from __future__ import annotations

import inspect
import re
from types import ModuleType

from provenance.checks import attestation, code, integrity, lineage, registry
from provenance.checks.ancestry import check as ancestry
from provenance.checks.format import check as format
from provenance.checks.identity import check as identity
from provenance.checks.signature import check as signature
from provenance.policy import manual as policy

PAGES: dict[str, ModuleType] = {
    "integrity": integrity,
    "format": format,
    "code": code,
    "identity": identity,
    "signature": signature,
    "ancestry": ancestry,
    "lineage": lineage,
    "attestation": attestation,
    "registry": registry,
    "policy": policy,
}
RULE = re.compile(r"^([a-z]+/[a-z0-9-]+)\n((?:    .*\n?|\n)+)", re.MULTILINE)


def page(check: str) -> str | None:
    """The whole manual page of a check, or None if there is no such check."""
    module = PAGES.get(check)
    return inspect.cleandoc(module.__doc__ or "") if module else None


def rules() -> dict[str, str]:
    """What every rule means and what to do about it, by its id."""
    found: dict[str, str] = {}
    for check in PAGES:
        for rule, text in RULE.findall((page(check) or "") + "\n"):
            found[rule] = inspect.cleandoc(text).strip()
    return found
