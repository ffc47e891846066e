"""The programs of others that tests speak to: the reference implementation, a private Sigstore.

Where they are is said by the environment: PROVENANCE_MODEL_SIGNING is the `bin` folder of a virtual
environment with model-signing and pyOpenSSL, PROVENANCE_SIGSTORE a folder with mock-sigstore.cjs
and node_modules of it and of @sigstore/verify, PROVENANCE_SERVERS the folder of hub.py,
PROVENANCE_OLAH the `bin` folder of an environment with olah, PROVENANCE_ORAS of one with oras,
PROVENANCE_TRANSFORMERS of one with torch and the loaders, PROVENANCE_SERVING of one whose
`transformers serve` runs,
PROVENANCE_MAKERS and PROVENANCE_OLDER_MAKERS of two with tools that train and merge,
PROVENANCE_TRAINERS of one with those and this tool, PROVENANCE_MODELS a folder of packages with
real weights, unpacked, and PROVENANCE_LINTERS a folder with zizmor,
actionlint and the SARIF multitool. A test that needs one and is not told fails; `.ci/interop` says
all.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Timer
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import jwt
import pytest
import tomli_w

from tests import forge

START_SECONDS, END_SECONDS = 60, 10
TOKEN_KEY = "the private Sigstore believes whoever can spell a token"

Words = tuple[str | Path, ...]
Ended = subprocess.CompletedProcess[str]


def told(variable: str) -> Path:
    """The folder an environment variable names; the test fails where it does not."""
    folder = os.environ.get(variable)
    if not folder or not Path(folder).is_dir():
        pytest.fail(f"{variable} names no folder: run .ci/interop")
    return Path(folder)


def _run(program: Words, home: Path, **variables: str) -> Ended:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "PYTHONPATH")}
    return subprocess.run(
        [*map(str, program)],
        cwd=home,
        env={**kept, "HOME": str(home), **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def theirs(home: Path, *words: str | Path) -> Ended:
    """`model_signing`, from a folder that is also its home."""
    return _run((told("PROVENANCE_MODEL_SIGNING") / "model_signing", *words), home)


def their_library(home: Path, script: str, *words: str | Path) -> Ended:
    """A Python program over the `model_signing` package."""
    return _run((told("PROVENANCE_MODEL_SIGNING") / "python", "-c", script, *words), home)


def ours(home: Path, *words: str | Path, **variables: str) -> Ended:
    """`provenance`, from a folder that is also its home."""
    return _run((sys.executable, "-m", "provenance", *words), home, **variables)


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """What `provenance verify` says of one model."""

    code: int
    model: Mapping[str, Any]

    @property
    def passes(self) -> bool:
        """Whether it says pass by its exit code, its verdict and the check of signatures."""
        words = {self.model["verdict"], self.model["checks"]["signature"]}
        return self.code == 0 and words == {"pass"}

    @property
    def refusals(self) -> set[tuple[str, str]]:
        """The rule and the place of each required finding that failed; none unless exit 1."""
        found = self.model["findings"] if self.code == 1 else ()
        return {
            (finding["rule"], finding["where"])
            for finding in found
            if (finding["outcome"], finding["level"]) == ("fail", "require")
        }


def judged(home: Path, model: Path, registry: Path, *words: str | Path) -> Resolved:
    """The verdict of ours over `model` as `acme/m`."""
    said = ("--as", "acme/m", "--registry", registry, "--format", "json", *words)
    ended = ours(home, "verify", model, *said)
    assert ended.stdout, ended.stderr
    return Resolved(code=ended.returncode, model=json.loads(ended.stdout)["models"][0])


def trust(folder: Path, signer: Mapping[str, Any], **fields: Any) -> Path:
    """A trust.toml in which one signer publishes for `acme`."""
    party = forge.signer("release", **signer)
    folder.mkdir(exist_ok=True)
    place = folder / "trust.toml"
    place.write_text(tomli_w.dumps(forge.registry(forge.org("Acme", party), **fields)))
    return place


def change(file: Path) -> None:
    """One byte of the file is another; an empty file gets one."""
    data = bytearray(file.read_bytes() or b"\0")
    data[-1] ^= 1
    file.write_bytes(data)


@dataclass(frozen=True, kw_only=True)
class Sigstore:
    """A running Fulcio, Rekor and timestamp authority; `folder` holds what they publish."""

    folder: Path

    @property
    def trusted_root(self) -> str:
        """Its trusted root, JSON."""
        return (self.folder / "trusted_root.json").read_text("utf-8")

    def trust_config(self, rekor: int) -> Path:
        """Its client trust configuration, with version 1 or 2 of the log."""
        return self.folder / f"trust_config.rekor{rekor}.json"


@contextmanager
def sigstore(folder: Path, *, subject: str) -> Iterator[Sigstore]:
    """A private Sigstore that writes to `folder`, ended with the block.

    `subject` is the claim of a token that its certificates name: `email`, or `sub` for workflows.
    """
    home = told("PROVENANCE_SIGSTORE")
    process = subprocess.Popen(
        ["node", "mock-sigstore.cjs", str(free_port()), str(folder)],
        cwd=home,
        env={**os.environ, "SUBJECT_CLAIM": subject},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    patience = Timer(START_SECONDS, process.kill)
    patience.start()
    try:
        assert process.stdout
        first = process.stdout.readline()
        patience.cancel()
        assert first.startswith("ready"), first + process.stdout.read()
        yield Sigstore(folder=folder)
    finally:
        patience.cancel()
        process.kill()
        process.communicate()


def await_answer(address: str) -> None:
    """Somebody answers at a URL."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            urlopen(address).close()
        except URLError:
            continue
        return
    pytest.fail(f"no Hub at {address}")


@contextmanager
def running(*words: str, port: int) -> Iterator[None]:
    """A program that listens on `port` of loopback, until the end of the block."""
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + START_SECONDS
        while True:
            assert process.poll() is None, f"{words[0]} ended with {process.returncode}"
            assert time.monotonic() < deadline, f"{words[0]} does not listen on {port}"
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                break
        yield
    finally:
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:  # it waits for whoever keeps a connection
            process.kill()
            process.wait()


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def token(**claims: str) -> str:
    """An identity token of this moment with these claims."""
    now = datetime.now(UTC)
    times = {"iat": now, "nbf": now, "exp": now + timedelta(minutes=5)}
    return jwt.encode({"aud": "sigstore", **times, **claims}, TOKEN_KEY, algorithm="HS256")
