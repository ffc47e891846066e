"""Who vouches for which files: what each signature is worth to this model, and its bytes to it.

Shared by the checks of integrity and of signatures, which ask the same question from two sides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from provenance.errors import Malformed
from provenance.formats.names import BOOKKEEPING
from provenance.model import Evidence
from provenance.selection import matches
from provenance.signature import Attestation, Opinion, Party, distrust
from provenance.trust import Registry, Role
from provenance.wire import oms
from provenance.wire.oms import Resource, SignedManifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A file that is not what was signed; `actual` is a digest, or what stands in its place."""

    path: str
    expected: str
    actual: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A signed manifest beside the files: which are equal, which are not, which are not there."""

    equal: frozenset[str]
    different: tuple[Difference, ...]
    absent: tuple[str, ...]
    unread: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether every signed file that is here could be read and is what was signed."""
        return not (self.different or self.absent or self.unread) and bool(self.equal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouch:
    """An OMS signature by publishers of this model, and what its manifest says of these files."""

    attestation: Attestation
    parties: tuple[Party, ...]
    manifest: SignedManifest
    comparison: Comparison


def vouches(
    evidence: Evidence, registry: Registry, opinions: Sequence[Opinion]
) -> tuple[Vouch, ...]:
    """Every signature over this model that counts as its publisher's, whatever it covers."""
    return tuple(_vouches(evidence, registry, opinions))


def _vouches(
    evidence: Evidence, registry: Registry, opinions: Sequence[Opinion]
) -> Iterator[Vouch]:
    for opinion in opinions:
        if not isinstance(opinion, Attestation):
            continue
        speaking = publishers(evidence.ref.repo, opinion)
        parties = tuple(p for p in speaking if not distrust(registry, opinion, p, evidence.at))
        try:
            manifest = oms.signed_manifest(opinion.statement)
        except Malformed:
            continue
        if parties:
            found = compare(manifest, evidence)
            yield Vouch(attestation=opinion, parties=parties, manifest=manifest, comparison=found)


def publishers(repo: str | None, attestation: Attestation) -> tuple[Party, ...]:
    """The parties of a signature that may speak for `repo` as its publisher.

    Without a name to go by, every registered publisher may speak: the report says who did.
    """
    if repo is None:
        return tuple(p for p in attestation.parties if Role.PUBLISHER in p.signer.roles)
    return tuple(p for p in attestation.parties if p.signer.may(Role.PUBLISHER, repo))


def compare(manifest: SignedManifest, evidence: Evidence) -> Comparison:
    """What `manifest` says of the files of `evidence`; files not selected are no matter."""
    equal: set[str] = set()
    different: dict[str, Difference] = {}
    absent: dict[str, None] = {}
    unread: dict[str, None] = {}
    parts = {(p.path, p.algorithm, p.start, p.end): p.hex for p in evidence.parts}
    last: dict[str, int] = {}
    for resource in manifest.resources:
        path = _path(resource, manifest, evidence)
        file = evidence.listing.by_path.get(path)
        if path not in evidence.manifest.by_path:
            if file is None and _is_missed(path, evidence):
                absent[path] = None
            continue
        if file is None:
            continue
        end = file.size if resource.end is None else resource.end
        whole = resource.end is None and resource.algorithm == "sha256"
        actual = (
            file.sha256 or None
            if whole
            else parts.get((path, resource.algorithm, resource.start, end))
        )
        last[path] = max(last.get(path, 0), end)
        if actual == resource.digest:
            equal.add(path)
        elif actual is None and end <= file.size:
            unread[path] = None
        else:
            different.setdefault(path, _difference(path, resource, actual, file.size))
    for path, end in last.items():
        size = evidence.manifest.by_path[path].size
        if end != size:
            different.setdefault(
                path, Difference(path=path, expected=f"{end} bytes", actual=f"{size} bytes")
            )
    return Comparison(
        equal=frozenset(equal - different.keys() - unread.keys()),
        different=tuple(different.values()),
        absent=tuple(absent),
        unread=tuple(unread),
    )


def _is_missed(path: str, evidence: Evidence) -> bool:
    """Whether a file that is not there was selected, and is more than a download's own notes.

    Other tools sign those with the model; they are read by nobody and differ on every machine.
    """
    selected = matches(path, evidence.include, evidence.exclude)
    return selected and not path.startswith(BOOKKEEPING)


def _path(resource: Resource, manifest: SignedManifest, evidence: Evidence) -> str:
    """A model of one file may call it `.`: then it is the file of the model's name, or the only."""
    if resource.path != oms.SINGLE_FILE:
        return resource.path
    files = evidence.listing.files
    if manifest.name not in evidence.listing.by_path and len(files) == 1:
        return files[0].path
    return manifest.name


def _difference(path: str, resource: Resource, actual: str | None, size: int) -> Difference:
    if actual is None:
        return Difference(path=path, expected=f"{resource.end} bytes", actual=f"{size} bytes")
    return Difference(
        path=path,
        expected=f"{resource.algorithm}:{resource.digest}",
        actual=f"{resource.algorithm}:{actual}",
    )
