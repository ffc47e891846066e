"""What loaders fetch for a model is locked, fetched and judged with it, at one commit."""

from __future__ import annotations

import json
import shutil
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests import forge
from tests.hub import Hub
from tests.hubs import FILES, REPO, UNSIGNED, Desk, desk, signed, trust

CODE = {"modeling.py": b"class M: ...\n", "config.json": b"{}"}
ADAPTER: dict[str, bytes] = {
    "adapter_config.json": json.dumps(
        {"peft_type": "LORA", "base_model_name_or_path": UNSIGNED}
    ).encode(),
    "adapter_model.safetensors": forge.safetensors(b"\x01" * 64),
}
CALLER: dict[str, bytes] = {
    **FILES,
    "config.json": json.dumps({"auto_map": {"AutoModel": f"{UNSIGNED}--modeling.M"}}).encode(),
}


@dataclass(frozen=True, kw_only=True)
class Made:
    """A desk at a Hub with a model and what its loader fetches, at this commit."""

    desk: Desk
    commit: str
    later: str = ""

    def run(self, code: int, *words: str | Path) -> str:
        """What a command says that must end with this code."""
        ended = self.desk.run(*words)
        assert ended.returncode == code, (words, ended.stdout, ended.stderr)
        return ended.stdout + ended.stderr

    @property
    def pin(self) -> str:
        """What pins the member."""
        return f"{UNSIGNED}@{self.commit}"

    def lock(self) -> dict[str, Any]:
        """The lockfile."""
        return tomllib.loads(self.desk.lock.read_text())


def made(top: Path, hub: Hub, files: Mapping[str, bytes], member: Mapping[str, bytes]) -> Made:
    """The model of these files, which a publisher signed, and its member."""
    commit = hub.commit(UNSIGNED, dict(member))
    hub.commit(REPO, signed(top / "m", files))
    return Made(desk=desk(top, hub), commit=commit)


@pytest.fixture
def adapter(tmp_path: Path) -> Iterator[Made]:
    """An adapter, whose base nobody signed."""
    with Hub(tmp_path) as hub:
        yield made(tmp_path, hub, ADAPTER, FILES)


@pytest.fixture
def caller(tmp_path: Path) -> Iterator[Made]:
    """A model whose code lies in another repository."""
    with Hub(tmp_path) as hub:
        yield made(tmp_path, hub, CALLER, CODE)


def test_an_adapter_is_locked_with_its_base_once_that_is_pinned(adapter: Made) -> None:
    adapter.desk.settings({"repo": REPO})
    said = adapter.run(1, "lock")
    line = f'members = ["{adapter.pin}"]'
    assert ("closure/unpinned" in said, line in said) == (True, True), said
    adapter.desk.settings({"repo": REPO, "members": [adapter.pin]})
    adapter.run(0, "lock")
    (entry,) = adapter.lock()["closure"]
    assert (entry["name"], entry["repo"]) == (adapter.pin, UNSIGNED)
    assert {file["path"] for file in entry["files"]} == set(FILES)
    text = adapter.desk.lock.read_text()
    adapter.run(0, "lock", "--check")
    adapter.run(0, "lock")
    assert adapter.desk.lock.read_text() == text


def test_the_base_is_brought_along_and_judged_offline(adapter: Made, tmp_path: Path) -> None:
    adapter.desk.locked({"repo": REPO, "members": [adapter.pin]})
    cache = ("--cache-dir", tmp_path / "cache")
    adapter.run(0, "fetch", *cache)
    found = {path.parent.parent.name for path in tmp_path.glob("cache/models--*/snapshots/*")}
    assert found == {f"models--{name.replace('/', '--')}" for name in (REPO, UNSIGNED)}
    adapter.run(0, "fetch", "--local-dir", tmp_path / "model", *cache)
    assert not (tmp_path / "model" / "model.safetensors").exists()
    adapter.run(0, "verify", tmp_path / "model", "--lock")
    adapter.run(0, "verify", REPO, "--lock", "--offline", *cache)
    adapter.run(0, "fetch", "--offline", *cache)


def test_a_branch_that_moves_on_moves_nothing(adapter: Made) -> None:
    adapter.desk.locked({"repo": REPO, "members": [adapter.pin]})
    adapter.desk.hub.commit(UNSIGNED, {**FILES, "evil.py": b"print()\n"})
    adapter.run(0, "lock", "--check")
    adapter.run(0, "verify", REPO)


