"""Makes repositories with the tools themselves; one line said of each.

usage: python -m tests.interop.children.make FOLDER KIND…   (KIND is a module of `makers`)

`HF_ENDPOINT` is a Hub on loopback, from which parents are loaded by their names; a connection to
anywhere else fails. Each is made as its user would: in a relative folder with its own name. The
next one waits for a line on standard input, by when this one is published.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from importlib import import_module
from pathlib import Path
from zlib import crc32

from tests.interop.children.makers.common import MAKERS, Make
from tests.interop.loads.driver import guard


def made(name: str, make: Make, outside: list[str]) -> dict[str, object]:
    """What became of one repository."""
    error, start = "", time.monotonic()
    import_module("torch").manual_seed(crc32(name.encode()))
    try:
        make(Path(name))
    except Exception as raised:
        error = f"{type(raised).__name__}: {raised}"
        traceback.print_exc()
    error = error or " ".join(outside)
    outside.clear()
    return {"name": name, "error": error, "seconds": round(time.monotonic() - start, 1)}


def main(folder: Path, kinds: list[str]) -> None:
    """All repositories of these kinds."""
    os.chdir(folder)
    said = os.dup(1)
    os.dup2(2, 1)
    outside: list[str] = []
    guard(outside)
    for kind in kinds:
        before = set(MAKERS)
        import_module(f"tests.interop.children.makers.{kind}")
        for name in [name for name in MAKERS if name not in before]:
            row = json.dumps(made(name, MAKERS[name], outside))
            os.write(said, row.encode() + b"\n")
            sys.stdin.readline()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
