"""A judged model, and its ancestors, as the lockfile has them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from provenance.case.case import Case
from provenance.case.mirror import named as named_at
from provenance.judgement import Evaluation
from provenance.lineage import YOU, wanted_by
from provenance.lock import (
    Accepted,
    Entry,
    Lock,
    LockedFinding,
    LockedMember,
    LockedParent,
    LockedSigner,
    Part,
    member_entry,
)
from provenance.lock.model import NO_FILES
from provenance.lock.sketch import sketch_of
from provenance.model import Ancestor, Basis, Evidence, Facts, Manifest, Reach
from provenance.revoking import weights
from provenance.trust import Registry
from provenance.verdict import Finding, Outcome, SignerSeen, Verdict

COMMIT = re.compile("[0-9a-f]{40}")
OF_PULL_REQUESTS = frozenset({"policy/changed", "policy/changed-by-owners", "policy/removed-model"})
"""What is found about a pull request, and is no more once it is merged."""

NOT_KEPT = (Outcome.PASS, Outcome.SKIPPED)
"""What a lockfile has no line for: what holds, and what says nothing of the model."""


def entry_of(
    name: str,
    evaluation: Evaluation,
    *,
    path: str | None = None,
    before: Entry | None = None,
    past: Sequence[Entry] = (),
) -> Entry:
    """What the lockfile says of a model that was judged.

    `before` is the entry that it had, `past` are those of its repository, whatever their names:
    what the Hub said of it, and the changes that were accepted, stay on record.
    """
    own = [before] if before else []
    past = [*own, *(entry for entry in past if entry != before)]
    before = next(iter(past), None)
    case, verdict = evaluation.case, evaluation.verdict
    evidence = case.evidence
    facts = _remembered(_kept(evidence.facts), past)
    owner = case.registry.owner(case.origin.ref.repo or "")
    return Entry(
        name=name,
        repo=evidence.ref.repo,
        path=path,
        source=evidence.ref.source,
        revision=evidence.ref.revision,
        commit=evidence.ref.commit,
        mirror_of=verdict.mirror_of if "@" in verdict.mirror_of else None,
        facts=_reached(facts, [entry for entry in own if entry.commit == evidence.ref.commit]),
        organisation=owner.name if owner else "",
        basis=_basis(evidence, before),
        profile=verdict.profile,
        verdict=verdict.result,
        manifest=evidence.listing.digest,
        selected=evidence.manifest.digest,
        include=evidence.include,
        exclude=evidence.exclude,
        parents=tuple(dict.fromkeys(_parents(case))),
        members=tuple(dict.fromkeys(_members(case))),
        signers=tuple(_signer(s, evidence, before) for s in verdict.signers if s.organisation),
        accepted=(*_agreed(own or past), *_accepted(verdict)),
        findings=tuple(_findings(verdict, evidence.ref.repo)),
        files=evidence.manifest,
        tensors=_sketch(evidence, before),
    )


def _sketch(evidence: Evidence, before: Entry | None) -> tuple[str, ...]:
    """That of the tensors that were read, or the one that was kept of the same files."""
    if evidence.basis is Basis.MEASURED:
        return sketch_of(evidence.weights.tensors)
    same = before is not None and before.selected == evidence.manifest.digest
    return before.tensors if before and same else ()


def _remembered(facts: Facts | None, past: Sequence[Entry]) -> Facts | None:
    """The facts, and what was known of the repository where today's place does not tell it."""
    for before in (entry.facts for entry in past if entry.facts):
        facts = facts or Facts(id=before.id)
        facts = replace(
            facts,
            repo_id=facts.repo_id or before.repo_id,
            owner=facts.owner or before.owner,
            owner_id=facts.owner_id or before.owner_id,
        )
    return facts


def _reached(facts: Facts | None, same: Sequence[Entry]) -> Facts | None:
    """The facts, by the name that led to the same commit before: that somebody tags it later, and
    moves the branch on, is no change of what is locked."""
    before = next((entry.facts.reach for entry in same if entry.facts), None)
    named = (Reach.BRANCH, Reach.TAG)
    if facts and before and before in named and facts.reach in named:
        return replace(facts, reach=before)
    return facts


def _agreed(past: Sequence[Entry]) -> Iterator[Accepted]:
    """What was accepted of the repository, each once where a name has no record of its own."""
    found = [accepted for entry in past for accepted in entry.accepted]
    yield from found if len(past) == 1 else dict.fromkeys(found)


def _basis(evidence: Evidence, before: Entry | None) -> str:
    """How the digests were had in the first place."""
    return before.basis if evidence.basis is Basis.LOCKED and before else evidence.basis


def ancestor_entries(cases: Iterable[Case], registry: Registry) -> tuple[Entry, ...]:
    """An entry for each ancestor of any of the models that a Hub knows, once, by claimed name, and
    for what any of them, or one of the models, is a mirror of."""
    found: dict[tuple[str, str | None], Entry] = {}
    for case in cases:
        above = zip(case.evidence.ancestors, case.claimed.origins, strict=True)
        own = case.evidence.origin
        further = [origin for origin in (*case.claimed.origins, own) if origin]
        for ancestor, origin in (*above, *((one, None) for one in further)):
            if ancestor.facts:
                key = (ancestor.claimed, ancestor.revision)
                found.setdefault(key, _ancestor(ancestor, origin, ancestor.facts, registry))
    return tuple(found.values())


