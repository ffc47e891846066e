"""A command that trains, recorded: from what is checked before it to what was seen of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from provenance.recording.recording import Recording
from provenance.recording.watched import running
from provenance.recording.watched.disk import State
from provenance.recording.watched.order import Order
from provenance.recording.watched.ran import JUDGING, NotAttested, Ran
from provenance.recording.watched.runs import tracked
from provenance.recording.watched.watch import Places, Watch
from provenance.wire.training import Method
from provenance.workspace import Request, Workspace
from provenance.workspace.attesting import ParentRefused
from provenance.workspace.signing import SignerOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A command that may start: the key was read, and the parents that were named passed."""

    order: Order
    recording: Recording
    method: Method
    given: tuple[State, ...]

    def run(self) -> Ran:
        """The command has run to its end, and what it opened is known.

        Raises ConfigError where it cannot be started, OSError where nothing can be noted.
        """
        workspace = self.recording.terms.workspace
        folder, variables = workspace.folder.absolute(), workspace.environment.variables
        before, places = tracked(folder), self._places()
        for line in places.warnings:
            workspace.progress.note(line)
        watch = Watch.begun(places)
        try:
            started = self.recording.started = datetime.now(UTC)
            ended = running.run(self.order.words, watch.environment(variables), folder)
            finished = datetime.now(UTC)
            watched = watch.end()
        finally:
            watch.drop()
        return Ran(
            order=self.order,
            recording=self.recording,
            method=self.method,
            given=self.given,
            before=before,
            ended=ended,
            watched=watched,
            started=started,
            finished=finished,
        )

    def _places(self) -> Places:
        """What is watched: the parents that were named too, wherever they lie."""
        places = self.order.places(self.recording.terms.workspace)
        named = (state.folder for state in self.given)
        return replace(places, roots=(*places.roots, *named))


def made_ready(
    order: Order, request: Request, signing: SignerOptions, workspace: Workspace
) -> Ready:
    """The command is one that can start, and whatever could fail at its end is known to hold.

    `request` names its parents and by what they are judged. Raises ConfigError where nothing tells
    the method and nobody can be asked; what Recording.begin raises; ParentRefused for a parent
    that does not pass.
    """
    order.check(workspace)
    method = order.told(workspace)
    recording = Recording(
        order.model,
        out=order.out,
        method=method.value,
        parents=request.refs,
        datasets=order.datasets,
        code=order.code,
        key=signing.key,
        certificate=signing.certificate,
        chain=signing.issuers,
        identity_token=signing.identity_token,
        trust_config=signing.trust_config,
        timestamps=signing.timestamps,
        policy=request.policy,
        registry=request.registry,
        unverified_parent=order.unverified_parent,
        workspace=workspace,
    )
    recording.by_options = True
    recording.begin()
    recording.check(JUDGING)
    recording.settle()
    recording.foresee("data_pinned", "parameters")
    given = tuple(State.of(str(place)) for place in recording.places)
    return Ready(order=order, recording=recording, method=method, given=given)


def recorded(
    order: Order,
    request: Request,
    signing: SignerOptions,
    workspace: Workspace,
) -> Path:
    """The command has run, and what came of it is attested in the file that is returned.

    The workspace's progress is told what was seen. Raises NotAttested, and what `made_ready` does.
    """
    try:
        ready = made_ready(order, request, signing, workspace)
    except ParentRefused as refused:
        lines = (*refused.lines(), f"{order.words[0]} was not started.")
        raise NotAttested(*lines, judged=True) from None
    ran = ready.run()
    for line in ran.told():
        workspace.progress.note(line)
    return ran.attest()
