"""Prints what loads ask a Hub for, as a table: for whoever adds a row to `loads.toml`.

usage: PROVENANCE_TRANSFORMERS=… python -m tests.interop.loads.record [WORDS OF A NAME]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.hub import Hub
from tests.interop.loads import recording
from tests.interop.loads.repositories import publish
from tests.interop.loads.table import LOADS
from tests.interop.servers import told


def main(words: str) -> None:
    """One line for each request; `?` before what was absent."""
    python = told("PROVENANCE_TRANSFORMERS") / "python"
    loads = [load for load in LOADS if words in load.name]
    with tempfile.TemporaryDirectory() as name, Hub(Path(name)) as hub:
        folder = Path(name)
        commits = publish(hub, recording.make(python, folder / "made"))
        names = {commit: f"the commit of {repo}" for repo, commit in commits.items()}
        for found in recording.record(python, hub, folder, commits, loads):
            print(f"\n{found.name} ({found.seconds} s): {found.error or 'loaded'}", *found.outside)
            for asked in found.asked:
                revision = names.get(asked.revision, asked.revision)
                mark = " " if asked.present else "?"
                print(f"  {mark} {asked.repo} @ {revision}: {asked.path or '(the API)'}")


if __name__ == "__main__":
    main(" ".join(sys.argv[1:]))
