"""The line that puts into the registry whose public key nobody has registered yet."""

from __future__ import annotations

import shlex

from provenance.names import namespace_of
from provenance.trust.registry import Registry


def with_key(registry: Registry, repo: str | None) -> str:
    """What to type to register the key, in a file, of whoever publishes `repo`: a signer of the
    organisation that owns its namespace, else that organisation too."""
    owner = registry.owner(repo) if repo else None
    if owner:
        words = ["add-signer", owner.name, "NAME"]
    else:
        words = ["add-org", "NAME", "--namespace", namespace_of(repo) if repo else "NAMESPACE"]
    return shlex.join(["provenance", "registry", *words, "--key", "FILE"])
