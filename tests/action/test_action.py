"""The rest of the action: who judges a pull request, what it may change, its inputs and outputs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import forge
from tests.action.runner import Pull
from tests.action.test_bumps import FIRST, MODEL, passing
from tests.hub.attacks import status
from tests.hubs import REPO, STRANGER, signed, trust

GATED = status(401)


def weaken_the_policy(pull: Pull) -> str:
    pull.settings(MODEL, rules={"signature": "warn"})
    return "provenance.toml"


def trust_somebody_else(pull: Pull) -> str:
    pull.desk.trust(forge.registry(forge.org("Mallory", namespaces=["acme", "someone"])))
    return "trust.toml"


def bring_an_attestation(pull: Pull) -> str:
    place = pull.desk.folder / "attestations" / "acme" / "bot"
    place.mkdir(parents=True)
    (place / "x.sig").write_text("{}")
    return "attestations/acme/bot/x.sig"


def take_the_registry_away(pull: Pull) -> str:
    (pull.desk.folder / "trust.toml").unlink()
    return "trust.toml"


CHANGES = [weaken_the_policy, trust_somebody_else, bring_an_attestation, take_the_registry_away]


@pytest.mark.parametrize("owned", [False, True], ids=["nobody's", "owned"])
@pytest.mark.parametrize("change", CHANGES)
def test_the_head_changes_no_rule_that_it_is_judged_by(
    pull: Pull, change: Callable[[Pull], str], owned: bool
) -> None:
    if owned:
        (pull.desk.folder / "CODEOWNERS").write_text(
            "* \n/provenance.toml @sec\n*.toml @sec\nattestations/ @sec\n"
        )
    base = pull.commit("base")
    path = change(pull)
    pull.commit("head")
    ended = pull.run(base)
    assert ended.code == (0 if owned else 1), ended.log
    rule = "policy/changed-by-owners" if owned else "policy/changed"
    assert f"`{rule}` | `{path}`" in ended.summary


def test_everything_changed_at_once_is_judged_by_the_base(pull: Pull) -> None:
    """Policy, registry, lockfile and model: the stranger's model stays unknown."""
    base = pull.commit("base")
    pull.desk.trust(forge.registry(forge.org("Mallory", namespaces=["someone"], originates=True)))
    pull.settings({"repo": STRANGER}, profile="files")
    pull.locked()
    pull.commit("head")
    ended = pull.run(base)
    assert ended.code == 1
    assert "identity/unknown-publisher" in ended.summary
    assert "policy/removed-model" in ended.summary


def test_an_accepted_change_in_the_head_counts_for_nothing(pull: Pull, tmp_path: Path) -> None:
    base = pull.commit("base")
    pull.desk.hub.commit(REPO, signed(tmp_path / "new", FIRST, key="second"))
    pull.locked("--upgrade", "--accept", f"signature/signer-changed@{REPO}")
    assert "accepted" in pull.desk.lock.read_text()
    pull.commit("head")
    ended = pull.run(base)
    assert (ended.code, "signature/signer-changed" in ended.summary) == (1, True)


def test_a_verdict_written_by_hand_is_out_of_date(pull: Pull) -> None:
    base = pull.commit("base")
    text = pull.desk.lock.read_text()
    pull.desk.lock.write_text(text.replace('verdict = "pass"', 'verdict = "incomplete"'))
    pull.commit("head")
    ended = pull.run(base)
    assert (ended.code, ended.outputs["verdict"]) == (4, "out-of-date")


def test_a_lockfile_in_conflict_is_the_callers_error(pull: Pull) -> None:
    base = pull.commit("base")
    lines = pull.desk.lock.read_text().splitlines()
    pull.desk.lock.write_text("\n".join([*lines[:4], "<<<<<<< HEAD", *lines[4:]]))
    pull.commit("head")
    ended = pull.run(base)
    assert ended.code == 2
    assert "provenance.lock:5: has the mark of a merge conflict" in ended.log


@pytest.mark.parametrize(("fail_on", "code"), [("fail", 0), ("incomplete", 3)])
def test_what_cannot_be_established_fails_as_asked(pull: Pull, fail_on: str, code: int) -> None:
    pull.settings(
        MODEL,
        profile="signed",
        require_attestation=[
            {"predicate": "https://slsa.dev/verification_summary/v1", "role": "verifier"}
        ],
    )
    base = pull.commit("base")
    pull.git("commit", "-q", "--allow-empty", "-m", "head")
    ended = pull.run(base, fail_on=fail_on, command="verify")
    assert (ended.code, ended.outputs["verdict"]) == (code, "incomplete"), ended.log


