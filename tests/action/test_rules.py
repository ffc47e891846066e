"""What a head may supply as data and what is a rule; each event, and its base."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.action.runner import Pull
from tests.action.test_bumps import FIRST, MODEL
from tests.hubs import REPO, UNSIGNED, signed, trust

OTHER = {"repo": UNSIGNED}
SIGNED = {**MODEL, "profile": "signed"}
PARENTS = {**MODEL, "parents": [UNSIGNED]}
EVENTS = ["pull_request", "merge_group", "push"]

RULES: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any], str]] = {
    "a weaker profile": (SIGNED, MODEL, 'profile "baseline" where the base asks for "signed"'),
    "the weakest of a new name": (
        SIGNED,
        {**MODEL, "name": "other", "profile": "files"},
        'other: profile "files" where the base asks for "signed"',
    ),
    "the weakest of a new model": (MODEL, {**OTHER, "profile": "files"}, 'profile "files"'),
    "a parent more": (MODEL, PARENTS, f"parents {UNSIGNED} where the base says none"),
    "a parent less": (PARENTS, MODEL, f"parents none where the base says {UNSIGNED}"),
}
DATA: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    "a stricter profile": (MODEL, SIGNED),
    "which files": (MODEL, {**MODEL, "exclude": ["README.md"]}),
    "which revision": (MODEL, {**MODEL, "revision": "main"}),
    "a name": (MODEL, {**MODEL, "name": "bot"}),
}


@pytest.mark.parametrize("owned", [False, True], ids=["nobody's", "owned"])
@pytest.mark.parametrize("case", RULES)
def test_what_lowers_a_verdict_is_a_rule(pull: Pull, case: str, owned: bool) -> None:
    before, after, said = RULES[case]
    pull.desk.hub.commit(UNSIGNED, FIRST)
    if owned:
        (pull.desk.folder / "CODEOWNERS").write_text("/provenance.toml @acme/security\n")
    pull.settings(before)
    base = pull.commit("base")
    pull.settings(after)
    pull.commit("head")
    ended = pull.run(base, command="verify", format="json")
    rule = "policy/changed-by-owners" if owned else "policy/changed"
    findings = found(json.loads(Path(ended.outputs["report"]).read_text()))
    assert any(finding["rule"] == rule and said in finding["message"] for finding in findings)
    assert ended.code == (0 if owned else 1), ended.log


@pytest.mark.parametrize("case", DATA)
def test_what_the_head_may_supply(pull: Pull, case: str) -> None:
    before, after = DATA[case]
    pull.settings(before)
    base = pull.commit("base")
    pull.settings(after)
    pull.commit("head")
    ended = pull.run(base, command="verify")
    assert ended.code == 0, ended.log
    assert "policy/changed" not in ended.summary


def test_the_base_s_profile_is_the_one_that_judges(pull: Pull) -> None:
    """An unsigned model of a registered publisher passes `baseline`, and not `signed`."""
    pull.desk.hub.commit(UNSIGNED, FIRST)
    pull.settings({**OTHER, "profile": "signed"})
    (pull.desk.folder / "CODEOWNERS").write_text("* @acme/security\n")
    base = pull.commit("base")
    pull.settings(OTHER)
    pull.commit("head")
    ended = pull.run(base, command="verify")
    assert (ended.code, "signature/missing" in ended.summary) == (1, True), ended.log


@pytest.mark.parametrize("weaker", [{"data_pinned": False}, {}], ids=["off", "gone"])
def test_what_is_asked_of_training_is_what_the_base_asks(
    pull: Pull, weaker: Mapping[str, bool]
) -> None:
    pull.settings(MODEL, training={"data_pinned": True})
    base = pull.commit("base")
    pull.settings(MODEL, training=weaker)
    pull.commit("head")
    ended = pull.run(base, command="verify", format="json")
    report = json.loads(Path(ended.outputs["report"]).read_text())
    assert "policy/changed" in {finding["rule"] for finding in found(report)}
    assert [model["checks"]["lineage"] for model in report["models"]] == ["fail"]


def test_who_owns_the_rules_is_a_rule(pull: Pull) -> None:
    owners = pull.desk.folder / "CODEOWNERS"
    owners.write_text("*.toml @acme/security\n")
    base = pull.commit("base")
    owners.write_text("*.toml @acme/security\n/app/ @acme/app\n")
    pull.commit("another line")
    assert pull.run(base).code == 0
    owners.write_text("*.toml @mallory\n")
    pull.commit("another owner")
    ended = pull.run(base)
    assert (ended.code, "`policy/changed` | `CODEOWNERS`" in ended.summary) == (1, True), ended.log


def event(name: str, base: str) -> Mapping[str, Any] | None:
    """What GitHub says of an event whose base is this commit; None for the pull request."""
    queue = {"base_sha": base, "base_ref": "refs/heads/main"}
    told: Mapping[str, Mapping[str, Any] | None] = {
        "pull_request": None,
        "merge_group": {"merge_group": queue},
        "push": {"before": base, "ref": "refs/heads/main"},
    }
    about = told[name]
    return about and {"name": name, **about}


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_is_judged_by_its_base(pull: Pull, name: str) -> None:
    base = pull.commit("base")
    pull.settings(MODEL, rules={"signature": "warn"})
    pull.commit("head")
    about = event(name, base)
    ended = pull.run("" if about else base, event=about)
    assert (ended.code, "`policy/changed`" in ended.summary) == (1, True), ended.log


@pytest.mark.parametrize(
    "about",
    [
        {"name": "pull_request_target", "pull_request": {"base": {"ref": "main"}}},
        {"name": "workflow_run"},
        {"name": "issue_comment"},
        {"name": "push", "before": "0" * 40, "ref": "refs/heads/main"},
        {"name": "merge_group"},
    ],
    ids=lambda about: about["name"],
)
def test_without_a_base_nobody_is_judged(pull: Pull, about: Mapping[str, Any]) -> None:
    pull.commit("base")
    ended = pull.run("", event=about)
    assert (ended.code, ended.outputs["verdict"]) == (2, "error")
    assert "::error title=Nothing was judged::" in ended.log


def test_a_new_branch_is_judged_by_the_branch_that_it_will_be_merged_to(pull: Pull) -> None:
    base = pull.commit("base")
    pull.git("update-ref", "refs/remotes/origin/main", base)
    pull.settings(MODEL, rules={"signature": "warn"})
    pull.commit("head")
    about = {
        "name": "push",
        "before": "0" * 40,
        "ref": "refs/heads/topic",
        "repository": {"default_branch": "main"},
    }
    assert "`policy/changed`" in pull.run("", event=about).summary


def moved_on(pull: Pull) -> str:
    """A head that has left main, which revokes its model afterwards; the base it set out from."""
    base = pull.commit("base")
    pull.git("checkout", "-q", "-b", "topic")
    (pull.desk.folder / "app.py").write_text("# the pull request changes this alone\n")
    pull.commit("head")
    pull.git("checkout", "-q", "main")
    pull.desk.trust(trust(revoked=[{"repo": REPO, "reason": "backdoor"}]))
    pull.commit("revoked")
    return base


@pytest.mark.parametrize("fetched", [False, True], ids=["the event's", "as fetched"])
def test_a_revocation_of_today_reaches_an_old_branch(pull: Pull, fetched: bool) -> None:
    base = moved_on(pull)
    newest = pull.git("rev-parse", "main")
    if fetched:
        pull.git("update-ref", "refs/remotes/origin/main", newest)
    pull.git("checkout", "-q", "topic")
    ended = pull.run(base if fetched else newest)
    assert (ended.code, "registry/revoked" in ended.summary) == (1, True), ended.log
    assert "policy/changed" not in ended.summary


def test_a_base_that_moved_on_makes_no_rollback_of_what_is_left_alone(pull: Pull) -> None:
    pull.commit("base")
    pull.git("checkout", "-q", "-b", "topic")
    (pull.desk.folder / "app.py").write_text("# the pull request changes this alone\n")
    pull.commit("head")
    pull.git("checkout", "-q", "main")
    new = {**FIRST, "chat_template.jinja": b"{{ messages }}\n"}
    pull.desk.hub.commit(REPO, signed(pull.temp / "new", new))
    pull.locked("--upgrade")
    pull.settings(MODEL, {"repo": UNSIGNED})
    newest = pull.commit("bump")
    pull.git("checkout", "-q", "topic")
    ended = pull.run(newest)
    assert (ended.code, "policy/" in ended.summary) == (0, False), ended.log


LINKS = ["out.sarif", "provenance.lock", "provenance.toml", "reports/out.sarif"]


@pytest.mark.parametrize("name", LINKS)
def test_a_link_is_neither_followed_nor_replaced(pull: Pull, name: str) -> None:
    base = pull.commit("base")
    outside = pull.temp / "precious"
    outside.mkdir()
    (outside / "out.sarif").write_text("precious")
    place = pull.desk.folder / name
    link = place.parent if name.startswith("reports/") else place
    target = outside if link != place else outside / "out.sarif"
    if place.exists():
        target.write_bytes(place.read_bytes())
        place.unlink()
    link.symlink_to(target)
    kept = (outside / "out.sarif").read_bytes()
    pull.commit("head")
    ended = pull.run(base, sarif_file=name if "sarif" in name else "")
    assert ended.code == 2, ended.log
    assert "is a link here" in ended.summary
    assert link.is_symlink()
    assert (outside / "out.sarif").read_bytes() == kept
    assert ended.outputs["sarif"] == ""


def test_a_link_among_the_rules_of_the_base_is_refused(pull: Pull) -> None:
    trusted = pull.desk.folder / "trust.toml"
    trusted.rename(pull.desk.folder / "real.toml")
    trusted.symlink_to("real.toml")
    base = pull.commit("base")
    ended = pull.run(base)
    assert (ended.code, "trust.toml: is a link in" in ended.log) == (2, True), ended.log


def test_nothing_judged_is_said_everywhere(pull: Pull) -> None:
    """A checkout without the base: summary, comment, annotation and SARIF say so."""
    pull.commit("base")
    pull.stub("gh", f'case "$*" in *--paginate*) ;; *) cat > "{pull.temp}/body" ;; esac')
    (pull.desk.folder / "out.sarif").write_text("{}")
    ended = pull.run(
        "0123456789abcdef0123456789abcdef01234567", sarif_file="out.sarif", comment="true"
    )
    assert (ended.code, ended.outputs["verdict"]) == (2, "error")
    assert "::error title=Nothing was judged::no commit" in ended.log
    for text in (ended.summary, json.loads((pull.temp / "body").read_text())["body"]):
        assert "**Nothing was judged.**" in text
        assert "fetch-depth: 0" in text
    (run,) = json.loads((pull.desk.folder / "out.sarif").read_text())["runs"]
    assert run["invocations"][0]["executionSuccessful"] is False
    assert run["results"]


def test_a_folder_of_a_monorepo_is_judged_by_its_own_rules(pull: Pull) -> None:
    folder = pull.desk.folder / "services" / "a"
    folder.mkdir(parents=True)
    for name in ("provenance.toml", "provenance.lock", "trust.toml"):
        (pull.desk.folder / name).rename(folder / name)
    base = pull.commit("base")
    ended = pull.run(base, lockfile="services/a/provenance.lock", sarif_file="out.sarif")
    assert (ended.code, ended.outputs["verdict"]) == (0, "pass"), ended.log
    assert ended.outputs["sarif"] == "out.sarif"
    (folder / "provenance.toml").rename(pull.desk.folder / "provenance.toml")
    pull.commit("head")
    ended = pull.run(base, lockfile="services/a/provenance.lock")
    assert ended.code == 2, ended.log
    assert "services/a/provenance.toml: is in the base" in ended.log


def found(report: Any) -> list[dict[str, Any]]:
    """Every finding of a report in JSON, of a model or of the whole."""
    if isinstance(report, list):
        return [finding for part in report for finding in found(part)]
    if not isinstance(report, dict):
        return []
    own = [report] if {"rule", "message"} <= report.keys() else []
    return own + [finding for part in report.values() for finding in found(part)]
