"""Edits of TOML text: the intended value, everything else as it was, or nothing at all."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from provenance.formats import toml
from provenance.formats.toml import (
    Unspliced,
    appended,
    block,
    removed,
    unvalued,
    valued,
    with_value,
)
from provenance.formats.toml_scan import scan

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
    "a list below a table that is not there": (("policy", "exempt"), {"repo": "a/b"}),
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
        rows = rows.setdefault(part, {}) if isinstance(part, str) else rows[part]
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


PROJECT = """\
# ours
[project]
name = "x"

[tool.provenance.policy]
registry = ["trust.toml"]

# the big one
[[tool.provenance.models]]
repo = "acme/a" # in use
include = [
  "*.json",  # small
]
# revision = "v1"

# --- tools of others ---

[tool.ruff]
line-length = 100"""
OWN = ("tool", "provenance")
ONE = "[[policy.waivers]]\nrule = 'a/b'\n"
MORE = "[[policy.waivers]]\nrule = 'a/c'\n"

# An edit, what it leaves out of PROJECT, and what it puts there.
SPLICED: dict[str, tuple[Callable[[str], str], str, str]] = {
    "another model, behind the others": (
        lambda text: appended(text, (*OWN, "models"), {"repo": "acme/b"}),
        "",
        '\n[[tool.provenance.models]]\nrepo = "acme/b"\n',
    ),
    "a list that is not there, behind its table": (
        lambda text: appended(text, (*OWN, "policy", "exempt"), {"repo": "acme/b"}),
        "",
        '\n[[tool.provenance.policy.exempt]]\nrepo = "acme/b"\n',
    ),
    "the only model": (
        lambda text: removed(text, (*OWN, "models", 0)),
        PROJECT[PROJECT.index("# the big") : PROJECT.index("[tool.ruff]")],
        "",
    ),
    "a value in another's place": (
        lambda text: valued(text, (*OWN, "models", 0), "include", ["a", "b"]),
        PROJECT[PROJECT.index("[\n  ") : PROJECT.index("\n# revision")],
        '["a", "b"]',
    ),
    "a value more": (
        lambda text: valued(text, (*OWN, "models", 0), "name", "n"),
        "",
        'name = "n"\n',
    ),
    "a value less": (
        lambda text: unvalued(text, (*OWN, "models", 0), "repo"),
        'repo = "acme/a" # in use\n',
        "",
    ),
    "a value that is not there": (
        lambda text: unvalued(text, (*OWN, "models", 0), "path"),
        "",
        "",
    ),
}


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("what", SPLICED)
def test_one_place_changes_and_every_other_byte_stays(what: str, newline: str) -> None:
    edit, taken, given = SPLICED[what]
    before, out, put = (text.replace("\n", newline) for text in (PROJECT, taken, given))
    after = edit(before)
    places = range(len(before) + 1)
    assert any(
        before.startswith(out, at) and before[:at] + put + before[at + len(out) :] == after
        for at in places
    ), after


def test_the_last_of_a_list_takes_its_unwritten_table_along() -> None:
    assert removed(ONE + MORE, ("policy", "waivers", 0)) == MORE
    assert removed(ONE, ("policy", "waivers", 0)) == ""
    assert removed("[policy]\n" + ONE, ("policy", "waivers", 0)) == "[policy]\n"
    both = "[[org]]\nname = 'a'\n[[org.signer]]\nname = 's'\n"
    assert removed(both + both, ("org", 0, "signer", 0)) == both.partition("[[org.")[0] + both


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("org = []\n", 'org = [{ name = "L", n = ["a"] }]\n'),
        (
            "org = [{ name = 'A' }] # x\n",
            'org = [{ name = \'A\' }, { name = "L", n = ["a"] }] # x\n',
        ),
        ("org = [\n {name='A'},\n]\n", 'org = [\n {name=\'A\'}, { name = "L", n = ["a"] }\n]\n'),
    ],
)
def test_a_list_that_is_one_value_takes_one_row_more(before: str, after: str) -> None:
    assert appended(before, ("org",), {"name": "L", "n": ["a"]}) == after


ROWS = "org = [\n  { name = 'A' }, # x\n  { name = \"}\", n = ['a]', 'b'] },\n  {},\n]\n"


@pytest.mark.parametrize(
    ("position", "name", "value", "before", "after"),
    [
        (0, "n", ["x"], "{ name = 'A' }", "{ name = 'A', n = [\"x\"] }"),
        (1, "n", ["x"], "['a]', 'b']", '["x"]'),
        (1, "name", "x", 'name = "}"', 'name = "x"'),
        (2, "name", "x", "{}", '{ name = "x"}'),
    ],
)
def test_a_row_of_a_list_that_is_one_value_takes_a_pair(
    position: int, name: str, value: object, before: str, after: str
) -> None:
    assert valued(ROWS, ("org", position), name, value) == ROWS.replace(before, after)


INLINE = 'version = 1\norg = [{ name = "Acme", namespaces = ["acme"] }]\n'


@pytest.mark.parametrize(
    "edit",
    [
        lambda: appended("org = [{ name = 'A' } # x\n]\n", ("org",), {"name": "Lab"}),
        lambda: appended(INLINE, ("org", 0, "signer"), SIGNER),
        lambda: removed(INLINE, ("org", 0)),
        lambda: with_value("policy = { a = 1 }\n", "policy", "a", 2),
        lambda: with_value("policy.a = 1\n", "policy", "a", 2),
        lambda: appended("org = 7\n", ("org",), SIGNER),
        lambda: appended("policy = 7\n", ("policy", "exempt"), SIGNER),
        lambda: valued(BY_HAND, ("org", 5), "name", "x"),
        lambda: unvalued(INLINE, ("org", 0), "name"),
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


def bent(count: int) -> Iterator[str]:
    """BY_HAND with a few letters changed, as far as that is TOML; seeded."""
    draw = random.Random(20261125)
    for _ in range(count):
        text = list(BY_HAND)
        for _ in range(draw.randrange(1, 4)):
            place = draw.randrange(len(text))
            text[place] = draw.choice(["\n", '"', "'", "[", "]", "#", "=", '"""', " ", "", "\r\n"])
        bent = "".join(text)
        assert all(0 <= b.lead <= b.start <= b.last(bent) <= b.end <= len(bent) for b in scan(bent))
        try:
            tomllib.loads(bent)
        except tomllib.TOMLDecodeError:
            continue
        yield bent


