"""A command runs as the user's own: streams, signals and exit code are its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from provenance.errors import ConfigError
from provenance.recording.watched import running

RUN = """
import os, signal, sys
from pathlib import Path
from provenance.recording.watched import running
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background ignores it
ended = running.run(sys.argv[1:], os.environ, Path())
print(ended.code, ended.signal, ended.well, ended.said)
"""
WAITS = "trap 'echo got TERM; exit 9' TERM; echo ready; while :; do sleep 0.05; done"


def started(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", RUN, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


ENDS = {
    "well": (("true",), "0 0 True the exit code of the command is 0"),
    "badly": (("sh", "-c", "exit 7"), "7 0 False the exit code of the command is 7"),
    "killed": (
        ("sh", "-c", "kill -KILL $$"),
        "137 9 False the command was ended by SIGKILL",
    ),
}


@pytest.mark.parametrize("name", ENDS)
def test_how_it_ended_is_known(name: str) -> None:
    words, said = ENDS[name]
    out, _ = started(*words).communicate(timeout=60)
    assert out.strip() == said


def test_its_streams_are_ours() -> None:
    out, _ = started("cat").communicate("told", timeout=60)
    assert out.startswith("told0 0 True")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_go_on_to_it(number: signal.Signals) -> None:
    name = number.name.removeprefix("SIG")
    process = started("sh", "-c", WAITS.replace("TERM", name))
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    out, _ = process.communicate(timeout=60)
    assert out.splitlines()[0] == f"got {name}"
    assert out.splitlines()[1].startswith("9 0 False")


def test_handlers_are_as_before() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    running.run(["true"], os.environ, Path())
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


@pytest.mark.parametrize("word", ["no-such-program", "./nothing"])
def test_a_command_that_there_is_not_is_said_before(word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        running.check([word], os.environ)


def test_what_cannot_be_started_is_said(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text("#!/no/such/interpreter\n")
    broken.chmod(0o755)
    with pytest.raises(ConfigError, match="cannot be started"):
        running.run([str(broken)], os.environ, tmp_path)
