"""The tool: run so that nothing it prints commands the runner, and asked for its reports."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from .projects import Project
from .runner import Stopped, given
from .texts import as_code, reason


def provenance(project: Project, *words: str) -> tuple[int, str]:
    """Run the tool: its exit code, and what it said on stderr.

    What it prints cannot command the runner: all of it goes where the two lines around it go, since
    a runner reads two streams in no certain order.
    """
    stop = secrets.token_hex(16)
    print(f"::stop-commands::{stop}", flush=True)
    command = [sys.executable, "-I", "-m", "provenance", *words]
    where, pipe = project.folder, subprocess.PIPE
    with subprocess.Popen(command, cwd=where, stderr=pipe, text=True, errors="replace") as running:
        said = []
        for line in running.stderr or ():
            print(line, end="", flush=True)
            said.append(line)
    print(f"::{stop}::", flush=True)
    return running.returncode, "".join(said)


def judged(
    project: Project, command: str, reports: Mapping[str, Path], base: str
) -> tuple[int, str]:
    """The verdict as an exit code, and what was said; the reports are written."""
    words = ["verify"] if command == "verify" else ["lock", "--check"]
    words += ["--base", base] if base else []
    words += [*rules(base), *project.lockfile_option]
    for form, file in reports.items():
        words += ["--report", f"{form}={file}"]
    return provenance(project, *words, "--", *given("MODELS").split())


def rules(base: str) -> list[str]:
    """By what it is judged, where the workflow says so itself."""
    words = ["--policy", given("POLICY")] if given("POLICY") else []
    if given("POLICY").endswith(".toml"):
        raise Stopped("policy: expected a profile; a file would be the pull request's own")
    for name in given("REGISTRY").split():
        if base and name != "builtin" and "://" not in name:
            raise Stopped("registry: expected a URL; a file would be the pull request's own")
        words += ["--registry", name]
    return words + (["--offline"] if given("OFFLINE") == "true" else [])


def compared(project: Project, file: Path, base: str) -> tuple[int, list[str] | None]:
    """The exit code, and the models that the pull request changes; how, is written to `file`.

    None where nobody knows, and `file` says why.
    """
    if not base:
        return 0, []
    compare, own = ["diff", *project.lockfile_argument, "--git", base], rules(base)
    listed = file.with_suffix(".json")
    code, said = provenance(project, *compare, "--format", "json", "-o", str(listed), *own)
    if code or not listed.is_file():
        why = f"**What changes could not be compared.** {as_code(reason(said))}\n"
        file.write_text(why, "utf-8")
        return code or 2, None
    provenance(project, *compare, *own, "--format", "markdown", "-o", str(file))
    return 0, [model["name"] for model in json.loads(listed.read_text("utf-8"))["models"]]
