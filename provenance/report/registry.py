"""A registry for people: whom it trusts with what, what is odd about it, and what it changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from provenance.affected import Hit
from provenance.lock import Part
from provenance.report.common import printable
from provenance.report.human import BAD, DIM, DOUBT, GOOD, PLAIN, Line, Span
from provenance.trust import Org, Registry
from provenance.trust.lint import Remark, Weight
from provenance.trust.powers import Shift
from provenance.verdict import Result, Verdict

MARKS = {Weight.PROBLEM: ("✗", BAD), Weight.HINT: ("·", DOUBT)}


def registry_lines(registry: Registry) -> Iterator[Line]:
    """Each organisation with its signers and roots, and what was revoked."""
    if registry.expires:
        yield (Span(f"expires {registry.expires:%Y-%m-%d}", DIM),)
    for org in registry.orgs:
        yield ()
        yield from _org(org)
    if registry.revoked:
        yield ()
    for entry in registry.revoked:
        since = f" since {entry.compromised_since:%Y-%m-%d}" if entry.compromised_since else ""
        yield (
            Span(f"revoked  {entry.kind} {printable(entry.value)}{since}", BAD),
            Span(f"  {printable(entry.reason)}"),
        )


def _org(org: Org) -> Iterator[Line]:
    spaces = ", ".join(f"{namespace}/" for namespace in org.namespaces) or "no namespace"
    most = f", {org.threshold} publishers must sign" if org.threshold > 1 else ""
    yield Span(printable(org.name)), Span(f"  {spaces}{most}", DIM)
    if org.unknown:
        yield (Span(f"  {printable(org.unknown)}", BAD),)
    for signer in org.signers:
        roles = ", ".join(sorted(signer.roles))
        who = f"{signer.material.kind} {printable(signer.material.label)}"
        yield (
            Span(f"  {printable(signer.name)}  {roles} of {', '.join(signer.repos)}"),
            Span(f"  {who}", DIM),
        )
    for root in org.roots:
        yield Span(f"  root {root.repo}"), Span(f"  {root.commit or ''} {root.manifest or ''}", DIM)
        if root.fingerprint:
            yield (Span(f"    fingerprint {root.fingerprint}", DIM),)


def remark_lines(remarks: Sequence[Remark]) -> Iterator[Line]:
    """Each remark on a registry, and how many there are of which weight."""
    for remark in remarks:
        mark, tone = MARKS[remark.weight]
        said = f"  {printable(remark.where)}: {printable(remark.message)}"
        yield Span(f"{mark} {remark.rule}", tone), Span(said)
    problems = sum(remark.weight is Weight.PROBLEM for remark in remarks)
    mark, tone = ("✗", BAD) if problems else ("✓", GOOD)
    hints = _counted(len(remarks) - problems, "hint")
    yield (Span(f"{mark} {_counted(problems, 'problem')}, {hints}", tone),)


def shift_lines(shifts: Iterable[Shift]) -> tuple[Line, ...]:
    """Who gains or loses which power between two registries, or that nobody does."""
    lines = tuple(line for shift in shifts for line in _shift(shift))
    return lines or ((Span("no power changes"),),)


def effect_line(name: str, old: Verdict | None, new: Verdict | None, reason: str) -> Line:
    """The verdicts on one model by two registries, or the reason why there are none."""
    name = printable(name)
    if old is None or new is None:
        return Span(f"? {name}", DOUBT), Span(f"  could not be judged: {printable(reason)}")
    tone = GOOD if new.result is Result.PASS else BAD
    mark, tone = ("=", PLAIN) if old.result is new.result else ("~", tone)
    said = f"  {old.result} → {new.result}: {printable(new.reason)}"
    return Span(f"{mark} {name}", tone), Span(said)


def hit_lines(hits: Sequence[tuple[Path, Hit]], files: int, source: str) -> Iterator[Line]:
    """The locked models that a revocation means, each with its lockfile, of so many `files`."""
    for file, hit in hits:
        whose = "" if hit.part is Part.MODEL else f" ({hit.part})"
        said = f"{printable(hit.what)} was revoked: {printable(hit.reason)}"
        yield (Span(f"✗ {file}: {printable(hit.name)}{whose}  {said}"),)
    count = len({file for file, _ in hits})
    yield (Span(f"{count} of {files} lockfiles affected, by {source}"),)


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'s' * (count != 1)}"


def _shift(shift: Shift) -> Iterator[Line]:
    power = printable(shift.power)
    if shift.before is None:
        yield Span(f"+ {power}", GOOD), Span(f"  {printable(shift.after or '')}")
    elif shift.after is None:
        yield Span(f"- {power}", BAD), Span(f"  {printable(shift.before)}")
    else:
        yield (Span(f"~ {power}", DOUBT),)
        yield (Span(f"    was {printable(shift.before)}"),)
        yield (Span(f"    is  {printable(shift.after)}"),)
