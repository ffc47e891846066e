"""What every report says beside the verdicts themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from provenance.lineage import Graph
from provenance.model import Basis, Manifest
from provenance.review import Review
from provenance.verdict import (
    OF_THE_CALLER,
    Finding,
    Level,
    Outcome,
    Result,
    Unjudged,
    Verdict,
)

NO_FILES = Manifest(files=())
ONLY_FETCH = "only `fetch` proves bytes"
BASES: Mapping[Basis, tuple[str, str]] = {
    Basis.DECLARED: ("declared digests", ONLY_FETCH),
    Basis.LOCKED: ("locked digests", ONLY_FETCH),
    Basis.MEASURED: ("measured bytes", ""),
    Basis.REPLAYED: ("replayed evidence", ""),
    Basis.STORED: ("stored evidence", ONLY_FETCH),
}
"""What was judged, and what that leaves open."""
NOT_JUDGED = "not judged"
UNJUDGED_RULE = "policy/not-judged"
ORDER = (Result.FAIL, Result.INCOMPLETE, Result.PASS)
OF_A_FILE = frozenset({"policy/changed", "policy/changed-by-owners", "policy/foreign-settings"})
LAST = 2
"""The severity of what decides nothing."""
OWN = {"registry": "your registries", "policy": "your policy and lockfile"}
"""What the findings speak of that no check of a model made."""
COMMAND = "::"
OLD_COMMAND = "##["


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLine:
    """A line of one of the caller's own files, its path from the top of their repository."""

    file: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What a report shows of a model beside its verdict: ancestors, files, where it is named.

    `page` is the URL at which a person can look at it, of a folder too; `parents` are those that
    the caller states. `unnamed` is a folder that holds weights which nothing was compared with, for
    nobody says what model they are.
    """

    graph: Graph | None = None
    files: Manifest = NO_FILES
    place: SourceLine | None = None
    page: str = ""
    parents: tuple[str, ...] = ()
    unnamed: str = ""


NOTHING = Details()


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """All verdicts of one run, and by what they were reached; `shown` is by a model's name.

    `unjudged` are the models that were asked for and have none. `changes` is what a pull request
    changes, by a model's name, or None where none was judged.
    """

    verdicts: tuple[Verdict, ...]
    unjudged: tuple[Unjudged, ...]
    policy: str
    registry: str
    shown: Mapping[str, Details] = field(default_factory=dict)
    changes: Mapping[str, Review] | None = None

    def of(self, model: Verdict | Unjudged) -> Details:
        """What is shown beside a verdict, or in its place."""
        return self.shown.get(model.name, NOTHING)

    def change_of(self, model: Verdict | Unjudged) -> Review | None:
        """What changes of a model, if anything does and it is known."""
        return (self.changes or {}).get(model.name)

    @property
    def ordered(self) -> tuple[Verdict, ...]:
        """The verdicts: those on what changed first, then those that fail, then the incomplete."""
        return tuple(
            sorted(self.verdicts, key=lambda v: (self.change_of(v) is None, ORDER.index(v.result)))
        )

    @property
    def above(self) -> tuple[Finding, ...]:
        """What is found of the caller's own files, which every verdict repeats, each once."""
        found = (f for verdict in self.verdicts for f in problems(verdict))
        return tuple(dict.fromkeys(f for f in found if f.rule in OF_THE_CALLER))

    @property
    def result(self) -> Result:
        """Fail if one failed, else incomplete if one is or was not judged, else pass.

        Nothing judged is no pass.
        """
        results = {verdict.result for verdict in self.verdicts}
        if Result.FAIL in results:
            return Result.FAIL
        if self.unjudged or Result.INCOMPLETE in results or not results:
            return Result.INCOMPLETE
        return Result.PASS

    @property
    def reason(self) -> str:
        """The reason of the first model that decided, or how many passed."""
        if self.result is not Result.FAIL and self.unjudged:
            return f"{self.unjudged[0].name}: {NOT_JUDGED}: {self.unjudged[0].reason}"
        for verdict in self.verdicts:
            if verdict.result is self.result is not Result.PASS:
                return f"{verdict.name}: {verdict.reason}"
        return counted(self)


