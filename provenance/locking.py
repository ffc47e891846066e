"""Between judgements and the lockfile: an entry out of a verdict, and evidence with what is locked.

Pure: which entry is meant, what it adds to evidence, and what a judged model is written as.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from provenance.checks.case import Case
from provenance.judgement import Trial
from provenance.lineage import YOU
from provenance.lock import (
    Accepted,
    Entry,
    Floor,
    Lock,
    LockedFailure,
    LockedFinding,
    LockedParent,
    LockedSigner,
    Part,
    dumps,
)
from provenance.model import Ancestor, Basis, Evidence, Facts, File, Manifest, Observation, Ref
from provenance.policy import Settings
from provenance.trust import Registry
from provenance.verdict import Level, Outcome, Result, SignerSeen, Verdict

SHORT_OF_BYTES = frozenset(
    {
        "format/unread",
        "integrity/no-reference",
        "integrity/undeclared",
        "integrity/unread",
        "signature/unsupported",
    }
)
"""What may be unknown only because no byte was downloaded."""

OF_PULL_REQUESTS = frozenset({"policy/changed", "policy/changed-by-owners", "policy/removed-model"})
"""What is found about a pull request, and is no more once it is merged."""


def matching(lock: Lock, evidence: Evidence) -> Entry | None:
    """The model whose files are just those of a measured directory, or None.

    Its whole listing or its selection may lie there. A name that was given must be its own.
    """
    found = {evidence.listing.digest, evidence.manifest.digest}
    for entry in lock.models():
        named = evidence.ref.repo in (None, entry.repo)
        if named and found & {entry.manifest, entry.selected}:
            return entry
    return None


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

    What the evidence states itself stays.
    """
    ref = evidence.ref
    return replace(
        evidence,
        ref=replace(ref, repo=ref.repo or entry.repo, commit=ref.commit or entry.commit),
        facts=evidence.facts or entry.facts,
        ancestors=evidence.ancestors or ancestors(lock),
    )


def ancestors(lock: Lock) -> tuple[Ancestor, ...]:
    """The ancestors that a lockfile knows, by the names that claims use."""
    return tuple(
        Ancestor(
            claimed=_claimed(entry),
            revision=entry.revision,
            facts=entry.facts,
            commit=entry.commit,
            manifest=entry.manifest or None,
        )
        for entry in lock.entries
        if entry.part is Part.ANCESTOR
    )


def pins(lock: Lock | None) -> dict[str, str]:
    """The commit at which each ancestor of the lockfile was looked at, by its claimed name."""
    entries = lock.entries if lock else ()
    return {
        _claimed(entry): entry.commit
        for entry in entries
        if entry.part is Part.ANCESTOR and entry.commit and entry.revision is None
    }


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


def entry_of(
    name: str, trial: Trial, *, path: str | None = None, before: Entry | None = None
) -> Entry:
    """What the lockfile says of a model that was judged.

    Changes that were accepted stay on record.
    """
    case, verdict = trial.case, trial.verdict
    evidence = case.evidence
    owner = case.registry.owner(evidence.ref.repo or "")
    return Entry(
        name=name,
        repo=evidence.ref.repo,
        path=path,
        revision=evidence.ref.revision,
        commit=evidence.ref.commit,
        facts=_kept(evidence.facts),
        organisation=owner.name if owner else "",
        basis=_basis(evidence, before),
        profile=verdict.profile,
        verdict=verdict.result,
        manifest=evidence.listing.digest,
        selected=evidence.manifest.digest,
        include=evidence.include,
        exclude=evidence.exclude,
        parents=tuple(dict.fromkeys(_parents(case))),
        signers=tuple(_signer(signer) for signer in verdict.signers if signer.organisation),
        accepted=(*(before.accepted if before else ()), *_accepted(verdict)),
        findings=tuple(_findings(verdict)),
        files=evidence.manifest,
    )


def _basis(evidence: Evidence, before: Entry | None) -> str:
    """How the digests were had in the first place."""
    return before.basis if evidence.basis is Basis.LOCKED and before else evidence.basis


def ancestor_entries(evidences: Iterable[Evidence], registry: Registry) -> tuple[Entry, ...]:
    """An entry for each ancestor of any of the models that a Hub knows, once, by claimed name."""
    found: dict[tuple[str, str | None], Entry] = {}
    for evidence in evidences:
        for ancestor in evidence.ancestors:
            if ancestor.facts:
                key = (ancestor.claimed, ancestor.revision)
                found.setdefault(key, _ancestor(ancestor, ancestor.facts, registry))
    return tuple(found.values())


def _ancestor(ancestor: Ancestor, facts: Facts, registry: Registry) -> Entry:
    owner = registry.owner(facts.id)
    return Entry(
        name="@".join(filter(None, (ancestor.claimed, ancestor.revision))),
        part=Part.ANCESTOR,
        repo=facts.id,
        revision=ancestor.revision,
        commit=ancestor.commit,
        facts=_kept(facts),
        organisation=owner.name if owner else "",
        manifest=ancestor.manifest or "",
    )


