"""What is said of a run while it goes on, and the step that it is in the end."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from provenance.produce.attest import Making
from provenance.recording.machine import Processes, environment_of, invocation_of, versions
from provenance.wire.training import Material, Method, Parent, Step
from provenance.workspace.environment import Environment

SOME = '{"some": true}'
"""In place of a table that is not read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What goes into a statement beside its parents; each field is that of a Making.

    `machine` is the environment of what trained, where that is not this process.
    """

    parameters: Mapping[str, object] = field(default_factory=dict)
    materials: tuple[Material, ...] = ()
    byproducts: tuple[Material, ...] = ()
    trainer: str = ""
    builder: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    invocation: str = ""
    processes: Processes | None = None
    machine: Mapping[str, object] | None = None

    def told(
        self,
        *,
        parameters: Mapping[str, object] | None = None,
        materials: tuple[Material, ...] = (),
        byproducts: tuple[Material, ...] = (),
        trainer: str = "",
        builder: str = "",
        versions: Mapping[str, str] | None = None,
        invocation: str = "",
        processes: Processes | None = None,
    ) -> Said:
        """The same with what is told now: of the same name the later, of a kind all."""
        return replace(
            self,
            parameters={**self.parameters, **(parameters or {})},
            materials=tuple(dict.fromkeys((*self.materials, *materials))),
            byproducts=tuple(dict.fromkeys((*self.byproducts, *byproducts))),
            trainer=trainer or self.trainer,
            builder=builder or self.builder,
            versions={**self.versions, **(versions or {})},
            invocation=invocation or self.invocation,
            processes=processes or self.processes,
        )

    def step(self, model: str, method: Method, parents: tuple[Parent, ...]) -> Step:
        """The step as far as it is said by now: what there are of tables, and of no file yet."""
        return Step(
            model=model,
            method=method,
            subjects={},
            parents=parents,
            materials=self.materials,
            parameters=SOME if self.parameters else "",
            environment=SOME,
        )


def making_of(
    said: Said,
    *,
    model: str,
    method: Method,
    adapter: bool,
    moments: tuple[datetime | None, datetime],
    environment: Environment,
) -> tuple[Making, tuple[str, ...]]:
    """The step that this is, and the names of what is left out because nobody else may read it."""
    started, finished = moments
    elsewhere = said.machine is not None
    making = Making(
        model=model,
        method=method,
        materials=said.materials,
        parameters=said.parameters,
        environment=said.machine or environment_of(said.processes or Processes()),
        trainer=said.trainer,
        adapter=adapter,
        builder=said.builder or f"pkg:generic/python@{platform.python_version()}",
        versions={**({} if elsewhere else versions()), **said.versions},
        invocation=said.invocation or invocation_of(environment.variables),
        started=started,
        finished=finished,
        byproducts=said.byproducts,
    )
    return making.published(environment.private_names)
