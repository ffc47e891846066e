"""A family of models on disk, as the evidence that a verdict on its youngest rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from provenance.case.case import Case
from provenance.case.verified import verify_bundles
from provenance.checks import lineage as check
from provenance.claims.files import ModelFiles
from provenance.lineage import Graph
from provenance.model import Ancestor, Evidence, Facts, Reach, Ref
from provenance.policy import DEFAULT_LEVELS, Demand, Policy
from provenance.source import directory
from provenance.trust import Registry
from provenance.verdict import Outcome
from provenance.wire.training import Parent
from tests import forge
from tests.hubs import card

BASE, SFT, BOT = "acme/base", "acme/sft", "acme/bot"
POLICY = Policy(
    profile="attested", checks=("lineage",), signature=Demand.ALWAYS, levels=DEFAULT_LEVELS
)
TEMPLATE = b"{{ messages }}"
TRAINER = forge.TufKey(key=forge.key("trainer"))
COMMIT = "c" * 40


@dataclass(kw_only=True)
class Family:
    """Base, SFT and bot in `top`, each fully attested unless a test does otherwise."""

    top: Path
    roots: bool = True

    def write(self, repo: str, *parents: str, **files: bytes) -> Path:
        """A model whose card names these parents."""
        named = f"base_model: [{', '.join(parents)}]" if parents else "license: mit"
        own = {name.replace("__", "."): data for name, data in files.items()}
        weights = forge.safetensors(repo.encode().ljust(16, b"."))
        made = {"model.safetensors": weights, "chat_template.jinja": TEMPLATE}
        return forge.write(
            self.top / repo, {**forge.MODEL, **made, "README.md": card(named), **own}
        )

    def folder(self, repo: str) -> Path:
        return self.top / repo

    def parent(self, name: str, **changes: Any) -> Parent:
        """The model as the parent of a step."""
        return replace(forge.digested(self.folder(name), name, COMMIT), **changes)

    def evidence(self, repo: str) -> Evidence:
        ref = Ref(text=repo, repo=repo, commit=COMMIT)
        return directory.collect(self.folder(repo), ref=ref, at=forge.NOW)

    def ancestor(self, repo: str) -> Ancestor:
        found = self.evidence(repo)
        return Ancestor(
            claimed=repo,
            facts=Facts(id=repo, reach=Reach.BRANCH),
            commit=COMMIT,
            manifest=found.manifest.digest,
            evidence=found,
        )

    def case(self, repo: str, *known: str) -> Evidence:
        """The evidence on a model of the family, with these of the others as ancestors."""
        return replace(self.evidence(repo), ancestors=tuple(map(self.ancestor, known)))

    def registry(self, **fields: object) -> Registry:
        """Acme trains and publishes; another organisation does too."""
        base = self.folder(BASE)
        root = {"repo": BASE, "manifest": forge.digested(base).manifest} if base.exists() else None
        acme = forge.org(
            "Acme",
            forge.signer("release"),
            forge.signer("trainer", ["trainer"]),
            root=[{**root, **fields}] if root and self.roots else [],
        )
        other = forge.org("Other", forge.signer("stranger", ["trainer"]), namespaces=["other"])
        return Registry.from_table(forge.registry(acme, other), source="trust.toml")

    def attested(self) -> None:
        """Base, SFT, bot; each made from the one before, and attested."""
        self.write(BASE)
        self.write(SFT, BASE)
        self.write(BOT, SFT)
        forge.attest(self.folder(SFT), TRAINER, "sft", self.parent(BASE), model=SFT)
        forge.attest(self.folder(BOT), TRAINER, "grpo", self.parent(SFT), model=BOT)


def found(evidence: Evidence, registry: Registry) -> set[tuple[str, str]]:
    """The rules of the lineage check that did not pass, and what each is about."""
    findings = check.check(Case.heard(evidence, POLICY, registry))
    return {
        (finding.rule.removeprefix("lineage/"), finding.where)
        for finding in findings
        if finding.outcome is not Outcome.PASS
    }


def graph(evidence: Evidence, registry: Registry, *parents: str) -> Graph:
    """The graph of a model's ancestors."""
    return verify_bundles(ModelFiles(evidence=evidence), registry, parents).graph


def tiers(drawn: Graph) -> Mapping[tuple[str, str], str]:
    """The tier of each edge, by its ends."""
    return {(edge.child, edge.parent): edge.tier.value for edge in drawn.edges}
