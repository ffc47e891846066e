"""How the files of a registry are fetched: over https, in time. The door to requests."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tuf.api.exceptions import DownloadError, DownloadHTTPError, SlowRetrievalError
from tuf.ngclient import FetcherInterface

from provenance.source.exchange import reason, within
from provenance.trust.reading import is_url

ANSWER = 20
"""Seconds within which a server must begin to answer, and then send something again."""
WHOLE = 120
"""Seconds within which one file must be here."""
CHUNK = 1 << 16
LONGEST = (16 << 20) + 1
"""Bytes of one file after which nothing more is read: no registry has such a file."""
NOT_FOUND = 404
ROOT = "root.json"
VERSIONED = re.compile(r"^[0-9]+\.")


class ServerFetcher(FetcherInterface):
    """Fetches over https, or http of this machine; follows no redirect to elsewhere.

    `authorities` is a PEM file of those who may vouch for a server, None for those of this machine.
    """

    def __init__(
        self, *, answer: float = ANSWER, whole: float = WHOLE, authorities: str | None = None
    ) -> None:
        import requests

        self._answer, self._whole = answer, whole
        self._authorities = authorities
        self._session = requests.Session()
        self._session.headers.update({"Accept-Encoding": "identity", "User-Agent": "hf-provenance"})

    def _fetch(self, url: str) -> Iterator[bytes]:
        if not is_url(url):
            raise DownloadError(f"{url[:200]} is neither https nor of this machine")
        try:
            return iter(within(self._whole, lambda: self._pieces(url)))
        except DownloadError:
            raise
        except TimeoutError:
            raise SlowRetrievalError(f"{url} was not here after {self._whole:g} s") from None
        except Exception as error:
            # What requests, urllib3 and http.client raise for a broken answer has no common base.
            raise DownloadError(f"{url}: {reason(error)}") from None

    def _pieces(self, url: str) -> list[bytes]:
        """The file, or the beginning of one that is longer than any may be."""
        deadline = time.monotonic() + self._whole
        answer = self._session.get(
            url,
            stream=True,
            timeout=self._answer,
            allow_redirects=False,
            verify=self._authorities or True,
        )
        with answer:
            if answer.status_code != 200:
                raise DownloadHTTPError(f"{url}: HTTP {answer.status_code}", answer.status_code)
            pieces: list[bytes] = []
            left = LONGEST
            while left > 0 and (piece := answer.raw.read1(CHUNK)):
                if time.monotonic() > deadline:
                    raise SlowRetrievalError(f"{url} was not here after {self._whole:g} s")
                pieces.append(piece)
                left -= len(piece)
            return pieces


class CacheFetcher(FetcherInterface):
    """Fetches from the folder in which a client kept what it had verified, and asks nobody."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _fetch(self, url: str) -> Iterator[bytes]:
        name = unquote(urlsplit(url).path.rpartition("/")[2])
        kept = self._folder / VERSIONED.sub("", name)
        if kept.name == ROOT or not kept.is_file():
            # A newer root, which is asked for first, is not found: what is kept is the newest.
            raise DownloadHTTPError(f"{url} is not among what was kept", NOT_FOUND)
        return iter([kept.read_bytes()])
