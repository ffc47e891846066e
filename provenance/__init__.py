"""Who vouches for these bytes, and is everything accounted for.

A `Workspace` is what a folder with a provenance.toml means, and does what the commands do: verify,
lock, fetch, update. Beneath it, `gather` and `gather_from_hub` collect evidence (effects), `judge`
turns it into a verdict (pure), `admit` hands out what passed (effects). What they take and give is
frozen, and nothing is printed. No variable of the environment is read but those that are given,
and those that huggingface_hub reads for itself when it is imported (`HF_*`).

Every error is a ProvenanceError, and a model that may not be used is Rejected.
`provenance explain library` lists all names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provenance.errors import (
        ConfigError,
        ProvenanceError,
        RegistryRefused,
        Rejected,
        SourceError,
        TrustError,
        Unselected,
    )
    from provenance.gate import Admitted, Refused, Rules, Target, admit
    from provenance.judgement import judge
    from provenance.lock import Entry, Lock
    from provenance.model import Evidence, Ref
    from provenance.policy import Model, Policy, Settings
    from provenance.recording import Recording
    from provenance.refs import parse as parse_ref
    from provenance.registry import load as load_registry
    from provenance.source.calling import ProgressCallback
    from provenance.source.directory import collect as gather
    from provenance.source.hub.client import Hub
    from provenance.source.hub.collect import collect as gather_from_hub
    from provenance.source.progress import Progress
    from provenance.trust import Registry
    from provenance.verdict import Finding, Level, Outcome, Result, Unjudged, Verdict
    from provenance.workspace import (
        Fetched,
        Locked,
        LockOptions,
        OutOfDate,
        SourceOptions,
        Updated,
        Verification,
        Workspace,
    )

_HOMES = {
    "Admitted": "provenance.gate",
    "ConfigError": "provenance.errors",
    "Entry": "provenance.lock",
    "Evidence": "provenance.model",
    "Fetched": "provenance.workspace",
    "Finding": "provenance.verdict",
    "Hub": "provenance.source.hub.client",
    "Level": "provenance.verdict",
    "Lock": "provenance.lock",
    "LockOptions": "provenance.workspace",
    "Locked": "provenance.workspace",
    "Model": "provenance.policy",
    "OutOfDate": "provenance.workspace",
    "Outcome": "provenance.verdict",
    "Policy": "provenance.policy",
    "Progress": "provenance.source.progress",
    "ProgressCallback": "provenance.source.calling",
    "ProvenanceError": "provenance.errors",
    "Recording": "provenance.recording",
    "Ref": "provenance.model",
    "Refused": "provenance.gate",
    "Registry": "provenance.trust",
    "RegistryRefused": "provenance.errors",
    "Rejected": "provenance.errors",
    "Result": "provenance.verdict",
    "Rules": "provenance.gate",
    "Settings": "provenance.policy",
    "SourceError": "provenance.errors",
    "SourceOptions": "provenance.workspace",
    "Target": "provenance.gate",
    "TrustError": "provenance.errors",
    "Unjudged": "provenance.verdict",
    "Unselected": "provenance.errors",
    "Updated": "provenance.workspace",
    "Verdict": "provenance.verdict",
    "Verification": "provenance.workspace",
    "Workspace": "provenance.workspace",
    "admit": "provenance.gate",
    "gather": "provenance.source.directory:collect",
    "gather_from_hub": "provenance.source.hub.collect:collect",
    "judge": "provenance.judgement",
    "load_registry": "provenance.registry:load",
    "parse_ref": "provenance.refs:parse",
}
"""Where each public name lives, and what it is called there if not the same."""

__all__ = [
    "Admitted",
    "ConfigError",
    "Entry",
    "Evidence",
    "Fetched",
    "Finding",
    "Hub",
    "Level",
    "Lock",
    "LockOptions",
    "Locked",
    "Model",
    "OutOfDate",
    "Outcome",
    "Policy",
    "Progress",
    "ProgressCallback",
    "ProvenanceError",
    "Recording",
    "Ref",
    "Refused",
    "Registry",
    "RegistryRefused",
    "Rejected",
    "Result",
    "Rules",
    "Settings",
    "SourceError",
    "SourceOptions",
    "Target",
    "TrustError",
    "Unjudged",
    "Unselected",
    "Updated",
    "Verdict",
    "Verification",
    "Workspace",
    "admit",
    "gather",
    "gather_from_hub",
    "judge",
    "load_registry",
    "parse_ref",
]


def __getattr__(name: str) -> object:
    """The public names, imported when they are first used: `--help` needs none of them."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = _HOMES[name].partition(":")
    return getattr(import_module(module), attribute or name)


def __dir__() -> list[str]:
    """The public names, before they are used too."""
    return sorted({*globals(), *__all__})
