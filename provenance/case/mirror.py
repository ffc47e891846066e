"""Whether a model is the mirror that it is said to be: only where its bytes are the origin's.

What says so is the caller's `mirror_of`, the lockfile's for the very same files, or the registry's
for a whole namespace; or an importer of the registry, who attested where the copy came from. What
proves it is equality alone: of every file that a loader reads, with what the Hub has of the origin
at that commit, a root of the registry, the lockfile, what an importer attested, or what a publisher
of the origin signed. A signature names no model: who says which it is answers for that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from provenance.case.imports import Import, imports_of
from provenance.case.publisher import publisher_signatures
from provenance.claims.files import ModelFiles
from provenance.lock import Entry, Lock
from provenance.lock.known import stated_origin
from provenance.model import Ancestor, Evidence
from provenance.signature import weigh
from provenance.trust import Registry, Root

SHOWN = 3
NAMES_NO_MODEL = "known by the signature, which names no model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """A model that is the bytes of another, as `proof` says; `evidence` is that on the model by
    the origin's name. `others` are files that no loader reads and that are not the origin's;
    `remark` is what the proof leaves to whoever says which model it is."""

    origin: Ancestor
    evidence: Evidence
    proof: str
    others: tuple[str, ...] = ()
    remark: str = ""

    @property
    def named(self) -> str:
        """The origin, as `org/name@<commit>`; by its name where no commit is known."""
        return named(self.origin)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unproved:
    """What was said to be a mirror and is none (`different` files), or may be none (`why`)."""

    origin: Ancestor
    different: tuple[str, ...] = ()
    why: str = ""

    @property
    def said(self) -> str:
        """What was compared and how that ended, without what to do about it."""
        if not self.different:
            return f"whether the bytes are those of {named(self.origin)} is unknown ({self.why})"
        more = len(self.different) - SHOWN
        shown = ", ".join(self.different[:SHOWN]) + f" and {more} more" * (more > 0)
        differ = "differs" if len(self.different) == 1 else "differ"
        return f"the bytes are not those of {named(self.origin)}: {shown} {differ}"


def named(origin: Ancestor) -> str:
    """A known or claimed model, as `org/name@<commit>`; by its name where no commit is known."""
    return "@".join(filter(None, (origin.claimed, origin.revision)))


def mirror(files: ModelFiles, registry: Registry, lock: Lock | None) -> Mirror | Unproved | None:
    """What becomes of the saying that a model is a mirror; None where nobody says it, or only the
    registry does and nothing proves it."""
    origin = files.evidence.origin
    if origin is None:
        return _by_namespace(files, registry, lock) or _by_import(files, registry, lock)
    if origin.evidence:
        return _by_files(files, origin, origin.evidence)
    if different := _other_than_locked(files, origin, lock):
        return Unproved(origin=origin, different=different)
    if proved := _by_what_is_known(files, origin, registry, lock):
        return proved
    why = origin.missing or "nobody was asked, and neither the registry nor the lockfile tells"
    return Unproved(origin=origin, why=why)


def _by_namespace(files: ModelFiles, registry: Registry, lock: Lock | None) -> Mirror | None:
    """The first model that the registry lets it be a mirror of, and that something proves."""
    for origin in _possible(files.evidence, registry, lock):
        proved = _by_what_is_known(files, origin, registry, lock)
        if proved and not _other_than_locked(files, origin, lock):
            return proved
    return None


def _by_import(files: ModelFiles, registry: Registry, lock: Lock | None) -> Mirror | None:
    """The model that an importer attested the files to be, under the name that the caller has."""
    for found in imports_of(files, registry):
        if found.holds and found.may_be(files.evidence.ref.repo) and not _is_at_home(files, found):
            origin = _imported(found, lock)
            if not _other_than_locked(files, origin, lock):
                return _proved(files.evidence, origin, _word(found), found.others)
    return None


def _is_at_home(files: ModelFiles, found: Import) -> bool:
    """Whether a Hub answers for the origin itself: its own word on that tells more."""
    facts = files.evidence.facts
    return bool(facts and found.said and facts.id == found.said.origin.repo)


def _imported(found: Import, lock: Lock | None) -> Ancestor:
    """The origin of an import, with what the lockfile has of it at that commit."""
    said = found.said.origin if found.said else None
    known = stated_origin(said.named if said else "", lock)
    return replace(known, manifest=known.manifest or (said.manifest if said else None) or None)


def _word(found: Import) -> str:
    return f"{found.speaker} attested the import of all {len(found.equal)} files"


def _possible(evidence: Evidence, registry: Registry, lock: Lock | None) -> Iterator[Ancestor]:
    """What the registry lets a model be a mirror of: at each commit that a root or the lockfile has
    for these very files, and then at none that is known."""
    for repo in registry.mirrored(evidence.ref.repo or ""):
        known = [root.commit for root in _same_roots(evidence, repo, registry)]
        same = [e for e in _entries(lock) if e.selected == evidence.manifest.digest]
        known += [entry.origin_commit for entry in same if entry.origin == repo]
        yield from (stated_origin(f"{repo}@{one}", lock) for one in dict.fromkeys(known) if one)
        yield Ancestor(claimed=repo)


def _by_what_is_known(
    files: ModelFiles, origin: Ancestor, registry: Registry, lock: Lock | None
) -> Mirror | None:
    """The mirror, where something shows without a Hub that the bytes are the origin's."""
    evidence = files.evidence
    if proof := _by_root(evidence, origin, registry) or _by_lock(evidence, origin, lock):
        return _proved(evidence, origin, proof)
    for found in imports_of(files, registry):
        said = found.said.origin if found.said else None
        if said and found.holds and (said.repo, said.revision) == (origin.claimed, origin.revision):
            return _proved(evidence, origin, _word(found), found.others)
    if proof := _by_signature(files, origin, registry):
        return replace(_proved(evidence, origin, proof), remark=NAMES_NO_MODEL)
    return None


