"""What lies somewhere, or is declared, judged by the rules of an admission and as of now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import ConfigError
from provenance.gate.values import Refused, Rules
from provenance.judgement import judge
from provenance.lock import Change, Entry
from provenance.lock.known import bytes_may_tell, with_locked
from provenance.model import NOT_GATHERED_NOW, Evidence, Ref
from provenance.names import keeper
from provenance.source import directory
from provenance.source.detached import with_detached
from provenance.source.measure import Measured
from provenance.source.progress import Progress
from provenance.source.sampling import Folder
from provenance.source.scales import Place, weighed
from provenance.verdict import Finding, Result, Verdict, failed

if TYPE_CHECKING:
    from provenance.source.remote.staging import Differs


def measured_at(
    place: Path,
    rules: Rules,
    declared: Evidence | None,
    rows: dict[str, Measured] | None,
    *,
    known: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Evidence:
    """The evidence of the bytes at `place`, with what is known of the repository."""
    entry = rules.entry
    found = directory.collect(
        place,
        ref=ref_of(entry),
        at=rules.at,
        include=entry.include,
        exclude=entry.exclude,
        measured=rows,
        known=known,
        progress=progress,
        tensors=rules.tensors,
    )
    if declared:
        found = replace(
            found,
            facts=declared.facts,
            ancestors=declared.ancestors,
            members=declared.members,
            origin=declared.origin,
        )
    else:
        found = with_locked(found, rules.lock, entry)
    found = with_detached(found, rules.attestations)
    return weighed_by(rules, found, Folder(root=place, ranged=True))


def ref_of(entry: Entry) -> Ref:
    """What an entry asks for."""
    return Ref(
        text=entry.name,
        repo=entry.repo,
        revision=entry.revision,
        commit=entry.commit,
        source=entry.source,
    )


def weighed_by(rules: Rules, evidence: Evidence, place: Place) -> Evidence:
    """The evidence with what its weights say, where that is asked for."""
    if not rules.policy.asks_for_weights:
        return evidence
    return weighed(evidence, rules.scales, place, parents=rules.policy.parents)


def judged(evidence: Evidence, rules: Rules, findings: Sequence[Finding] = ()) -> Verdict:
    """The verdict as of now, whatever time the rules were made at; ConfigError for evidence that
    was not gathered here."""
    if evidence.basis in NOT_GATHERED_NOW:
        raise stored(rules)
    return judge(
        evidence.judged_at(datetime.now(UTC)),
        rules.policy,
        rules.registry,
        name=rules.entry.name,
        findings=findings,
        lock=rules.lock,
        locked=rules.entry,
        exact=True,
    )


def stored(rules: Rules) -> ConfigError:
    """The error for evidence, or an entry, that was replayed or stored."""
    message = "was stored and replayed: only what is gathered now is admitted"
    return ConfigError(message, path=f"the evidence of {rules.entry.name}")


def passing(evidence: Evidence, rules: Rules, findings: Sequence[Finding] = ()) -> Verdict:
    """The verdict, which is pass, or Refused."""
    verdict = judged(evidence, rules, findings)
    if verdict.result is not Result.PASS:
        raise Refused(verdict)
    return verdict


def not_refused(declared: Evidence, rules: Rules) -> None:
    """Refused unless it passes, or only bytes can tell whether it does."""
    verdict = judged(declared, rules)
    if verdict.result is not Result.PASS and not bytes_may_tell(verdict):
        raise Refused(verdict)


def changed(change: Change) -> Finding:
    """A file that is not the one that is locked."""
    expected, found = change.old or "nothing", change.new or "nothing"
    message = f"expected what is locked ({expected}), found {found}"
    return failed("integrity/mismatch", message, change.name)


def differs(error: Differs) -> Finding:
    """Bytes that came and are not those that were declared."""
    return failed("integrity/mismatch", str(error), error.path)


def contradictions(declared: Evidence, measured: Evidence) -> Iterator[Finding]:
    """Where the downloaded bytes say something else than was said before."""
    asked = keeper(declared.ref.source)
    for content in measured.contents:
        before = declared.by_path.get(content.path)
        if before and (before.kind, before.head) != (content.kind, content.head):
            message = f"what {asked} answered by range is not what the file holds"
            yield failed("integrity/contradiction", message, content.path)
    yield from _other_weights(declared, measured)
    bundles = [{document.data for document in e.bundles} for e in (declared, measured)]
    if bundles[0] != bundles[1]:
        message = "the signatures that were downloaded are not those that were judged"
        yield failed("integrity/contradiction", message, measured.ref.repo or "")


def _other_weights(declared: Evidence, measured: Evidence) -> Iterator[Finding]:
    """Where the weights that were sampled by range are not those of the bytes."""
    before = {document.path: document.data for document in declared.weights.own}
    pairs = [(before.get(one.path, one.data), one.data) for one in measured.weights.own]
    if all(one == other for one, other in pairs):
        return
    from provenance.source.weighing import is_same

    if not all(is_same(one, other) for one, other in pairs):
        asked = keeper(declared.ref.source)
        message = f"the weights that {asked} answered by range are not those of the files"
        yield failed("integrity/contradiction", message, measured.ref.repo or "")
