"""A directory is judged as strictly as the same repository on a Hub, and a Hub's as strictly."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from provenance.claims.claim import Claim, ParentClaim
from provenance.claims.parents import THE_HUB
from provenance.judgement import Evaluation
from provenance.refs import parse
from provenance.source.hub import client
from provenance.source.hub.ancestors import with_ancestors
from provenance.source.hub.collect import collect
from provenance.verdict import Outcome
from tests import forge
from tests.hub import Hub
from tests.hubs import card
from tests.lineage.reported import REPO, Reported, evaluation, judged, rows

NO_HUB = "integrity/no-reference"
"""What is said of a directory alone: that there is nothing to compare its bytes with."""
LOST = "ancestry/unresolvable"
ROWS = tuple(rows())
RENAMED = {
    "gpt2": "openai-community/gpt2",
    "qwen/qwen2.5-3b-instruct": "Qwen/Qwen2.5-3B-Instruct",
    "unsloth/qwen2.5-3b-instruct": "unsloth/Qwen2.5-3B-Instruct",
}
"""What files call some of them, and the name that a Hub has for each."""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A Hub that has every parent that a row names, of which nothing but a card is there."""
    with Hub(tmp_path_factory.mktemp("hub")) as made:
        for old, name in RENAMED.items():
            made.commit(old, {"README.md": card("license: mit")})
            made.rename(old, name)
        named = {name.partition("@")[0] for row in ROWS for name in (*row.parents, *row.may)}
        for name in sorted(named - set(RENAMED.values())):
            made.commit(name, {"README.md": card("license: mit")})
        yield made


def on_the_hub(hub: Hub, folder: Path) -> Evaluation:
    """The files of the folder as a repository, and its ancestors asked for."""
    files = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    hub.commit(REPO, files, replace=True)
    ask = client.Hub(endpoint=hub.url)
    return evaluation(with_ancestors(ask, collect(ask, parse(REPO), at=forge.NOW), ()))


def claims(found: Evaluation) -> list[Claim]:
    """What the files say; a Hub has a copy of some of it."""
    return [claim for claim in found.case.claimed.all if claim.path != THE_HUB]


def said(found: Evaluation) -> set[tuple[str, str, str]]:
    """What does not pass, but for parents that the Hub alone names or does not have."""
    claimed = found.case.claimed
    by_files = {
        claimed.canonical(c.repo) for c in claims(found) if isinstance(c, ParentClaim) and c.repo
    }
    by_hub = {c.repo for c in claimed.parent_claims if c.repo} - by_files
    absent = {one.claimed for one in found.case.evidence.ancestors if one.missing}
    return {
        (one.rule, one.outcome, one.where)
        for one in found.verdict.findings
        if one.outcome is not Outcome.PASS
        and one.rule != NO_HUB
        and one.where not in by_hub
        and (one.rule, one.where) not in product([LOST], absent)
    }


@pytest.mark.parametrize("row", ROWS, ids=[row.folder for row in ROWS])
def test_a_directory_and_a_hub_are_judged_alike(row: Reported, hub: Hub, corpus: Path) -> None:
    asked, here = on_the_hub(hub, corpus / row.folder), judged(corpus / row.folder)
    assert claims(asked) == claims(here)
    assert said(asked) == said(here)
