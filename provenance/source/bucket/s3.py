"""What only S3 itself is asked: every version below a prefix, and what is stated of an object.

A question is signed by obstore, with whatever credentials it found, and asked once. What would be
a header that is signed too is a parameter of its address: `x-amz-checksum-mode` is. A server of
others may not read it there; only such a one is told by header as well, which Amazon refuses.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote, urlencode, urlsplit

import obstore
import requests
from obstore.exceptions import BaseError

from provenance.errors import Absent, Malformed, SourceError, Unserved
from provenance.formats.s3 import Page, Row, page, refusal
from provenance.source.bucket.listing import Item
from provenance.source.bucket.places import VIRTUAL, Place
from provenance.source.bucket.words import in_words
from provenance.source.deadline import Deadline
from provenance.source.exchange import reason, within

ANSWER, WHOLE = 20, 60
"""Seconds within which a server must begin to answer, and its answer be here."""
VALID = timedelta(minutes=5)
LONGEST = 8 << 20
HEADERS: Mapping[str, str] = {"Accept-Encoding": "identity", "User-Agent": "hf-provenance"}
CHECKSUM: Mapping[str, str] = {"x-amz-checksum-mode": "ENABLED"}
STATED = "x-amz-checksum-sha256"
MOVED, NAME = (301, 307, 400), re.compile("[a-z0-9-]{1,40}")
REFUSED = frozenset({400, 403, 405, 501})
"""What a server answers that has no versions, or does not show them to us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class S3:
    """A prefix of a bucket of S3, or of a server that speaks it."""

    place: Place
    deadline: Deadline

    def versions(self, most: int) -> tuple[Row, ...]:
        """Every version below the prefix; Unserved where there are none, or more than `most`."""
        rows = self._rows({"versions": ""}, most)
        if len(rows) > most:
            raise Unserved(f"{self.place.source}: more than {most} versions lie there")
        return rows

    def objects(self, most: int) -> tuple[Row, ...]:
        """What lies below the prefix now; of more than `most` some more."""
        return self._rows({"list-type": "2"}, most)

    def stated(self, item: Item) -> str:
        """The SHA-256 that the server states of a whole object; empty where it states none."""
        query = {**CHECKSUM, **({"versionId": item.version} if item.version else {})}
        key = f"{self.place.prefix}{item.path}"
        answer = self._asked("HEAD", key, query, {} if self._is_amazon else CHECKSUM)
        if answer.status != 200 or answer.headers.get("etag", "") != item.etag:
            return ""
        return whole_digest(answer.headers)

    def _rows(self, query: Mapping[str, str], most: int) -> tuple[Row, ...]:
        asked = {**query, "encoding-type": "url", "prefix": self.place.prefix}
        rows: list[Row] = []
        following: Mapping[str, str] = {}
        while len(rows) <= most:
            found = self._page({**asked, **following})
            if "versions" in query and not found.versions:
                raise Unserved(f"{self.place.source}: the server knows no versions")
            rows += found.rows
            if not found.cut or not found.rows:
                break
            following = self._next(found)
        return tuple(rows)

    def _next(self, found: Page) -> Mapping[str, str]:
        if found.following:
            return found.following
        said = "the server cuts its listing off, and does not say how it goes on"
        raise SourceError(f"{self.place.source}: {said}")

    def _page(self, query: Mapping[str, str]) -> Page:
        source = self.place.source
        answer = self._asked("GET", "", query, {})
        if answer.status != 200:
            self._refuse(answer)
        try:
            found = page(answer.body)
        except Malformed as error:
            raise SourceError(f"{source}: expected a listing as S3 writes it: {error}") from None
        if not all(row.key.startswith(self.place.prefix) for row in found.rows):
            raise SourceError(f"{source}: the server lists what does not lie there")
        return found

    def _refuse(self, answer: Answer) -> None:
        code = refusal(answer.body)
        said = f"{self.place.source}: HTTP {answer.status} {code}".rstrip()
        region = answer.headers.get("x-amz-bucket-region", "")
        if answer.status in MOVED and NAME.fullmatch(region):
            raise SourceError(f"{said}: it lies in another region: set AWS_REGION={region}")
        if answer.status == 404:
            raise Absent(f"{said}: there is no such bucket, or it is not shown")
        if answer.status in REFUSED:
            raise Unserved(f"{said}: {self.place.kind.step}")
        raise SourceError(f"{said}: try again")

    def _asked(
        self, method: str, key: str, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> Answer:
        source = self.place.source
        self.deadline.check(source)
        url = self._signed(method, key, query)
        try:
            return within(WHOLE, lambda: self._answer(method, url, headers))
        except (OSError, requests.RequestException) as error:
            raise SourceError(f"{source}: {reason(error)}") from None

    def _answer(self, method: str, url: str, headers: Mapping[str, str]) -> Answer:
        with requests.Session() as session:
            session.trust_env = False
            with session.request(
                method,
                url,
                headers={**HEADERS, **headers},
                stream=True,
                timeout=ANSWER,
                allow_redirects=False,
                verify=self.place.authorities or True,
            ) as answer:
                body = answer.raw.read(LONGEST + 1)
                if len(body) > LONGEST:
                    raise OSError(f"more than {LONGEST} bytes came for one page of a listing")
                low = {name.lower(): value for name, value in answer.headers.items()}
                return Answer(status=answer.status_code, headers=low, body=body)

    def _signed(self, method: str, key: str, query: Mapping[str, str]) -> str:
        """The address; what obstore writes behind it becomes the end of a parameter."""
        words = urlencode({**query, "x-id": method}, quote_via=quote)
        url = f"{self._base}/{quote(key)}?{words}"
        if self.place.says("AWS_SKIP_SIGNATURE"):
            return url
        try:
            return obstore.sign(
                self.place.at(url), "HEAD" if method == "HEAD" else "GET", "", VALID
            )
        except (BaseError, OSError) as error:
            raise in_words(self.place.source, error, self.place.kind.step) from None

    @property
    def _base(self) -> str:
        place = self.place
        return place.server if place.says(VIRTUAL) else f"{place.server}/{place.bucket}"

    @property
    def _is_amazon(self) -> bool:
        host = urlsplit(self.place.server).hostname or ""
        return host.endswith((".amazonaws.com", ".amazonaws.com.cn"))


def whole_digest(headers: Mapping[str, str]) -> str:
    """The SHA-256 of a whole object by the headers of its answer, whose names are in lower case.

    What S3 states of an object that came in parts is a digest of digests: it counts only where the
    object is said to be whole, or its ETag counts no parts. Empty otherwise.
    """
    kind = headers.get("x-amz-checksum-type", "")
    in_parts = "-" in headers.get("etag", "").strip('"')
    if kind not in ("", "FULL_OBJECT") or (in_parts and not kind):
        return ""
    try:
        digest = base64.b64decode(headers.get(STATED, ""), validate=True)
    except binascii.Error:
        return ""
    return digest.hex() if len(digest) == 32 else ""
