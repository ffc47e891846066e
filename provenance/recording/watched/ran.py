"""A command that has run: what it began with is judged, and what came of it attested."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from provenance.errors import ConfigError, ProvenanceError
from provenance.recording import later
from provenance.recording.recording import Recording
from provenance.recording.watched.disk import State
from provenance.recording.watched.materials import HUB, Materials
from provenance.recording.watched.meaning import Model
from provenance.recording.watched.order import Order
from provenance.recording.watched.program import machine, program, publishable, trainer, versions
from provenance.recording.watched.running import Ended
from provenance.recording.watched.runs import Run, byproducts, tracked
from provenance.recording.watched.watch import Watched
from provenance.wire.training import Method
from provenance.workspace.attesting import ParentRefused

JUDGING = 1_000_000.0
"""Seconds that parents may take to be judged."""
SHOWN = 12
YES, NO = "yes", "no"
TO_TYPE = "What came of the command lies where it wrote it. To attest it once this is settled:"


class NotAttested(ProvenanceError):
    """Nothing was attested, and these `lines` say why, and what to type.

    `judged` says that a parent does not pass; `code` is the exit code of a command that failed.
    """

    def __init__(self, *lines: str, judged: bool = False, code: int = 0) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines
        self.judged = judged
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A command that has ended, and what was seen of it.

    `given` are the parents that were named, as they were when they had been judged; `before` the
    runs that trackers knew when it started.
    """

    order: Order
    recording: Recording
    method: Method
    given: tuple[State, ...]
    before: frozenset[Run]
    ended: Ended
    watched: Watched
    started: datetime
    finished: datetime

    def attest(self) -> Path:
        """What came of the command is attested, and the file returned that says so; NotAttested,
        for a command that failed, and with the line that does it later whatever was in the way."""
        if not self.ended.well:
            said = f"error: nothing was attested: {self.order.words[0]}: {self.ended.said}"
            raise NotAttested(said, code=self.ended.code)
        try:
            return self._attested()
        except ParentRefused as refused:
            raise NotAttested(*refused.lines(), TO_TYPE, self.line, judged=True) from None
        except (ProvenanceError, OSError) as error:
            said = f"error: the command ended well, and nothing was attested: {error}"
            raise NotAttested(said, TO_TYPE, self.line) from None

    @property
    def line(self) -> str:
        """The command line that attests the same."""
        meaning = self.watched.meaning
        data = [self._shown(text) for one in meaning.data for text in one.named][:SHOWN]
        return later.line(
            self.recording.terms,
            str(self.order.out),
            self.method.value,
            parents=[*self._named, *(self._shown(one.name) for one in self._found)],
            datasets=data,
            moments=(self.started, self.finished),
        )

    def told(self) -> Iterator[str]:
        """What was seen, by which ways, and what may be missing."""
        seen, meaning = self.watched.seen, self.watched.meaning
        yield f"seen: {self.watched.ways()}"
        yield from seen.gaps
        yield from (f"parent: {self._shown(one.name)}" for one in meaning.models)
        count = sum(len(one.files) for one in meaning.data)
        if count:
            yield f"data: {count} files in {len(meaning.data)} places"
        for place in self._unopened:
            yield f"nothing of the parent {self._shown(place)} was seen to be opened"

    @property
    def _unopened(self) -> tuple[str, ...]:
        """The parents that the caller named, and of which nothing was seen to be opened."""
        opened = {one.place for one in self.watched.meaning.models}
        return tuple(sorted({one.folder for one in self.given} - opened))

    def _shown(self, text: str) -> str:
        """A path from the working directory on, where it lies there."""
        return text.removeprefix(f"{os.path.realpath(self.recording.terms.workspace.folder)}/")

    @property
    def _named(self) -> tuple[str, ...]:
        """The parents as the caller named them."""
        return tuple(map(str, self.recording.terms.parents))

    @property
    def _found(self) -> tuple[Model, ...]:
        """The models that nobody named."""
        named = {one.folder for one in self.given}
        return tuple(one for one in self.watched.meaning.models if one.place not in named)

    def _attested(self) -> Path:
        self._check_clear()
        models = self._meant()
        if not (models or self.given) and self.method is not Method.PRETRAIN:
            message = "no model was seen that it began with: name it"
            raise ConfigError(message, path="--parent")
        self._check_unmoved()
        self._check_opened()
        self.recording.parent(*(one.place for one in models))
        self.recording.check(JUDGING)
        self._say()
        self._check_unmoved()
        return self.recording.finish(self.order.out)

    def _meant(self) -> tuple[Model, ...]:
        """Those of the models that went in beside the parents that were named.

        What inotify alone saw may have been opened by anybody: it is asked about on a terminal,
        and elsewhere taken where nobody named a parent.
        """
        unsure = [one for one in self._found if not one.sure]
        taken = not self.given
        if unsure and self.order.ask:
            names = ", ".join(one.name for one in unsure)
            question = f"Opened meanwhile, by whom is not known: {names}. Did the command do it?"
            taken = self.order.ask(question, (YES, NO)) == YES
        return tuple(one for one in self._found if one.sure or taken)

    def _say(self) -> None:
        """Everything else that was seen is said."""
        recording, workspace = self.recording, self.recording.terms.workspace
        folder, variables = workspace.folder.absolute(), workspace.environment.variables
        endpoint = workspace.environment.endpoint or HUB
        making = Materials(
            folder=str(folder),
            replaced=self.watched.replaced,
            told=workspace.progress.note,
            hub=endpoint,
        )
        recording.materials(*making.of(self.watched.meaning))
        changed = [(path, folder / self.order.out / path) for path in self.watched.changed]
        found = byproducts(variables, self.before, tracked(folder), changed)
        recording.byproducts(*found)
        words, private = self.order.words, workspace.environment.private_names
        recording.parameters({"command": publishable(words, str(folder), private)})
        recording.said = replace(recording.said, machine=machine(words, variables))
        recording.say(
            method=self.method,
            trainer=trainer(words),
            builder=program(words, variables),
            versions=versions(words, variables),
        )

    def _check_clear(self) -> None:
        named = {text.partition("@")[0] for text in self._named}
        for names in self.watched.seen.unclear:
            if not named & {name.partition("@")[0] for name in names}:
                raise ConfigError(
                    f"the Hub's cache has what was opened as {' and as '.join(names)}, and nothing "
                    "tells which was meant: name it",
                    path="--parent",
                )

    def _check_opened(self) -> None:
        """A parent that was named was opened, as far as it would have been seen: where everything
        was, or where another model was opened in its place."""
        others = [self._shown(one.name) for one in self._found]
        if self._unopened and (others or not self.watched.seen.gaps):
            instead = f", and {', '.join(others)} was" if others else ""
            raise ConfigError(
                f"nothing of the parent {self._shown(self._unopened[0])} was opened{instead}: name "
                "what the command began with",
                path="--parent",
            )

    def _check_unmoved(self) -> None:
        for before in self.given:
            if before.now != before:
                raise ConfigError(
                    f"the parent {self._shown(before.folder)} changed after it was judged: "
                    "nobody knows what went in"
                )
        moved = self.watched.moved
        if moved:
            more = f" and {len(moved) - 1} other files" if len(moved) > 1 else ""
            raise ConfigError(
                f"{self._shown(moved[0])}{more} changed after the command opened it: what went in "
                "is not known"
            )
