"""A model that is pinned, and whose code would come from another repository's branch."""

from __future__ import annotations

import pytest

from provenance.references import Locked, State, judged
from provenance.references.python import references

MODEL, CODE = "1" * 40, "2" * 40
LOCKED = Locked(commits={"acme/m": [MODEL]}, code={"acme/m": [CODE]})
ROWS = {
    "none is run": ("", State.LOCKED),
    "it follows main": ("trust_remote_code=True", State.DIFFERS),
    "it is said to": ('trust_remote_code=True, code_revision="main"', State.DIFFERS),
    "it is as locked": (f'trust_remote_code=True, code_revision="{CODE}"', State.LOCKED),
}


@pytest.mark.parametrize(("words", "state"), ROWS.values(), ids=ROWS)
def test_where_the_code_comes_from(words: str, state: State) -> None:
    text = f'AutoModel.from_pretrained("acme/m", revision="{MODEL}", {words})'
    (found,) = references(text)
    row = judged("a.py", found, LOCKED)
    assert (row.state, row.fixable) == (state, False)
    assert row.next == ("" if state is State.LOCKED else f'code_revision="{CODE}"')