@pytest.mark.parametrize("how", ["commit", "manifest", "file"])
def test_what_is_revoked_of_a_member_is_refused_first(adapter: Made, how: str) -> None:
    adapter.desk.locked({"repo": REPO, "members": [adapter.pin]})
    (entry,) = adapter.lock()["closure"]
    weights = next(f["sha256"] for f in entry["files"] if f["path"] == "model.safetensors")
    rows = {
        "commit": {"commit": adapter.commit},
        "manifest": {"manifest": entry["manifest"]},
        "file": {"files": [f"sha256:{weights}"]},
    }
    adapter.desk.trust(trust(revoked=[{**rows[how], "reason": "ACME-2026-3"}]))
    for words in (("verify",), ("lock", "--check"), ("fetch",)):
        said = adapter.run(1, *words)
        assert ("registry/revoked" in said, "ACME-2026-3" in said) == (True, True), said


def test_code_of_another_repository_is_allowed_by_its_commit(caller: Made) -> None:
    caller.desk.settings({"repo": REPO, "members": [caller.pin]})
    said = caller.run(1, "lock")
    assert ("closure/failing" in said, "code/python-file" in said) == (True, True), said
    digest = sha256(CODE["modeling.py"]).hexdigest()
    allowed = {"repo": UNSIGNED, "path": "modeling.py", "sha256": digest}
    caller.desk.settings({"repo": REPO, "members": [caller.pin]}, code=[allowed])
    caller.run(0, "lock")


def test_of_two_commits_of_a_member_each_has_its_entry(adapter: Made, tmp_path: Path) -> None:
    other = {"adapter_model.safetensors": forge.safetensors(b"\x02" * 64)}
    second = adapter.desk.hub.commit(UNSIGNED, {**FILES, "config.json": b'{"a": 1}'})
    adapter.desk.hub.commit("acme/other", signed(tmp_path / "o", {**ADAPTER, **other}))
    adapter.desk.locked(
        {"repo": REPO, "members": [adapter.pin]},
        {"repo": "acme/other", "members": [f"{UNSIGNED}@{second}"]},
    )
    assert [one["commit"] for one in adapter.lock()["closure"]] == sorted([adapter.commit, second])
    adapter.desk.settings({"repo": REPO, "members": [adapter.pin]})
    adapter.run(0, "lock")
    assert [one["commit"] for one in adapter.lock()["closure"]] == [adapter.commit]


def test_a_member_that_is_gone_keeps_its_entry(adapter: Made) -> None:
    adapter.desk.locked({"repo": REPO, "members": [adapter.pin]})
    text = adapter.desk.lock.read_text()
    adapter.desk.hub.delete(UNSIGNED)
    said = adapter.run(1, "lock")
    assert "closure/unjudged" in said
    assert adapter.desk.lock.read_text() == text


def test_a_model_on_disk_is_judged_by_what_is_locked_of_its_base(
    adapter: Made, tmp_path: Path
) -> None:
    adapter.desk.locked({"repo": UNSIGNED})
    own = adapter.desk.folder / "models"
    forge.write(own, signed(tmp_path / "n", ADAPTER))
    entry = {"repo": REPO, "path": "models"}
    adapter.desk.settings({"repo": UNSIGNED}, {**entry, "members": [adapter.pin]})
    adapter.run(0, "verify", REPO)
    adapter.run(0, "lock")
    adapter.desk.settings({"repo": UNSIGNED}, entry)
    assert "closure/unpinned" in adapter.run(1, "verify", REPO)


def test_what_was_stored_is_judged_again_with_its_members(adapter: Made) -> None:
    adapter.desk.settings({"repo": REPO, "members": [adapter.pin]})
    (adapter.desk.folder / "e.json").write_text(adapter.run(0, "inspect", REPO, "--format", "json"))
    said = adapter.run(3, "verify", "--evidence", "e.json")
    assert f"closure/failing  {UNSIGNED}" in said
    assert "integrity/no-reference" in said  # nothing that is replayed proves bytes nobody signed


