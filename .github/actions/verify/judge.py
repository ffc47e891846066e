"""One run of the action: judge, annotate, summarise, comment, and end as `fail-on` says.

Inputs come by environment variables only, and nothing of a model's is given to a shell.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from provenance.report.cut import within

VERDICTS = {0: "pass", 1: "fail", 3: "incomplete", 4: "out-of-date"}
FORMATS = {"markdown": "md", "json": "json", "html": "html"}
MARKER = "<!-- provenance: the one comment of this workflow -->"
MOST = 60_000
"""Bytes of a comment; GitHub takes 65,536 letters, and counts some of them twice."""
MOST_OF_SUMMARY = 900_000
"""Bytes of a step's summary; the runner drops one of more than 1 MiB whole."""
MOST_OF_WHY = 1_000
"""Letters of the reason why nothing was judged."""
MOST_OF_CHANGES = 50
"""Lines that say what the lockfile should."""
ALONE = ("schedule", "workflow_dispatch")
"""Events that propose nothing: the branch is judged by its own rules."""
NOTHING_DISTRUSTED = (
    "Nothing was distrusted: no change is proposed, and the branch is judged by its own rules."
)


def main() -> int:
    """The exit code of the step."""
    command = choice("COMMAND", ("verify", "lock-check", "diff"))
    form = choice("FORMAT", tuple(FORMATS))
    fail_on = choice("FAIL_ON", ("fail", "incomplete"))
    folder = Path(os.environ["RUNNER_TEMP"]) / "provenance-report"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    report, summary = folder / f"report.{FORMATS[form]}", folder / "summary.md"
    sarif, base = given("SARIF_FILE"), base_of_event()
    if base and behind_a_link(Path(given("LOCKFILE")).parent):
        refuse("lockfile: its folder is a link here, and a pull request's links are not followed")
    changes = folder / "diff.md"
    if command == "diff":
        report = changes
        code, changed = compared(changes, base)
        verdict = "error" if code else "unjudged"
    else:
        code, said = judged(command, {form: report, "markdown": summary}, sarif, base)
        _, changed = compared(changes, base)
        verdict = VERDICTS.get(code, "error")
        if not summary.is_file():
            why = reason(said)
            shown = why.replace("%", "%25")
            print(f"::error title=Nothing was judged::{shown}", flush=True)
            summary.write_text(stopped(why, sarif), "utf-8")
        if verdict == "out-of-date":
            summary.write_text(out_of_date(said) + summary.read_text("utf-8"), "utf-8")
    text = "".join(f.read_text("utf-8") for f in (summary, changes) if f.is_file())
    text += "" if base else f"\n{NOTHING_DISTRUSTED}\n"
    append("GITHUB_STEP_SUMMARY", within(text, MOST_OF_SUMMARY, f"See the file {report}."))
    output("verdict", verdict)
    output("report", str(report))
    output("sarif", sarif if os.path.isfile(sarif) and not behind_a_link(Path(sarif)) else "")
    output("changed-models", json.dumps(changed))
    output("lock-digest", lock_digest())
    if given("COMMENT") == "true" and os.environ.get("PULL_REQUEST"):
        comment(text)
    let_through = {0, 3} if fail_on == "fail" else {0}
    return 0 if code in let_through else code


def given(name: str) -> str:
    """An input of the action."""
    return os.environ.get(f"INPUT_{name}", "").strip()


def choice(name: str, allowed: Sequence[str]) -> str:
    """An input that is one of a few words."""
    value = given(name)
    if value not in allowed:
        refuse(f"{name.lower()}: expected one of {', '.join(allowed)}")
    return value


def base_of_event() -> str:
    """The newest commit that is known of what the event is measured against, or empty.

    Empty for an event that proposes nothing. One that proposes something and does not say against
    what is refused: nobody is judged by rules of his own.
    """
    event, about = os.environ.get("GITHUB_EVENT_NAME", ""), payload()
    if event in ALONE:
        print(f"::notice::{NOTHING_DISTRUSTED}")
        return ""
    if event == "pull_request_target":
        refuse(f"{event} checks the base out, and not what is proposed: use pull_request")
    proposed = about.get("pull_request", {})
    queue, pull = about.get("merge_group", {}), proposed.get("base", {})
    check_proposed(proposed.get("head", {}).get("sha", "") or queue.get("head_sha", ""))
    base = (
        newest(os.environ.get("BASE_SHA", ""), pull.get("ref", ""))
        or newest(queue.get("base_sha", ""), queue.get("base_ref", ""))
        or replaced(about)
    )
    if not base:
        refuse(
            f"the event {event or 'of this run'} says no base, and nobody is judged by rules of "
            f"his own: use pull_request, merge_group or push; or {' or '.join(ALONE)}, where "
            "nothing is proposed"
        )
    return base


