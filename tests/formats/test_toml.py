"""Edits of TOML text: the intended value, everything else as it was, or nothing at all."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Callable
from typing import Any

import pytest

from provenance.formats import toml
from provenance.formats.toml import Unspliced, appended, block, removed, scan, with_value

BY_HAND = '''\
# Whom we trust. Ask sec@acme before you change it.
version = 1   # of the form
name = 'acme [[security]]'  # a name with brackets
expires = 2027-05-01

# The clock of the TSA, renewed yearly.
[[timestamp_authority]]
certificates = """
[[org]]
# not a header, not a comment: "quoted \\""" and more
"""

[[org]] # the main one
  name = "Acme AI"      # indented by somebody
  namespaces = [
    "acme",   # ours
    "acme-labs",
  ]
# how releases are signed
[[org.signer]]
name = "release"
key = \'\'\'
-----BEGIN PUBLIC KEY-----
\'\'\'
roles = ["publisher"]

[[revoked]]
repo = "evil/x"
reason = "a = b # c"

# A second organisation.
[[org]]
name = "Lab"
namespaces = ["lab"]
namespace_id = { lab = "0123" }
[[org.root]]
repo = "lab/base"
# the end
'''
SIGNER: dict[str, object] = {"name": "second", "key": "A\nB\n", "roles": ["publisher", "trainer"]}


def comments(text: str) -> list[str]:
    """Every line that only comments, which no edit but a removal takes away."""
    return [line for line in text.splitlines() if line.lstrip().startswith("#")]


APPENDED: dict[str, tuple[tuple[str | int, ...], dict[str, Any]]] = {
    "an organisation": (("org",), {"name": "New", "namespaces": ["n"], "signer": [SIGNER]}),
    "a signer of the first": (("org", 0, "signer"), SIGNER),
    "a signer of the last, which has none": (("org", 1, "signer"), SIGNER),
    "a root of the last": (("org", 1, "root"), {"repo": "lab/x"}),
    "a root of the first, which has none": (("org", 0, "root"), {"repo": "acme/x"}),
    "a revocation": (("revoked",), {"repo": "a/b", "reason": 'x "y" \\ z'}),
    "a list that is not there": (("sigstore",), {"name": "s", "trusted_root": "r.json"}),
    "tables inside": (("org",), {"name": "T", "section": {"name": "t", "keys": ["k\nk\n"]}}),
}


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("what", APPENDED)
def test_what_is_added_is_there_and_all_else_is_as_it_was(what: str, newline: str) -> None:
    path, table = APPENDED[what]
    before = BY_HAND.replace("\n", newline)
    after = appended(before, path, table)
    intended = tomllib.loads(before)
    rows: Any = intended
    for part in path[:-1]:
        rows = rows[part]
    rows.setdefault(path[-1], []).append(table)
    assert tomllib.loads(after) == intended
    assert comments(after) == comments(before)
    left = iter(after.splitlines())
    assert all(line in left for line in before.splitlines())
    assert ("\r\n" in after) is (newline == "\r\n")
    assert newline == "\n" or "\n" not in after.replace("\r\n", "")


REMOVED: dict[str, tuple[tuple[str | int, ...], Callable[[Any], None]]] = {
    "the first organisation": (("org", 0), lambda t: t["org"].pop(0)),
    "the last organisation": (("org", 1), lambda t: t["org"].pop(1)),
    "the only signer": (("org", 0, "signer", 0), lambda t: t["org"][0].pop("signer")),
    "the only root": (("org", 1, "root", 0), lambda t: t["org"][1].pop("root")),
    "the only revocation": (("revoked", 0), lambda t: t.pop("revoked")),
}


@pytest.mark.parametrize("what", REMOVED)
def test_what_is_removed_is_gone_with_the_comment_above_it(what: str) -> None:
    path, remove = REMOVED[what]
    intended = tomllib.loads(BY_HAND)
    remove(intended)
    after = removed(BY_HAND, path)
    assert tomllib.loads(after) == intended
    assert ("# how releases are signed" in after) is ("signer" not in path and path != ("org", 0))


@pytest.mark.parametrize(
    ("text", "table", "name", "value", "says"),
    [
        ("", "policy", "registry", ["u"], '[policy]\nregistry = ["u"]\n'),
        ("[policy]\na = 1 # x\n", "policy", "b", 2, "[policy]\nb = 2\na = 1 # x\n"),
        ("[policy]\na = 1 # x\n", "policy", "a", [2], "[policy]\na = [2] # x\n"),
        ("[policy]\na = [1,\n 2] # x\nb=1", "policy", "a", 3, "[policy]\na = 3 # x\nb=1"),
        ("a = '#' # x\n", "", "a", "y", 'a = "y" # x\n'),
        (
            "[[models]]\nrepo = 'a/b'\n",
            "policy",
            "a",
            1,
            "[policy]\na = 1\n\n[[models]]\nrepo = 'a/b'\n",
        ),
        (
            "[[models]]\nrepo = 'a/b'\n\n# why\n[[policy.exempt]]\nrepo = 'a/b'\n",
            "policy",
            "a",
            1,
            "[[models]]\nrepo = 'a/b'\n\n[policy]\na = 1\n\n"
            "# why\n[[policy.exempt]]\nrepo = 'a/b'\n",
        ),
    ],
)
def test_a_value_is_set_in_its_place(
    text: str, table: str, name: str, value: object, says: str
) -> None:
    assert with_value(text, table, name, value) == says


INLINE = 'version = 1\norg = [{ name = "Acme", namespaces = ["acme"] }]\n'


@pytest.mark.parametrize(
    "edit",
    [
        lambda: appended(INLINE, ("org",), {"name": "Lab"}),
        lambda: appended(INLINE, ("org", 0, "signer"), SIGNER),
        lambda: removed(INLINE, ("org", 0)),
        lambda: with_value("policy = { a = 1 }\n", "policy", "a", 2),
        lambda: with_value("policy.a = 1\n", "policy", "a", 2),
        lambda: appended("org = 7\n", ("org",), SIGNER),
    ],
)
def test_a_form_that_cannot_be_edited_is_left_alone(edit: Callable[[], str]) -> None:
    with pytest.raises(Unspliced):
        edit()


def test_a_block_is_what_a_parser_reads_back() -> None:
    table: dict[str, object] = {
        "name": "A",
        "key": "x\ny\n",
        "list": ["a", 'b"'],
        "inner": {"n": 1},
        "signer": [SIGNER],
    }
    assert tomllib.loads(block("org", table)) == {"org": [table]}


def test_no_text_is_edited_into_another_value() -> None:
    """Whatever the text, an edit is the intended one or none; 2,000 bent texts, seeded."""
    draw = random.Random(20261125)
    done = 0
    for _ in range(2_000):
        text = list(BY_HAND)
        for _ in range(draw.randrange(1, 4)):
            place = draw.randrange(len(text))
            text[place] = draw.choice(["\n", '"', "'", "[", "]", "#", "=", '"""', " ", ""])
        bent = "".join(text)
        assert all(0 <= b.lead <= b.start <= b.end <= len(bent) for b in scan(bent))
        try:
            before = tomllib.loads(bent)
        except tomllib.TOMLDecodeError:
            continue
        try:
            after = tomllib.loads(appended(bent, ("revoked",), {"repo": "a/b"}))
        except Unspliced:
            continue
        done += 1
        assert after["revoked"][-1] == {"repo": "a/b"}
        assert after["revoked"][:-1] == before.get("revoked", [])
    assert done > 100


FAULTS = {
    "name acme": "line 1, column 6: cannot be read: 'name acme'",
    "a = 1\n[b]\n[b]\n": "line 3, column 3: a name stands twice: '[b]'",
    "a = 1\na = 2\n": "line 2, column 6: a name stands twice: 'a = 2'",
    "a = 1\na = 2": "its end, line 2: a name stands twice: 'a = 2'",
    'a = 1\nb = "x': "its end, line 2: cannot be read: 'b = \"x'",
    "a = " + "9" * 5000: "out of range",
    "a = " + "[" * 100_000: "nested too deep",
}


@pytest.mark.parametrize("text", FAULTS, ids=range(len(FAULTS)))
def test_a_fault_says_where_and_shows_the_line(text: str) -> None:
    with pytest.raises((ValueError, RecursionError)) as raised:
        tomllib.loads(text)
    assert FAULTS[text] in toml.fault(raised.value, text)
