"""A message where there is room for one line: nothing in it waits for what was cut."""

from __future__ import annotations

import pytest

from provenance.verdict import failed

LINES = {
    "it is broken": "it is broken",
    "say it:\nparents = []": "say it: parents = []",
    "by one of these lines\nexclude = []\nprovenance add x": (
        "by one of these lines: exclude = [] or provenance add x"
    ),
    'exempt these bytes\n[[policy.exempt]]\nrepo = "x"': "exempt these bytes ([[policy.exempt]])",
}


@pytest.mark.parametrize("message", LINES)
def test_the_lines_to_copy_stand_behind_the_message(message: str) -> None:
    assert failed("check/rule", message).in_one_line == LINES[message]