def everywhere(verdicts: Sequence[Verdict]) -> tuple[Finding, ...]:
    """The findings on the caller's own files, and those on registries that each of several models
    has: said once."""
    found = dict.fromkeys(f for verdict in verdicts for f in verdict.findings if f.check in OWN)
    several = len(verdicts) > 1
    return tuple(
        finding
        for finding in found
        if finding.rule in OF_THE_CALLER
        or (several and all(finding in verdict.findings for verdict in verdicts))
    )


def without(findings: Sequence[Finding], left_out: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings that are not among those that are left out."""
    return tuple(finding for finding in findings if finding not in left_out)


def counted(summary: Summary) -> str:
    """How many came out how: `1 passed, 2 failed`."""
    words = {
        (Result.PASS, False): "passed",
        (Result.PASS, True): "passed by exception",
        (Result.FAIL, False): "failed",
        (Result.INCOMPLETE, False): "incomplete",
    }
    results = [(v.result, by_exception(v)) for v in summary.verdicts]
    counts = [(results.count(result), word) for result, word in words.items()]
    counts.append((len(summary.unjudged), NOT_JUDGED))
    return ", ".join(f"{count} {word}" for count, word in counts if count) or "nothing was judged"


def by_exception(verdict: Verdict) -> bool:
    """Whether it passes only because the caller exempted or waived something."""
    return verdict.result is Result.PASS and verdict.excepted


def aside(verdict: Verdict) -> str:
    """What the caller let pass, in one phrase: `, exempted, 2 waived`."""
    waived = sum(bool(finding.waived) for finding in verdict.findings)
    exempted = any(finding.exempted for finding in verdict.findings)
    return ", exempted" * exempted + (f", {waived} waived" if waived else "")


def basis(verdict: Verdict) -> str:
    """What was judged, in one phrase."""
    return ", ".join(filter(None, BASES[verdict.basis]))


def problems(verdict: Verdict) -> Sequence[Finding]:
    """Every finding that is no pass or one by exemption, those that decided first.

    The very first is the one that the verdict names as its reason.
    """
    quiet = (Outcome.PASS, Outcome.SKIPPED)
    found = [f for f in verdict.findings if f.exempted or f.outcome not in quiet]
    return sorted(found, key=lambda f: (severity(f), not verdict.reason.startswith(f"{f.rule}: ")))


def place_of(finding: Finding) -> SourceLine | None:
    """The file of the caller's own that a finding is about, if it is about one."""
    return SourceLine(file=finding.where, line=1) if finding.rule in OF_A_FILE else None


def own_problems(verdict: Verdict) -> Sequence[Finding]:
    """Those of them that are about the model."""
    return [finding for finding in problems(verdict) if finding.rule not in OF_THE_CALLER]


def deciding(verdict: Verdict) -> Sequence[Finding]:
    """Those of the model's own findings to which the verdict comes down; none where it passes."""
    found = own_problems(verdict)
    worst = min(map(severity, found), default=LAST)
    return [f for f in found if severity(f) == worst] if worst < LAST else []


def severity(finding: Finding) -> int:
    """What a finding does to the verdict as a number, 0 where it fails it."""
    counts = finding.level is Level.REQUIRE and not (finding.waived or finding.exempted)
    outcomes = {Outcome.FAIL: 0, Outcome.UNKNOWN: 1}
    return outcomes.get(finding.outcome, LAST) if counts else LAST + 1


def printable(text: str) -> str:
    """The text with whatever could move a cursor, hide another text, or command the machine that
    runs a CI job spelled out."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return shown.replace(COMMAND, r"\x3a:").replace(OLD_COMMAND, r"\x23#[")


def printable_lines(text: str) -> str:
    """The same of each line of a text: what stands behind its first line break is to be copied."""
    return "\n".join(map(printable, text.split("\n")))
