"""The reported children: heads, vocabularies, scales and layers are said as what they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from provenance.case.case import Case
from provenance.checks.ancestry.check import check
from provenance.lineage import Tier
from provenance.model import Facts
from tests.lineage.family import POLICY, Family

SAID = {
    "bert-cls": "a head of its own: classifier",
    "bert-mlm2": "cls.seq_relationship was dropped",
    "bf16": "scales dropped: the parent has bitsandbytes 4 bit",
    "from-fp8": "scales dropped",
    "llama-ft": "",
    "llama-rm": "a head of its own: score",
    "llama-vocab": "vocabulary",
    "upscaled": "layers",
    "vhead": "a head of its own: v_head",
    "w2v-ctc": "a head of its own: lm_head",
}
"""Of each child of reports/heads what is said of the step from its parent."""


@pytest.mark.parametrize("child", SAID)
def test_a_child_of_honest_tools_passes_and_is_consistent(child: str, corpus: Path) -> None:
    heads = corpus / "reports" / "heads"
    rows = [line.split("\t") for line in (heads / "INDEX.tsv").read_text().splitlines()[1:]]
    assert {row[0] for row in rows} == set(SAID)
    folder = next(row[1] for row in rows if row[0] == child)
    parent = f"acme/{folder}"
    family = Family(top=heads)
    known = replace(family.ancestor(folder), claimed=parent, facts=Facts(id=parent))
    case = Case.heard(
        replace(family.evidence(child), ancestors=(known,)), POLICY, family.registry()
    )
    (edge,) = case.graph.edges
    assert (edge.parent, edge.tier) == (parent, Tier.CONSISTENT)
    assert SAID[child] in edge.detail
    assert [finding.rule for finding in check(case)] == ["ancestry/pass"]
