"""HTTP to a registry: bounded, in time, and no header goes further than it is meant to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import version
from time import monotonic
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urljoin, urlsplit

from provenance.errors import SourceError
from provenance.model import LONG
from provenance.source.exchange import LEAST, PRIVATE_CA, is_untrusted, reason, within
from provenance.source.oci.address import LOOPBACK
from provenance.source.reach import HTTPS, Astray, Path, reach
from provenance.source.remote.budget import Beyond
from provenance.source.remote.store import StoreOptions

if TYPE_CHECKING:
    import requests

R = TypeVar("R")
SILENCE = 20.0
"""Seconds without a byte after which a connection is given up."""
PATIENCE = 120.0
"""Seconds that one answer may take, or in which so much of a blob must come."""
HOPS = 5
CHUNK = 1 << 18
REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Broken(Exception):
    """An exchange that failed on the way, and may not fail the next time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request. `secret` goes to the host of `url` alone, whatever it redirects to; `form`, or
    `body` of a media type, is sent by POST; `span` asks for the bytes from its first number up to
    its second."""

    url: str
    accept: str = "*/*"
    secret: str = ""
    form: Mapping[str, str] | None = None
    body: tuple[str, bytes] | None = None
    span: tuple[int, int | None] | None = None

    @property
    def data(self) -> Mapping[str, str] | bytes | None:
        """What is sent by POST, if it is."""
        return self.form if self.body is None else self.body[1]

    def headers(self, url: str) -> dict[str, str]:
        """What is sent to a URL that it led to, or to its own."""
        found = {"Accept": self.accept}
        if self.body:
            found["Content-Type"] = self.body[0]
        if self.secret and origin(url) == origin(self.url):
            found["Authorization"] = self.secret
        if self.span:
            first, end = self.span
            found["Range"] = f"bytes={first}-{'' if end is None else end - 1}"
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One request that writes: `body` begins anew each time, and has `size` bytes in all."""

    method: str
    url: str
    secret: str = ""
    media_type: str = ""
    size: int = 0
    body: Callable[[], Iterable[bytes]] = tuple

    @property
    def headers(self) -> dict[str, str]:
        """What is sent before the body."""
        found = {"Content-Length": str(self.size)}
        if self.secret:
            found["Authorization"] = self.secret
        if self.media_type:
            found["Content-Type"] = self.media_type
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: names of headers are lower case; `led` says whether another host answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    led: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Open(Answer):
    """An answer whose body is still to come; whoever asked closes it."""

    response: requests.Response


class Body:
    """Chunks as requests sends them, of a length that is known before."""

    def __init__(self, chunks: Iterable[bytes], size: int) -> None:
        self._chunks, self._size = chunks, size

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._chunks)


def origin(url: str) -> tuple[str, str]:
    """The scheme, host and port of a URL."""
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()


