"""What holds a child to what is said of it: nothing that its card adds takes that away."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from provenance.verdict import Outcome
from tests.checks import edited as e
from tests.checks.test_hidden_edits import BASE, MERGED, PARENT, lora

FAIL, UNKNOWN = (Outcome.FAIL, "weights/exceeded"), (Outcome.UNKNOWN, "weights/exceeded")
PASS = (Outcome.PASS, "weights/pass")
NAMED: Mapping[str, tuple[str, str, e.Edit, tuple[Outcome, str]]] = {
    "one": ("base/b", "", e.edit(e.DOWN), FAIL),
    "another that is nowhere": ("[base/b, acme/other]", "", e.edit(e.DOWN), UNKNOWN),
    "a merge with one that is nowhere": ("[base/b, acme/x]", "merge", e.edit(e.DOWN), UNKNOWN),
    "quantised of one that is nowhere": ("[base/b, acme/x]", "quantized", e.edit(e.DOWN), FAIL),
    "another, and as declared": ("[base/b, acme/other]", "", lambda m: m, PASS),
}


@pytest.mark.parametrize("name", NAMED)
def test_a_parent_that_is_not_here_lifts_no_bound(name: str) -> None:
    named, relation, edit, expected = NAMED[name]
    model = BASE if relation == "quantized" else MERGED
    found = e.findings(PARENT, lora(edit(model)), relation=relation, named=named)
    assert {(one.outcome, one.rule) for one in found} == {expected}
