"""What a verdict asked the registry about, so that a change of it reaches whoever asked."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field, fields

from provenance.names import namespace_of
from provenance.trust import Org, Registry, Revocation, Signer
from provenance.trust.registry import DATED

NAMESPACE = "namespace"


def mark(kind: str, value: str) -> int:
    """A number for something a registry may speak of; two things of one number cost a judgement
    too many, and never one too few."""
    digest = hashlib.sha256(f"{kind}:{value}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


@dataclass(frozen=True, kw_only=True)
class Heard(Registry):
    """A registry that writes down what it is asked about: `asked` are the marks of that.

    The answers to these questions, and what `changes.Terms` compares as a whole, are all that a
    verdict takes from a registry.
    """

    asked: set[int] = field(default_factory=set, compare=False)

    @classmethod
    def of(cls, registry: Registry) -> Heard:
        """The same registry, asked about nothing yet."""
        return cls(**{one.name: getattr(registry, one.name) for one in fields(Registry)})

    def owner(self, repo: str) -> Org | None:
        """As of any registry."""
        self.asked.add(mark(NAMESPACE, namespace_of(repo)))
        return super().owner(repo)

    def revocations(
        self, kind: str, value: str, namespaces: Collection[str] | None = None
    ) -> tuple[Revocation, ...]:
        """As of any registry."""
        self.asked.add(mark(kind, value))
        if kind == "repo":
            self.asked.add(mark(NAMESPACE, namespace_of(value)))
        return super().revocations(kind, value, namespaces)

    def signer_revocations(
        self, org: Org, signer: Signer, names: Collection[str] = ()
    ) -> tuple[tuple[int, Revocation], ...]:
        """As of any registry."""
        called = {signer.name, f"{org.name}/{signer.name}", signer.material.label, *names}
        self.asked.update(mark(kind, value) for kind in DATED for value in called)
        return super().signer_revocations(org, signer, names)
