"""One run of the action: judge, annotate, summarise, comment, and end as `fail-on` says.

Inputs come by environment variables only, and nothing of a model's is given to a shell.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

VERDICTS = {0: "pass", 1: "fail", 3: "incomplete", 4: "out-of-date"}
FORMATS = {"markdown": "md", "json": "json", "html": "html"}
MARKER = "<!-- provenance: the one comment of this workflow -->"
MOST = 60_000
"""Letters of a comment; GitHub takes 65,536."""


def main() -> int:
    """The exit code of the step."""
    command = choice("COMMAND", ("verify", "lock-check", "diff"))
    form = choice("FORMAT", tuple(FORMATS))
    fail_on = choice("FAIL_ON", ("fail", "incomplete"))
    folder = Path(os.environ["RUNNER_TEMP"]) / "provenance-report"
    folder.mkdir(exist_ok=True)
    report, summary = folder / f"report.{FORMATS[form]}", folder / "summary.md"
    sarif = given("SARIF_FILE")
    code = 0
    if command == "diff":
        report = folder / "diff.md"
    else:
        code = judged(command, {form: report, "markdown": summary}, sarif)
    changes = folder / "diff.md"
    changed = compared(changes)
    text = "".join(f.read_text("utf-8") for f in (summary, changes) if f.is_file())
    append("GITHUB_STEP_SUMMARY", text)
    output("verdict", VERDICTS.get(code, "error"))
    output("report", str(report))
    output("sarif", sarif)
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
        print(f"::error::{name.lower()}: expected one of {', '.join(allowed)}")
        raise SystemExit(2)
    return value


def provenance(*words: str) -> int:
    """Run the tool; what it prints cannot command the runner."""
    stop = secrets.token_hex(16)
    print(f"::stop-commands::{stop}", flush=True)
    ended = subprocess.run([sys.executable, "-I", "-m", "provenance", *words], check=False)
    print(f"::{stop}::", flush=True)
    return ended.returncode


def judged(command: str, reports: dict[str, Path], sarif: str) -> int:
    """The verdict as an exit code; reports are written and lines annotated."""
    words = ["verify"] if command == "verify" else ["lock", "--check"]
    if base := os.environ.get("BASE_SHA"):
        words += ["--base", base]
    words += rules()
    if lockfile := given("LOCKFILE"):
        words += ["--lockfile", lockfile]
    annotations = Path(os.environ["RUNNER_TEMP"]) / "provenance-report" / "annotations.txt"
    files = {**reports, "github": annotations, **({"sarif": Path(sarif)} if sarif else {})}
    for form, file in files.items():
        words += ["--report", f"{form}={file}"]
    code = provenance(*words, "--", *given("MODELS").split())
    if annotations.is_file():
        print(annotations.read_text("utf-8"), flush=True)
    return code


def rules() -> list[str]:
    """By what it is judged, where the workflow says so itself."""
    words = ["--policy", given("POLICY")] if given("POLICY") else []
    if given("POLICY").endswith(".toml"):
        print("::error::policy: expected a profile; a file would be the pull request's own")
        raise SystemExit(2)
    for name in given("REGISTRY").split():
        if os.environ.get("BASE_SHA") and name != "builtin" and "://" not in name:
            print("::error::registry: expected a URL; a file would be the pull request's own")
            raise SystemExit(2)
        words += ["--registry", name]
    return words + (["--offline"] if given("OFFLINE") == "true" else [])


def compared(file: Path) -> list[str]:
    """The models that the pull request changes; how, is written to `file`."""
    base = os.environ.get("BASE_SHA")
    if not base:
        return []
    shown = [*(["--contents"] if given("OFFLINE") != "true" else []), *rules()]
    compare = ["diff", *([given("LOCKFILE")] if given("LOCKFILE") else []), "--git", base]
    provenance(*compare, *shown, "--format", "markdown", "-o", str(file))
    listed = file.with_suffix(".json")
    provenance(*compare, "--format", "json", "-o", str(listed), *rules())
    if not listed.is_file():
        return []
    return [model["name"] for model in json.loads(listed.read_text("utf-8"))["models"]]


def lock_digest() -> str:
    """SHA-256 of the lockfile, or nothing."""
    file = Path(given("LOCKFILE") or "provenance.lock")
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""


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
    body = json.dumps({"body": f"{MARKER}\n{text}"[:MOST]})
    query = f'.[] | select(.user.type == "Bot" and (.body | startswith("{MARKER}"))) | .id'
    listed = gh("api", "--paginate", f"{issue}/{number}/comments", "--jq", query)
    known = listed.split()
    place = f"{issue}/comments/{int(known[0])}" if known else f"{issue}/{number}/comments"
    gh("api", "--method", "PATCH" if known else "POST", place, "--input", "-", data=body)


def gh(*words: str, data: str = "") -> str:
    """What GitHub's own command line answers; a comment that fails is no verdict."""
    ended = subprocess.run(["gh", *words], input=data, capture_output=True, text=True, check=False)
    if ended.returncode:
        print("::warning::no comment was written: has the job pull-requests: write?")
    return ended.stdout


if __name__ == "__main__":
    sys.exit(main())
