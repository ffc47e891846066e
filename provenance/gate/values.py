"""What an admission is given and what it says: rules, a target, what is there, the answer."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from provenance.errors import Rejected
from provenance.lock import Entry, Lock
from provenance.model import Document, Evidence, Manifest
from provenance.policy import Policy
from provenance.source import settling
from provenance.source.detached import Documents, nothing
from provenance.source.hub import cache
from provenance.source.scales import NO_SCALES, Scales
from provenance.trust import Registry
from provenance.verdict import Verdict
from provenance.weights.ledger import Known


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What is locked, and by what it is judged, before the download and after it.

    `attestations` are those that lie elsewhere than in the model, `scales` what its weights are
    compared with, `tensors` what the ledger of the bytes is made for. What expires is judged as of
    the time of `admit`, whatever `at` says.
    """

    entry: Entry
    lock: Lock
    policy: Policy
    registry: Registry
    at: datetime
    attestations: Documents = nothing
    tensors: Known | None = None
    scales: Scales = NO_SCALES


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a model is to lie, and the folder on the same file system where it is made ready.

    That is beside the place, or in it where it is a volume of its own. `is_cache` says that it is a
    cache's, which all projects share: files are added there, and none taken away. `replacing` says
    that an earlier release that was delivered there may give way.
    """

    place: Path
    staging: Path
    is_cache: bool = False
    cache: Path | None = None
    replacing: bool = False

    @classmethod
    def folder(cls, place: Path, *, cache: Path | None = None, replacing: bool = False) -> Target:
        """A folder of the caller's; the model is made ready on the same file system.

        `cache` is the Hub's, whose whole files are not downloaded again.
        """
        real = Path(os.path.realpath(place))
        around = real if os.path.ismount(real) else real.parent
        staging = around / settling.ASIDE.format(real.name)
        return cls(place=real, staging=staging, cache=cache, replacing=replacing)

    @property
    def is_volume(self) -> bool:
        """Whether the place is a volume of its own, which nothing can be renamed to."""
        return self.staging.parent == self.place

    def is_staging(self, one: Path) -> bool:
        """Whether models are made ready in that folder."""
        return one.parent == self.staging.parent and one.name.startswith(self.staging.name)

    @classmethod
    def snapshot(cls, entry: Entry, base: Path | None) -> Target:
        """The place of a locked commit in the Hub's cache."""
        repo, commit = entry.repo or "", entry.commit or ""
        place = cache.snapshot(base, repo, commit)
        staging = cache.staging(base, repo, commit)
        return cls(place=place, staging=staging, is_cache=True, cache=base)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A model that may be used: where it lies, its verdict, and whether it was there before.

    `files` are its own as they were measured, `bundles` what lies beside them as evidence;
    `beside` are files of others that lie there too, and that nobody judged.
    """

    place: Path
    verdict: Verdict
    already: bool
    files: Manifest
    bundles: tuple[Document, ...] = ()
    beside: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        measured: Evidence,
        place: Path,
        verdict: Verdict,
        *,
        already: bool,
        beside: tuple[str, ...] = (),
    ) -> Admitted:
        """The model that was measured so, at its place."""
        return cls(
            place=place,
            verdict=verdict,
            already=already,
            files=measured.manifest,
            bundles=measured.bundles,
            beside=beside,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What lies at a target already and is not the locked model: the locked files among it, those
    of others, and all of it as it was counted."""

    same: frozenset[str] = frozenset()
    beside: tuple[str, ...] = ()
    census: settling.Census = frozenset()


class Refused(Rejected):
    """A model may not be used; `verdict` says why, with every finding.

    `others` are those on more models that were asked for with it, and may not be used either.
    """

    def __init__(self, verdict: Verdict, *others: Verdict) -> None:
        more = (f"; {one.name}: {one.reason}" for one in others)
        super().__init__(f"{verdict.reason}{''.join(more)}")
        self.verdict, self.others = verdict, others
