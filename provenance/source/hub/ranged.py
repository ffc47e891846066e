"""A file of a Hub by range, wherever it leads to."""

from __future__ import annotations

import re
from dataclasses import replace
from threading import Lock
from urllib.parse import urlsplit

from provenance.source.hub.client import FILE_TIMEOUT, Answer, Hub, Question
from provenance.source.remote.budget import Beyond, RequestBudget
from provenance.source.remote.listed import Listed
from provenance.source.remote.ranged import Contradiction, Unranged

SPAN = re.compile(r"bytes ([0-9]+)-([0-9]+)/([0-9]+)")


class HubRanges:
    """One file of a repository, of which at most `most` bytes are ever fetched; safe for threads.

    Asking raises OSError where a range cannot be had (Contradiction, Unranged, or too many bytes)
    and SourceError where the Hub does not answer.
    """

    def __init__(
        self, hub: Hub, repo: str, commit: str, entry: Listed, account: RequestBudget, most: int
    ) -> None:
        self.entry = entry
        self._hub, self._account = hub, account
        url = hub.file(repo, commit, entry.path)
        self._question = Question(url=url, repo=repo, most=0, timeout=FILE_TIMEOUT)
        self._left = most
        self._lock = Lock()

    def fetch(self, start: int, end: int) -> bytes:
        """The bytes from `start` to `end`; where an answer ends early, the rest is asked for."""
        with self._lock:
            self._left -= end - start
            if self._left < 0:
                raise OSError(f"more of {self.entry.path!r} than may be read of one file")
        data = b""
        while len(data) < end - start:
            part = self._part(start + len(data), end)
            if not part:
                raise Unranged(f"{self.entry.path!r}: the server sent nothing of a range")
            data += part
        return data

    def _part(self, start: int, end: int) -> bytes:
        question = replace(self._question, span=(start, end), most=end - start)
        try:
            answer = self._hub.ask(question, self._account)
        except Beyond as error:
            raise OSError(str(error)) from None
        self._remember(answer)
        if answer.status == 200 and start == 0:
            return answer.body
        self._check(answer, start)
        return answer.body

    def _remember(self, answer: Answer) -> None:
        """Another host that was led to is asked directly the next time, and never with a token."""
        asked, led = urlsplit(self._question.url), urlsplit(answer.url)
        if (asked.scheme, asked.netloc) != (led.scheme, led.netloc):
            self._question = replace(self._question, url=answer.url, anonymous=True)

    def _check(self, answer: Answer, start: int) -> None:
        found = SPAN.fullmatch(answer.headers.get("content-range", ""))
        if answer.status != 206 or not found or int(found[1]) != start:
            raise Unranged(f"{self.entry.path!r}: the server does not answer by range")
        if int(found[3]) != self.entry.size:
            raise Contradiction(
                f"listed with {self.entry.size} bytes, and {found[3]} when it is read"
            )
