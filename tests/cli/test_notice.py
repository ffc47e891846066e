"""Words on stderr are folded for who reads them on a terminal, and lines to type stay whole."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from provenance.report.folded import wrapped

LINE = "`provenance registry add-signer 'Acme AI' release --key FILE`"
FOLDED = {
    "a short line": ("error: no", 20, ["error: no"]),
    "words": ("error: a b c d e f g h", 12, ["error: a b c", "  d e f g h"]),
    "a line to type": (
        f"note: then {LINE} and so on",
        20,
        ["note: then", f"  {LINE}", "  and so on"],
    ),
    "what hangs on it": (f"note: ({LINE}), and", 20, ["note:", f"  ({LINE}),", "  and"]),
    "a long word": (f"error: {'x' * 30} y", 20, ["error:", f"  {'x' * 30}", "  y"]),
    "an open backquote": ("error: a ` b c d e f", 12, ["error: a ` b", "  c d e f"]),
    "several lines": ("a b c\n  d e f", 5, ["a b c", "  d e", "    f"]),
}


@pytest.mark.parametrize("case", FOLDED)
def test_a_line_is_folded_between_words(case: str) -> None:
    text, width, lines = FOLDED[case]
    assert wrapped(text, width).split("\n") == lines


@pytest.mark.parametrize("terminal", [True, False])
def test_only_a_terminal_is_told_in_its_width(tmp_path: Path, terminal: bool) -> None:
    above, below = pty.openpty()
    stderr = below if terminal else subprocess.PIPE
    words = [sys.executable, "-m", "provenance", "verify", "nothing/of/that " * 20]
    variables = {**os.environ, "COLUMNS": "60", "HOME": str(tmp_path)}
    ended = subprocess.run(words, cwd=tmp_path, env=variables, stderr=stderr, check=False)
    os.close(below)
    said = os.read(above, 1 << 16) if terminal else ended.stderr
    os.close(above)
    lines = said.decode().splitlines()
    assert ended.returncode == 2
    assert (len(lines) > 1) == terminal
    assert not terminal or max(map(len, lines)) <= 60
