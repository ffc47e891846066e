"""Evidence with what the lockfile knows: which entry is meant, and what it adds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from provenance.lock.memory import above, known_member, unclaimed
from provenance.lock.model import Entry, Lock, Part
from provenance.model import Ancestor, Basis, Evidence, File, Manifest, Member, Observation, Ref
from provenance.selection import matches, relevant
from provenance.verdict import Level, Outcome, Result, Verdict

SHORT_OF_BYTES = frozenset(
    {
        "format/unread",
        "integrity/no-reference",
        "integrity/undeclared",
        "integrity/unread",
        "signature/lost",
        "signature/unsupported",
        "weights/unread",
    }
)
"""What may be unknown only because no byte was downloaded."""


def matching(lock: Lock, evidence: Evidence, name: str = "") -> Entry | None:
    """The model whose files are just those of a measured directory, or None.

    Its whole listing or its selection may lie there, and in a snapshot of the Hub's cache, which
    all projects share, its selection among other files. A repository that was given must be its
    own; of several models the one called `name` comes first.
    """
    found = {evidence.listing.digest, evidence.manifest.digest}
    models = sorted(lock.models(), key=lambda entry: entry.name != name)
    own = [entry for entry in models if evidence.ref.repo in (None, entry.repo)]
    for entry in own:
        if found & {entry.manifest, entry.selected}:
            return entry
    commit = evidence.ref.commit
    held = (entry for entry in own if commit and entry.commit == commit)
    return next((e for e in held if selection(evidence, e).digest == e.selected), None)


def selection(evidence: Evidence, entry: Entry) -> Manifest:
    """What the selection of an entry leaves of the files that are here."""
    files = evidence.listing.files
    return Manifest.of(f for f in files if matches(f.path, entry.include, entry.exclude))


def narrowed(evidence: Evidence, entry: Entry) -> Evidence:
    """The measured evidence as the entry selects it, where that is what is locked; else as it was.

    What lies beside the selection is left out, unless all of it is the listing that is locked.
    """
    chosen = selection(evidence, entry)
    if evidence.basis is not Basis.MEASURED or chosen.digest != entry.selected:
        return evidence
    return replace(
        evidence,
        listing=evidence.listing if evidence.listing.digest == entry.manifest else chosen,
        manifest=chosen,
        include=entry.include,
        exclude=entry.exclude,
        contents=tuple(c for c in evidence.contents if c.path in chosen.by_path),
        parts=tuple(part for part in evidence.parts if part.path in chosen.by_path),
        observations=tuple(relevant(evidence.observations, entry.include, entry.exclude)),
        weights=replace(
            evidence.weights,
            tensors=tuple(t for t in evidence.weights.tensors if t.path in chosen.by_path),
        ),
    )


def unshown(entry: Entry, at: datetime, reason: str) -> Evidence:
    """What a lockfile alone knows of a model that a Hub does not show: digests, no byte read."""
    ref = Ref(text=entry.repo or entry.name, repo=entry.repo, commit=entry.commit)
    return Evidence(
        ref=ref,
        at=at,
        basis=Basis.LOCKED,
        listing=entry.files,
        manifest=entry.files,
        include=entry.include,
        exclude=entry.exclude,
        facts=entry.facts,
        observations=tuple(
            Observation(code="unreadable", path=file.path, detail=reason)
            for file in entry.files.files
        ),
    )


def with_locked(evidence: Evidence, lock: Lock, entry: Entry) -> Evidence:
    """The evidence with what the lockfile knows of the repository: name, commit, facts, ancestors.

    What the evidence states itself stays. What is remembered of the repository of a model that was
    locked on disk, or in a store, is no fact about these files.
    """
    ref = evidence.ref
    facts = entry.facts if entry.path is None and entry.source is None else None
    return replace(
        evidence,
        ref=replace(ref, repo=ref.repo or entry.repo, commit=ref.commit or entry.commit),
        facts=evidence.facts or facts,
        ancestors=evidence.ancestors or ancestors(lock, entry),
        members=evidence.members or members(lock, entry),
        origin=evidence.origin or origin(lock, entry),
    )


def origin(lock: Lock, entry: Entry) -> Ancestor | None:
    """What a locked model was found to be a mirror of, which nobody was asked about."""
    return stated_origin(entry.mirror_of, lock) if entry.mirror_of else None


def stated_origin(text: str, lock: Lock | None = None) -> Ancestor:
    """What `mirror_of` says, with what a lockfile has of it at that commit."""
    repo, _, commit = text.partition("@")
    stated = Ancestor(claimed=repo, revision=commit or None, commit=commit or None)
    entries = lock.entries if lock else ()
    known = (entry for entry in entries if entry.part is Part.ANCESTOR and entry.name == text)
    if entry := next(known, None):
        return replace(stated, facts=entry.facts, manifest=entry.manifest or None)
    return stated


def members(lock: Lock, entry: Entry) -> tuple[Member, ...]:
    """What loaders fetch for a locked model, as far as the lockfile knows it."""
    return tuple(locked_member(lock, one.repo, one.revision, one.commit) for one in entry.members)


def locked_member(lock: Lock | None, repo: str, revision: str | None, commit: str | None) -> Member:
    """What the lockfile alone knows of a repository that a loader asks for."""
    entry = known_member(lock, repo, commit)
    if entry is None:
        at = f"@{commit}" if commit else ""
        missing = f"the lockfile does not have {repo}{at}"
        return Member(repo=repo, revision=revision, missing=missing)
    return Member(repo=repo, revision=revision, commit=entry.commit, manifest=entry.manifest)


def ancestors(lock: Lock, entry: Entry) -> tuple[Ancestor, ...]:
    """The ancestors that a lockfile knows of a model, by the names that claims use."""
    known = above(lock, {parent.repo for parent in entry.parents})
    return tuple(
        Ancestor(
            claimed=_claimed(entry),
            revision=entry.revision,
            facts=entry.facts,
            commit=entry.commit,
            manifest=entry.manifest or None,
        )
        for entry in (*known, *unclaimed(lock))
    )


def pins(lock: Lock | None) -> dict[str, str]:
    """The commit at which each ancestor of the lockfile was looked at, by its claimed name."""
    entries = lock.entries if lock else ()
    return {
        _claimed(entry): entry.commit
        for entry in entries
        if entry.part is Part.ANCESTOR and entry.commit and entry.revision is None
    }


def mirrors(lock: Lock) -> dict[str, tuple[str, ...]]:
    """By its repository what each mirror that is locked was found to be one of, at its commit."""
    said: dict[str, dict[str, None]] = {}
    for entry in lock.entries:
        if entry.repo and entry.mirror_of and entry.origin_commit:
            said.setdefault(entry.repo, {})[entry.mirror_of] = None
    return {repo: tuple(origins) for repo, origins in said.items()}


def member_pins(lock: Lock | None) -> dict[tuple[str, str | None], str]:
    """The commit at which each member of the lockfile was looked at, by what a loader asks for."""
    entries = lock.models() if lock else ()
    return {(one.repo, one.revision): one.commit for entry in entries for one in entry.members}


def _claimed(entry: Entry) -> str:
    """What claims call an ancestor: the name before the revision that they state."""
    return entry.name.partition("@")[0]


def with_known_digests(evidence: Evidence, entry: Entry | None) -> Evidence:
    """The evidence with the digests that the lockfile has of this very commit, where the Hub states
    none: they were measured once, and the bytes have to have them."""
    if entry is None or entry.commit is None or entry.commit != evidence.ref.commit:
        return evidence
    known = entry.files.by_path
    settled = {
        file.path
        for file in evidence.manifest.files
        if file.path in known and file.digest in ("", known[file.path].sha256)
        if file.size == known[file.path].size
    }
    silent = {seen.path for seen in evidence.observations if seen.code == "undeclared"}
    filled = settled & silent
    if not filled:
        return evidence
    return replace(
        evidence,
        basis=Basis.LOCKED,
        listing=_with(evidence.listing, known, filled),
        manifest=_with(evidence.manifest, known, filled),
        observations=tuple(
            seen
            for seen in evidence.observations
            if not (seen.code == "undeclared" and seen.path in filled)
        ),
    )


def _with(manifest: Manifest, known: Mapping[str, File], filled: Collection[str]) -> Manifest:
    return Manifest.of(known[f.path] if f.path in filled else f for f in manifest.files)


def bytes_may_tell(verdict: Verdict) -> bool:
    """Whether nothing failed, and all that is unknown would be known of downloaded bytes."""
    open_ = [
        finding.rule
        for finding in verdict.findings
        if finding.level is Level.REQUIRE and finding.outcome is Outcome.UNKNOWN
    ]
    return verdict.result is Result.INCOMPLETE and all(rule in SHORT_OF_BYTES for rule in open_)
