"""What the step says in words of its own, as Markdown and as SARIF."""

from __future__ import annotations

import json
import re

from provenance.report import Details, SourceLine, Summary
from provenance.report.sarif import sarif
from provenance.verdict import Unjudged

MOST_OF_WHY = 1_000
"""Letters of the reason why nothing was judged."""
MOST_OF_CHANGES = 50
"""Lines that say what the lockfile should."""


def stopped(why: str) -> str:
    """The text for summary and comment where nothing was judged."""
    return f"**Nothing was judged.** {as_code(why)}\n"


def sarif_of_nothing(why: str, file: str) -> str:
    """A run that did not come to judge (SARIF 2.1.0, section 3.20), with a result that says so: an
    empty one would close every open alert."""
    nothing = Unjudged(name=file, ref=file, reason=f"Nothing was judged: {why}")
    shown = {file: Details(place=SourceLine(file=file, line=1))}
    return sarif(Summary(verdicts=(), unjudged=(nothing,), policy="", registry="", shown=shown))


def categorised(text: str, key: str) -> str:
    """The SARIF log with a category of its own, so that two lockfiles do not close each other's
    alerts (SARIF 2.1.0, section 3.17)."""
    if not key:
        return text
    log = json.loads(text)
    for run in log["runs"]:
        run["automationDetails"] = {"id": f"provenance/{key}/"}
    return json.dumps(log, indent=2)


def together(logs: list[str]) -> str:
    """Several SARIF logs as one, a run each."""
    first, *others = map(json.loads, logs)
    first["runs"] += [run for log in others for run in log["runs"]]
    return json.dumps(first, indent=2)


def out_of_date(said: str) -> str:
    """The text above the verdicts, which speak of what the lockfile should say and does not."""
    _, told, lines = said.partition(" would change:\n")
    shown = [
        as_code(" ".join(line.split())) for line in lines.splitlines() if line.startswith("  ")
    ] * bool(told)
    listed = "".join(f"- {line}\n" for line in shown[:MOST_OF_CHANGES])
    return f"**The lockfile is out of date**: run `provenance lock` and commit it.\n\n{listed}\n"


def reason(said: str) -> str:
    """Why the tool ended, on one line."""
    lines = [line.strip() for line in said.splitlines() if line.startswith("error:")]
    why = (lines or said.splitlines() or ["no reason was given"])[-1].removeprefix("error:").strip()
    return " ".join(why.split())[:MOST_OF_WHY]


def as_code(text: str) -> str:
    """A text as Markdown's code, whatever marks are in it."""
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    return f"{fence} {text} {fence}"