def _kept(facts: Facts | None) -> Facts | None:
    """Only what a lockfile keeps: what changes by the day would change the lock."""
    return replace(facts, gated=None, private=None, flags=()) if facts else None


def _parents(case: Case) -> Iterator[LockedParent]:
    """Each parent by each place that names it, and those that are attested alone."""
    above = {edge.parent: edge for edge in case.graph.above.get(case.graph.model, ())}
    known = {(a.claimed, a.revision): a for a in case.evidence.ancestors}
    named = set()
    for claim in case.claimed.claims_of(case.claimed.own):
        name = case.claimed.canonical(claim.repo or "")
        if edge := above.get(name):
            named.add(name)
            found = known.get((claim.repo or "", claim.revision))
            stated = claim.revision if claim.path == YOU else None
            yield LockedParent(
                repo=name,
                commit=found.commit if found else stated,
                relation=claim.relation,
                tier=edge.tier,
                source=claim.path,
            )
    for name in above.keys() - named:
        node, edge = case.graph.by_key[name], above[name]
        yield LockedParent(
            repo=node.repo or node.key,
            commit=node.commit,
            relation=edge.relation,
            tier=edge.tier,
            source=edge.bundle,
        )


def _signer(signer: SignerSeen) -> LockedSigner:
    return LockedSigner(
        kind=signer.kind,
        identity=signer.identity,
        organisation=signer.organisation,
        name=signer.name,
        bundle=signer.bundle,
        time=datetime.fromisoformat(signer.times[0]) if signer.times else None,
    )


def _accepted(verdict: Verdict) -> Iterator[Accepted]:
    for finding in verdict.findings:
        if finding.accepted:
            yield Accepted(rule=finding.rule, old=finding.accepted[0], new=finding.accepted[1])


def _findings(verdict: Verdict) -> Iterator[LockedFinding]:
    for finding in verdict.findings:
        if finding.rule in OF_PULL_REQUESTS:
            continue
        if finding.outcome is not Outcome.PASS and not finding.accepted:
            yield LockedFinding(
                rule=finding.rule,
                where=finding.where,
                outcome=finding.outcome,
                level=finding.level,
                waived=finding.waived,
            )


def out_of_step(settings: Settings, entry: Entry) -> Iterator[str]:
    """How provenance.toml asks for something else than is locked."""
    for model in settings.models:
        if model.name == entry.name:
            for word in ("repo", "revision", "include", "exclude"):
                locked, asked = getattr(entry, word), getattr(model, word)
                if locked != asked:
                    yield f"{entry.name}: {word} is {asked!r}, and {locked!r} is locked"
            return
    if settings.source:
        yield f"{entry.name} is not in {settings.source} any more"


def relocked(
    before: Lock | None,
    registry: Registry,
    entries: Sequence[Entry],
    failures: Iterable[LockedFailure],
) -> Lock:
    """The lock with new entries and failures; of failures none is forgotten.

    An edit of the registry that changes nothing else leaves the lock as it is.
    """
    old = before.failures if before else ()
    lock = Lock(
        registries=_floors(registry, before),
        entries=entries_in_order(entries),
        failures=tuple(dict.fromkeys((*old, *failures))),
    )
    if before and _versioned(before) == _versioned(lock):
        kept = replace(lock, registries=before.registries)
        return kept if dumps(kept) == dumps(before) else lock
    return lock


def as_proposed(lock: Lock, proposed: Lock | None) -> Lock:
    """The lock in the terms of one that is proposed: its floors, and what it says was accepted.

    Neither counts for anything, so that neither makes a difference.
    """
    if proposed is None:
        return lock
    accepted = {(entry.part, entry.name): entry.accepted for entry in proposed.entries}
    entries = (replace(e, accepted=accepted.get((e.part, e.name), ())) for e in lock.entries)
    return replace(lock, registries=proposed.registries, entries=tuple(entries))


def _versioned(lock: Lock) -> set[tuple[str, bool]]:
    return {(floor.name, floor.version is None) for floor in lock.registries}


def _floors(registry: Registry, before: Lock | None) -> tuple[Floor, ...]:
    """The registries that took part, each at the highest version that was ever seen."""
    known = {floor.name: floor.version for floor in before.registries} if before else {}
    return tuple(
        Floor(name=release.name, version=_higher(release.version, known.get(release.name)))
        for release in registry.releases
    )


def _higher(version: int | None, other: int | None) -> int | None:
    return max((v for v in (version, other) if v is not None), default=None)


def twins(lock: Lock) -> frozenset[str]:
    """The names of signed models that have the same files under different names of repositories."""
    repos: dict[str, set[str]] = {}
    for entry in lock.models():
        if entry.signers and entry.repo:
            repos.setdefault(entry.selected, set()).add(entry.repo)
    return frozenset(
        entry.name for entry in lock.models() if len(repos.get(entry.selected, ())) > 1
    )


def entries_in_order(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The entries as a lockfile has them: models first, then by name."""
    order = {part: number for number, part in enumerate((Part.MODEL, Part.CLOSURE, Part.ANCESTOR))}
    return tuple(
        sorted(entries, key=lambda entry: (order[entry.part], entry.name, entry.revision or ""))
    )
