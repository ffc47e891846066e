"""The command line that attests what came of a command, once what was in the way is settled."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from provenance.errors import ProvenanceError
from provenance.produce.publishable import refusals
from provenance.produce.uri import is_uri
from provenance.recording.code import code_of
from provenance.recording.later import line
from provenance.recording.terms import Terms
from provenance.recording.watched.meaning import Data
from provenance.wire.training import Method
from provenance.workspace.materials import Desk

SHOWN = 12
TO_TYPE = "What came of the command lies where it wrote it. To attest it once this is settled:"
TO_ADD = (
    "What came of the command lies where it wrote it. This line attests it when `--parent DIR` is "
    "added, the folder (or org/name@commit) of the model that it began with:"
)
ELSEWHERE = (
    "{} is not in the line, since it lies outside the folder that you stand in, and its path would "
    "be published: add `--dataset URI` for it, or go to a folder above it"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """What is known of a run: how it was ordered, where, when, and what was seen of it.

    `parents` are the models as a command line names them, `data` the data sets that were seen.
    """

    terms: Terms
    desk: Desk
    out: Path
    method: Method
    parents: tuple[str, ...]
    data: tuple[Data, ...]
    builder: str
    started: datetime
    finished: datetime

    def lines(self) -> Iterator[str]:
        """What to type, in the last line; before it, what must be added and what is left out."""
        for text in dict.fromkeys(text for text in self._data() if not self._can_be_named(text)):
            yield ELSEWHERE.format(text)
        needs = not self.parents and self.method is not Method.PRETRAIN
        yield TO_ADD if needs else TO_TYPE
        yield self._line()

    def _line(self) -> str:
        terms = self.terms
        data = dict.fromkeys((*map(str, terms.datasets), *self._data()))
        secret = any(refusals(self.builder, private=self._private))
        return line(
            terms,
            str(self.out),
            self.method.value,
            parents=map(self._place, self.parents),
            datasets=filter(self._can_be_named, data),
            moments=(self.started, self.finished),
            code=(terms.code or ".") if self._has_code() else None,
            builder=self.builder if is_uri(self.builder) and not secret else None,
        )

    def _data(self) -> list[str]:
        """The data sets that were seen, by their paths from here on: a folder where it is whole."""
        out = os.path.realpath(self.desk.folder / self.out)
        found: list[str] = []
        for one in self.data:
            holds = f"{out}/".startswith(f"{one.place.rstrip('/')}/")
            named = one.files if holds or one.place == self._top else one.named
            found += [self._shown(text) for text in named]
        return list(dict.fromkeys(found))[:SHOWN]

    def _can_be_named(self, text: str) -> bool:
        """Whether `attest` takes it: what lies here, or a data set that is no file."""
        folder = self.desk.folder
        if not os.path.lexists(folder / text):
            return not os.path.isabs(text)
        return Path(os.path.normpath(folder / text)).is_relative_to(folder)

    def _has_code(self) -> bool:
        try:
            return bool(code_of(self.terms.code, self.desk))
        except ProvenanceError:
            return False

    def _place(self, parent: str) -> str:
        """A parent as a path that no name of provenance.toml is taken for, where it is one."""
        shown = self._shown(parent)
        return f"./{shown}" if shown != parent else parent

    def _shown(self, text: str) -> str:
        return text.removeprefix(f"{self._top}/")

    @property
    def _top(self) -> str:
        return os.path.realpath(self.desk.folder)

    @property
    def _private(self) -> frozenset[str]:
        return frozenset(self.desk.environment.private_names)
