"""The action as a runner runs it: its steps out of action.yml, over a pull request."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w
import yaml

from tests.hub import Hub
from tests.hubs import Desk

ACTION = Path(__file__).parents[2] / ".github" / "actions" / "verify"
EXPRESSION = re.compile(r"\$\{\{ (\S+) \}\}")
HEX = re.compile(r"\b[0-9a-f]{12,}\b")
GIT = ("git", "-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false")


@dataclass(frozen=True, kw_only=True)
class Ended:
    """What a run of the action left: its exit code, log, summary, outputs."""

    code: int
    log: str
    summary: str
    outputs: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Pull:
    """A repository whose base is committed and whose head is the working tree's next commit.

    `action` is where the runner has the action.
    """

    desk: Desk
    temp: Path
    action: Path = ACTION

    def git(self, *words: str) -> str:
        """What git says."""
        ended = subprocess.run(
            [*GIT, *words], cwd=self.desk.folder, capture_output=True, text=True, check=True
        )
        return ended.stdout.strip()

    def commit(self, message: str) -> str:
        """Everything in the working tree, as one commit."""
        self.git("add", "-A")
        self.git("commit", "-qm", message)
        return self.git("rev-parse", "HEAD")

    def settings(self, *models: Mapping[str, Any], **policy: Any) -> None:
        """The provenance.toml."""
        own = {"registry": ["trust.toml"], **policy}
        text = tomli_w.dumps({"policy": own, "models": list(models)})
        (self.desk.folder / "provenance.toml").write_text(text)

    def locked(self, *words: str) -> None:
        """The lockfile is what `provenance lock` makes of it, whatever the verdict."""
        self.desk.run("lock", "-q", *words)

    def run(self, base: str, *, event: Mapping[str, Any] | None = None, **inputs: str) -> Ended:
        """The action's second step, with its defaults and these inputs.

        `event` is what GitHub says of one that is no pull request, and its `name`.
        """
        values = {f"inputs.{name.replace('_', '-')}": value for name, value in inputs.items()}
        about = event or pull_request(base)
        (self.temp / "event.json").write_text(json.dumps(about))
        values |= {
            "github.token": "a-token",
            "github.event.pull_request.base.sha": base,
            "github.event.pull_request.number": "" if event else "7",
        }
        self._environment()
        files = {
            name: self.temp / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")
        }
        for file in files.values():
            file.write_text("")
        ended = self.step(
            "Judge",
            values,
            {
                "HF_ENDPOINT": self.desk.hub.url,
                "GITHUB_REPOSITORY": "acme/deploy",
                "GITHUB_EVENT_NAME": about["name"],
                "GITHUB_EVENT_PATH": str(self.temp / "event.json"),
                **{name: str(file) for name, file in files.items()},
            },
        )
        return Ended(
            code=ended.returncode,
            log=ended.stdout,
            summary=files["GITHUB_STEP_SUMMARY"].read_text(),
            outputs=outputs(files["GITHUB_OUTPUT"].read_text()),
        )

    def step(
        self, name: str, values: Mapping[str, str], environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """A step of the action as it stands in its action.yml, in the checkout."""
        text = yaml.safe_load((self.action / "action.yml").read_text())
        (step,) = (s for s in text["runs"]["steps"] if s["name"] == name)
        given = {f"inputs.{name}": entry["default"] for name, entry in text["inputs"].items()}
        ended = subprocess.run(
            ["bash", "-e", "-c", step["run"]],
            cwd=self.desk.folder,
            env={
                "PATH": f"{self.temp / 'stubs'}:{os.environ['PATH']}",
                "HOME": str(self.desk.home),
                "RUNNER_TEMP": str(self.temp),
                "GITHUB_ACTION_PATH": str(self.action),
                "GITHUB_WORKSPACE": str(self.desk.folder),
                "CI": "true",
                "COLUMNS": "100",
                **environment,
                **{name: filled(value, {**given, **values}) for name, value in step["env"].items()},
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        assert "Traceback" not in ended.stdout, ended.stdout
        return ended

    def _environment(self) -> None:
        """What the install step leaves: an environment with the tool. Here it is this one."""
        bin_folder = self.temp / "provenance" / "bin"
        if not bin_folder.exists():
            bin_folder.mkdir(parents=True)
            script = f'#!/bin/sh\nexec "{sys.executable}" "$@"\n'
            (bin_folder / "python").write_text(script)
            (bin_folder / "python").chmod(0o755)

    def stub(self, name: str, script: str) -> Path:
        """A program of this name, which writes what it is called with to the file returned."""
        folder = self.temp / "stubs"
        folder.mkdir(exist_ok=True)
        calls = self.temp / f"{name}.calls"
        (folder / name).write_text(f'#!/bin/sh\necho "$@" >> "{calls}"\n{script}\n')
        (folder / name).chmod(0o755)
        return calls


def pull_request(base: str) -> Mapping[str, Any]:
    """What GitHub says of a pull request against this commit of `main`."""
    about = {"number": 7, "base": {"sha": base, "ref": "main"}}
    return {"name": "pull_request", "pull_request": about}


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with its expressions evaluated, each of which is one name."""
    return EXPRESSION.sub(lambda match: values[match[1]], str(text))


def outputs(text: str) -> Mapping[str, str]:
    """The outputs in the form with a delimiter."""
    found: dict[str, str] = {}
    lines = iter(text.splitlines())
    for line in lines:
        name, _, end = line.partition("<<")
        values = []
        for value in lines:
            if value == end:
                break
            values.append(value)
        found[name] = "\n".join(values)
    return found


def portable(text: str, hub: Hub) -> str:
    """The text without what is another thing in every run."""
    return HEX.sub("<hex>", text.replace(hub.url, "<hub>"))
