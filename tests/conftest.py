"""Where real material is, and the rule that no test speaks to anything but this machine."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "seeded",
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("seeded")
"""The same examples at every run and however busy the machine is, so that a result is a commit's;
`--hypothesis-profile default` draws others."""

pytest_plugins = ["tests.touched"]

LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Two for each core: half of the time a test waits, for a server or another process."""
    return 2 * (os.cpu_count() or 1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--corpus",
        default=os.environ.get("PROVENANCE_CORPUS"),
        help="folder of real signatures, models and hostile inputs (or PROVENANCE_CORPUS)",
    )


def pytest_configure(config: pytest.Config) -> None:
    folder = config.getoption("--corpus")
    if folder and not Path(folder).is_dir():
        raise pytest.UsageError(f"--corpus {folder}: no such folder")


def pytest_make_parametrize_id(val: object) -> str | None:
    """What is made anew in every process, as keys and archives are, gives no test its name."""
    if isinstance(val, bytes):
        return "bytes"
    return val.split("\n")[0] if isinstance(val, str) and "\n" in val else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [
        report
        for report in terminalreporter.stats.get("skipped", [])
        if "needs --corpus" in str(report.longrepr)
    ]
    if skipped:
        terminalreporter.write_line(
            f"{len(skipped)} tests need real material and did not run: pass --corpus PATH"
        )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test marked `each(glob)` runs once for every path of the corpus that matches."""
    marker = metafunc.definition.get_closest_marker("each")
    if marker is None:
        return
    folder = metafunc.config.getoption("--corpus")
    if not folder:
        reason = pytest.mark.skip(reason="needs --corpus")
        metafunc.parametrize("each", [pytest.param(None, marks=reason)])
        return
    paths = sorted(Path(folder).glob(marker.args[0]))
    assert paths, f"nothing in the corpus matches {marker.args[0]}"
    metafunc.parametrize("each", paths, ids=lambda path: str(path.relative_to(folder)))


@pytest.fixture(scope="session")
def corpus(request: pytest.FixtureRequest) -> Path:
    """The folder of real material."""
    folder = request.config.getoption("--corpus")
    if not folder:
        pytest.skip("needs --corpus")
    return Path(folder)


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections to any other machine fail at once."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: tuple[str, int] | str) -> None:
        host = address[0] if isinstance(address, tuple) else address
        if self.family != socket.AF_UNIX and host not in LOOPBACK:
            raise AssertionError(f"a test tried to reach {host}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
