"""CODEOWNERS: each line of GitHub's page, and what looks like an owner and is none."""

from __future__ import annotations

import pytest

from provenance.workspace.codeowners import MOST, Ownership

OWNED = [
    ("* @a", "x/y.toml"),
    ("*.js @a", "x/y/z.js"),
    ("/build/logs/ @a", "build/logs/x/y.txt"),
    ("docs/* @a", "docs/getting-started.md"),
    ("apps/ @a", "x/apps/y/z.txt"),
    ("/docs/ @a", "docs/x/y.md"),
    ("**/logs @a", "deeply/nested/logs/x"),
    ("**/logs @a", "logs/x"),
    ("a/**/b @a", "a/b"),
    ("a/**/b @a", "a/x/y/b/z"),
    ("** @a", "x/y"),
    ("dir/** @a", "dir/x/y"),
    ("a/*/ @a", "a/b/c"),
    ("/att* @a", "attestations/x/y"),
    ("trust.tom? @a", "trust.toml"),
    ("/trust.toml @a # the security team", "trust.toml"),
    ("*.toml @acme/security-team", "trust.toml"),
    ("*.toml sec@acme.example", "trust.toml"),
    ("*.toml nobody @a", "trust.toml"),
    ("/a\\ b.toml @a", "a b.toml"),
    ("foo#bar @a", "foo#bar"),
    ("*\n*.toml @a", "trust.toml"),
    ("* @a\r\n/docs/\r\n", "trust.toml"),
    ("*.toml @a\n!trust.toml", "trust.toml"),
]
NOBODYS = [
    ("docs/* @a", "docs/build-app/troubleshooting.md"),
    ("/docs/ @a", "x/docs/y.md"),
    ("/*.toml @a", "services/trust.toml"),
    ("/apps/ @a\n/apps/github", "apps/github"),
    ("* @a\n*.toml", "trust.toml"),
    ("* @a\n*.toml sec-team", "trust.toml"),
    ("*.toml sec-team", "trust.toml"),
    ("*.toml @", "trust.toml"),
    ("*.toml user@", "trust.toml"),
    ("*.toml # @a", "trust.toml"),
    ("# *.toml @a", "trust.toml"),
    ("*.TOML @a", "trust.toml"),
    ("provenance?toml @a", "provenance/toml"),
    ("a*b @a", "a/b"),
    ("[t]rust.toml @a", "trust.toml"),
    ("[t @a", "t"),
    ("\\#x @a", "#x"),
    ("/ @a", "trust.toml"),
    ("", "trust.toml"),
    ("*.toml @a\n" + "#" * MOST, "trust.toml"),
]


@pytest.mark.parametrize(("text", "path"), OWNED)
def test_a_path_has_owners(text: str, path: str) -> None:
    assert Ownership.of(text.encode()).owners(path)


@pytest.mark.parametrize(("text", "path"), NOBODYS, ids=range(len(NOBODYS)))
def test_nobody_owns_a_path(text: str, path: str) -> None:
    assert not Ownership.of(text.encode()).owners(path)


def test_the_last_line_that_matches_says_who() -> None:
    ownership = Ownership.of(b"* @everybody\n*.toml @security @acme/leads\n")
    assert ownership.owners("trust.toml") == {"@security", "@acme/leads"}
    assert ownership.owners("app.py") == {"@everybody"}
