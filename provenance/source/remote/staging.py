"""A folder beside a model's place, where its files are downloaded, measured and made ready."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

from provenance.errors import SourceError
from provenance.formats.signatures import is_evidence_name
from provenance.model import Evidence, File, Manifest
from provenance.source import directory, evidence_files
from provenance.source.digests import affordable
from provenance.source.files import NO_LOCKS
from provenance.source.layout import Entry
from provenance.source.limits import DEFAULT, Limits
from provenance.source.measure import Budget, Measured, Work, measure_one
from provenance.source.progress import About, Step
from provenance.source.remote.release import Release
from provenance.source.room import check_room
from provenance.source.settling import OLD
from provenance.source.together import awaited
from provenance.weights.ledger import Known
from provenance.wire.oms import Need

DOWNLOADS = 2
FILES, BOOKKEEPING = "files", ".cache"
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Differs(Exception):
    """A file came twice, and neither time as the one that was judged."""

    def __init__(self, wanted: File, found: File) -> None:
        super().__init__(f"expected {_said(wanted)}; twice came {_said(found)}")
        self.path = wanted.path


def _said(file: File) -> str:
    return f"{file.sha256 or 'any digest'}, {file.size} bytes"


@contextmanager
def held(place: Path) -> Iterator[Path]:
    """The staging folder, ours alone until the block ends; who comes second waits.

    It is `place`; or one beside it that nobody else has, and that does not outlive the block, where
    the file system has no locks.
    """
    descriptor = _locked(place)
    if descriptor is None:
        _remove_if_empty(place)
        with TemporaryDirectory(prefix=f"{place.name}.", dir=place.parent) as own:
            yield Path(own)
        return
    try:
        yield place
    finally:
        os.close(descriptor)


def _locked(place: Path) -> int | None:
    """What holds the lock on the folder; None where its file system has no locks."""
    while True:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(place, DIRECTORY)
        try:
            if os.fstat(descriptor).st_uid != os.geteuid():
                raise SourceError(f"{place} belongs to another user: remove it")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            # Whoever held it before may have removed the folder that we waited for.
            if os.path.lexists(place) and os.path.samestat(os.fstat(descriptor), os.lstat(place)):
                return descriptor
        except OSError as error:
            os.close(descriptor)
            if error.errno not in NO_LOCKS:
                raise
            return None
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What is to be made ready, of which evidence, and where; `tensors` is what a ledger of it is
    made for."""

    release: Release
    declared: Evidence
    folder: Path
    limits: Limits = DEFAULT
    tensors: Known | None = None

    @property
    def files(self) -> Path:
        """The folder that becomes the model."""
        return self.folder / FILES

    def fill(self) -> dict[str, Measured]:
        """Every selected file and every bundle lies in `files`, and nothing else; what was measured
        of each selected one. Differs for one that is not as declared, SourceError as `download`."""
        self._tidy()
        wanted = sorted(self.declared.manifest.files, key=lambda file: (-file.size, file.path))
        sizes = [file.size for file in wanted]
        check_room(self._name, sum(file.size for file in wanted if not self.has(file)), self.files)
        needs, _ = affordable(evidence_files.needs(self.declared.bundles), sizes, self.limits)
        progress = About(self.release.progress, self._name)
        downloading = progress.step("downloading", sum(sizes))
        hashing = progress.step("hashing", sum(sizes))
        try:
            rows = self._measured(wanted, needs, downloading, hashing)
        finally:
            downloading.end()
            hashing.end()
            self.release.deadline.renew()
        shutil.rmtree(self.files / BOOKKEEPING, ignore_errors=True)
        return rows

    @property
    def _name(self) -> str:
        return self.declared.ref.repo or self.declared.ref.text

    def has(self, file: File) -> bool:
        """Whether an earlier attempt left it: whatever is there has its size."""
        return (self.files / file.path).exists()

    def _measured(
        self, wanted: Sequence[File], needs: tuple[Need, ...], downloading: Step, hashing: Step
    ) -> dict[str, Measured]:
        kept = sum(len(document.data) for document in self.declared.bundles)
        budget = Budget(max(0, self.limits.kept - kept), self.limits.head)
        stop = Event()
        paths = frozenset(file.path for file in wanted)
        work = Work(
            needs=needs,
            selected=paths,
            budget=budget,
            step=hashing,
            stop=stop,
            tensors=self.tensors,
        )
        loaders, hashers = ThreadPoolExecutor(DOWNLOADS), ThreadPoolExecutor()
        task = _Task(stage=self, work=work, step=downloading, hashers=hashers)
        wait = True
        try:
            bundles = [loaders.submit(task.load, path, again=False) for path in self._bundles()]
            futures = [loaders.submit(task.begin, file) for file in wanted]
            for loaded in bundles:
                awaited(loaded)
            found = [task.finish(awaited(future)) for future in futures]
        except BaseException as error:
            stop.set()
            wait = isinstance(error, Exception)
            raise
        finally:
            loaders.shutdown(wait=wait, cancel_futures=True)
            hashers.shutdown(wait=wait, cancel_futures=True)
        return {row.content.path: row for row in map(budget.give, found) if row.content}

    def _bundles(self) -> tuple[str, ...]:
        """The evidence files, the same ones that the verdict rests on."""
        names = {evidence_files.file_of(document.path) for document in self.declared.bundles}
        return tuple(sorted(filter(is_evidence_name, names)))

    def _tidy(self) -> None:
        """Nothing is left of an earlier attempt but whole files that are wanted."""
        self.files.mkdir(exist_ok=True)
        shutil.rmtree(self.folder / OLD, ignore_errors=True)
        shutil.rmtree(self.files / BOOKKEEPING, ignore_errors=True)
        sizes = {file.path: file.size for file in self.declared.manifest.files}
        for folder, names, files in os.walk(self.files, topdown=False):
            for name in files:
                place = Path(folder, name)
                path = place.relative_to(self.files).as_posix()
                if place.is_symlink() or sizes.get(path) != place.lstat().st_size:
                    place.unlink()
            for name in names:
                _remove_if_empty(Path(folder, name))


