"""Loads models in the loaders' environment, each in a process of its own; one line said of each.

usage: python driver.py FOLDER LOADS   (FOLDER is for their working directories, LOADS is JSON)

Libraries are imported once and forked. Where `HF_ENDPOINT` is a Hub on loopback, it is asked for
`/-/NAME` before each load, and the home is emptied; a connection to anywhere else fails.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
import traceback
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import urlopen

LIBRARIES = (
    "torch",
    "transformers",
    "transformers.models.auto",
    "transformers.models.llama.modeling_llama",
    "transformers.models.bert.modeling_bert",
    "transformers.pipelines",
    "peft",
    "sentence_transformers",
    "diffusers",
    "diffusers.modular_pipelines",
    "diffusers.models.unets.unet_2d",
    "timm",
    "open_clip",
    "faster_whisper",
    "speechbrain.inference.interfaces",
)
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def guard(outside: list[str]) -> None:
    """A connection to another machine is noted and fails, a name that is looked up likewise."""

    def hook(event: str, words: tuple[Any, ...]) -> None:
        if event == "socket.connect" and isinstance(words[1], tuple):
            host = str(words[1][0])
        elif event == "socket.getaddrinfo":
            host = str(words[0])
        else:
            return
        if host not in LOOPBACK:
            outside.append(host)
            raise ConnectionRefusedError(f"a load tried to reach {host}")

    sys.addaudithook(hook)


def load(item: dict[str, Any], result: Path) -> None:
    """One load; what became of it is in the file `result`."""
    outside: list[str] = []
    guard(outside)
    error, start = "", time.monotonic()
    try:
        exec(item["script"], {"repo": item["repo"], "at": item["at"]})
    except BaseException as raised:
        error = f"{type(raised).__name__}: {raised}"
        traceback.print_exc()
    seconds = round(time.monotonic() - start, 1)
    found = {"name": item["name"], "error": error, "outside": outside, "seconds": seconds}
    result.write_text(json.dumps(found))


def main(folder: Path, loads: Path) -> None:
    """All loads, one after the other."""
    endpoint = os.environ.get("HF_ENDPOINT")
    for name in LIBRARIES:
        import_module(name)
    for number, item in enumerate(json.loads(loads.read_text())):
        place, result = folder / "cwd" / str(number), folder / "result.json"
        place.mkdir(parents=True)
        os.chdir(place)
        if endpoint:
            shutil.rmtree(os.environ["HOME"], ignore_errors=True)
            os.mkdir(os.environ["HOME"])
            with suppress(HTTPError):
                urlopen(f"{endpoint}/-/{quote(item['name'])}")
        if not (child := os.fork()):
            load(item, result)
            os._exit(0)
        os.waitpid(child, 0)
        os.write(1, result.read_bytes() + b"\n")
        result.unlink()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
