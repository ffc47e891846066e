"""A password that is not set is asked for at a terminal, and nowhere else."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import termios
import time
from pathlib import Path
from select import select

import pytest
from cryptography.hazmat.primitives import serialization

from tests import forge
from tests.cli.conftest import Run, run
from tests.signing import softhsm
from tests.signing.softhsm import PIN, Token

__all__ = ["run"]

PASSWORD = "open sesame"
SECONDS = 60
LOCAL = 3
"""Where a terminal's local modes stand in what `tcgetattr` says."""


def encrypted(folder: Path) -> Path:
    file = folder / "k.pem"
    file.write_bytes(
        forge.key("k").numbers.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(PASSWORD.encode()),
        )
    )
    return file


def await_silence(terminal: int) -> None:
    """Until what is typed is not shown: what is typed before that is thrown away."""
    end = time.monotonic() + SECONDS
    while termios.tcgetattr(terminal)[LOCAL] & termios.ECHO:
        assert time.monotonic() < end, "what is typed is shown"
        time.sleep(0.01)


def typed(words: list[str], answer: str, folder: Path, **variables: str) -> tuple[int, str]:
    """The exit code and what a terminal showed, where `answer` was typed to the first question."""
    ours, theirs = pty.openpty()
    program = subprocess.Popen(
        [sys.executable, "-m", "provenance", *words],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        cwd=folder,
        env={"HOME": str(folder), "PATH": os.environ["PATH"], **variables},
        start_new_session=True,
    )
    os.close(theirs)
    shown, asked = b"", False
    while select([ours], [], [], SECONDS)[0]:
        try:
            piece = os.read(ours, 4096)
        except OSError:
            break
        shown += piece
        if not asked and shown.rstrip().endswith(b":"):
            await_silence(ours)
            os.write(ours, f"{answer}\n".encode())
            asked = True
        if not piece:
            break
    os.close(ours)
    program.communicate(timeout=SECONDS)
    return program.returncode, shown.decode()


def test_a_password_is_asked_for_and_not_shown(tmp_path: Path) -> None:
    model = forge.write(tmp_path / "m")
    words = ["sign", str(model), "--key", str(encrypted(tmp_path))]
    code, shown = typed(words, PASSWORD, tmp_path)
    assert code == 0, shown
    assert "Password of" in shown
    assert PASSWORD not in shown
    assert (model / "model.sig").exists()


def test_a_wrong_password_is_not_asked_for_again(tmp_path: Path) -> None:
    model = forge.write(tmp_path / "m")
    words = ["sign", str(model), "--key", str(encrypted(tmp_path))]
    code, shown = typed(words, "wrong", tmp_path)
    assert (code, shown.count("Password of")) == (2, 1), shown
    assert "wrong password" in shown


@softhsm.needed
def test_a_pin_is_asked_for_and_not_shown(tmp_path: Path) -> None:
    token = Token.made(tmp_path / "hsm")
    token.put("held")
    model = forge.write(tmp_path / "m")
    words = ["sign", str(model), "--key", "pkcs11:token=release;object=k"]
    code, shown = typed(words, PIN, tmp_path, **token.variables)
    assert code == 0, shown
    assert "PIN of the token release" in shown
    assert PIN not in shown


def test_keys_of_a_registry_are_asked_for_too(run: Run, tmp_path: Path) -> None:
    table = 'version = 1\nname = "tests"\n'
    (tmp_path / "trust.toml").write_text(table)
    words = ["registry", "publish", "--to", "site", "--key", str(encrypted(tmp_path))]
    said = run(*words, cwd=tmp_path).stderr
    assert "PROVENANCE_KEY_PASSWORD: is not set, and nobody sits at a terminal" in said
    code, shown = typed(words, PASSWORD, tmp_path)
    assert "Password of" in shown
    assert code == 0, shown


@pytest.mark.parametrize("command", ["sign", "attest"])
def test_without_a_terminal_it_is_said_what_to_set(run: Run, tmp_path: Path, command: str) -> None:
    model = forge.write(tmp_path / "m")
    more = ["--as", "acme/m", "--method", "pretrain"] if command == "attest" else []
    done = run(command, model, *more, "--key", encrypted(tmp_path))
    assert done.returncode == 2
    assert "PROVENANCE_KEY_PASSWORD: is not set, and nobody sits at a terminal" in done.stderr
