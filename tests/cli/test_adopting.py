"""`init`, `add`, `exempt`, `waive`, `remove` and `update --renew`, typed as they are printed."""

from __future__ import annotations

import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hub import Hub
from tests.hubs import FILES, REPO, STRANGER, UNSIGNED, Desk, desk, signed

TOKEN = "hf_test"
CODE = {
    "config.json": b'{"model_type": "mine", "auto_map": {"AutoModel": "modeling.M"}}',
    "modeling.py": b"class M: pass\n",
}


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Desk]:
    """A desk at a Hub with a signed model, an unsigned one of a publisher, and two by strangers."""
    with Hub(tmp_path) as hub:
        hub.commit(REPO, signed(tmp_path / "m"))
        hub.commit(UNSIGNED, FILES)
        hub.commit(STRANGER, {**FILES, "README.md": b"# Words\n"})
        hub.commit("someone/code", {**FILES, **CODE})
        yield desk(tmp_path, hub)


def next_lines(text: str) -> list[str]:
    """The lines to type that a command prints at its end."""
    lines = text.rstrip("\n").splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("next: "))
    assert all(line.startswith(("next: ", "      ")) for line in lines[first:])
    return [line[6:] for line in lines[first:]]


def typed(own: Desk, line: str) -> str:
    """What a line prints that is typed as it was printed; no usage error."""
    name, *words = shlex.split(line)
    assert name == "provenance"
    ended = own.run(*words)
    assert ended.returncode in (0, 1, 3), (line, ended.stdout, ended.stderr)
    return ended.stdout


def file(own: Desk) -> dict[str, Any]:
    return tomllib.loads((own.folder / "provenance.toml").read_text())


def test_a_stranger_s_code_is_added_exempted_waived_and_locked_as_it_is_printed(own: Desk) -> None:
    own.settings({"repo": REPO})
    text = typed(own, "provenance add someone/code")
    for _ in range(4):
        line, *_ = next_lines(text)
        if line == "provenance lock":
            break
        text = typed(own, line)
    assert own.run("lock").returncode == 0
    assert own.run("lock", "--check").returncode == 0
    (exemption,) = file(own)["policy"]["exempt"]
    assert exemption["reason"] == "WHY"
    assert {w["rule"] for w in file(own)["policy"]["waivers"]} == {
        "code/auto-map",
        "code/python-file",
    }
