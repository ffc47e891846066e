"""Timestamps over a signature that was just made, each verified before it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from provenance.errors import Malformed, SourceError
from provenance.signature.roots import Clock
from provenance.signature.stamping import Stamp, checked, clocks, query
from provenance.source import stamping
from provenance.source.progress import Progress, Silent
from provenance.trust import Registry


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamping:
    """The authorities at `urls` are asked, each of which must answer.

    `registry` gives those whom the caller knows. `variables` say through which proxy is asked, and
    who may vouch for a server.
    """

    urls: tuple[str, ...]
    registry: Callable[[], Registry]
    variables: Mapping[str, str] = field(default_factory=dict)
    progress: Progress = field(default_factory=Silent)
    now: Callable[[], datetime] = _now
    seconds: float = stamping.SECONDS

    def over(self, signature: bytes) -> tuple[bytes, ...]:
        """A verified response of every authority, over a signature; what each is worth is noted.

        Raises SourceError, naming each authority that gave none, and what loading a registry does.
        """
        known = clocks(self.registry())
        found: dict[str, Stamp] = {}
        failed: list[str] = []
        for url in self.urls:
            try:
                found[url] = self._stamp(url, signature, known)
            except SourceError as error:
                failed.append(str(error))
            except Malformed as error:
                failed.append(f"{url}: {error}")
        if failed:
            raise SourceError(f"no timestamp, and nothing was written: {'; '.join(failed)}")
        for url, stamp in found.items():
            for line in _words(url, stamp):
                self.progress.note(line)
        return tuple(stamp.response for stamp in found.values())

    def _stamp(self, url: str, signature: bytes, known: tuple[Clock, ...]) -> Stamp:
        asked = query(signature)
        answer = stamping.answer(url, asked.request, self.variables, seconds=self.seconds)
        return checked(asked, answer, known, self.now())


def _words(url: str, stamp: Stamp) -> Iterator[str]:
    """What a timestamp is worth to those who verify it, and what makes it count."""
    said = f"timestamp: {stamp.moment:%Y-%m-%d %H:%M:%S} UTC by {stamp.authority}"
    if stamp.registered:
        yield f"{said}, verified against the [[timestamp_authority]] of the registry"
        return
    yield (
        f"{said}, verified against the certificates that it carries: no registry here names that "
        "authority, and a verifier refuses the signature until its registry does"
    )
    chain = url if stamp.is_whole else "CHAIN.pem"
    own = "" if stamp.is_whole else ", with the authority's certificates, its own first, root last"
    yield f"`provenance registry add-clock {chain}` adds the authority to a registry{own}"
