"""The program as its users run it, without the second that a new interpreter takes to import it.

One process of ours has the modules loaded; each run is a fork of it, with a folder, an environment
and streams of its own, which ends as any program does. What is read from the environment when
Python or huggingface_hub begins is not loaded before.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from importlib.abc import MetaPathFinder
from pathlib import Path
from select import select

OF_OTHERS = (
    "anyio.to_thread",
    "cyclonedx",
    "filelock",
    "fsspec",
    "h11",
    "httpcore2",
    "httpx",
    "httpx2",
    "requests",
    "rich.console",
    "sigstore",
    "tqdm",
    "truststore",
    "tuf.ngclient",
    "yaml",
)
"""What we and huggingface_hub import, in one release of it or another."""
UNTIL_ASKED = {"huggingface_hub", "provenance.source.hub"}
"""What reads or writes the environment when it is imported, and so belongs to one run alone."""
ALONE = (
    "provenance.__main__",
    "provenance.train",
    "provenance.fleet",
    "provenance.probe.inspected",
)
"""What is imported in its own run alone: the threads of Arrow and DuckDB outlive no fork."""
OF_THE_INTERPRETER = ("PYTHON", "LANG", "LC_")
TIMEOUT = 120


def run(
    words: Sequence[str | Path],
    cwd: Path,
    environment: Mapping[str, str],
    *,
    timeout: float = TIMEOUT,
) -> subprocess.CompletedProcess[str]:
    """`provenance` with these words, to its end; TimeoutExpired after so many seconds."""
    texts = [str(word) for word in words]
    if any(
        name.startswith(OF_THE_INTERPRETER) and value != os.environ.get(name)
        for name, value in environment.items()
    ):
        return subprocess.run(
            [sys.executable, "-m", "provenance", *texts],
            cwd=cwd,
            env=dict(environment),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        asked = json.dumps({"words": texts, "cwd": str(cwd), "environment": dict(environment)})
        code = _asked(asked.encode(), [out.fileno(), err.fileno()], timeout)
        said = []
        for stream in (out, err):
            stream.seek(0)
            said.append(stream.read().decode().replace("\r\n", "\n"))
    return subprocess.CompletedProcess(texts, code, *said)


def _asked(request: bytes, streams: list[int], timeout: float) -> int:
    """The exit code of one run; it is killed, and TimeoutExpired raised, if it does not end."""
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(_server())
        socket.send_fds(line, [len(request).to_bytes(8, "big")], streams)
        line.sendall(request)
        answers = line.makefile("rb")
        pid = int(answers.readline())
        line.settimeout(timeout)
        try:
            return int(answers.readline())
        except TimeoutError:
            os.kill(pid, signal.SIGKILL)
            raise subprocess.TimeoutExpired(request.decode(), timeout) from None


@cache
def _server() -> str:
    """Where the loaded process of this test run listens; it ends with the test run."""
    place = os.path.join(tempfile.mkdtemp(prefix="provenance-tests-"), "socket")
    process = subprocess.Popen(
        [sys.executable, "-P", __file__, place], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    _running.append(process)
    return place


_running: list[subprocess.Popen[bytes]] = []


def serve(place: str) -> None:
    """Forks for each request, until standard input ends."""
    load()
    gc.freeze()  # the collection at a fork's end need not look at what it did not make
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(place)
    listener.listen()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    print("ready", flush=True)
    while listener in (ready := select([listener, sys.stdin], [], [])[0]):
        line, _ = listener.accept()
        if not os.fork():
            listener.close()
            _attend(line)
            return
        line.close()
    assert sys.stdin in ready
    os.unlink(place)
    os.rmdir(os.path.dirname(place))


class Later(MetaPathFinder):
    """Cannot import yet what reads the environment, nor what imports it."""

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        """None for every other module."""
        if fullname in UNTIL_ASKED:
            raise ImportError(fullname)


def load() -> None:
    """Everything is imported that one run cannot read otherwise than another."""
    later = Later()
    sys.meta_path.insert(0, later)
    package = Path(import_module("provenance").__path__[0])
    ours = (path.relative_to(package.parent).with_suffix("") for path in package.rglob("*.py"))
    names = sorted(".".join(path.parts).removesuffix(".__init__") for path in ours)
    for name in (*OF_OTHERS, *names):
        if not name.startswith(ALONE):
            with suppress(ImportError):
                import_module(name)
    sys.meta_path.remove(later)


def _attend(line: socket.socket) -> None:
    """One request: the fork that runs it returns from here, and the one that waits does not."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    length, streams, _, _ = socket.recv_fds(line, 8, 2)
    with line.makefile("rb") as told:
        request = json.loads(told.read(int.from_bytes(length, "big")))
    if pid := os.fork():
        line.sendall(f"{pid}\n".encode())
        _, status = os.waitpid(pid, 0)
        line.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
        os._exit(0)
    line.close()
    for number, stream in enumerate((os.open(os.devnull, os.O_RDONLY), *streams)):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["cwd"])
    sys.argv = ["provenance", *request["words"]]
    from provenance.cli import main

    main()


if __name__ == "__main__":
    serve(sys.argv[1])
