"""A model on a Hub at one commit, as any store's release."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TypeVar

from provenance.errors import Absent
from provenance.model import Evidence
from provenance.names import keeper
from provenance.source.deadline import Deadline
from provenance.source.hub import listing
from provenance.source.hub.client import FILE_TIMEOUT, Hub, Question
from provenance.source.hub.download import download
from provenance.source.hub.ranged import HubRanges
from provenance.source.limits import DEFAULT, Limits
from provenance.source.progress import Progress, Step
from provenance.source.remote.budget import RequestBudget
from provenance.source.remote.listed import Listed

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class HubRelease:
    """A repository at a commit; a download may come out of the Hub's own `cache`."""

    hub: Hub
    name: str
    commit: str
    account: RequestBudget
    cache: Path | None = None

    @classmethod
    def of(
        cls, hub: Hub, evidence: Evidence, cache: Path | None = None, limits: Limits = DEFAULT
    ) -> HubRelease:
        """The one that evidence was gathered of."""
        facts = evidence.facts
        return cls(
            hub=hub,
            name=facts.id if facts else evidence.ref.repo or "",
            commit=evidence.ref.commit or "",
            account=RequestBudget(limits),
            cache=cache,
        )

    @property
    def keeper(self) -> str:
        """The Hub."""
        return keeper(None)

    @property
    def progress(self) -> Progress:
        """The Hub's."""
        return self.hub.progress

    @property
    def deadline(self) -> Deadline:
        """The Hub's."""
        return self.hub.deadline

    def each(self, what: str, function: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """As the Hub does."""
        return self.hub.each(what, function, items)

    def stated(self, entries: Sequence[Listed]) -> Sequence[Listed]:
        """A mirror may drop digests from the listing and know them all the same."""
        return listing.stated(self.hub, self.name, self.commit, entries, self.account)

    def whole(self, path: str, most: int) -> bytes | None:
        """A file, by one question."""
        url = self.hub.file(self.name, self.commit, path)
        question = Question(url=url, repo=self.name, most=most, cut=True, timeout=FILE_TIMEOUT)
        try:
            return self.hub.ask(question, self.account).body
        except Absent as error:
            if error.code != "EntryNotFound":
                raise
            return None

    def ranges(self, entry: Listed, most: int) -> HubRanges:
        """A file, by a question for each piece."""
        return HubRanges(self.hub, self.name, self.commit, entry, self.account, most)

    def download(self, path: str, folder: Path, *, again: bool, step: Step, stop: Event) -> None:
        """By huggingface_hub itself."""
        download(
            self.hub,
            self.name,
            self.commit,
            path,
            folder,
            again=again,
            cache=self.cache,
            step=step,
            stop=stop,
        )
