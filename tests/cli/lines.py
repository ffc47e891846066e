"""Lines that are typed exactly as the program printed them."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterable, Mapping

from tests.hubs import Desk

CHECK = "provenance lock --check"
Ended = subprocess.CompletedProcess[str]


def next_lines(text: str) -> list[str]:
    """The lines to type that a command prints at its end."""
    lines = text.rstrip("\n").splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("next: "))
    assert all(line.startswith(("next: ", "      ")) for line in lines[first:])
    return [line[6:] for line in lines[first:]]


def first(ended: Ended) -> str:
    """The next line to type, on whichever stream it stands; there is one."""
    told = [text for text in (ended.stdout, ended.stderr) if "next: provenance " in text]
    ends = [text for text in told if f"\n{text}".count("\nnext: ") == 1]
    assert len(ends) == 1, (ended.args, ended.stdout, ended.stderr)
    return next_lines(ends[0])[0]


def typed(desk: Desk, line: str, **environment: str) -> Ended:
    """What a line does that is typed as it was printed; never a usage error."""
    name, *words = shlex.split(line, comments=True)
    assert name == "provenance"
    ended = desk.run(*words, **environment)
    assert ended.returncode in (0, 1, 3), (line, ended.stdout, ended.stderr)
    return ended


def filled(line: str, words: Mapping[str, Iterable[str]]) -> str:
    """The line with the reader's own words in the places that it leaves for them, in order."""
    own = {name: iter(values) for name, values in words.items()}
    parts = (next(own[word]) if word in own else word for word in shlex.split(line))
    return shlex.join(parts)


def green(desk: Desk, line: str, most: int = 8) -> list[str]:
    """The lines until `lock --check` passes; each is the first that the one before printed."""
    lines = [line]
    while lines[-1] != CHECK:
        assert len(lines) < most, lines
        lines.append(first(typed(desk, lines[-1])))
    ended = typed(desk, CHECK)
    assert ended.returncode == 0, ended.stdout
    return lines
