"""Large contents of files, each kept once beside the evidence that has it, by its SHA-256."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from hashlib import sha256
from pathlib import Path

from provenance.errors import SourceError
from provenance.fleet.store import HEADS, FleetStore, broken, read

LEAST = 4096
"""Base64 digits: what is shorter stays where it is, and Parquet packs it."""
# In JSON without spaces a quotation mark inside a text has a backslash before it, so that these
# match keys alone; base64 has no colon.
LARGE = re.compile(rf'"(head|data)":"([A-Za-z0-9+/=]{{{LEAST},}})"')
NAMED = re.compile(r'"(head|data)":"sha256:([0-9a-f]{64})"')
KEPT, SHORT = 256, 1 << 19
"""Contents that a worker keeps, of which none is longer: those of one family are the same."""


@dataclass(frozen=True, kw_only=True)
class Heads:
    """The contents of a store, by their digest."""

    store: FleetStore
    _seen: dict[str, bool] = field(default_factory=dict)

    def apart(self, text: str) -> str:
        """The JSON with a digest in the place of each large content, which is kept by then."""
        return LARGE.sub(lambda match: f'"{match[1]}":"sha256:{self._keep(match[2])}"', text)

    def whole(self, text: str) -> str:
        """The JSON with every content in its place again; SourceError where one is not there."""
        return NAMED.sub(lambda match: f'"{match[1]}":"{self._of(match[2])}"', text)

    def has_all(self, text: str) -> bool:
        """Whether every content that the JSON names is there, as it was written."""
        return all(self._stands(match[2]) for match in NAMED.finditer(text))

    def _stands(self, digest: str) -> bool:
        if digest not in self._seen:
            place = self.store.place(HEADS, digest[:2], digest)
            data = read(place) if place.exists() else None
            self._seen[digest] = data is not None and sha256(data).hexdigest() == digest
        return self._seen[digest]

    def _broken(self, place: Path) -> str:
        again = f"`{self.store.command('gather')}` asks for the models that have it again"
        return f"{broken(place)}: {again}"

    def _of(self, digest: str) -> str:
        place = self.store.place(HEADS, digest[:2], digest)
        try:
            short = place.stat().st_size <= SHORT
        except OSError:
            raise SourceError(self._broken(place)) from None
        return self._known(digest) if short else self._read(digest)

    def _keep(self, digits: str) -> str:
        data = base64.b64decode(digits)
        digest = sha256(data).hexdigest()
        if not self._stands(digest):
            self.store.write(data, HEADS, digest[:2], digest)
            self._seen[digest] = True
        return digest

    @cached_property
    def _known(self) -> Callable[[str], str]:
        return lru_cache(maxsize=KEPT)(self._read)

    def _read(self, digest: str) -> str:
        place = self.store.place(HEADS, digest[:2], digest)
        data = read(place)
        if sha256(data).hexdigest() != digest:
            raise SourceError(self._broken(place))
        return base64.b64encode(data).decode()
