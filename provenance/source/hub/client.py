"""One Hub, spoken to politely: bounded answers, few retries, the token only where it belongs."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from threading import current_thread
from typing import Literal, TypeVar
from urllib.parse import quote, urlsplit

from huggingface_hub import constants
from huggingface_hub.errors import OfflineModeIsEnabled
from huggingface_hub.utils import build_hf_headers, http_stream_backoff

from provenance.errors import Absent, ConfigError, SourceError, Unserved
from provenance.names import namespace_of
from provenance.source.deadline import Deadline
from provenance.source.exchange import is_untrusted, reason, within
from provenance.source.hub.hops import starting_at
from provenance.source.hub.refusals import MISSING, NOT_SERVED, code_of, missing
from provenance.source.pace import Pace, kind_of
from provenance.source.patience import asked_to_wait
from provenance.source.progress import Progress, Silent, Unit
from provenance.source.reach import Astray
from provenance.source.remote.budget import Beyond, RequestBudget

T = TypeVar("T")
R = TypeVar("R")

WORKERS = 8
THREAD = "hub-request"
TRIES = 4
FIRST_WAIT = 0.5
LONGEST_WAIT = 300.0
"""Seconds that are waited if a Hub asks for it: the window of the Hub's own rate limits."""
PATIENCE = 120.0
"""Seconds that one answer may take in all, from the first byte asked to the last that comes."""

AGAIN = frozenset({408, 429, 500, 502, 503, 504})
FILE_TIMEOUT: float = constants.HF_HUB_DOWNLOAD_TIMEOUT
"""Seconds without a byte after which reading a file is given up."""

