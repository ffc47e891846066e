"""registry: has the registry revoked this, and does it still speak?

Decided before every other check, with today's registry. No profile, level, waiver or exemption
turns it off.

Findings:

registry/revoked
    The manifest, repository or commit was revoked, or one of the files, or any of these of an
    ancestor, claimed or found, or of what a loader fetches for the model. Files count by their
    digest, under any name and whatever lies beside them; of a locked model the whole listing counts
    as well as the selection. What is said to be a mirror is refused with its origin, and by the
    registry's table of mirrors with the repository of that name. Do not deploy it; the reason says
    where to read on.

registry/expired
    The registry has expired: whoever keeps it has not looked at it since. Nothing passes by it.
    Fetch the current one.

registry/refused
    The registry's signatures, versions or dates do not hold, so that nothing is judged by it. Ask
    whoever publishes it, by another way than the one it came by.

registry/rollback
    The lockfile was written by a newer version of this registry: what was revoked since is missing.
    Fetch the current one; if the lockfile is wrong, its maintainer can tell.

registry/unknown-section
    The part of the registry that the organisation keeps itself cannot be used, so that nobody
    knows who speaks for it or what it revoked. Other organisations are not concerned.

registry/unusable
    One of several registries is malformed. What the others say stands, and its parties are unknown;
    so is what it revoked, and no verdict is complete without that. Ask whoever keeps it, or take it
    out of `registry`.

registry/old
    Nobody has asked for a newer registry for longer than `registry_max_age` allows. Run once with
    the network.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from provenance.case.case import Case
from provenance.case.imports import said_of_origin
from provenance.case.mirror import Mirror
from provenance.claims.files import ModelFiles
from provenance.lineage.steps import unverified_steps
from provenance.lock import Entry, above, floor_of, member_entry, unclaimed
from provenance.model import Ancestor, Evidence, Manifest
from provenance.names import namespace_of
from provenance.trust import Registry
from provenance.trust.registry import FILE
from provenance.verdict import Finding, failed, unknown
from provenance.wire.training import Parent

Subjects = dict[str, set[str | None]]


def check(case: Case) -> Iterator[Finding]:
    """What the registry refuses whatever else is true, once each; silence is the normal answer."""
    yield from _standing(case)
    yield from dict.fromkeys((*_refused(case), *_unknown(case)))


def _standing(case: Case) -> Iterator[Finding]:
    """Whether the registry is one to judge by: not older than it was, and recent enough."""
    floors = case.lock.registries if case.lock else ()
    longest = case.policy.registry_max_age
    for name, reason in case.registry.unusable:
        yield unknown("registry/unusable", f"what it revokes is unknown: {reason}", name)
    for release in case.registry.releases:
        floor = floor_of(release, floors)
        if floor is not None and (release.version is None or release.version < floor):
            found = "no version" if release.version is None else f"version {release.version}"
            message = f"{found}, and the lockfile knows version {floor}"
            yield failed("registry/rollback", message, release.name)
        age = case.evidence.today - release.seen if release.seen else timedelta(0)
        if longest is not None and age > timedelta(days=longest):
            message = f"refreshed {age.days} days ago; registry_max_age is {longest}"
            yield unknown("registry/old", message, release.name)


def _unknown(case: Case) -> Iterator[Finding]:
    """The organisations of this model and its ancestors whose own section cannot be used."""
    evidence, claims = case.evidence, case.claimed.parent_claims
    repos = {evidence.ref.repo, case.origin.ref.repo, *(claim.repo for claim in claims)}
    repos |= {
        facts.id for facts in (evidence.facts, *(a.facts for a in evidence.ancestors)) if facts
    }
    repos |= {a.claimed for a in evidence.ancestors} | {p.repo for p in _attested(case.files)}
    repos |= {one.claimed for one in filter(None, case.claimed.origins)}
    owners = [owner for repo in sorted(filter(None, repos)) if (owner := case.registry.owner(repo))]
    for owner in owners:
        if owner.unknown:
            yield unknown("registry/unknown-section", owner.unknown, owner.name)


def _refused(case: Case) -> Iterator[Finding]:
    evidence, registry = case.evidence, case.registry
    if registry.expires and evidence.today >= registry.expires:
        yield failed(
            "registry/expired",
            f"{registry.name} expired on {registry.expires:%Y-%m-%d}",
            registry.name,
        )
    own = _own(case)
    yield from _revoked(registry, own, "", case.origin.ref.repo)
    for subjects in _origin(case, own):
        yield from _revoked(registry, subjects, " of the origin")
    for subjects in _ancestors(case):
        yield from _revoked(registry, subjects, " of an ancestor")
    for subjects in _members(case):
        yield from _revoked(registry, subjects, " of a closure member")


def _own(case: Case) -> Subjects:
    """All that the model is known by: as it lies here or is declared, and as it is locked."""
    evidence = case.evidence
    own: Subjects = {
        "manifest": {evidence.manifest.digest, evidence.listing.digest, evidence.ref.commit},
        "file": _digests(evidence.listing, evidence.manifest),
        "repo": {evidence.ref.repo, evidence.facts.id if evidence.facts else None},
        "commit": {evidence.ref.commit},
    }
    if (entry := case.locked) and case.is_locked:
        own["manifest"] |= {entry.manifest, entry.selected, entry.commit}
        own["file"] |= _digests(entry.files)
        own["repo"] |= {entry.repo, entry.facts.id if entry.facts else None}
        own["commit"] |= {entry.commit}
    return own


def _origin(case: Case, own: Subjects) -> Iterator[Subjects]:
    """What the model is known by that it is said to be a mirror of, proved or not; files that are
    the model's own too are told as its own."""
    for subjects in _mirrored(case, own["repo"], case.evidence, _proved(case)):
        shared = {kind: subjects[kind] - own[kind] for kind in ("manifest", "file")}
        yield {**subjects, **shared}
    for said in said_of_origin(case.files):
        for place in said.places:
            manifests: set[str | None] = {place.manifest}
            known = manifests - own["manifest"]
            yield {"manifest": known, "repo": {place.repo}, "commit": {place.revision}}