def _remove_if_empty(place: Path) -> None:
    if place.is_symlink():
        place.unlink()
        return
    with suppress(OSError):
        place.rmdir()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """One file after the other is loaded, and each hashed while the next one comes."""

    stage: Stage
    work: Work
    step: Step
    hashers: ThreadPoolExecutor

    def begin(self, file: File) -> tuple[File, Future[Measured]]:
        """The file is here, and is being measured."""
        if self.stage.has(file):
            self.step.advance(file.size)
        else:
            self.load(file.path, again=False)
        return file, self.hashers.submit(self._measure, file.path)

    def finish(self, begun: tuple[File, Future[Measured]]) -> Measured:
        """What was measured of it; a file that differs is fetched once more, past the cache."""
        file, future = begun
        row = awaited(future)
        if not _is(row.file, file):
            self.load(file.path, again=True)
            row = self._measure(file.path)
        if row.file is None:
            detail = "; ".join(seen.detail for seen in row.observations)
            raise SourceError(f"{self.stage.files / file.path}: {detail}")
        if not _is(row.file, file):
            raise Differs(file, row.file)
        return row

    def load(self, path: str, *, again: bool) -> None:
        stage = self.stage
        place = stage.files / path
        if again:
            place.unlink(missing_ok=True)
        stage.release.download(path, stage.files, again=again, step=self.step, stop=self.work.stop)

    def _measure(self, path: str) -> Measured:
        return measure_one(Entry(path=path, place=str(self.stage.files / path)), self.work)


def _is(found: File | None, wanted: File) -> bool:
    """Whether it is the file that was meant; where no digest was stated, one of its size."""
    if found is None or found.size != wanted.size:
        return False
    return wanted.sha256 in ("", found.sha256)


def measured(
    release: Release, declared: Evidence, place: Path, tensors: Known | None = None
) -> Evidence:
    """The same evidence from the bytes: every selected file is downloaded, hashed and removed.

    What was not selected stays as it was declared. `place` is the staging folder, `tensors` what a
    ledger is made for.
    """
    with held(place) as folder:
        stage = Stage(release=release, declared=declared, folder=folder, tensors=tensors)
        try:
            rows = stage.fill()
            found = directory.collect(
                stage.files,
                ref=declared.ref,
                at=declared.at,
                include=declared.include,
                exclude=declared.exclude,
                facts=declared.facts,
                measured=rows,
            )
        except Differs as error:
            raise SourceError(
                f"{declared.ref.text}: {error.path} is not what was declared: {error}"
            ) from None
        shutil.rmtree(folder)
    others = (f for f in declared.listing.files if f.path not in found.manifest.by_path)
    return replace(
        found,
        listing=Manifest.of([*found.manifest.files, *others]),
        ancestors=declared.ancestors,
    )
