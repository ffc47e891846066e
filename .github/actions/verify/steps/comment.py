"""The comment on the pull request: one for each lockfile, kept up to date."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess

from provenance.report.cut import within

from .runner import annotate

MOST = 60_000
"""Bytes of a comment; GitHub takes 65,536 letters, and counts some of them twice."""
MARKER = "<!-- provenance: the one comment of this workflow -->"


def marker(key: str) -> str:
    """The line by which the comment is found again; `key` is the lockfile, empty for the usual one.

    It is hashed, for a path may hold what ends a comment of HTML.
    """
    digest = hashlib.sha256(os.fsencode(key)).hexdigest()[:16]
    return f"<!-- provenance: the one comment on lockfile {digest} -->" if key else MARKER


def comment(text: str, key: str) -> None:
    """The one comment on this lockfile says this; it is made if it is not there."""
    number, mark = int(os.environ["PULL_REQUEST"]), marker(key)
    issue = f"repos/{os.environ['GITHUB_REPOSITORY']}/issues"
    body = json.dumps({"body": within(f"{mark}\n{text}", MOST, f"See {this_run()}.")})
    query = f'.[] | select(.user.type == "Bot" and (.body | startswith("{mark}"))) | .id'
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
        annotate("warning", "no comment was written: has the job pull-requests: write?")
    return ended.stdout