def check_proposed(head: str) -> None:
    """The checkout has what is proposed in it, or it is not judged."""
    if head and git("merge-base", head, "HEAD") != head:
        refuse(
            f"the checkout is not what is proposed: {head} is not in it; use actions/checkout "
            "without `ref`, with fetch-depth: 0"
        )


def payload() -> dict[str, Any]:
    """What GitHub says of the event."""
    file = os.environ.get("GITHUB_EVENT_PATH")
    return dict(json.loads(Path(file).read_text("utf-8"))) if file else {}


def newest(base: str, branch: str) -> str:
    """The branch as it was fetched, if it has moved on from `base`; else `base`."""
    tip, known = fetched(branch), git("rev-parse", "--verify", "--quiet", f"{base}^{{commit}}")
    return tip if base and tip and known and git("merge-base", base, tip) == known else base


def replaced(push: dict[str, Any]) -> str:
    """What a push replaces; of a branch where anybody may push, the branch it will be merged to.

    What lay on a branch of his own the author himself has written: it judges only where the other
    is not here.
    """
    before, ref = push.get("before") or "", push.get("ref", "")
    default = push.get("repository", {}).get("default_branch", "")
    own = not default or ref == f"refs/heads/{default}"
    guarded = own or os.environ.get("GITHUB_REF_PROTECTED") == "true"
    replaces = before if before.strip("0") else ""
    merged_to = fetched(default) if before and not own else ""
    return replaces if guarded and replaces else merged_to or replaces


def fetched(branch: str) -> str:
    """The newest commit that a checkout has of a branch of the repository that it is of."""
    name = f"refs/remotes/origin/{branch.removeprefix('refs/heads/')}"
    return git("show-ref", "--verify", "--hash", name) if branch else ""


def git(*words: str) -> str:
    """What git says of the commits that are here, or nothing."""
    words = ("-c", "core.fsmonitor=false", *words)
    ended = subprocess.run(["git", *words], capture_output=True, text=True, check=False)
    return ended.stdout.strip() if ended.returncode == 0 else ""


def refuse(message: str) -> NoReturn:
    """The step ends as an error of the caller's, and nothing was judged."""
    print(f"::error::{message}", flush=True)
    append("GITHUB_STEP_SUMMARY", stopped(message, given("SARIF_FILE")))
    raise SystemExit(2)


def provenance(*words: str) -> tuple[int, str]:
    """Run the tool: its exit code, and what it said on stderr.

    What it prints cannot command the runner: all of it goes where the two lines around it go, since
    a runner reads two streams in no certain order.
    """
    stop = secrets.token_hex(16)
    print(f"::stop-commands::{stop}", flush=True)
    command = [sys.executable, "-I", "-m", "provenance", *words]
    where, pipe = settings_folder(), subprocess.PIPE
    with subprocess.Popen(command, cwd=where, stderr=pipe, text=True, errors="replace") as running:
        said = []
        for line in running.stderr or ():
            print(line, end="", flush=True)
            said.append(line)
    print(f"::{stop}::", flush=True)
    return running.returncode, "".join(said)


def settings_folder() -> Path:
    """Where the tool runs: the folder of the lockfile, if its own provenance.toml lies there."""
    folder = Path(given("LOCKFILE")).parent
    named = any(os.path.lexists(folder / name) for name in ("provenance.toml", "pyproject.toml"))
    return folder if named else Path()


def lockfile() -> list[str]:
    """The lockfile, from the folder in which the tool runs."""
    return [os.path.relpath(given("LOCKFILE"), settings_folder())] if given("LOCKFILE") else []


def stopped(why: str, sarif: str) -> str:
    """The text for the summary; SARIF too says that nothing was judged, and why."""
    if sarif and not behind_a_link(Path(sarif)):
        try:
            Path(sarif).write_text(json.dumps(sarif_of_nothing(why)), "utf-8")
        except OSError as error:
            print(f"::warning::sarif-file: cannot be written: {error.strerror}", flush=True)
    return f"**Nothing was judged.** {as_code(why)}\n"


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


def behind_a_link(file: Path) -> bool:
    """Whether a file of the checkout is a link, or lies in a folder that is one."""
    inside = Path(os.path.relpath(file))
    return any(place.is_symlink() for place in (inside, *inside.parents))


def sarif_of_nothing(why: str) -> dict[str, object]:
    """A run that did not come to judge (SARIF 2.1.0, section 3.20)."""
    invocation = {
        "executionSuccessful": False,
        "toolExecutionNotifications": [{"level": "error", "message": {"text": why}}],
    }
    result = {
        "ruleId": "policy/not-judged",
        "level": "error",
        "message": {"text": f"Nothing was judged: {why}"},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": "provenance.toml"}}}],
    }
    tool = {"driver": {"name": "provenance", "rules": [{"id": "policy/not-judged"}]}}
    run = {"tool": tool, "invocations": [invocation], "results": [result]}
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return {"$schema": schema, "version": "2.1.0", "runs": [run]}


