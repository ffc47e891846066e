"""What the pages say of weights can be typed, line after line, in the example's folder."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Run

TOP = Path(__file__).parents[2]
EXAMPLE = TOP / "attestations" / "example" / "weights"
PAGES = {
    "README.md": "## Whose weights they are",
    "provenance/manual/kinship.md": "# The weights themselves",
}
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def lines_of(page: str, heading: str) -> list[list[str]]:
    """The commands in the blocks of a page's part, without their comments."""
    text = (TOP / page).read_text()
    part = text[text.index(heading) :]
    part = part.partition("\n## ")[0] if heading.startswith("##") else part
    return [
        shlex.split(line, comments=True)
        for block in BLOCK.findall(part)
        for line in block.splitlines()
    ]


@pytest.mark.parametrize("page", PAGES)
def test_every_line_works_as_it_stands(run: Run, tmp_path: Path, page: str) -> None:
    folder = shutil.copytree(EXAMPLE, tmp_path / "example")
    typed = lines_of(page, PAGES[page])
    assert len(typed) > 3
    for program, *words in typed:
        ended = run(*words, cwd=folder)
        assert (program, ended.returncode) == ("provenance", 0), (words, ended.stderr)
    assert (folder / "trust.toml").read_bytes() == (EXAMPLE / "trust.toml").read_bytes()


def test_what_trace_says_next_works_too(run: Run, tmp_path: Path) -> None:
    folder = shutil.copytree(EXAMPLE, tmp_path / "example")
    for name in ("edited", "models/honest"):
        (line,) = re.findall(r"next  provenance (.+)", run("trace", name, cwd=folder).stdout)
        ended = run(*shlex.split(line), cwd=folder)
        assert (line.split()[0], ended.returncode) == ("compare", 0), ended.stderr
