"""The process that runs are forked from has imported what it may, and nothing of one run's own."""

from __future__ import annotations

import json
import subprocess
import sys

from tests import program

LOADED = (
    "import json, sys; from tests import program; program.load(); print(json.dumps([*sys.modules]))"
)


def test_all_is_loaded_but_what_reads_the_environment() -> None:
    ended = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, check=True)
    loaded = set(json.loads(ended.stdout))
    assert not {name for name in loaded if name.startswith(tuple(program.UNTIL_ASKED))}
    assert {"provenance.cli.lock", "provenance.judgement", "provenance.registry.remote"} <= loaded
    assert {"sigstore", "tuf.ngclient", "rich.console"} <= loaded
