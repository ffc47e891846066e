"""What is unseen in a text, whatever the tables of the interpreter say."""

from __future__ import annotations

import sys
import unicodedata

import pytest

from provenance.formats.unseen import folded, shows

OLD = unicodedata.ucd_3_2_0
HIDDEN = frozenset({"Cf", "Cc", "Cs", "Zl", "Zp", "Co"})


def test_whatever_a_table_calls_hidden_is_unseen() -> None:
    """Both tables at hand: the oldest, which never changes, and that of this interpreter."""
    every = [chr(code) for code in range(sys.maxunicode + 1)]
    hidden = [c for c in every if HIDDEN & {OLD.category(c), unicodedata.category(c)}]
    assert [ascii(c) for c in hidden if shows(c)] == []


@pytest.mark.parametrize(
    "text", ["🩵", "\u0378", "\u1c89", "\u202f", "\u3000", "é", "模", " ", "a\u0301"]
)
def test_what_has_a_picture_or_may_have_one_is_seen(text: str) -> None:
    assert shows(text)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("README", "readme", True),
        ("caf\u00e9", "cafe\u0301", True),
        ("STRASSE", "straße", True),
        ("\u1c89", "\u1c8a", False),
        ("\U00010d50", "\U00010d70", False),
        ("a", "b", False),
    ],
)
def test_names_are_one_by_old_tables_alone(one: str, other: str, same: bool) -> None:
    assert (folded(one) == folded(other)) is same
