"""What became of models that the caller's settings name, and the next lines to type about them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import Protocol

from provenance.adoption import Adoption, Remedy, remedies
from provenance.policy.allowances import OF_A_MEMBER
from provenance.report.common import NOT_JUDGED, printable
from provenance.report.human import Line, Span, mark
from provenance.verdict import Finding, Unjudged, Verdict


class Looked(Protocol):
    """What became of one model: its verdict, and the findings that are `left`, or why it has none.

    `adoption` is what was set aside for it; `listed` says that the settings name it, `ahead` that
    another commit is locked, `is_renewable` that its one exemption can be taken to these bytes.
    """

    @property
    def name(self) -> str:
        """How the settings call it."""

    @property
    def repo(self) -> str | None:
        """Its repository, if it has one."""

    @property
    def verdict(self) -> Verdict | None:
        """None where it could not be judged."""

    @property
    def left(self) -> tuple[Finding, ...]:
        """What keeps it from passing."""

    @property
    def adoption(self) -> Adoption | None:
        """What was set aside for it."""

    @property
    def unjudged(self) -> Unjudged | None:
        """Why it was not judged."""

    @property
    def listed(self) -> bool:
        """Whether the settings name it."""

    @property
    def ahead(self) -> bool:
        """Whether another commit of it is locked than was looked at."""

    @property
    def word(self) -> str:
        """What to type to mean just this commit of it."""

    @property
    def is_renewable(self) -> bool:
        """Whether its one exemption is for other bytes than these."""


def looked_lines(item: Looked) -> Iterator[Line]:
    """One model: its verdict, what was set aside, what stands."""
    yield from ((Span(text),) for text in _told(item))


def next_lines(models: Sequence[Looked], why: Sequence[str]) -> Iterator[str]:
    """What to type about the findings that stand, and then to lock what passes; `why` are the words
    behind a line that asks for a reason."""
    listed = [item for item in models if item.listed]
    kinds = [remedies(item.left, item.repo) for item in listed]
    found = [
        (what, item, finding.rule)
        for item, whats in zip(listed, kinds, strict=True)
        for what, finding in zip(whats, item.left, strict=True)
    ]
    for item in (item for item in listed if item.unjudged):
        yield shlex.join(["provenance", "verify", item.name])
    exempt = {item.word: item for what, item, _ in found if what is Remedy.EXEMPT}
    if words := [word for word, item in exempt.items() if not item.is_renewable]:
        yield shlex.join(["provenance", "exempt", *words, *why])
    if pin := dict.fromkeys(item.word for what, item, _ in found if what is Remedy.PIN):
        yield shlex.join(["provenance", "add", *pin])
    members = (f.where for item in listed for f in item.left if f.rule == OF_A_MEMBER)
    for member in dict.fromkeys(members):
        yield shlex.join(["provenance", "verify", member])
    waive = (f"{rule}@{item.word}" for what, item, rule in found if what is Remedy.WAIVE)
    if rules := dict.fromkeys(waive):
        yield shlex.join(["provenance", "waive", *rules, *why])
    for rule in dict.fromkeys(rule for w, _, rule in found if w in (Remedy.LOOK, Remedy.NONE)):
        yield shlex.join(["provenance", "explain", rule])
    accept = [f"{rule}@{item.name}" for what, item, rule in found if what is Remedy.ACCEPT]
    renewed = [item.name for item in exempt.values() if item.is_renewable]
    measure = ["--measure"] * ({Remedy.MEASURE} in map(set, kinds))
    yield from _locking(listed, renewed, accept, measure)


def _locking(
    listed: Sequence[Looked], renewed: Sequence[str], accept: Sequence[str], measure: Sequence[str]
) -> Iterator[str]:
    """What locks the bytes that were judged: another commit than the locked one is asked for.

    `measure` is said where a model lacks nothing but digests.
    """
    names = [item.name for item in listed]
    ahead = [item.name for item in listed if item.ahead]
    follow = [word for name in ahead for word in ("--upgrade-model", name)]
    if renewed or (ahead and not accept and not measure):
        options = [word for name in renewed for word in ("--renew", name)]
        yield shlex.join(["provenance", "update", *options, *names])
    taken = [word for rule in accept for word in ("--accept", rule)]
    if accept or (ahead and measure and not renewed):
        yield shlex.join(["provenance", "lock", *follow, *taken, *measure])
    elif listed and not ahead:
        yield shlex.join(["provenance", "lock", *measure])


def _told(item: Looked) -> Iterator[str]:
    name = printable(item.name)
    if item.verdict is None:
        yield f"? {name}  {NOT_JUDGED}" + ("" if item.listed else ", and not added")
        return
    exemptions = item.adoption.exemptions if item.adoption else ()
    waivers = item.adoption.waivers if item.adoption else ()
    count = len(exemptions) + len(waivers)
    aside = f", {count} finding{'s' * (count != 1)} set aside" if item.adoption else ""
    yield f"{mark(item.verdict)} {name}  {item.verdict.result}{aside}"
    for exemption in exemptions:
        whose = _of_another(item, exemption.repo)
        yield f"    exempt  {exemption.manifest}{whose} until {exemption.expires:%Y-%m-%d}"
    for waiver in waivers:
        whose = _of_another(item, waiver.repo)
        yield f"    waived  {waiver.rule}  {printable(waiver.subject)}{whose}"
    for finding in item.left:
        where = f"  {printable(finding.where)}" if finding.where else ""
        yield f"    stays   {finding.rule}{where}: {printable(finding.in_one_line)}"


def _of_another(item: Looked, repo: str) -> str:
    """Whose it is, where that is something that loaders fetch for the model."""
    return "" if repo == item.repo else f" of {printable(repo)}"