def _proved(case: Case) -> Ancestor | None:
    return case.mirror.origin if isinstance(case.mirror, Mirror) else None


def _mirrored(
    case: Case,
    names: Iterable[str | None],
    evidence: Evidence | None,
    proved: Ancestor | None = None,
) -> Iterator[Subjects]:
    """What the origin is known by of whatever has these names: one that is stated, proved or not,
    and by its name each that the registry lets it be a mirror of."""
    stated = evidence.origin if evidence else None
    for origin in filter(None, (stated, proved)):
        yield _of(origin)
    possible = {repo for name in names if name for repo in case.registry.mirrored(name)}
    yield {"manifest": set(), "file": set(), "repo": {*possible}, "commit": set()}


def _ancestors(case: Case) -> Iterator[Subjects]:
    """What each ancestor is known by, whoever names it and whether or not it was found."""
    evidence = case.evidence
    for parent in case.policy.parents:
        repo, _, commit = parent.partition("@")
        yield {"repo": {repo}, "commit": {commit}}
    for claim in case.claimed.parent_claims:
        today = case.claimed.canonical(claim.repo) if claim.repo else None
        yield {"repo": {claim.repo, today}, "commit": {claim.revision}}
    for ancestor, origin in zip(evidence.ancestors, case.claimed.origins, strict=True):
        subjects = _of(ancestor)
        yield subjects
        yield from _mirrored(case, subjects["repo"], ancestor.evidence, origin)
    for attested in _attested(case.files):
        yield {
            "manifest": {attested.manifest},
            "file": _digests(Manifest.of(attested.files)),
            "repo": {attested.repo},
            "commit": {attested.commit},
        }
    for node in case.graph.nodes[1:]:
        yield {"manifest": {node.manifest}, "repo": {node.repo}, "commit": {node.commit}}
    yield from _locked_ancestors(case)