@pytest.mark.parametrize(
    "inputs",
    [
        {"command": "fetch"},
        {"format": "sarif"},
        {"fail_on": "never"},
        {"policy": "mine.toml"},
        {"registry": "trust.toml"},
    ],
)
def test_a_wrong_input_is_refused(pull: Pull, inputs: dict[str, Any]) -> None:
    pull.stub("gh", f'case "$*" in *--paginate*) ;; *) cat > "{pull.temp}/body" ;; esac')
    asked = {"sarif_file": "out.sarif", "comment": "true", **inputs}
    ended = pull.run(pull.commit("base"), **asked)
    assert (ended.code, ended.outputs["verdict"]) == (2, "error")
    assert "::error title=Nothing was judged::" in ended.log
    (said,) = (f"{name.replace('_', '-')}: expected" for name in inputs)
    body = json.loads((pull.temp / "body").read_text())["body"]
    sarif = (pull.desk.folder / ended.outputs["sarif"]).read_text()
    assert all(said.replace("_", "-") in text for text in (ended.summary, body, sarif))


def test_without_a_pull_request_the_tree_judges_itself(pull: Pull) -> None:
    pull.commit("base")
    ended = pull.run("", event={"name": "schedule"})
    assert "Nothing was distrusted" in ended.summary
    assert (ended.code, ended.outputs["verdict"]) == (0, "pass"), ended.log
    assert ended.outputs["changed-models"] == "[]"


def test_a_diff_alone_judges_nothing(pull: Pull, tmp_path: Path) -> None:
    base = pull.commit("base")
    passing(pull, tmp_path)
    pull.commit("head")
    ended = pull.run(base, command="diff")
    assert ended.code == 0
    assert Path(ended.outputs["report"]).read_text() == ended.summary
    assert "**weights**" in ended.summary


@pytest.mark.parametrize(("known", "method"), [("", "POST"), ("41\n42", "PATCH")])
def test_one_comment_is_kept_up_to_date(pull: Pull, known: str, method: str) -> None:
    base = pull.commit("base")
    script = f'case "$*" in *--paginate*) printf "{known}" ;; *) cat > "{pull.temp}/body" ;; esac'
    calls = pull.stub("gh", script)
    ended = pull.run(base, comment="true")
    assert ended.code == 0, ended.log
    place = "issues/comments/41" if known else "issues/7/comments"
    assert f"--method {method} repos/acme/deploy/{place} --input -" in calls.read_text()
    body = json.loads((pull.temp / "body").read_text())["body"]
    assert body.startswith("<!-- provenance: ")
    assert ended.summary in body


def test_a_comment_that_fails_is_no_verdict(pull: Pull) -> None:
    base = pull.commit("base")
    pull.stub("gh", "exit 1")
    ended = pull.run(base, comment="true")
    assert ended.code == 0
    assert "::warning::no comment was written" in ended.log


def test_a_first_policy_is_judged_by_people(pull: Pull) -> None:
    (pull.desk.folder / "README.md").write_text("empty")
    pull.git("add", "README.md")
    pull.git("commit", "-qm", "base")
    base = pull.git("rev-parse", "HEAD")
    pull.commit("head")
    ended = pull.run(base)
    assert ended.code == 2
    assert "a person must approve the first one" in ended.log


@pytest.mark.parametrize("revoked", [False, True], ids=["unchanged", "revoked"])
def test_a_model_that_a_fork_may_not_see_is_what_the_base_knows_of_it(
    pull: Pull, revoked: bool
) -> None:
    """A gated repository, left as it was: not established, unless something is known against it."""
    if revoked:
        pull.desk.trust(trust(revoked=[{"repo": REPO, "reason": "backdoor"}]))
    base = pull.commit("base")
    pull.git("commit", "-q", "--allow-empty", "-m", "head")
    pull.desk.hub.on("acme/bot", GATED)
    ended = pull.run(base, fail_on="fail")
    expected = (1, "fail") if revoked else (0, "incomplete")
    assert (ended.code, ended.outputs["verdict"]) == expected, ended.log
    assert ("registry/revoked" in ended.summary) is revoked


def test_a_bump_that_a_fork_may_not_see_is_not_judged(pull: Pull, tmp_path: Path) -> None:
    base = pull.commit("base")
    passing(pull, tmp_path)
    pull.commit("head")
    pull.desk.hub.on("acme/bot", GATED)
    ended = pull.run(base, fail_on="fail")
    assert (ended.code, ended.outputs["verdict"]) == (5, "error"), ended.log


def test_another_lockfile_has_its_own_base(pull: Pull, tmp_path: Path) -> None:
    other = pull.desk.folder / "other.lock"
    pull.desk.lock.rename(other)
    base = pull.commit("base")
    pull.desk.hub.commit(REPO, signed(tmp_path / "new", FIRST, key="second"))
    pull.locked(
        "--upgrade", "--lockfile", "other.lock", "--accept", f"signature/signer-changed@{REPO}"
    )
    pull.commit("head")
    ended = pull.run(base, lockfile="other.lock")
    assert (ended.code, "signature/signer-changed" in ended.summary) == (1, True), ended.log
