"""A command that is to be recorded: everything that could fail at its end is checked before it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from provenance.errors import ConfigError
from provenance.recording.watched import running
from provenance.recording.watched.method import proposed
from provenance.recording.watched.places import places, recipes_of
from provenance.recording.watched.watch import Places
from provenance.wire.training import Method
from provenance.workspace import Workspace

Ask = Callable[[str, Sequence[str]], str]
"""Asks whoever sits at the terminal, who chooses one of several words."""
UNTOLD = (
    "nothing in the command tells how it makes a model, and it would run in vain: expected one of "
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A command, the folder that gets the model, and where else it may read.

    `roots` are folders that are watched beside the working directory. `ask` is None where
    nobody can be asked.
    """

    model: str
    out: Path
    words: Sequence[str]
    method: str | None = None
    datasets: tuple[str, ...] = ()
    code: str | None = None
    roots: tuple[Path, ...] = ()
    unverified_parent: bool = False
    ask: Ask | None = None

    def check(self, workspace: Workspace) -> None:
        """ConfigError for a command that there is not, and for an output that is a file."""
        running.check(self.words, workspace.environment.variables)
        out = workspace.folder / self.out
        if os.path.lexists(out) and not out.is_dir():
            raise ConfigError(f"expected a folder, found a file: {self.out}", path="--out")

    def told(self, workspace: Workspace) -> Method:
        """The method that was said, that the command tells, or that the terminal answers.

        ConfigError where none does.
        """
        if self.method:
            return Method(self.method)
        told = proposed(self.words, recipes_of(self.words, workspace.folder))
        if told is not None:
            return told
        every = [one.value for one in Method]
        if self.ask is None:
            raise ConfigError(UNTOLD + ", ".join(every), path="--method")
        return Method(self.ask("How does the command make the model?", every))

    def places(self, workspace: Workspace) -> Places:
        """What is watched while it runs."""
        return places(
            self.words,
            workspace.folder.absolute(),
            self.out,
            workspace.environment.variables,
            roots=self.roots,
            cache=workspace.options.cache_dir,
        )
