"""`pytest --touched`: the tests nearest to what has changed, for as long as one likes to wait.

`--touched` is about what differs from HEAD, `--touched=REV` about all since this branch left REV.
The nearest run first (tests/nearness.py says which these are). After `SECONDS` no further test is
begun: the summary names the files that were left, and the line that runs all of them.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Protocol

import pytest

from tests.nearness import Choice, Graph, choose

SECONDS = 10.0
"""After these, counted from the first test, no further one is begun."""
LATE = "was not begun: no time was left"
HEADER = pytest.StashKey[list[str]]()
UNTIL = pytest.StashKey[float]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """One option."""
    parser.addoption(
        "--touched",
        nargs="?",
        const="HEAD",
        metavar="REV",
        help=f"run what is nearest to the changes since REV (HEAD), for {SECONDS:g} seconds",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """The files to collect are those near what has changed, in their order."""
    if not config.getoption("touched"):
        return
    if worker := getattr(config, "workerinput", None):
        config.args[:] = worker["touched"]
        return
    changed = changes(config.rootpath, config.getoption("touched"))
    graph = Graph(sources(config.rootpath))
    chosen = choose(graph, changed)
    if not chosen:
        raise pytest.UsageError(f"no test is near {' '.join(changed)}: run them all")
    alone = [path for path in changed if not choose(graph, [path])]
    config.stash[HEADER] = [*reasons(chosen), *(f"touched: no test is near {at}" for at in alone)]
    config.args[:] = [str(config.rootpath / choice.path) for choice in chosen]
    if config.getoption("dist", "no") != "no":
        config.option.dist = "load"  # the only one that hands out tests in their order


class Node(Protocol):
    """What pytest-xdist says of a worker."""

    config: pytest.Config
    workerinput: dict[str, object]


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Node) -> None:
    """A worker collects the same files."""
    node.workerinput["touched"] = node.config.args


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """What was chosen, and why; also with -q, which leaves headers out."""
    lines = session.config.stash.get(HEADER, [])
    if said := session.config.pluginmanager.get_plugin("terminalreporter"):
        for line in lines:
            said.write_line(line)


def pytest_collection_finish(session: pytest.Session) -> None:
    """From here on time counts."""
    if session.config.getoption("touched"):
        session.config.stash[UNTIL] = time.monotonic() + SECONDS


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test that would begin too late is skipped, and named at the end."""
    if time.monotonic() > item.config.stash.get(UNTIL, float("inf")):
        pytest.skip(LATE)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was left, and how to run it."""
    late = [r for r in terminalreporter.stats.get("skipped", ()) if LATE in str(r.longrepr)]
    if late:
        files = sorted({report.nodeid.partition("::")[0] for report in late})
        terminalreporter.write_line(
            f"{len(late)} tests were not begun within {SECONDS:g} seconds. To run their files: "
            f"python -m pytest {' '.join(files)}"
        )


def reasons(chosen: Sequence[Choice]) -> Iterator[str]:
    """A line for each reason."""
    for nearness, choices in groupby(chosen, lambda choice: choice.nearness):
        yield f"touched: {nearness.words}: {' '.join(choice.path for choice in choices)}"


def changes(root: Path, revision: str) -> list[str]:
    """The paths that differ from where this branch left the revision; UsageError if none do."""
    base = _git(root, "merge-base", "--", revision, "HEAD").strip()
    new = _git(root, "ls-files", "-z", "--others", "--exclude-standard")
    old = _git(root, "diff", "-z", "--name-only", "--no-renames", "--relative", base)
    changed = sorted({path for path in (old + new).split("\0") if path})
    if not changed:
        raise pytest.UsageError(
            f"nothing differs from {revision}: name an older commit, as in --touched=HEAD~1"
        )
    return changed


def _git(root: Path, *words: str) -> str:
    """What git says; UsageError with git's own words where it cannot."""
    ended = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise pytest.UsageError(f"--touched: git {words[0]}: {ended.stderr.strip()}")
    return ended.stdout


def sources(root: Path) -> dict[str, str]:
    """Every Python file of package and tests, by its path from the top."""
    return {
        path.relative_to(root).as_posix(): path.read_text()
        for folder in ("provenance", "tests")
        for path in sorted((root / folder).rglob("*.py"))
    }
