"""The comment of the action is whole, however long the report is."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest

from tests.action.runner import ACTION

WHERE = "https://github.example/acme/deploy/actions/runs/12"
LONG = "## report\n\n```diff\n" + "+ a template\n" * 9_000 + "```\n"


@pytest.mark.parametrize("text", ["## short\n", LONG], ids=["short", "long"])
def test_a_comment_is_cut_closed_and_says_where_the_rest_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    (tmp_path / "gh").write_text(
        f'#!/bin/sh\ncase "$*" in *--paginate*) ;; *) cat > "{tmp_path / "body"}" ;; esac\n'
    )
    (tmp_path / "gh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("PULL_REQUEST", "7")
    monkeypatch.setenv("GITHUB_REPOSITORY", "acme/deploy")
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.example")
    monkeypatch.setenv("GITHUB_RUN_ID", "12")
    monkeypatch.syspath_prepend(str(ACTION))
    steps = importlib.import_module("steps.comment")
    steps.comment(text, "")
    body = json.loads((tmp_path / "body").read_text())["body"]
    assert body.startswith(steps.MARKER)
    assert len(body.encode()) <= 60_000
    assert body.count("```") % 2 == 0
    assert (body.rstrip().endswith(f"[this run]({WHERE}).")) is (text is LONG)
    assert ("**Cut here: " in body) is (text is LONG)
    assert text is LONG or text in body
