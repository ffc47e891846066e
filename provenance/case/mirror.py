"""Whether a model is the mirror that it is said to be: only where its bytes are the origin's.

What says so is the caller's `mirror_of`, or the lockfile's for the very same files. What proves it
is equality alone: of every file that a loader reads, with those that the Hub has of the origin at
that commit, a root of the registry, or the lockfile.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from provenance.claims.files import ModelFiles
from provenance.lock import Entry, Lock
from provenance.model import Ancestor, Evidence, Manifest
from provenance.trust import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """A model that is the bytes of another, as `proof` says; `evidence` is that on the model by
    the origin's name. `others` are files that no loader reads and that are not the origin's."""

    origin: Ancestor
    evidence: Evidence
    proof: str
    others: tuple[str, ...] = ()

    @property
    def named(self) -> str:
        """The origin, as `org/name@<commit>`."""
        return named(self.origin)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unproved:
    """What was said to be a mirror and is none (`different` files), or may be none (`why`)."""

    origin: Ancestor
    different: tuple[str, ...] = ()
    why: str = ""


def named(origin: Ancestor) -> str:
    """A known or claimed model, as `org/name@<commit>`."""
    return f"{origin.claimed}@{origin.revision}"


def mirror(files: ModelFiles, registry: Registry, lock: Lock | None) -> Mirror | Unproved | None:
    """What becomes of the saying that a model is a mirror; None where nobody says it."""
    evidence, origin = files.evidence, files.evidence.origin
    if origin is None:
        return None
    if origin.evidence:
        return _by_files(files, origin, origin.evidence)
    if proof := _by_root(evidence, origin, registry) or _by_lock(evidence, origin, lock):
        return _proved(evidence, origin, proof)
    why = origin.missing or "nobody was asked, and neither the registry nor the lockfile tells"
    return Unproved(origin=origin, why=why)


def _by_files(files: ModelFiles, origin: Ancestor, known: Evidence) -> Mirror | Unproved:
    """Every file that a loader reads of either has one SHA-256, which is stated."""
    own, theirs = files.evidence.manifest.by_path, known.manifest.by_path
    every = own.keys() | theirs.keys()
    needed = (files.read | ModelFiles(evidence=known).read) or every
    unlike = {path for path in every if own.get(path) != theirs.get(path)}
    if different := tuple(sorted(unlike & needed)):
        return Unproved(origin=origin, different=different)
    if silent := sorted(path for path in needed if not own[path].sha256):
        return Unproved(origin=origin, why=f"no SHA-256 is stated of {silent[0]}")
    proof = f"all {len(needed)} files that a loader reads are equal"
    return _proved(files.evidence, origin, proof, tuple(sorted(unlike)))


def _by_root(evidence: Evidence, origin: Ancestor, registry: Registry) -> str:
    owner = registry.owner(origin.claimed)
    digests = {evidence.manifest.digest, evidence.listing.digest}
    for root in owner.roots if owner else ():
        same = (root.repo, root.commit) == (origin.claimed, origin.revision)
        if same and root.manifest in digests:
            return "the files are those of the registry's root"
    return ""


def _by_lock(evidence: Evidence, origin: Ancestor, lock: Lock | None) -> str:
    """The lockfile knows these very files as its mirror, or as the origin itself; where a Hub was
    asked and did not tell, its memory is no proof."""
    entries = (*lock.models(), *lock.closure()) if lock and not origin.missing else ()
    if any(_is_it(entry, evidence.manifest, origin) for entry in entries):
        return "the files are those that the lockfile has of it"
    return ""


def _is_it(entry: Entry, manifest: Manifest, origin: Ancestor) -> bool:
    itself = (entry.repo, entry.commit) == (origin.claimed, origin.revision)
    return entry.selected == manifest.digest and (itself or entry.mirror_of == named(origin))


def _proved(
    evidence: Evidence, origin: Ancestor, proof: str, others: tuple[str, ...] = ()
) -> Mirror:
    """The model by the origin's name, with the signatures that lie beside the origin."""
    present = {document.data for document in evidence.bundles}
    beside = origin.evidence.bundles if origin.evidence else ()
    more = (replace(d, path=f"{origin.claimed}/{d.path}") for d in beside)
    ref = replace(evidence.ref, repo=origin.claimed, commit=origin.revision, revision=None)
    seen = replace(
        evidence,
        ref=ref,
        facts=origin.facts,
        origin=None,
        bundles=(*evidence.bundles, *(d for d in more if d.data not in present)),
    )
    return Mirror(origin=origin, evidence=seen, proof=proof, others=others)