def kept(before: str, after: str) -> int:
    """How many letters at both ends two texts share, at most the shorter one's."""
    pairs = [*zip(before, after, strict=False)]
    ends = [*zip(reversed(before), reversed(after), strict=False)]
    head = next((n for n, (a, b) in enumerate(pairs) if a != b), len(pairs))
    tail = next((n for n, (a, b) in enumerate(ends) if a != b), len(ends))
    return min(head + tail, len(pairs))


def added(table: Any) -> None:
    table.setdefault("revoked", []).append({"repo": "a/b"})


def named(table: Any) -> None:
    table["org"][0]["name"] = "Z"


def unnamed(table: Any) -> None:
    table["org"][0].pop("name", None)


# An edit, what it means, and whether it takes nothing away, or adds nothing.
MEANT: dict[str, tuple[Callable[[str], str], Callable[[Any], None], str]] = {
    "append": (lambda t: appended(t, ("revoked",), {"repo": "a/b"}), added, "adds"),
    "set": (lambda t: valued(t, ("org", 0), "name", "Z"), named, "replaces"),
    "unset": (lambda t: unvalued(t, ("org", 0), "name"), unnamed, "takes"),
    "remove": (lambda t: removed(t, ("org", 1)), lambda t: t["org"].pop(1), "takes"),
}


@pytest.mark.parametrize("what", MEANT)
def test_an_edit_is_the_intended_value_and_keeps_every_other_byte(what: str) -> None:
    """Whatever the text, an edit is the intended one or none; 2,000 bent texts."""
    edit, mean, how = MEANT[what]
    done = 0
    for before in bent(2_000):
        try:
            after = edit(before)
        except Unspliced:
            continue
        done += 1
        intended = tomllib.loads(before)
        mean(intended)
        assert tomllib.loads(after) == intended
        same = kept(before, after)
        if how == "adds":
            assert same == len(before)
        elif how == "takes":
            assert same == len(after)
        else:
            assert same >= len(before) - len(intended_name(before))
    assert done > 100


def intended_name(text: str) -> str:
    """The name of the first organisation as it stands there, quotes and all."""
    block = next(b for b in scan(text) if b.name == "org")
    begin, end = block.values.get("name", (0, 0))
    return text[begin:end]


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
