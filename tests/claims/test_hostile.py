"""No text makes the card reader take long: it ends within a bound on processor time."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

from tests.claims.hostile import SHARES

SECONDS = 20
"""A multiple of what the reading takes; a pattern that tries every way takes years."""


def bounded() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


@pytest.mark.parametrize("share", range(SHARES))
def test_hostile_cards_are_read_to_their_end(share: int) -> None:
    command = [sys.executable, "-m", "tests.claims.hostile", str(share)]
    done = subprocess.run(command, preexec_fn=bounded, check=False)  # bounds the child alone
    assert done.returncode == 0