def test_add_pins_what_floats(adapter: Made) -> None:
    adapter.run(0, "init", REPO, "--registry", "trust.toml")
    (model,) = tomllib.loads((adapter.desk.folder / "provenance.toml").read_text())["models"]
    assert model == {"repo": REPO, "members": [adapter.pin]}
    settings = adapter.desk.folder / "provenance.toml"
    settings.write_text(settings.read_text().replace(f'members = ["{adapter.pin}"]\n', ""))
    assert f"next: provenance add {REPO}" in adapter.run(1, "lock")
    adapter.run(0, "add", REPO)
    adapter.run(0, "lock")


def test_closure_shows_what_is_fetched_and_who_answers_for_it(adapter: Made) -> None:
    adapter.desk.settings({"repo": REPO})
    found = json.loads(adapter.run(0, "closure", f"{REPO}@main", "--json"))
    (fetched,) = found["fetches"]
    assert (fetched["repo"], fetched["commit"]) == (UNSIGNED, adapter.commit)
    assert (fetched["pinned"], fetched["result"]) == (False, "pass")
    said = adapter.run(0, "closure", f"{REPO}@main")
    assert f"{UNSIGNED}  not pinned: main, judged at {adapter.commit}" in said


def test_offline_the_bytes_of_a_member_are_measured(adapter: Made, tmp_path: Path) -> None:
    adapter.desk.locked({"repo": REPO, "members": [adapter.pin]})
    cache = ("--cache-dir", tmp_path / "cache")
    offline = ("verify", REPO, "--lock", "--offline", *cache)
    adapter.run(0, "fetch", *cache)
    adapter.run(0, *offline)
    (snapshot,) = tmp_path.glob("cache/models--acme-free--*/snapshots/*")
    config = snapshot / "config.json"
    config.write_bytes(config.resolve().read_bytes() + b" ")
    said = adapter.run(1, *offline)
    assert ("closure/failing" in said, "integrity/mismatch" in said) == (True, True), said
    shutil.rmtree(snapshot)
    said = adapter.run(3, *offline)
    assert ("closure/unjudged" in said, "provenance fetch" in said) == (True, True), said


def test_what_a_member_needs_is_said_under_its_own_name(caller: Made) -> None:
    caller.desk.settings({"repo": REPO, "members": [caller.pin]})
    assert f"next: provenance verify {UNSIGNED}" in caller.run(1, "lock")
    assert "code/python-file" in caller.run(1, "verify", UNSIGNED)
    waiver = (
        "waive",
        f"code/python-file@{UNSIGNED}",
        "--reason",
        "read",
        "--expires",
        "2999-01-01",
    )
    caller.run(0, *waiver)
    caller.run(0, "lock")
    caller.run(0, "fetch")
    assert "unused" not in caller.run(0, "status")
    closed = {"rule": "closure/failing", "repo": REPO, "subject": UNSIGNED, "any_revision": True}
    row = {**closed, "reason": "r", "expires": date(2999, 1, 1)}
    caller.desk.settings({"repo": REPO, "members": [caller.pin]}, waivers=[row])
    assert "waive what was found of the member" in caller.run(2, "lock")


@pytest.mark.parametrize("rule", ["failing", "unjudged", "unpinned", "unread"])
def test_a_level_of_closure_opens_no_hole_in_code(caller: Made, rule: str) -> None:
    levels = {f"closure/{rule}": "warn"}
    caller.desk.settings({"repo": REPO, "members": [caller.pin]}, rules=levels)
    assert "code/remote-code" in caller.run(1, "verify", REPO)


def test_a_model_that_names_itself_is_judged_where_its_code_lies(tmp_path: Path) -> None:
    own = {"auto_map": {"AutoModel": f"{REPO}--modeling.M"}}
    files = {**FILES, "config.json": json.dumps(own).encode(), "modeling.py": CODE["modeling.py"]}
    digest = sha256(CODE["modeling.py"]).hexdigest()
    with Hub(tmp_path) as hub:
        told = made(tmp_path, hub, files, CODE)
        allowed = {"repo": REPO, "path": "modeling.py", "sha256": digest}
        told.desk.settings({"repo": REPO}, code=[allowed])
        told.run(0, "lock")
        told.desk.settings({"repo": REPO})
        assert "code/python-file" in told.run(1, "lock")