def member_entries(evaluations: Iterable[Evaluation], before: Lock | None) -> tuple[Entry, ...]:
    """An entry for everything that a loader fetches for any of the models, once a commit."""
    found: dict[str, Entry] = {}
    for evaluation in evaluations:
        for member in evaluation.members:
            ref = member.case.evidence.ref
            name = f"{ref.repo}@{ref.commit}"
            old = member_entry(before, ref.repo, ref.commit)
            past = [entry for entry in (old,) if entry]
            made = entry_of(name, member, before=old, past=past)
            found.setdefault(name, replace(made, part=Part.CLOSURE))
    return tuple(found.values())


def _members(case: Case) -> Iterator[LockedMember]:
    """What a loader fetches for the model, each with the first place that says so."""
    for wanted, claims in case.closure.wanted.items():
        judged = case.closure.judged_as(wanted)
        if judged and judged.member.commit:
            yield LockedMember(
                repo=judged.member.repo,
                revision=judged.member.revision,
                commit=judged.member.commit,
                brings=claims[0].brings,
                source=claims[0].path,
            )


def is_complete(evidence: Evidence) -> bool:
    """Whether every ancestor that is named was found and looked at."""
    over = any(seen.code == "ancestors-limit" for seen in evidence.observations)
    return not over and not any(ancestor.missing for ancestor in evidence.ancestors)


def _ancestor(
    ancestor: Ancestor, origin: Ancestor | None, facts: Facts, registry: Registry
) -> Entry:
    owner = registry.owner(origin.claimed if origin else facts.id)
    return Entry(
        name="@".join(filter(None, (ancestor.claimed, ancestor.revision))),
        part=Part.ANCESTOR,
        repo=facts.id,
        revision=ancestor.revision,
        commit=ancestor.commit,
        mirror_of=named_at(origin) if origin else None,
        facts=_kept(facts),
        organisation=owner.name if owner else "",
        manifest=ancestor.manifest or "",
        parents=tuple(sorted(_parents_of(ancestor), key=lambda p: (p.repo, p.commit or ""))),
        files=_weights(ancestor.evidence),
    )


def _parents_of(ancestor: Ancestor) -> frozenset[LockedParent]:
    """Whom an ancestor descends from, so that the lockfile leads up to the last of them."""
    return frozenset(
        LockedParent(
            repo=wanted.repo,
            commit=wanted.revision if COMMIT.fullmatch(wanted.revision or "") else None,
        )
        for wanted in wanted_by(ancestor)
    )


def _weights(evidence: Evidence | None) -> Manifest:
    """The weights of an ancestor whose digests are known, by which a revocation finds it without
    asking anybody; the rest of its files is no matter."""
    return Manifest.of(file for file in weights(evidence) if file.sha256) if evidence else NO_FILES


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
            mirror = found.facts if found and case.graph.by_key[name].mirrors else None
            yield LockedParent(
                repo=mirror.id if mirror else name,
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


def _signer(signer: SignerSeen, evidence: Evidence, before: Entry | None) -> LockedSigner:
    return LockedSigner(
        kind=signer.kind,
        identity=signer.identity,
        organisation=signer.organisation,
        name=signer.name,
        bundle=signer.bundle,
        time=_time(signer, evidence, before),
    )


def _time(signer: SignerSeen, evidence: Evidence, before: Entry | None) -> datetime | None:
    """The earliest stamp that is or was there: one that was dropped is not forgotten."""
    stamped = datetime.fromisoformat(signer.times[0]) if signer.times else None
    known = max((s.time for s in before.signers if s.time), default=None) if before else None
    if stamped is None or known is None:
        return stamped or known
    same = before is not None and before.selected == evidence.manifest.digest
    return min(stamped, known) if same else stamped


def _accepted(verdict: Verdict) -> Iterator[Accepted]:
    for finding in verdict.findings:
        if finding.accepted:
            yield Accepted(rule=finding.rule, old=finding.accepted[0], new=finding.accepted[1])


def _findings(verdict: Verdict, repo: str | None) -> Iterator[LockedFinding]:
    for finding in verdict.findings:
        if finding.rule in OF_PULL_REQUESTS or _is_of_another(finding, repo):
            continue
        if finding.outcome not in NOT_KEPT and not finding.accepted:
            yield LockedFinding(
                rule=finding.rule,
                where=finding.where,
                outcome=finding.outcome,
                level=finding.level,
                waived=finding.waived,
            )


def _is_of_another(finding: Finding, repo: str | None) -> bool:
    """Whether it is said of the whole provenance.toml, and only where all of it is judged."""
    return finding.rule == "policy/unused-waiver" and finding.where not in ("", repo)
