"""What must come of the reported folders of the corpus: the rows of reported.toml, and a judgement
of such a folder."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from provenance.judgement import Evaluation, evaluate
from provenance.model import Evidence, Ref
from provenance.policy import Model, Policy, Settings
from provenance.registry import starter
from provenance.source import directory
from provenance.verdict import Finding, Level, Outcome
from tests import forge

REPO = "stabilityai/x"
"""As what they are judged: of an organisation that makes models of its own."""


@dataclass(frozen=True, kw_only=True)
class Reported:
    """What must come of one folder.

    `parents` are all that its files name, with `@` and a commit where they give one; letter case is
    the Hub's to settle. `may` are names that are allowed beside them. `parts` has the parent of a
    part, `above` the parent of another parent. `unresolved` are why parents lead nowhere, `once`
    the texts that are found one time each. `suggests` is the only name that a message offers.
    `method` is what everything that speaks of a method can mean.

    `rules` are all that keep the ancestry from passing; of `either` there is one at least, and
    those of `open` may be there. Some message of ancestry `says` this.
    """

    folder: str
    parents: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    parts: Mapping[str, str] = field(default_factory=dict)
    above: Mapping[str, str] = field(default_factory=dict)
    unresolved: tuple[str, ...] = ()
    once: tuple[str, ...] = ()
    suggests: str = ""
    method: str = ""
    rules: tuple[str, ...] = ()
    either: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    says: str = ""


def rows() -> Iterator[Reported]:
    """The rows of the table, in its order; TypeError for a key that none has."""
    table = tomllib.loads(Path(__file__).with_name("reported.toml").read_text("utf-8"))
    for group, folders in table.items():
        for name, row in folders.items():
            frozen: dict[str, Any] = {
                k: tuple(v) if isinstance(v, list) else v for k, v in row.items()
            }
            yield Reported(folder=f"reports/{group}/{name}", **frozen)


def judged(folder: Path) -> Evaluation:
    """The folder as stabilityai/x, by the starter registry, and no Hub asked."""
    ref = Ref(text=REPO, repo=REPO)
    return evaluation(directory.collect(folder, ref=ref, at=forge.NOW))


def evaluation(evidence: Evidence) -> Evaluation:
    """The evidence judged by what a caller without settings asks."""
    policy = Policy.of(Settings(), Model(name=REPO, repo=REPO))
    return evaluate(evidence, policy, starter())


def ancestry(found: Evaluation) -> list[Finding]:
    """What the verdict says of ancestors."""
    return [one for one in found.verdict.findings if one.rule.startswith("ancestry/")]


def convicting(found: Evaluation) -> set[str]:
    """The rules that keep the ancestry from passing."""
    return {
        one.rule
        for one in ancestry(found)
        if one.outcome in (Outcome.FAIL, Outcome.UNKNOWN) and one.level is Level.REQUIRE
    }
