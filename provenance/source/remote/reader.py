"""What each file of a visited model is, from its bytes or by range, beside what is listed."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace

from provenance.formats import content
from provenance.model import File, Observation
from provenance.source import evidence_files
from provenance.source.digests import affordable
from provenance.source.evidence_files import Found
from provenance.source.measure import Budget, Measured, hash_bytes
from provenance.source.remote.listed import Listed, blob_id, is_small, pointer
from provenance.source.remote.ranged import Contradiction, stream
from provenance.source.remote.snapshot import Snapshot
from provenance.wire.oms import Need

UNDECLARED = "states no digest of it: lock with --measure to download and hash it"


def rows(snapshot: Snapshot, chosen: frozenset[str], found: Found) -> tuple[Measured, ...]:
    """Every file but the evidence, in path order; what was chosen with its content."""
    strange = {seen.path for seen in snapshot.odd(frozenset()) if seen.code == "name"}
    wanted = [snapshot.entries[path] for path in sorted(chosen - strange)]
    wanted = snapshot.stated(wanted)
    needs, unmet = affordable(
        evidence_files.needs(found.documents), [entry.size for entry in wanted], snapshot.limits
    )
    kept = sum(len(document.data) for document in found.documents)
    budget = Budget(max(0, snapshot.limits.kept - kept), snapshot.limits.head)
    whole = [entry.path for entry in wanted if is_small(entry)]
    over = snapshot.over(whole, kept)
    snapshot.fetch(path for path in whole if path not in over)
    reader = Reader(snapshot=snapshot, needs=needs, budget=budget, over=over)
    read = dict(
        zip(
            (entry.path for entry in wanted),
            snapshot.release.each(f"{snapshot.release.name}: reading headers", reader.row, wanted),
            strict=True,
        )
    )
    others = {
        path: Measured(file=_file(entry))
        for path, entry in snapshot.entries.items()
        if path not in found.paths
    }
    measured = others | {path: budget.give(row) for path, row in read.items()}
    return (*(measured[path] for path in sorted(measured)), Measured(observations=tuple(unmet)))


def _file(entry: Listed) -> File:
    return File(path=entry.path, size=entry.size, digest=entry.sha256 or entry.blob)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What is wanted of each selected file; `over` are those there is no room for."""

    snapshot: Snapshot
    needs: tuple[Need, ...]
    budget: Budget
    over: frozenset[str]

    @property
    def keeper(self) -> str:
        """What messages call who keeps the model."""
        return self.snapshot.release.keeper

    def row(self, entry: Listed) -> Measured:
        """What the file is: from its bytes where it was fetched, else by range."""
        data = self.snapshot.fetched.get(entry.path)
        if entry.path in self.over:
            return _odd(entry, "limit", "the small files of the model are too many to read this")
        if data is not None:
            return self._fetched(entry, data)
        if entry.path in self.snapshot.beyond:
            return _odd(entry, "limit", "more requests than one model may cost")
        if is_small(entry):
            return _odd(entry, "contradiction", f"it is listed, and {self.keeper} has no such file")
        return self._ranged(entry) if self.snapshot.headers else Measured(file=_file(entry))

    def _fetched(self, entry: Listed, data: bytes) -> Measured:
        digest, parts = hash_bytes(entry.path, data, self.needs)
        seen, observations = content.read(
            io.BytesIO(data), entry.path, len(data), limit=self.budget.most
        )
        return Measured(
            file=File(path=entry.path, size=len(data), digest=digest),
            content=self.budget.take(seen),
            parts=parts,
            observations=(*observations, *_held_against(entry, data, digest)),
        )

    def _ranged(self, entry: Listed) -> Measured:
        snapshot = self.snapshot
        ranges = snapshot.release.ranges(entry, snapshot.limits.ranged)
        try:
            seen, observations = content.read(
                stream(ranges), entry.path, entry.size, limit=self.budget.most
            )
        except Contradiction as error:
            return _odd(entry, "contradiction", str(error))
        except OSError as error:
            return _odd(entry, "limit", str(error))
        silent = _seen(entry, "undeclared", f"{self.keeper} {UNDECLARED}")
        return Measured(
            file=replace(_file(entry), digest=entry.sha256),
            content=self.budget.take(seen),
            observations=observations if entry.sha256 else (*observations, silent),
        )


def _held_against(entry: Listed, data: bytes, digest: str) -> Iterator[Observation]:
    """Whether fetched bytes are what the listing states: by SHA-256, blob or pointer."""
    if len(data) != entry.size:
        size = "more" if len(data) > entry.size else f"{len(data)} bytes"
        yield _seen(entry, "contradiction", f"listed with {entry.size} bytes, and {size} came")
    elif entry.sha256:
        if digest != entry.sha256:
            detail = f"declared as sha256 {entry.sha256}, and {digest} came"
            yield _seen(entry, "contradiction", detail)
    elif entry.blob and entry.blob not in (blob_id(data), blob_id(pointer(digest, len(data)))):
        detail = f"listed as git blob {entry.blob}, and {blob_id(data)} came"
        yield _seen(entry, "contradiction", detail)


def _odd(entry: Listed, code: str, detail: str) -> Measured:
    return Measured(file=_file(entry), observations=(_seen(entry, code, detail),))


def _seen(entry: Listed, code: str, detail: str) -> Observation:
    return Observation(code=code, path=entry.path, detail=detail)
