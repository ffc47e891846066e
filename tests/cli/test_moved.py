"""A locked model is judged as it is locked, and its branch goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import hub as attacks
from tests.hub import Hub
from tests.hubs import FILES, REPO, UNSIGNED, Desk, desk, signed

PICKLE = {"pytorch_model.bin": b"cposix\nsystem\n(S'id'\ntR."}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Desk]:
    """A desk at a Hub with a locked model, whose branch gets three commits, the last malicious."""
    with Hub(tmp_path) as hub:
        hub.commit(REPO, signed(tmp_path / "m"))
        hub.commit(UNSIGNED, FILES)
        yield desk(tmp_path, hub)


def move(bench: Desk, repo: str = UNSIGNED) -> str:
    """Three more commits on main, with the last of which the model fails."""
    for number in range(2):
        bench.hub.commit(repo, {"README.md": b"# %d\n" % number})
    return bench.hub.commit(repo, PICKLE)


def commits(bench: Desk, *words: str) -> tuple[int, list[str]]:
    """The exit code of `verify`, and the commits that were judged."""
    ended = bench.run("verify", *words, "--format", "json")
    return ended.returncode, [model["commit"] for model in json.loads(ended.stdout)["models"]]


def test_a_name_means_what_is_locked_and_a_revision_what_is_there(bench: Desk) -> None:
    bench.locked({"repo": UNSIGNED})
    [(_, locked)] = [commits(bench)]
    head = move(bench)
    assert commits(bench, UNSIGNED) == commits(bench) == (0, locked)
    assert commits(bench, f"{UNSIGNED}@main") == (1, [head])
    assert commits(bench, UNSIGNED, "--revision", "main") == (1, [head])
    assert commits(bench, f"{UNSIGNED}@{locked[0]}") == (0, locked)
    bench.settings({"repo": UNSIGNED, "revision": "main"})
    assert commits(bench, UNSIGNED) == (1, [head]), "another revision is asked for than is locked"


def test_a_moved_branch_is_told_with_what_follows_it(bench: Desk) -> None:
    bench.locked({"repo": UNSIGNED}, {"repo": REPO})
    assert "note: " not in bench.run("verify").stderr
    move(bench)
    ended = bench.run("verify")
    assert f"main is 3 commits ahead: to follow it, `provenance update {UNSIGNED}`" in ended.stderr
    assert f"{REPO}: judged as locked" not in ended.stderr
    assert "commits ahead" not in bench.run("verify", "-q").stderr
    assert bench.run("update", UNSIGNED).returncode == 1


def test_where_the_hub_does_not_tell_how_far_it_is_only_that(bench: Desk) -> None:
    """A mirror without history: the tag keeps the locked commit reachable all the same."""
    bench.locked({"repo": UNSIGNED})
    head = move(bench)
    bench.hub.on("/commits/", attacks.status(404))
    assert f"main has moved on to {head[:12]}" in bench.run("verify").stderr


def test_a_commit_that_is_pinned_by_hand_has_no_branch_to_follow(bench: Desk) -> None:
    commit = bench.hub.commit(UNSIGNED, {"README.md": b"# A base\n"})
    bench.locked({"repo": UNSIGNED, "revision": commit})
    move(bench)
    bench.hub.clear()
    assert "ahead" not in bench.run("verify").stderr
    assert not [q for q in bench.hub.requests if q.path.endswith("/revision/main")]


def test_a_tag_that_was_moved_is_told(bench: Desk) -> None:
    first = bench.hub.commit(UNSIGNED, {"README.md": b"# A base\n"})
    bench.hub.tag(UNSIGNED, "v1", first)
    bench.locked({"repo": UNSIGNED, "revision": "v1"})
    bench.hub.tag(UNSIGNED, "v1", move(bench))
    ended = bench.run("verify")
    assert (ended.returncode, "v1 is 3 commits ahead" in ended.stderr) == (0, True)


def test_offline_it_is_the_locked_snapshot_of_the_cache(bench: Desk) -> None:
    bench.locked({"repo": UNSIGNED})
    assert bench.run("fetch").returncode == 0
    bench.hub.clear()
    ended = bench.run("verify", "--offline")
    assert (ended.returncode, bench.hub.requests) == (0, []), ended.stderr


def test_digests_that_were_measured_once_count_for_the_locked_commit(bench: Desk) -> None:
    bench.hub.on(".", attacks.drop_hashes)
    bench.settings({"repo": UNSIGNED})
    assert bench.run("lock", "--measure").returncode == 0
    assert bench.run("verify").returncode == 0
    assert bench.run("verify", f"{UNSIGNED}@main").returncode == 3


@pytest.mark.parametrize("command", ["inspect", "lineage"])
def test_who_only_looks_sees_the_same_commit(bench: Desk, command: str) -> None:
    bench.locked({"repo": UNSIGNED})
    [(_, [locked])] = [commits(bench)]
    head = move(bench)
    shown = bench.run(command, UNSIGNED, "--format", "json").stdout
    assert (locked in shown, head in shown) == (True, False)
    shown = bench.run(command, f"{UNSIGNED}@main", "--format", "json").stdout
    assert (locked in shown, head in shown) == (False, True)


def test_a_locked_commit_that_is_gone_is_told_with_what_follows_it(bench: Desk) -> None:
    bench.locked({"repo": UNSIGNED})
    bench.hub.recreate(UNSIGNED, {**FILES, "config.json": b"{}"})
    ended = bench.run("verify")
    assert ended.returncode == 5
    assert f"`provenance lock --upgrade-model {UNSIGNED}`" in ended.stderr


def test_a_hub_that_does_not_answer_leaves_the_verdict_and_is_told(bench: Desk) -> None:
    bench.locked({"repo": UNSIGNED})
    bench.hub.on("/revision/main", attacks.status(404, X_Error_Code="RevisionNotFound"))
    ended = bench.run("verify")
    assert (ended.returncode, "not known whether main has moved" in ended.stderr) == (0, True)