@dataclass(frozen=True)
class Http:
    """How questions are asked; safe for threads."""

    options: StoreOptions

    @cached_property
    def _session(self) -> requests.Session:
        """Without cookies, and without what lies in the environment and in ~/.netrc."""
        import requests

        session = requests.Session()
        session.trust_env = False
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        name = f"hf-provenance/{version('hf-provenance')}"
        session.headers.update({"User-Agent": name, "Accept-Encoding": "identity"})
        return session

    def whole(self, question: Question, most: int, *, cut: bool = False) -> Answer:
        """The answer with its body of at most so many bytes: Beyond for more, unless it is `cut`.

        Broken for what may go better the next time, SourceError for what will not.
        """
        return self._timely(question, lambda: self._read(question, most, cut=cut))

    def opened(self, question: Question) -> Open:
        """The answer without its body, which `chunks` reads."""
        return self._timely(question, lambda: self._opened(question))

    def send(self, delivery: Delivery, most: int) -> Answer:
        """The answer to what was sent, of whose body `most` bytes are read; it leads nowhere else.

        Broken and SourceError as `whole`; what the body raises is raised.
        """
        self.options.deadline.check(delivery.url)
        try:
            with self._session.request(
                delivery.method,
                delivery.url,
                headers=delivery.headers,
                data=Body(delivery.body(), delivery.size) if delivery.size else b"",
                stream=True,
                timeout=(SILENCE, PATIENCE),
                allow_redirects=False,
                verify=self.options.variables.get(PRIVATE_CA) or True,
                proxies=proxies(self.options.variables, delivery.url),
            ) as response:
                return Answer(
                    status=response.status_code,
                    headers={name.lower(): value for name, value in response.headers.items()},
                    body=response.raw.read(most),
                )
        except SourceError:
            raise
        except Exception as error:
            if is_untrusted(error):
                raise SourceError(f"{delivery.url}: {reason(error)}") from None
            raise Broken(reason(error)) from None

    def chunks(self, opened: Open) -> Iterator[bytes]:
        """The body as it comes, however long it takes, or Broken where it ends or trickles."""
        begun, came = monotonic(), 0
        try:
            while piece := opened.response.raw.read1(CHUNK):
                yield piece
                came += len(piece)
                if monotonic() - begun > PATIENCE:
                    if came < LEAST:
                        raise Broken(f"{came} bytes came in {PATIENCE:.0f} seconds")
                    begun, came = monotonic(), 0
        except (SourceError, Broken):
            raise
        except Exception as error:
            raise Broken(reason(error)) from None

    def _timely(self, question: Question, ask: Callable[[], R]) -> R:
        self.options.deadline.check(question.url)
        seconds = min(PATIENCE, self.options.deadline.left)
        try:
            return within(seconds, ask)
        except Beyond:
            raise
        except Astray as error:
            raise SourceError(f"{question.url}: {error}") from None
        except (SourceError, Broken):
            raise
        except TimeoutError:
            raise Broken(f"no end after {seconds:.0f} seconds") from None
        except Exception as error:
            # What requests, urllib3 and http.client raise for a broken answer has no common base.
            if is_untrusted(error):
                raise SourceError(f"{question.url}: {reason(error)}") from None
            raise Broken(reason(error)) from None

    def _read(self, question: Question, most: int, *, cut: bool) -> Answer:
        opened = self._opened(question)
        parts: list[bytes] = []
        left = most
        with opened.response:
            for piece in self.chunks(opened):
                self.options.deadline.check(question.url)
                parts.append(piece[: left + 1])
                left -= len(piece)
                if left < 0 or (cut and not left):
                    break
        if left < 0 and not cut:
            raise Beyond(f"{question.url}: more than {most} bytes")
        return Answer(
            status=opened.status,
            headers=opened.headers,
            led=opened.led,
            body=b"".join(parts)[:most],
        )

    def _opened(self, question: Question) -> Open:
        """The answer at the end of the redirects, each of which leads to where it may."""
        url, parts = question.url, urlsplit(question.url)
        way = Path(least=reach(parts.hostname or ""), secure=parts.scheme == HTTPS)
        for _ in range(HOPS + 1):
            way.step(url)
            response = self._hop(question, url)
            led = response.headers.get("Location", "")
            if response.status_code not in REDIRECTS or not led or question.data is not None:
                return Open(
                    status=response.status_code,
                    headers={name.lower(): value for name, value in response.headers.items()},
                    led=origin(url) != origin(question.url),
                    response=response,
                )
            response.close()
            url = urljoin(url, led)
        raise Astray(f"more than {HOPS} redirects, the last to {url[:LONG]!r}")

    def _hop(self, question: Question, url: str) -> requests.Response:
        return self._session.request(
            "GET" if question.data is None else "POST",
            url,
            headers=question.headers(url),
            data=question.data,
            stream=True,
            timeout=SILENCE,
            allow_redirects=False,
            verify=self.options.variables.get(PRIVATE_CA) or True,
            proxies=proxies(self.options.variables, url),
        )


def proxies(variables: Mapping[str, str], url: str) -> dict[str, str]:
    """Through which proxy a URL is asked for, as the caller's variables say; none for loopback."""
    from requests.utils import should_bypass_proxies

    def said(name: str) -> str:
        return variables.get(name) or variables.get(name.upper()) or ""

    parts = urlsplit(url)
    through = said(f"{parts.scheme}_proxy") or said("all_proxy")
    if not through or parts.hostname in LOOPBACK:
        return {}
    return {} if should_bypass_proxies(url, said("no_proxy")) else {parts.scheme: through}