logging.getLogger("huggingface_hub").setLevel(logging.ERROR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request: a URL of the endpoint, about a repository, and how many bytes may come back.

    `span` asks for the bytes from its first number up to its second. An answer longer than `most`
    is an error, or where `cut` is set cut there.
    """

    url: str
    repo: str
    most: int
    method: Literal["GET", "HEAD", "POST"] = "GET"
    span: tuple[int, int] | None = None
    json: Mapping[str, object] | None = None
    cut: bool = False
    anonymous: bool = False
    follow: bool = True
    timeout: float = constants.HF_HUB_ETAG_TIMEOUT


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: `url` is where it came from in the end, names of headers are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


class Hub:
    """A Hub and how to ask it; safe for threads.

    The token (None for the one this machine has, if it may be used) goes to the endpoint alone,
    and only in questions about `namespaces`. `workers` is how many requests are made at once,
    `patience` the seconds that one answer may take. Raises ConfigError for an endpoint that is no
    http or https URL.
    """

    def __init__(
        self,
        *,
        endpoint: str | None = None,
        token: str | None = None,
        namespaces: Iterable[str] = (),
        workers: int = WORKERS,
        progress: Progress | None = None,
        deadline: Deadline | None = None,
        sleep: Callable[[float], None] = time.sleep,
        patience: float = PATIENCE,
        say: Callable[[str], None] = lambda words: None,
        pace: Pace | None = None,
    ) -> None:
        self.endpoint = (endpoint or constants.ENDPOINT).rstrip("/")
        if urlsplit(self.endpoint).scheme not in ("http", "https"):
            raise ConfigError(f"expected an http or https URL, found {self.endpoint[:80]!r}")
        self.progress = progress or Silent()
        self.workers = workers
        self.deadline = deadline or Deadline()
        self._token = token
        self._namespaces = frozenset(name.lower() for name in namespaces)
        self._sleep = sleep
        self._patience = patience
        self._say = say
        self._pace = pace
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix=THREAD)

    @property
    def patience(self) -> float:
        """The seconds that one answer may take, or that a download may go without moving."""
        return min(self._patience, self.deadline.seconds)

    def token_for(self, repo: str) -> str | bool | None:
        """What huggingface_hub is to send for this repository; False is nothing."""
        return self._token if namespace_of(repo).lower() in self._namespaces else False

    def each(self, what: str, function: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """`function` of each item, several at once; the first error ends it.

        None of these threads ever waits for another: asked from within `function`, it is done on
        the spot, one item after the other. Overdue where the run's deadline comes first.
        """
        todo = list(items)
        step = self.progress.step(what, len(todo), Unit.ITEMS)

        def one(item: T) -> R:
            result = function(item)
            step.advance(1)
            return result

        try:
            if current_thread().name.startswith(THREAD):
                return [one(item) for item in todo]
            return self._at_once(what, one, todo)
        finally:
            step.end()

    def _at_once(self, what: str, function: Callable[[T], R], todo: Sequence[T]) -> list[R]:
        futures = [self._pool.submit(function, item) for item in todo]
        try:
            return [
                self.deadline.result(future, f"{what} ({done} of {len(todo)} done)")
                for done, future in enumerate(futures)
            ]
        finally:
            for future in futures:
                future.cancel()

    def api(self, repo: str, *parts: str) -> str:
        """The URL of one of the endpoint's answers about a repository."""
        quoted = [quote(part, safe="") for part in parts]
        return "/".join([f"{self.endpoint}/api/models/{quote(repo)}", *quoted])

    def file(self, repo: str, commit: str, path: str) -> str:
        """The URL of a file."""
        return f"{self.endpoint}/{quote(repo)}/resolve/{commit}/{quote(path)}"

    def ask(self, question: Question, account: RequestBudget) -> Answer:
        """The answer, after as many tries as are polite.

        Absent where the Hub has no such thing or does not show it, Beyond for an answer that is
        too long or one request too many, Overdue after the run's deadline, Unserved where it has no
        such route, SourceError for every other failure.
        """
        wait = FIRST_WAIT
        for left in reversed(range(TRIES)):
            self.deadline.check(question.url)
            account.spend()
            answer = self._in_turn(question)
            if isinstance(answer, Answer) and answer.status not in AGAIN:
                return self._accepted(question, answer)
            asked = asked_to_wait(answer.headers) if isinstance(answer, Answer) else 0.0
            wait = max(wait, asked)
            if not left or wait > LONGEST_WAIT:
                break
            self._rest(min(wait, self.deadline.left), asked)
            wait *= 2
        what = f"status {answer.status}" if isinstance(answer, Answer) else answer
        later = f"in {asked:.0f} seconds, as it asks" if asked else "later"
        raise SourceError(f"{question.url} does not answer ({what}): try again {later}")

    def _in_turn(self, question: Question) -> Answer | str:
        """The answer or what went wrong, asked when it may be; a wait that the Hub asks for is one
        for every thread that keeps this pace."""
        if self._pace is None:
            return self._tried(question)
        kind = kind_of(question.url, self.endpoint)
        self._pace.turn(kind)
        answer = self._tried(question)
        if isinstance(answer, Answer) and (wait := asked_to_wait(answer.headers)):
            self._pace.hold(kind, min(wait, LONGEST_WAIT))
        return answer

    def _rest(self, wait: float, asked: float) -> None:
        """Waits, and where the Hub asked for it says so."""
        if asked:
            self._say(
                f"the Hub limits the rate of requests: waiting {wait:.0f} seconds, as it asks"
            )
        self._sleep(wait)

    def _tried(self, question: Question) -> Answer | str:
        """The answer, or what went wrong on the way to it and may not the next time."""
        try:
            return within(min(self._patience, self.deadline.left), lambda: self._once(question))
        except SourceError as error:
            if isinstance(error, Astray):
                raise SourceError(f"{question.url}: {error}") from None
            raise
        except OfflineModeIsEnabled as error:
            raise SourceError(f"{question.url}: {error}") from None
        except TimeoutError:
            return f"no end after {self._patience:g} seconds"
        except Exception as error:
            # Whatever the HTTP library raises: its errors have no base that is public here.
            if is_untrusted(error):
                raise SourceError(f"{question.url}: {reason(error)}") from None
            return reason(error)

    def _once(self, question: Question) -> Answer:
        headers = self._headers(question)
        with (
            starting_at(self.endpoint),
            http_stream_backoff(
                question.method,
                question.url,
                max_retries=0,
                retry_on_status_codes=(),
                headers=headers,
                json=question.json,
                timeout=question.timeout,
                follow_redirects=question.follow,
            ) as response,
        ):
            body = b""
            if question.method != "HEAD" and response.status_code < 300:
                body = _read(question, response.iter_bytes(), response.status_code, self._patience)
            return Answer(
                status=response.status_code,
                headers={name.lower(): value for name, value in response.headers.items()},
                body=body,
                url=str(response.url),
            )

    def _accepted(self, question: Question, answer: Answer) -> Answer:
        if answer.status < 300 or (300 <= answer.status < 400 and not question.follow):
            return answer
        code = code_of(answer.headers)
        if answer.status in MISSING:
            why = self.refusal(question.repo, code, answer.status, anonymous=question.anonymous)
            raise Absent(f"{question.repo}: {why}", code=code)
        kind = Unserved if answer.status in NOT_SERVED else SourceError
        raise kind(f"{question.url}: status {answer.status} {code}".rstrip())

    def refusal(self, repo: str, code: str, status: int, *, anonymous: bool = False) -> str:
        """What the Hub's word for not showing something of a repository means, and what to do."""
        own = self.token_for(repo)
        sent = not anonymous and "authorization" in build_hf_headers(token=own)
        return missing(
            code,
            status,
            page=f"{self.endpoint}/{repo}",
            namespace=namespace_of(repo),
            sent=None if own is False else sent,
        )

    def _headers(self, question: Question) -> dict[str, str]:
        headers: dict[str, str] = build_hf_headers(
            token=False if question.anonymous else self.token_for(question.repo),
            library_name="provenance",
            library_version=version("hf-provenance"),
        )
        if question.span:
            headers["range"] = f"bytes={question.span[0]}-{question.span[1] - 1}"
            headers["accept-encoding"] = "identity"
        return headers


def _read(question: Question, chunks: Iterable[bytes], status: int, patience: float) -> bytes:
    """As many bytes as may come; where the server ignored a span, the file is cut here."""
    end = time.monotonic() + patience
    parts: list[bytes] = []
    left = question.most
    for chunk in chunks:
        parts.append(chunk[: left + 1])
        left -= len(chunk)
        if left < 0 and (question.cut or (question.span and status == 200)):
            break
        if left < 0:
            raise Beyond(f"{question.url}: more than {question.most} bytes")
        if time.monotonic() > end:
            raise SourceError(f"{question.url}: no end after {patience:g} seconds")
    return b"".join(parts)[: question.most]
