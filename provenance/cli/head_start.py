"""The models on disk that a command line names are hashed while the command is still imported."""

from __future__ import annotations

import os
from collections.abc import Sequence

import click

from provenance.source.ahead import Ahead, plain

MEASURING = frozenset({"compare", "inspect", "trace", "verify"})
"""The commands that measure whatever directories and files they are given."""
RUNNING = frozenset({"record", "run"})
"""The commands that start somebody else's program, which has the environment as it is."""
BLAS_THREADS = "OPENBLAS_NUM_THREADS"


def begin(ctx: click.Context, command: str, words: Sequence[str]) -> None:
    """Hashing has begun, and ends with the context; `head_start` has it. NumPy takes one thread for
    each of its products: there are threads enough, and the products are small."""
    if command not in RUNNING:
        os.environ.setdefault(BLAS_THREADS, "1")
    places = [word for word in plain(words) if os.path.exists(word)]
    if command in MEASURING and places:
        ahead = ctx.obj = Ahead(places)
        ctx.call_on_close(ahead.close)


def head_start() -> Ahead | None:
    """What was begun for the command that runs now."""
    ctx = click.get_current_context(silent=True)
    return ctx.find_object(Ahead) if ctx else None
