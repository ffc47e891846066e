"""Writes the tiny models; runs in the loaders' environment.

usage: python -m tests.interop.loads.make FOLDER   (a folder in it for each function that makes one)
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

from tests.interop.loads.makers.common import MAKERS

KINDS = ("code", "pictures", "sentences", "speech", "text")

if __name__ == "__main__":
    for kind in KINDS:
        import_module(f"tests.interop.loads.makers.{kind}")
    for name, make in MAKERS.items():
        make(Path(sys.argv[1]) / name)
