"""One repository of a registry, asked politely: few retries, and credentials where they belong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from time import sleep
from typing import TypeVar

from provenance.errors import Absent, SourceError
from provenance.source.oci.address import Address
from provenance.source.oci.auth import Keeper
from provenance.source.oci.http import Answer, Broken, Http, Open, Question
from provenance.source.patience import asked_to_wait
from provenance.source.remote.budget import Beyond
from provenance.source.remote.ranged import Contradiction, Unranged
from provenance.source.remote.store import StoreOptions

T = TypeVar("T", bound=Answer)
TRIES = 4
FIRST_WAIT = 0.5
LONGEST_WAIT = 300.0
AGAIN = frozenset({408, 429, 500, 502, 503, 504})
SPAN = re.compile(r"bytes ([0-9]+)-([0-9]+)/([0-9]+|\*)")
NOT_SHOWN = {
    401: "the registry asks who you are, and {why}",
    403: "the registry does not let you have it, and {why}",
    404: "the registry has no such repository, tag or digest, or does not show it",
}


class Unanswered(SourceError):
    """It did not answer, and may the next time."""


@dataclass(kw_only=True)
class Repository:
    """A repository and how to ask it; safe for threads."""

    address: Address
    options: StoreOptions
    actions: str = "pull"
    wait: Callable[[float], None] = sleep
    http: Http = field(init=False)
    keeper: Keeper = field(init=False)

    def __post_init__(self) -> None:
        self.http = Http(self.options)
        self.keeper = Keeper(address=self.address, http=self.http, actions=self.actions)

    def url(self, kind: str, reference: str) -> str:
        """Where a manifest, a blob or the referrers of one are."""
        return f"{self.address.base}/{kind}/{reference}"

    def ask(self, url: str, most: int, *, accept: str = "*/*") -> Answer:
        """The whole answer, of status 200.

        Absent where there is none or it is not shown, Beyond for one of more than `most` bytes,
        SourceError for every other failure.
        """
        try:
            return self.polite(
                url,
                lambda secret: self.http.whole(
                    Question(url=url, accept=accept, secret=secret), most
                ),
                (200,),
            )
        except Beyond as error:
            raise Beyond(f"{error}: refused") from None

    def span(self, digest: str, start: int, end: int, size: int) -> bytes:
        """The bytes of a blob from `start` up to `end`.

        Unranged where the registry does not answer by range, Contradiction where it states another
        size than `size`, SourceError as `ask`.
        """
        url, whole = self.url("blobs", digest), start == 0 and end >= size
        asked = None if whole else (start, end)

        def once(secret: str) -> Answer:
            question = Question(url=url, secret=secret, span=asked)
            return self.http.whole(question, end - start, cut=True)

        answer = self.polite(url, once, (200, 206))
        if answer.status == 206:
            check_span(answer, digest, start, size)
        elif start:
            raise Unranged(f"{digest}: the registry does not answer by range")
        return answer.body

    def chunks(self, digest: str, start: int, end: int) -> Iterator[bytes]:
        """The bytes of a blob from `start` to `end`, asked for again where they break off.

        Fewer where the blob ends before; SourceError where they do not come.
        """
        at, failed = start, 0
        while at < end:
            begun = at
            try:
                for piece in self._part(digest, at, end):
                    yield (piece := piece[: end - at])
                    at += len(piece)
                if at == begun:
                    return
            except Broken as error:
                failed = 1 if at > begun else failed + 1
                if at > begun:
                    self.options.deadline.renew()
                if failed >= TRIES:
                    raise SourceError(f"{self.url('blobs', digest)}: {error}") from None
                self.rest(FIRST_WAIT * 2**failed)

    def _part(self, digest: str, start: int, end: int) -> Iterator[bytes]:
        """What comes at one time; nothing where the blob has no more."""
        url = self.url("blobs", digest)

        def once(secret: str) -> Open:
            return self.http.opened(
                Question(url=url, secret=secret, span=(start, end) if start else None)
            )

        opened = self.polite(url, once, (200, 206, 416))
        with closing(opened.response):
            if opened.status == 416:
                return
            try:
                if opened.status == 206 or start:
                    check_span(opened, digest, start, None)
            except OSError as error:
                raise SourceError(f"{url}: {error}") from None
            yield from self.http.chunks(opened)

    def polite(
        self,
        url: str,
        ask: Callable[[str], T],
        good: Sequence[int],
        *,
        tries: int = TRIES,
        refusal: Callable[[str, Answer], SourceError] | None = None,
    ) -> T:
        """The answer with one of the `good` statuses, after as many tries as are polite.

        `ask` is given the header that says who asks. Unanswered where it may go better the next
        time, and what `refusal` makes of any other status.
        """
        wait, told = FIRST_WAIT, False
        while True:
            self.options.deadline.check(url)
            sent = self.keeper.header
            try:
                answer = ask(sent)
            except Broken as error:
                what, asked = str(error), 0.0
            else:
                if answer.status in good:
                    return answer
                self._close(answer)
                what, asked = f"status {answer.status}", asked_to_wait(answer.headers)
                if answer.status == 401 and not told and self.keeper.answer(answer, sent):
                    told = True
                    continue
                if answer.status not in AGAIN:
                    raise (refusal or self._refusal)(url, answer)
            wait, tries = max(wait, asked), tries - 1
            if not tries or wait > LONGEST_WAIT:
                break
            self.rest(wait)
            wait *= 2
        later = f"in {asked:.0f} seconds, as it asks" if asked else "later"
        raise Unanswered(f"{url} does not answer ({what}): try again {later}")

    def _refusal(self, url: str, answer: Answer) -> SourceError:
        if answer.status not in NOT_SHOWN:
            return SourceError(f"{url}: status {answer.status}")
        known = self.keeper.found if answer.status != 404 else None
        why = "what this machine sent is not enough" if self.keeper.header else ""
        if known and not (known.credential and self.keeper.header):
            why = known.words
        return Absent(f"{url}: {NOT_SHOWN[answer.status].format(why=why)}")

    def _close(self, answer: Answer) -> None:
        if isinstance(answer, Open):
            answer.response.close()

    def rest(self, seconds: float) -> None:
        """So many seconds go by, or as many as the run has left."""
        self.wait(min(seconds, self.options.deadline.left))


def check_span(answer: Answer, digest: str, start: int, size: int | None) -> None:
    """An answer by range begins where it was asked to, of a blob of that size."""
    found = SPAN.fullmatch(answer.headers.get("content-range", ""))
    if not found or int(found[1]) != start:
        raise Unranged(f"{digest}: the registry answers with another range")
    if size is not None and found[3] != "*" and int(found[3]) != size:
        stated = f"the registry states {found[3]} bytes, and the manifest {size}"
        raise Contradiction(f"{digest}: {stated}")