def _members(case: Case) -> Iterator[Subjects]:
    """What everything is known by that a loader fetches for the model, found or not."""
    for claim in case.closure.claims.all:
        yield {"repo": {claim.repo}, "commit": {claim.revision}}
    for member in case.evidence.members:
        entry = member_entry(case.lock, member.repo, member.commit)
        same = entry if entry and entry.commit == member.commit else None
        known = member.evidence
        lists = (known.listing, known.manifest) if known else ()
        yield {
            "manifest": {member.manifest, *(one.digest for one in lists)}
            | ({same.manifest, same.selected} if same else set()),
            "file": _digests(*lists, *((same.files,) if same else ())),
            "repo": {member.repo, known.facts.id if known and known.facts else None},
            "commit": {member.commit},
        }
        yield from _mirrored(case, {member.repo}, known)


def _locked_ancestors(case: Case) -> Iterator[Subjects]:
    """The parents of the locked model, and what the lockfile knows above any parent named here."""
    named = {claim.repo for claim in case.claimed.parent_claims}
    named |= {ancestor.claimed for ancestor in case.evidence.ancestors}
    open_: tuple[Entry, ...] = ()
    if case.locked and case.is_locked:
        open_ = unclaimed(case.lock) if case.lock else ()
        for parent in case.locked.parents:
            named.add(parent.repo)
            yield {"repo": {parent.repo}, "commit": {parent.commit}}
    for entry in (*above(case.lock, named), *open_):
        yield {
            "manifest": {entry.manifest},
            "file": _digests(entry.files),
            "repo": {entry.name.partition("@")[0], entry.repo},
            "commit": {entry.commit},
        }
        for parent in entry.parents:
            yield {"repo": {parent.repo}, "commit": {parent.commit}}


def _digests(*manifests: Manifest) -> set[str | None]:
    """The digests of files as a registry writes them, where they are known."""
    files = (file for manifest in manifests for file in manifest.files)
    return {f"sha256:{file.sha256}" for file in files if file.sha256}


def _attested(files: ModelFiles) -> Iterator[Parent]:
    """The parents in every training statement at hand, whoever signed it."""
    known = (ancestor.evidence for ancestor in files.evidence.ancestors)
    for one in (files.evidence, *filter(None, known)):
        for step in unverified_steps(files.of(one).bundles):
            yield from step.parents


def _of(ancestor: Ancestor) -> Subjects:
    known = ancestor.evidence
    lists = (known.listing, known.manifest) if known else ()
    return {
        "manifest": {ancestor.manifest, *(one.digest for one in lists)},
        "file": _digests(*lists),
        "repo": {ancestor.claimed, ancestor.facts.id if ancestor.facts else None},
        "commit": {ancestor.revision, ancestor.commit},
    }


def _revoked(
    registry: Registry, subjects: Subjects, whose: str, origin: str | None = None
) -> Iterator[Finding]:
    """What is refused of it; of a mirror that is proved, by whoever may for its `origin` too."""
    repos = (*subjects["repo"], origin)
    namespaces = {namespace_of(repo) for repo in repos if repo} or None
    for kind, values in subjects.items():
        called = "repository" if kind == "repo" else kind
        hits: dict[str, dict[str, None]] = {}
        for value in sorted(value for value in values if value):
            for entry in registry.revocations(kind, value, namespaces):
                hits.setdefault(entry.reason, {})[value] = None
        for reason, found in ((reason, list(values)) for reason, values in hits.items()):
            more = f", and {len(found) - 1} more of its files," if len(found) > 1 else ""
            if kind == FILE:
                yield failed(
                    "registry/revoked", f"a file{whose}{more} was revoked: {reason}", found[0]
                )
                continue
            for value in found:
                yield failed(
                    "registry/revoked", f"the {called}{whose} was revoked: {reason}", value
                )
