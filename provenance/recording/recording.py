"""The recording of one run: begun, told of what is met, and finished with a statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Self, Unpack

from provenance.errors import ConfigError, SourceError
from provenance.produce.attest import Making, read_back
from provenance.produce.sign import Signer
from provenance.recording import data, later, output
from provenance.recording.background import AT_FIRST, PATIENCE, Background
from provenance.recording.code import code_of
from provenance.recording.loaded import origins
from provenance.recording.machine import Processes, container_of
from provenance.recording.pinning import Pinning
from provenance.recording.said import Said, making_of
from provenance.recording.terms import Terms, Words
from provenance.recording.words import check_known, spoken
from provenance.report.attested import summary
from provenance.wire.training import Material, Method
from provenance.workspace.attesting import Begun, ParentRefused, added, file_in, proposed
from provenance.workspace.foreseen import Foreseen, foreseen_by
from provenance.workspace.materials import Desk

Materials = tuple[Material, ...]


class Recording:
    """A training run that attests itself: pinned at `begin`, attested by `finish`.

    Pinned is what it begins with, by every digest; attested is what it wrote to a folder. As a
    context manager it begins, waits some seconds for the verdict on parents, and finishes; an error
    inside leaves nothing attested. What is to be said meanwhile goes to the progress of `workspace`
    (by default the logger `provenance`). Keywords, checked at once:

    out: the folder that is written to and attested.
    method: how the model is made: pretrain, sft, lora, dpo, merge, …
    parents: a list of folders, names of provenance.toml, models of the Hub's cache as
        org/name@commit, or models as a library has loaded them.
    datasets: a list of files, folders, org/name@commit, or data sets as `datasets` has loaded them.
    code: a folder of the git repository that trains, or a URI (default: the working directory).
    parameters: a mapping, to which `parameters()` adds.
    key, certificate, chain: PEM files to sign with, of which `key` alone will do.
    identity_token, trust_config: an identity in place of a key (default: that of the CI job).
    timestamps: a list of addresses of timestamp authorities, which say when the key signed.
    policy, registry: by what parents are judged, as for `provenance attest`.
    unverified_parent: True attests although a parent does not pass.
    output: the file that gets the statement (default: claims.jsonl in `out`).
    workspace: the folder and settings of the caller, and who is told.

    Raises ConfigError, and TypeError for any other keyword.
    """

    by_options = False
    """Whether a command line gave the words, and errors name its options."""

    def __init__(self, model: str, **words: Unpack[Words]) -> None:
        check_known(words, Words.__annotations__)
        self.terms = Terms(model=model, **words)
        self.started: datetime | None = None
        self.said = Said(parameters=dict(self.terms.parameters))
        self._signer: Signer | None = None
        self._pinned: list[Pinning] = []
        self._read: list[Background[Materials]] = []
        self._code: Background[Materials] | None = None
        self._foreseen: Foreseen | None = None
        self._before: output.Stamps = {}
        self._attested: dict[Path, tuple[output.Stamps, bytes]] = {}
        self._method = self.terms.stated
        self._waiting: list[object] = [*self.terms.parents]

    @property
    def desk(self) -> Desk:
        """Where the run's files are named from, and when it began."""
        return self.terms.desk(self.started or datetime.now(UTC))

    @spoken
    def begin(self, at: datetime | None = None) -> Self:
        """The key or token, the options and the code are known to be usable, what is wrong with the
        key is noted, and parents are being judged. Raises ConfigError, SourceError, TrustError."""
        self.started = at or datetime.now(UTC)
        terms, desk = self.terms, self.desk
        self._signer = terms.signer(self.started)
        self.materials(*container_of(desk))
        out = self.terms.folder()
        output.check_writable(out)
        self._before = output.state_of(out) if out.is_dir() else {}
        file_in(out, self.terms.target(out))
        self.dataset(*terms.datasets)
        waiting, self._waiting = self._waiting, []
        self.parent(*waiting)
        judged = replace(desk, judged=(out, *self.places))
        self.reading(lambda: code_of(terms.code, judged))
        self._code = self._read[-1]
        gathering = self._pinned[0].gathering if self._pinned else terms.gathering()
        self._foreseen = foreseen_by(gathering, terms.model, self._signer)
        return self

    @spoken
    def parent(self, *models: object) -> None:
        """The run also begins with these: they are judged and pinned from now on.

        Raises ConfigError, SourceError, TrustError.
        """
        if self.started is None:
            self._waiting.extend(models)
        elif found := origins(models):
            pinning = Pinning(self.terms, found)
            output.check_apart(self.terms.folder(), pinning.places)
            self._pinned.append(pinning)

    @property
    def places(self) -> tuple[Path, ...]:
        """The folders of the parents, as far as they are known by now."""
        return tuple(chain.from_iterable(one.places for one in self._pinned))

    @spoken
    def dataset(self, *found: object, named: Sequence[str] = ()) -> None:
        """The run also reads these data sets, which were perhaps made from files that are `named`;
        raises ConfigError for what names none."""
        desk = self.desk
        data.check_named(found, desk)
        if found:
            self.reading(lambda: data.materials(found, desk, named))

    def reading(self, work: data.Reader) -> None:
        """What the work finds goes into the run; it is done while the run goes on."""
        self._read.append(Background(work))

    def parameters(self, values: Mapping[str, object]) -> None:
        """How it is trained; what must not be published is left out, and said."""
        self.said = self.said.told(parameters=values)

    def materials(self, *materials: Material) -> None:
        """These go into the run too: configurations, a container, a checkpoint."""
        self.said = self.said.told(materials=materials)

    def byproducts(self, *materials: Material) -> None:
        """These come of it beside the model: a log, the run of an experiment tracker."""
        self.said = self.said.told(byproducts=materials)

    def say(
        self,
        *,
        method: Method | None = None,
        trainer: str = "",
        builder: str = "",
        versions: Mapping[str, str] | None = None,
        invocation: str = "",
        processes: Processes | None = None,
    ) -> None:
        """What is seen of the run; a method counts where the caller states none."""
        self._method = self.terms.stated or method or self._method
        self.said = self.said.told(
            trainer=trainer,
            builder=builder,
            versions=versions or {},
            invocation=invocation,
            processes=processes,
        )

    @spoken
    def check(self, wait: float = 0.0) -> None:
        """Nothing that was judged or read by now, or within `wait` seconds, was refused.

        Raises ParentRefused, ConfigError, SourceError.
        """
        for pinning in self._pinned:
            pinning.check(wait)
        for work in self._read:
            work.check()

    def settle(self) -> None:
        """Everything that the run has to read so far has been read: nothing of it reads on.

        Raises as `check` does.
        """
        for work in self._read:
            work.result()

    @spoken
    def foresee(self, *later: str) -> None:
        """What `[policy.training]` asks for and the statement would not state was noted, as far as
        it is known by now; nothing of the demands of `later`. Raises as `check` does."""
        if self._foreseen is None or self._code is None:
            return
        self._code.check(AT_FIRST)
        done = [work.result() for work in self._read if work.is_done]
        unknown = {"code_clean"} if not self._code.is_done else set()
        unknown |= {"data_pinned"} if len(done) < len(self._read) else set()
        step = self.said.told(materials=tuple(chain.from_iterable(done))).step(
            self.terms.model,
            self._method or Method.FINETUNE,
            tuple(chain.from_iterable(one.parents for one in self._pinned)),
        )
        self._foreseen.tell_unmet(step, later={*later, *unknown})

    def stands(self, folder: str | Path | None = None) -> bool:
        """Whether a model that this run wrote stands in `folder` (default: `out`)."""
        place = self.terms.folder(folder)
        if place.absolute() == self.terms.folder().absolute():
            return output.is_written(place, self._before)
        return self.started is not None and output.is_newer(place, self.started)

    def missing(self, folder: str | Path | None = None) -> str:
        """Why no model of this run stands in `folder`, where none does, and what to do then."""
        place = self.terms.folder(folder)
        return f"{place}: {output.missing(place)}"

    @spoken
    def finish(self, folder: str | Path | None = None) -> Path:
        """The statement over what stands in `folder` (default: `out`) is written, in place of one
        that this run wrote before; returns its file.

        Raises ParentRefused, ConfigError where no model stands there that the run wrote, and
        SourceError where it cannot be signed or written: it can be called again then.
        """
        place = self.terms.folder(folder)
        if self.started is None:
            raise ConfigError("the run was not begun: call begin() first")
        if not self.stands(place):
            raise ConfigError(output.missing(place), path=str(place))
        state, file = output.state_of(place), self.terms.target(place)
        before, line = self._attested.get(file, ({}, b""))
        if before != state:
            self._attested[file] = state, self._attest(place, file, line)
        return file

    def _attest(self, place: Path, file: Path, instead: bytes) -> bytes:
        now = datetime.now(UTC)
        try:
            begun = self._begun()
        except ParentRefused as refused:
            method = self._made_by(adapter=output.is_adapter(place)).value
            moments = (self.started, now)
            raise later.refused(refused, self.terms, place, method, self.places, moments) from None
        making = self._making(place, now)
        text = proposed(begun, making, place, replace(self.desk, at=now))
        step = read_back(text)
        if self._foreseen:
            self._foreseen.tell_unmet(step)
        line = self._signing(now).sign(text).encode()
        try:
            added(file, [*begun.carried, line], instead=instead)
        except OSError as error:
            message = f"{file}: {error.strerror or error}: mend that, then call finish() again"
            raise SourceError(message) from None
        said = f"attested: {later.shown(file, self.terms)} ({summary(step)})"
        self.terms.workspace.progress.note(said)
        return line

    def _making(self, place: Path, now: datetime) -> Making:
        read = tuple(chain.from_iterable(work.result() for work in self._read))
        adapter = output.is_adapter(place)
        making, dropped = making_of(
            self.said.told(materials=read),
            model=self.terms.model,
            method=self._made_by(adapter=adapter),
            adapter=adapter,
            moments=(self.started, now),
            environment=self.terms.workspace.environment,
        )
        if dropped:
            words = f"left out, because it must not be published: {', '.join(dropped)}"
            self.terms.workspace.progress.note(words)
        return making

    def _made_by(self, *, adapter: bool) -> Method:
        """The method; what was trained as an adapter and merged is no adapter any more."""
        method = self._method or Method.FINETUNE
        return Method.FINETUNE if method is Method.LORA and not adapter else method

    def _begun(self) -> Begun:
        found = [pinning.result() for pinning in self._pinned]
        return Begun(
            parents=tuple(chain.from_iterable(one.parents for one in found)),
            carried=tuple(dict.fromkeys(chain.from_iterable(one.carried for one in found))),
        )

    def _signing(self, now: datetime) -> Signer:
        """The signer of the beginning; the identity of a CI job is asked for anew, since its token
        lives for minutes."""
        terms = self.terms
        if self._signer is None or (terms.key is None and terms.identity_token is None):
            self._signer = terms.signer(now)
        return self._signer

    def __enter__(self) -> Self:
        """Begun, and no parent was refused in the first seconds.

        Raises ConfigError where neither a method nor a parent is said, and as `check` does.
        """
        if not (self.terms.method or self.terms.parents):
            message = "say what the run begins with: parents=['./base'], or method='pretrain'"
            raise ConfigError(message, path="parents")
        self.begin()
        self.check(PATIENCE)
        self.foresee(*(() if self.said.parameters else ("parameters",)))
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Attested, unless something was raised."""
        if kind is None:
            self.finish()
