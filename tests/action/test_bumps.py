"""Five bumps of a model, each as the reviewer of its pull request sees it; golden reports."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import forge
from tests.action.runner import Pull, portable
from tests.hub import Hub
from tests.hubs import FILES, REPO, SIZE, card, desk, signed

GOLDEN = Path(__file__).parent / "golden"
MODEL = {"name": "support-bot", "repo": REPO}
TEMPLATE = b"{{ messages[0]['content'] }}\n"
FIRST = {**FILES, "chat_template.jinja": TEMPLATE}


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with Hub(tmp_path / "hub") as hub:
        yield hub


@pytest.fixture
def pull(tmp_path: Path, hub: Hub) -> Pull:
    """A base with one signed model, locked."""
    (tmp_path / "runner").mkdir()
    pull = Pull(desk=desk(tmp_path, hub), temp=tmp_path / "runner")
    hub.commit(REPO, signed(tmp_path / "first", FIRST))
    pull.settings(MODEL)
    pull.locked()
    pull.git("init", "-q", "-b", "main")
    return pull


def passing(pull: Pull, tmp_path: Path) -> None:
    """New weights, signed by the same key."""
    new = {**FIRST, "model.safetensors": forge.safetensors(bytes(SIZE))}
    pull.desk.hub.commit(REPO, signed(tmp_path / "new", new))
    pull.locked("--upgrade")


def failing(pull: Pull, tmp_path: Path) -> None:
    """A shard that nobody signed."""
    files = {**signed(tmp_path / "new", FIRST), "model.safetensors": forge.safetensors(bytes(SIZE))}
    commit = pull.desk.hub.commit(REPO, files)
    rewrite(pull, commit)


def other_signer(pull: Pull, tmp_path: Path) -> None:
    """The same files by another key of the publisher."""
    commit = pull.desk.hub.commit(REPO, signed(tmp_path / "new", FIRST, key="second"))
    pull.locked("--upgrade", "--accept", f"signature/signer-changed@{REPO}")
    assert commit in pull.desk.lock.read_text()


def unknown_ancestor(pull: Pull, tmp_path: Path) -> None:
    """The card names a parent of somebody nobody knows."""
    new = {**FIRST, "README.md": card("base_model: someone/unknown-base")}
    commit = pull.desk.hub.commit(REPO, signed(tmp_path / "new", new))
    rewrite(pull, commit)


def template_alone(pull: Pull, tmp_path: Path) -> None:
    """Only the chat template, signed by the same key."""
    new = {**FIRST, "chat_template.jinja": TEMPLATE + b"{# be kind #}\n"}
    pull.desk.hub.commit(REPO, signed(tmp_path / "new", new))
    pull.locked("--upgrade")


def rewrite(pull: Pull, commit: str) -> None:
    """The lockfile as somebody edits it by hand to point at another commit."""
    from provenance.lock import dumps, loads

    lock = loads(pull.desk.lock.read_text(), source="provenance.lock")
    (old,) = {entry.commit for entry in lock.entries}
    pull.desk.lock.write_text(dumps(lock).replace(str(old), commit))


BUMPS: dict[str, tuple[Callable[[Pull, Path], None], int, str]] = {
    "passing": (passing, 0, "pass"),
    "failing": (failing, 1, "fail"),
    "other-signer": (other_signer, 1, "fail"),
    "unknown-ancestor": (unknown_ancestor, 1, "fail"),
    "template-alone": (template_alone, 0, "pass"),
}


@pytest.mark.parametrize("name", BUMPS)
def test_a_bump_is_judged_and_shown(pull: Pull, tmp_path: Path, name: str) -> None:
    change, code, verdict = BUMPS[name]
    base = pull.commit("base")
    change(pull, tmp_path)
    pull.commit("bump")
    ended = pull.run(base, sarif_file="out.sarif")
    assert (ended.code, ended.outputs["verdict"]) == (code, verdict), ended.log
    assert json.loads(ended.outputs["changed-models"]) == ["support-bot"]
    assert len(ended.outputs["lock-digest"]) == 64
    sarif = json.loads((pull.desk.folder / "out.sarif").read_text())
    levels = {result["level"] for result in sarif["runs"][0]["results"]}
    assert ("error" in levels) is (code == 1)
    annotated = [line for line in ended.log.splitlines() if line.startswith("::error file=")]
    assert bool(annotated) is (code == 1)
    assert all(line.startswith("::error file=provenance.lock,line=") for line in annotated)
    shown = portable(ended.summary, pull.desk.hub)
    assert shown == (GOLDEN / f"{name}.md").read_text()
