"""Who vouches for these bytes, and is everything accounted for.

`gather` and `gather_from_hub` collect evidence (effects), `judge` turns it into a verdict (pure),
`admit` hands out what passed (effects). What they take and give is frozen; what they raise is in
`provenance.errors`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provenance.gate import Admitted, Rules, Target, admit
    from provenance.judgement import judge
    from provenance.lock import Lock
    from provenance.model import Evidence, Ref
    from provenance.policy import Policy, Settings
    from provenance.registry import load as load_registry
    from provenance.source.directory import collect as gather
    from provenance.source.hub.client import Hub
    from provenance.source.hub.collect import collect as gather_from_hub
    from provenance.trust import Registry
    from provenance.verdict import Verdict

__all__ = [
    "Admitted",
    "Evidence",
    "Hub",
    "Lock",
    "Policy",
    "Ref",
    "Registry",
    "Rules",
    "Settings",
    "Target",
    "Verdict",
    "admit",
    "gather",
    "gather_from_hub",
    "judge",
    "load_registry",
]

_HOMES = {
    "Admitted": ("provenance.gate", "Admitted"),
    "Hub": ("provenance.source.hub.client", "Hub"),
    "Lock": ("provenance.lock", "Lock"),
    "Rules": ("provenance.gate", "Rules"),
    "Target": ("provenance.gate", "Target"),
    "admit": ("provenance.gate", "admit"),
    "gather_from_hub": ("provenance.source.hub.collect", "collect"),
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
