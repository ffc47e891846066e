"""Who vouches for which files: what each signature is worth to this model, and its bytes to it.

Shared by the checks of integrity and of signatures, which ask the same question from two sides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from provenance.errors import Malformed
from provenance.formats.names import BOOKKEEPING
from provenance.model import Evidence
from provenance.selection import matches
from provenance.signature import Attestation, Party, VerificationResult, distrust
from provenance.trust import Registry, Role
from provenance.wire import oms
from provenance.wire.oms import Resource, SignedManifest

Part = tuple[str, str, int, int]
"""A path, an algorithm, and where a part begins and ends, in bytes."""


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
class PublisherSignature:
    """An OMS signature by publishers of this model, and what its manifest says of these files."""

    attestation: Attestation
    parties: tuple[Party, ...]
    manifest: SignedManifest
    comparison: Comparison


def publisher_signatures(
    evidence: Evidence, registry: Registry, verifications: Sequence[VerificationResult]
) -> tuple[PublisherSignature, ...]:
    """Every signature over this model that counts as its publisher's, whatever it covers."""
    return tuple(_publisher_signatures(evidence, registry, verifications))


def _publisher_signatures(
    evidence: Evidence, registry: Registry, verifications: Sequence[VerificationResult]
) -> Iterator[PublisherSignature]:
    for verification in verifications:
        if not isinstance(verification, Attestation):
            continue
        speaking = publishers(evidence.ref.repo, verification)
        parties = tuple(
            p for p in speaking if not distrust(registry, verification, p, evidence.today)
        )
        manifest = verification.manifest
        if parties and not isinstance(manifest, Malformed):
            found = compare(manifest, evidence)
            yield PublisherSignature(
                attestation=verification, parties=parties, manifest=manifest, comparison=found
            )


def publishers(repo: str | None, attestation: Attestation) -> tuple[Party, ...]:
    """The parties of a signature that may speak for `repo` as its publisher.

    Without a name to go by, every registered publisher may speak: the report says who did.
    """
    if repo is None:
        return tuple(p for p in attestation.parties if Role.PUBLISHER in p.signer.roles)
    return tuple(p for p in attestation.parties if p.signer.may(Role.PUBLISHER, repo))


class State(Enum):
    """How one signed resource stands to the files."""

    EQUAL = auto()
    DIFFERENT = auto()
    ABSENT = auto()
    UNREAD = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One signed resource beside the files; `end` is where it ends in its file, in bytes."""

    path: str
    state: State
    end: int = 0
    difference: Difference | None = None


def compare(manifest: SignedManifest, evidence: Evidence) -> Comparison:
    """What `manifest` says of the files of `evidence`; files not selected are no matter."""
    parts = {(p.path, p.algorithm, p.start, p.end): p.hex for p in evidence.parts}
    found = [
        compared
        for resource in manifest.resources
        if (compared := _compared(resource, _path(resource, manifest, evidence), evidence, parts))
    ]
    found = [*found, *_cut_short(found, evidence)]
    different: dict[str, Difference] = {}
    for compared in found:
        if compared.difference:
            different.setdefault(compared.path, compared.difference)
    unread = _paths(found, State.UNREAD)
    return Comparison(
        equal=frozenset(_paths(found, State.EQUAL)) - different.keys() - frozenset(unread),
        different=tuple(different.values()),
        absent=_paths(found, State.ABSENT),
        unread=unread,
    )


def _compared(
    resource: Resource, path: str, evidence: Evidence, parts: Mapping[Part, str]
) -> Compared | None:
    """How the resource stands to its file, or None where that was not selected."""
    file = evidence.listing.by_path.get(path)
    if path not in evidence.manifest.by_path or file is None:
        missed = file is None and _is_missed(path, evidence)
        return Compared(path=path, state=State.ABSENT) if missed else None
    end = file.size if resource.end is None else resource.end
    whole = resource.end is None and resource.algorithm == "sha256"
    part = parts.get((path, resource.algorithm, resource.start, end))
    actual = (file.sha256 or None) if whole else part
    if actual == resource.digest:
        return Compared(path=path, state=State.EQUAL, end=end)
    if actual is None and end <= file.size:
        return Compared(path=path, state=State.UNREAD, end=end)
    difference = _difference(path, resource, actual, file.size)
    return Compared(path=path, state=State.DIFFERENT, end=end, difference=difference)


def _cut_short(found: Sequence[Compared], evidence: Evidence) -> Iterator[Compared]:
    """The files of which less, or more, was signed than lies there."""
    last: dict[str, int] = {}
    for compared in found:
        if compared.state is not State.ABSENT:
            last[compared.path] = max(last.get(compared.path, 0), compared.end)
    for path, end in last.items():
        size = evidence.manifest.by_path[path].size
        if end != size:
            words = Difference(path=path, expected=f"{end} bytes", actual=f"{size} bytes")
            yield Compared(path=path, state=State.DIFFERENT, end=end, difference=words)


def _paths(found: Sequence[Compared], state: State) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.path for one in found if one.state is state))


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