def _by_files(files: ModelFiles, origin: Ancestor, known: Evidence) -> Mirror | Unproved:
    """Every file that a loader reads of either has one SHA-256, which is stated."""
    own, theirs = files.evidence.manifest.by_path, known.manifest.by_path
    every = own.keys() | theirs.keys()
    needed = (files.read | files.of(known).read) or every
    unlike = {path for path in every if own.get(path) != theirs.get(path)}
    if different := tuple(sorted(unlike & needed)):
        return Unproved(origin=origin, different=different)
    if silent := sorted(path for path in needed if not own[path].sha256):
        return Unproved(origin=origin, why=f"no SHA-256 is stated of {silent[0]}")
    proof = f"all {len(needed)} files that a loader reads are equal"
    return _proved(files.evidence, origin, proof, tuple(sorted(unlike)))


def _by_root(evidence: Evidence, origin: Ancestor, registry: Registry) -> str:
    roots = _same_roots(evidence, origin.claimed, registry)
    if any(root.commit in (None, origin.revision) for root in roots):
        return "the files are those of the registry's root"
    return ""


def _same_roots(evidence: Evidence, repo: str, registry: Registry) -> list[Root]:
    """The roots of a repository that have just these files."""
    digests = {evidence.manifest.digest, evidence.listing.digest}
    return [root for root in registry.roots(repo) if root.manifest in digests]


def _by_lock(evidence: Evidence, origin: Ancestor, lock: Lock | None) -> str:
    """The lockfile knows these very files as its mirror, or as the origin itself; where a Hub was
    asked and did not tell, its memory is no proof."""
    entries = () if origin.missing else _entries(lock)
    digest = evidence.manifest.digest
    if any(_is_it(entry, origin) and entry.selected == digest for entry in entries):
        return "the files are those that the lockfile has of it"
    return ""


def _by_signature(files: ModelFiles, origin: Ancestor, registry: Registry) -> str:
    """One signature by publishers of the origin covers every file that a loader reads; no matter,
    where a Hub has the origin and not that commit."""
    if origin.missing and origin.commit is None:
        return ""
    seen = _as_origin(files.evidence, origin)
    weighed = [
        weigh(opened, registry, seen.today, origin.claimed) for opened in files.seen(seen).bundles
    ]
    for signed in publisher_signatures(seen, registry, weighed):
        needed = files.read or signed.comparison.equal
        if signed.comparison.holds and needed <= signed.comparison.equal:
            return f"{signed.parties[0].org.name} signed all {len(needed)} files"
    return ""


def _entries(lock: Lock | None) -> tuple[Entry, ...]:
    return (*lock.models(), *lock.closure()) if lock else ()


def _is_it(entry: Entry, origin: Ancestor) -> bool:
    """Whether an entry is of the origin at its commit, or of a mirror of that."""
    commit = entry.origin_commit
    return commit is not None and (entry.origin, commit) == (origin.claimed, origin.revision)


def _other_than_locked(files: ModelFiles, origin: Ancestor, lock: Lock | None) -> tuple[str, ...]:
    """The files that a loader reads and that the lockfile has otherwise for that commit."""
    own = files.evidence.manifest.by_path
    known = [entry.files.by_path for entry in _entries(lock) if _is_it(entry, origin)]
    unlike = {
        path for theirs in known for path in theirs.keys() & files.read if theirs[path] != own[path]
    }
    return tuple(sorted(unlike))


def _as_origin(evidence: Evidence, origin: Ancestor) -> Evidence:
    """The model by the origin's name."""
    ref = replace(evidence.ref, repo=origin.claimed, commit=origin.revision, revision=None)
    return replace(evidence, ref=ref, facts=origin.facts, origin=None)


def _proved(
    evidence: Evidence, origin: Ancestor, proof: str, others: tuple[str, ...] = ()
) -> Mirror:
    """The model by the origin's name, with the signatures that lie beside the origin."""
    present = {document.data for document in evidence.bundles}
    beside = origin.evidence.bundles if origin.evidence else ()
    more = (replace(d, path=f"{origin.claimed}/{d.path}") for d in beside)
    bundles = (*evidence.bundles, *(d for d in more if d.data not in present))
    seen = replace(_as_origin(evidence, origin), bundles=bundles)
    return Mirror(origin=origin, evidence=seen, proof=proof, others=others)