def judged(command: str, reports: dict[str, Path], sarif: str, base: str | None) -> tuple[int, str]:
    """The verdict as an exit code, and what was said; reports are written and lines annotated."""
    words = ["verify"] if command == "verify" else ["lock", "--check"]
    words += ["--base", base] if base else []
    words += rules(base)
    words += ["--lockfile", *lockfile()] if lockfile() else []
    annotations = Path(os.environ["RUNNER_TEMP"]) / "provenance-report" / "annotations.txt"
    files = {**reports, "github": annotations, **({"sarif": Path.cwd() / sarif} if sarif else {})}
    for form, file in files.items():
        words += ["--report", f"{form}={file}"]
    code, said = provenance(*words, "--", *given("MODELS").split())
    if annotations.is_file():
        print(annotations.read_text("utf-8"), flush=True)
    return code, said


def rules(base: str) -> list[str]:
    """By what it is judged, where the workflow says so itself."""
    words = ["--policy", given("POLICY")] if given("POLICY") else []
    if given("POLICY").endswith(".toml"):
        refuse("policy: expected a profile; a file would be the pull request's own")
    for name in given("REGISTRY").split():
        if base and name != "builtin" and "://" not in name:
            refuse("registry: expected a URL; a file would be the pull request's own")
        words += ["--registry", name]
    return words + (["--offline"] if given("OFFLINE") == "true" else [])


def compared(file: Path, base: str) -> tuple[int, list[str] | None]:
    """The exit code, and the models that the pull request changes; how, is written to `file`.

    None where nobody knows, and `file` says why.
    """
    if not base:
        return 0, []
    compare, own = ["diff", *lockfile(), "--git", base], rules(base)
    listed = file.with_suffix(".json")
    code, said = provenance(*compare, "--format", "json", "-o", str(listed), *own)
    if code or not listed.is_file():
        why = f"**What changes could not be compared.** {as_code(reason(said))}\n"
        file.write_text(why, "utf-8")
        return code or 2, None
    for looked in [[], *([["--contents"]] if given("OFFLINE") != "true" else [])]:
        provenance(*compare, *looked, *own, "--format", "markdown", "-o", str(file))
    return 0, [model["name"] for model in json.loads(listed.read_text("utf-8"))["models"]]


def lock_digest() -> str:
    """SHA-256 of the lockfile, or nothing."""
    file = Path(given("LOCKFILE") or "provenance.lock")
    known = file.is_file() and not file.is_symlink()
    return hashlib.sha256(file.read_bytes()).hexdigest() if known else ""


def append(variable: str, text: str) -> None:
    """One of the runner's files has this text too."""
    if file := os.environ.get(variable):
        with open(file, "a", encoding="utf-8") as stream:
            stream.write(text)


def output(name: str, value: str) -> None:
    """An output of the step; its end is a line that nobody can guess."""
    end = secrets.token_hex(16)
    append("GITHUB_OUTPUT", f"{name}<<{end}\n{value}\n{end}\n")


def comment(text: str) -> None:
    """The one comment of this workflow says this; it is made if it is not there."""
    number = int(os.environ["PULL_REQUEST"])
    issue = f"repos/{os.environ['GITHUB_REPOSITORY']}/issues"
    body = json.dumps({"body": within(f"{MARKER}\n{text}", MOST, f"See {this_run()}.")})
    query = f'.[] | select(.user.type == "Bot" and (.body | startswith("{MARKER}"))) | .id'
    listed = gh("api", "--paginate", f"{issue}/{number}/comments", "--jq", query)
    known = listed.split()
    place = f"{issue}/comments/{int(known[0])}" if known else f"{issue}/{number}/comments"
    gh("api", "--method", "PATCH" if known else "POST", place, "--input", "-", data=body)


def this_run() -> str:
    """Where the whole text is."""
    run = os.environ.get("GITHUB_RUN_ID", "")
    server = os.environ.get("GITHUB_SERVER_URL", "https://github.com")
    where = f"{server}/{os.environ['GITHUB_REPOSITORY']}/actions/runs/{run}"
    return f"the summary of [this run]({where})" if run else "the summary of this run"


def gh(*words: str, data: str = "") -> str:
    """What GitHub's own command line answers; a comment that fails is no verdict."""
    ended = subprocess.run(["gh", *words], input=data, capture_output=True, text=True, check=False)
    if ended.returncode:
        print("::warning::no comment was written: has the job pull-requests: write?")
    return ended.stdout


if __name__ == "__main__":
    sys.exit(main())
