"""The order of it all: what is asked, each folder judged, everybody told, and the exit code."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from provenance.report import FORMATS
from provenance.report.cut import within

from .comment import comment
from .event import ALONE, NOTHING_DISTRUSTED, base_of_event
from .git import behind_a_link
from .projects import Project, projects
from .runner import Stopped, annotate, append, choice, given, output
from .texts import as_code, categorised, out_of_date, reason, sarif_of_nothing, stopped, together
from .tool import compared, judged

COMMANDS = ("lock-check", "verify", "diff")
NEEDED = ("markdown", "github", "sarif")
REPORTS = ("markdown", "json", "html")
VERDICTS = {0: "pass", 1: "fail", 3: "incomplete", 4: "out-of-date"}
WORST = (2, 1, 5, 3, 4, 0)
"""Exit codes, the most serious first."""
MOST_OF_SUMMARY = 900_000
"""Bytes of a step's summary; the runner drops one of more than 1 MiB whole."""
WHOLE = "The whole is the file of the output `report`: keep it with actions/upload-artifact."


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the workflow asks for."""

    command: str
    form: str
    fail_on: str
    base: str


@dataclass(frozen=True, kw_only=True)
class Told:
    """What became of one folder: the exit code and its word, the text for people, and SARIF."""

    project: Project
    code: int
    verdict: str
    text: str
    sarif: str
    report: str = ""
    changed: list[str] | None = None


def main() -> int:
    """The exit code of the step; whatever ends it early is told everybody too."""
    folder = Path(os.environ["RUNNER_TEMP"]) / "provenance-report"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        asked = _asked()
        every = enumerate(projects(asked.base))
        found = [_of(project, asked, folder / str(number)) for number, project in every]
    except Stopped as error:
        return tell([_stopped(str(error), error.code)], folder, "incomplete")
    except Exception as error:
        # Python exits 1 for a bug, and 1 means "judged, failed".
        traceback.print_exc()
        why = f"a bug in the action, not a verdict: {type(error).__name__}: {error}"
        return tell([_stopped(why, 5)], folder, "incomplete")
    return tell(found, folder, asked.fail_on)


def _asked() -> Asked:
    words = {
        "command": choice("COMMAND", COMMANDS),
        "form": choice("FORMAT", REPORTS),
        "fail_on": choice("FAIL_ON", ("fail", "incomplete")),
    }
    sarif = given("SARIF_FILE")
    if sarif and behind_a_link(Path(sarif)):
        raise Stopped(f"sarif-file: {sarif} is a link here, and links are not followed")
    if given("POLICY").endswith(".toml"):
        raise Stopped("policy: expected a profile; a file would be the pull request's own")
    return Asked(**words, base=base_of_event())


def _stopped(why: str, code: int) -> Told:
    """Nothing at all was judged."""
    annotate("error", why, "Nothing was judged")
    project = Project(lockfile=Path(given("LOCKFILE")) if given("LOCKFILE") else None)
    sarif = sarif_of_nothing(why, project.settings)
    return Told(
        project=project,
        code=code,
        verdict="error",
        text=stopped(why),
        sarif=categorised(sarif, project.title),
    )


def _of(project: Project, asked: Asked, folder: Path) -> Told:
    """One folder, judged or compared."""
    folder.mkdir()
    changes = folder / "diff.md"
    if asked.command == "diff":
        code, changed = compared(project, changes, asked.base)
        text = changes.read_text("utf-8") if changes.is_file() else ""
        return Told(
            project=project,
            code=code,
            verdict="error" if code else "unjudged",
            text=text,
            sarif="",
            report=str(changes),
            changed=changed,
        )
    wanted = dict.fromkeys((asked.form, *NEEDED))
    files = {form: folder / f"{form}.{FORMATS[form].suffix}" for form in wanted}
    code, said = judged(project, asked.command, files, asked.base)
    _, changed = compared(project, changes, asked.base)
    if files["github"].is_file():
        print(files["github"].read_text("utf-8"), flush=True)
    text, sarif = _texts(project, files, changes, code, said)
    return Told(
        project=project,
        code=code,
        verdict=VERDICTS.get(code, "error"),
        text=text,
        sarif=categorised(sarif, project.title),
        report=str(files[asked.form]),
        changed=changed,
    )


def _texts(
    project: Project, files: dict[str, Path], changes: Path, code: int, said: str
) -> tuple[str, str]:
    """The text for people, and the SARIF log, also where the tool came to no verdict."""
    if not files["markdown"].is_file():
        why = reason(said)
        annotate("error", why, "Nothing was judged")
        shown = changes.read_text("utf-8") if changes.is_file() else ""
        return stopped(why) + f"\n{shown}", sarif_of_nothing(why, project.settings)
    text = files["markdown"].read_text("utf-8").rstrip() + "\n"
    if VERDICTS.get(code) == "out-of-date":
        text = out_of_date(said) + text
    return text, files["sarif"].read_text("utf-8")


def tell(found: Sequence[Told], folder: Path, fail_on: str) -> int:
    """Summary, comments, SARIF and outputs say what was found; the exit code of the step."""
    texts = [_titled(one) for one in found]
    append("GITHUB_STEP_SUMMARY", within("\n".join(texts), MOST_OF_SUMMARY, WHOLE))
    codes = [one.code for one in found]
    sarif = _sarif([one.sarif for one in found if one.sarif])
    codes += [2] if sarif is None else []
    worst = next(code for code in WORST if code in codes)
    output("verdict", _verdict(found, worst))
    output("report", found[0].report if len(found) == 1 else str(folder))
    output("sarif", sarif or "")
    output("changed-models", json.dumps(_changed(found)))
    output("lock-digest", _digest([one.project.lock_digest for one in found]))
    if given("COMMENT") == "true" and os.environ.get("PULL_REQUEST"):
        for one, text in zip(found, texts, strict=True):
            comment(text, one.project.key)
    let_through = {0, 3} if fail_on == "fail" else {0}
    return next((code for code in WORST if code in codes and code not in let_through), 0)


def _titled(one: Told) -> str:
    """The text under the name of its lockfile, where that is not the usual one."""
    title = f"# {as_code(one.project.title)}\n\n" if one.project.key else ""
    alone = os.environ.get("GITHUB_EVENT_NAME") in ALONE
    return title + one.text + f"\n{NOTHING_DISTRUSTED}\n" * alone


def _verdict(found: Sequence[Told], worst: int) -> str:
    """The word for all of them: that of the most serious."""
    return next((one.verdict for one in found if one.code == worst), "error")


def _sarif(logs: Sequence[str]) -> str | None:
    """The file with all of SARIF, empty where none was asked for, None where it cannot be."""
    file = given("SARIF_FILE")
    if not file or not logs or behind_a_link(Path(file)):
        return ""
    try:
        Path(file).write_text(together(list(logs)), "utf-8")
    except OSError as error:
        annotate("error", f"sarif-file: {file} cannot be written: {error.strerror}")
        return None
    return file


def _changed(found: Sequence[Told]) -> list[str] | None:
    """The models that change, or None where nobody knows it of one of the folders."""
    lists = [one.changed for one in found]
    if any(one is None for one in lists):
        return None
    return sorted({name for one in lists for name in one or ()})


def _digest(digests: Sequence[str]) -> str:
    """The digest of the one lockfile, or one of all of them."""
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()
