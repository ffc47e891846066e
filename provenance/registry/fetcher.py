"""How the files of a registry are fetched: over https, in time. The door to requests."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tuf.api.exceptions import DownloadError, DownloadHTTPError, SlowRetrievalError
from tuf.ngclient import FetcherInterface

from provenance.trust.reading import is_url

ANSWER = 20
"""Seconds within which a server must begin to answer, and then send something again."""
WHOLE = 120
"""Seconds within which one file must be here."""
CHUNK = 1 << 16
NOT_FOUND = 404
ROOT = "root.json"
VERSIONED = re.compile(r"^[0-9]+\.")


class ServerFetcher(FetcherInterface):
    """Fetches over https, or http of this machine; follows no redirect to elsewhere."""

    def __init__(self, *, answer: float = ANSWER, whole: float = WHOLE) -> None:
        import requests

        self._answer, self._whole = answer, whole
        self._session = requests.Session()
        self._session.headers.update({"Accept-Encoding": "identity", "User-Agent": "hf-provenance"})

    def _fetch(self, url: str) -> Iterator[bytes]:
        if not is_url(url):
            raise DownloadError(f"{url} is neither https nor of this machine")
        deadline = time.monotonic() + self._whole
        answer = self._session.get(url, stream=True, timeout=self._answer, allow_redirects=False)
        if answer.status_code != 200:
            answer.close()
            raise DownloadHTTPError(f"{url}: HTTP {answer.status_code}", answer.status_code)

        def chunks() -> Iterator[bytes]:
            with answer:
                while piece := answer.raw.read1(CHUNK):
                    if time.monotonic() > deadline:
                        raise SlowRetrievalError(f"{url} was not here after {self._whole:g} s")
                    yield piece

        return chunks()


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
