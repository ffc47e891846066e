"""The recording of one run: begun, told of what is met, and finished with a statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self, Unpack

from provenance.errors import ConfigError
from provenance.produce.attest import Making
from provenance.produce.sign import Signer
from provenance.recording.terms import Terms, Words
from provenance.wire.training import Material, Method


class Recording:
    """A training run that attests itself: what it began with is pinned at `begin`, and what came of
    it is attested by `finish`.

    As a context manager it begins and finishes; an error inside leaves nothing attested. The words
    are those of `Terms`. Raises ConfigError.
    """

    def __init__(self, model: str, **words: Unpack[Words]) -> None:
        self.terms = Terms(model=model, **words)

    def begin(self, at: datetime | None = None) -> Self:
        """The key or token, the options and the code are known to be usable, and parents are being
        judged and pinned. Raises ConfigError, SourceError, ParentRefused."""
        raise NotImplementedError

    def parent(self, *models: object) -> None:
        """The run also begins with these: they are judged and pinned from now on."""
        raise NotImplementedError

    def dataset(self, *found: object) -> None:
        """The run also reads these data sets."""
        raise NotImplementedError

    def parameters(self, values: Mapping[str, object]) -> None:
        """How it is trained; what must not be published is left out, and said."""
        raise NotImplementedError

    def materials(self, *materials: Material) -> None:
        """These go into the run too: configurations, a container, a checkpoint."""
        raise NotImplementedError

    def byproducts(self, *materials: Material) -> None:
        """These come of it beside the model: a log, the run of an experiment tracker."""
        raise NotImplementedError

    def say(
        self,
        *,
        method: Method | None = None,
        trainer: str | None = None,
        builder: str | None = None,
        versions: Mapping[str, str] | None = None,
        invocation: str | None = None,
        adapter: bool | None = None,
    ) -> None:
        """What is seen of the run, where the caller said nothing else."""
        raise NotImplementedError

    def check(self, wait: float = 0.0) -> None:
        """Nothing that was judged by now, or within `wait` seconds, was refused.

        Raises ParentRefused, ConfigError, SourceError.
        """
        raise NotImplementedError

    def finish(self, folder: str | Path | None = None) -> Path:
        """The statement over what stands in `folder` (default: `out`) is written, in place of one
        that this run wrote before; returns its file. Raises ConfigError, SourceError."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self.begin()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.finish()
