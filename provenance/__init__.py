"""Who vouches for these bytes, and is everything accounted for.

`gather` collects evidence (effects), `judge` turns it into a verdict (pure). What they take and
give is frozen; what they raise is in `provenance.errors`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provenance.judgement import judge
    from provenance.model import Evidence, Ref
    from provenance.policy import Policy, Settings
    from provenance.registry import load as load_registry
    from provenance.source.directory import collect as gather
    from provenance.trust import Registry
    from provenance.verdict import Verdict

__all__ = [
    "Evidence",
    "Policy",
    "Ref",
    "Registry",
    "Settings",
    "Verdict",
    "gather",
    "judge",
    "load_registry",
]

_HOMES = {
    "Evidence": ("provenance.model", "Evidence"),
    "Policy": ("provenance.policy", "Policy"),
    "Ref": ("provenance.model", "Ref"),
    "Registry": ("provenance.trust", "Registry"),
    "Settings": ("provenance.policy", "Settings"),
    "Verdict": ("provenance.verdict", "Verdict"),
    "gather": ("provenance.source.directory", "collect"),
    "judge": ("provenance.judgement", "judge"),
    "load_registry": ("provenance.registry", "load"),
}


def __getattr__(name: str) -> object:
    """The public names, imported when they are first used: `--help` needs none of them."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)
