"""What a lockfile knows stays in it: through outages, and under whatever name a model goes."""

from __future__ import annotations

import json
import signal
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from threading import Event

import pytest

from tests import forge
from tests import hub as attacks
from tests.hub import Answer, Hook, Hub, Request
from tests.hubs import FILES, REPO, UNSIGNED, Desk, card, desk, signed, trust

CHILD = "acme-free/child"
LONG = 60.0
NOWHERE = {"HF_ENDPOINT": "http://127.0.0.1:9"}


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Desk]:
    """A desk at a Hub with a signed model, an unsigned one, and a child of the first."""
    with Hub(tmp_path) as hub:
        hub.commit(REPO, signed(tmp_path / "m"))
        hub.commit(UNSIGNED, {"config.json": b"{}"})
        hub.commit(CHILD, {"config.json": b"{}", "README.md": card(f"base_model: {REPO}")})
        yield desk(tmp_path, hub)


def committed(own: Desk, branch: str) -> None:
    """Everything is committed on a new branch."""
    for words in (["init", "-q"], ["checkout", "-qb", branch], ["add", "-A"]):
        subprocess.run(["git", *words], cwd=own.folder, check=True)
    author = ("-c", "user.name=a", "-c", "user.email=a@b")
    subprocess.run(["git", *author, "commit", "-qm", branch], cwd=own.folder, check=True)


def login(request: Request, answer: Answer) -> Answer:
    """A page for people in place of the answer."""
    return Answer(status=200).carrying(b"<html><form>Log in</form></html>")


OUTAGES: dict[str, tuple[str, Hook]] = {
    "400": (".", attacks.status(400)),
    "401": (".", attacks.status(401)),
    "403": (".", attacks.status(403, X_Error_Code="GatedRepo")),
    "404": (".", attacks.status(404)),
    "429": (".", attacks.status(429, Retry_After="3600")),
    "500": (".", attacks.status(500)),
    "501": (".", attacks.status(501)),
    "a login page": (".", login),
    "a commit that is gone": ("/revision/", attacks.status(404, X_Error_Code="RevisionNotFound")),
    "a listing that is not there": ("/tree/", attacks.status(502)),
    "a refusal of the files": ("/resolve/", attacks.status(403, X_Error_Code="GatedRepo")),
}
MODELS = ({"name": "bot", "repo": REPO}, {"repo": CHILD})


@pytest.mark.parametrize("outage", OUTAGES)
def test_a_model_that_cannot_be_asked_for_keeps_its_entry(own: Desk, outage: str) -> None:
    own.locked(*MODELS)
    before = own.lock.read_bytes()
    own.hub.on(*OUTAGES[outage])
    ended = own.run("lock")
    assert (ended.returncode, own.lock.read_bytes()) == (5, before)
    assert "could not judge bot: " in ended.stderr
    step = "lock --upgrade-model bot" if outage == "a commit that is gone" else "lock bot"
    assert f", `provenance {step}`" in ended.stderr


WORDS = (
    ("lock", "--upgrade"),
    ("lock", "--upgrade-model", REPO),
    ("lock", "bot"),
    ("lock", "--check"),
    ("update",),
    ("update", "--format", "markdown"),
)


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_no_command_forgets_a_model_or_says_how_it_is(own: Desk, words: tuple[str, ...]) -> None:
    own.locked(*MODELS)
    before = own.lock.read_bytes()
    own.hub.on(".", attacks.status(404))
    ended = own.run(*words)
    assert (ended.returncode, own.lock.read_bytes()) == (5, before)
    said = ended.stdout + ended.stderr
    assert "could not judge bot: " in said
    assert "removed" not in said
    assert "nothing changes" not in said


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_an_interrupt_waits_for_no_model(own: Desk, words: tuple[str, ...]) -> None:
    own.locked(*MODELS)
    before = own.lock.read_bytes()
    asked = Event()

    def silent(request: Request, answer: Answer) -> Answer:
        asked.set()
        return replace(answer, delay=LONG)

    own.hub.on(".", silent)
    # What a script starts in the background ignores SIGINT, and so would the program below it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    process = own.start(*words)
    assert asked.wait(LONG)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=LONG / 2)
    assert (process.returncode, own.lock.read_bytes()) == (130, before)


def test_who_answers_is_locked_anew_and_who_does_not_stays(own: Desk) -> None:
    own.locked(*MODELS, {"repo": UNSIGNED})
    before = own.lock.read_text()
    new = own.hub.commit(UNSIGNED, {"config.json": b'{"a": 1}'})
    own.hub.on(REPO, attacks.status(404))
    own.hub.on(CHILD, attacks.status(401))
    assert own.run("lock", "--upgrade").returncode == 5
    after = own.lock.read_text()
    kept = [part for part in before.split("\n\n") if UNSIGNED not in part]
    assert kept
    assert all(part in after for part in kept)
    assert new in after


def test_an_ancestor_that_is_out_of_reach_keeps_its_entry(own: Desk) -> None:
    waiver = {
        "rule": "ancestry/unresolvable",
        "repo": CHILD,
        "subject": REPO,
        "any_revision": True,
        "reason": "known",
        "expires": date(2999, 1, 1),
    }
    own.locked({"repo": CHILD}, waivers=[waiver])
    before = own.lock.read_text()
    own.hub.on(f"/{REPO}", attacks.status(403))
    assert own.run("lock").returncode == 0
    ancestor = before[before.index("[[ancestor]]") :]
    assert ancestor in own.lock.read_text()


def test_a_pull_request_that_nobody_can_look_at_removes_nothing(own: Desk) -> None:
    own.locked(*MODELS)
    committed(own, "base")
    own.hub.commit(CHILD, {"config.json": b'{"a": 1}'})
    assert own.run("lock", "-q", "--upgrade").returncode == 0
    committed(own, "head")
    own.hub.on(".", attacks.status(404))
    ended = own.run("lock", "--check", "--base", "base")
    assert ended.returncode == 5
    assert "would change" not in ended.stderr
    assert "`provenance lock --check --base base acme-free/child`" in ended.stderr


def test_after_an_outage_another_signer_is_refused_as_before(own: Desk, tmp_path: Path) -> None:
    """A night without the Hub, a lock all the same, and a release by somebody else."""
    own.locked({"repo": REPO})
    own.run("update", "-q", **NOWHERE)
    own.hub.commit(REPO, signed(tmp_path / "new", key="second"))
    ended = own.run("lock", "--upgrade")
    assert (ended.returncode, "signature/signer-changed" in ended.stdout) == (1, True)
    own.hub.recreate(REPO, {**FILES})
    own.run("lock", "-q", "--upgrade", **NOWHERE)
    ended = own.run("lock", "--upgrade")
    assert (ended.returncode, "identity/replaced" in ended.stdout) == (1, True)


def disk(own: Desk, files: Mapping[str, bytes]) -> str:
    """The files lie on disk, beside provenance.toml."""
    forge.write(own.folder / "disk", files)
    return "disk"


BOT: dict[str, object] = {"name": "bot", "repo": REPO}
MOVES: dict[str, tuple[dict[str, object], ...]] = {
    "renamed": ({"name": "robot", "repo": REPO},),
    "by its repository": ({"repo": REPO},),
    "split": (BOT, {"name": "small", "repo": REPO, "include": ["*.json"]}),
    "split and renamed": (
        {"name": "large", "repo": REPO},
        {"name": "small", "repo": REPO, "include": ["*.json"]},
    ),
    "on disk": ({**BOT, "path": "disk"},),
    "on disk and renamed": ({"name": "robot", "repo": REPO, "path": "disk"},),
    "in exchange for another": (
        {"name": "bot", "repo": UNSIGNED},
        {"name": "other", "repo": REPO},
    ),
}


@pytest.mark.parametrize("move", MOVES)
def test_a_repository_keeps_its_signer_under_every_name(
    own: Desk, tmp_path: Path, move: str
) -> None:
    own.locked(BOT, {"name": "other", "repo": UNSIGNED})
    new = signed(tmp_path / "new", {**FILES, "config.json": b'{"a": 1}'}, key="second")
    own.hub.commit(REPO, new)
    disk(own, new)
    own.settings(*MOVES[move])
    for _ in range(2):
        ended = own.run("lock", "--upgrade")
        assert (ended.returncode, "signature/signer-changed" in ended.stdout) == (1, True)
    assert own.run("lock", "--accept", f"signature/signer-changed@{REPO}", "--upgrade").stdout
    assert own.run("lock", "--check").returncode == 0


@pytest.mark.parametrize("move", ["renamed", "split and renamed", "in exchange for another"])
def test_a_repository_keeps_its_id_through_renaming_and_outage(own: Desk, move: str) -> None:
    own.locked(BOT, {"name": "other", "repo": UNSIGNED})
    own.settings(*MOVES[move])
    own.hub.on(".", attacks.status(404))
    assert own.run("lock").returncode == 5
    own.hub.calm()
    own.hub.recreate(REPO, signed(own.folder / "again"))
    ended = own.run("lock")
    assert (ended.returncode, "identity/replaced" in ended.stdout) == (1, True)


def test_a_repository_keeps_its_id_while_the_model_lies_on_disk(own: Desk) -> None:
    files = signed(own.folder / "m")
    own.locked(BOT)
    disk(own, files)
    own.locked({"name": "mine", "repo": REPO, "path": "disk"})
    assert own.run("verify", "disk", "--lock").returncode == 0
    own.hub.recreate(REPO, files)
    own.settings(BOT)
    ended = own.run("lock")
    assert (ended.returncode, "identity/replaced" in ended.stdout) == (1, True)


def test_what_was_accepted_stays_on_record_under_another_name(own: Desk, tmp_path: Path) -> None:
    own.locked(BOT)
    own.hub.commit(REPO, signed(tmp_path / "new", key="second"))
    rule = "signature/signer-changed"
    assert own.run("lock", "--upgrade", "--accept", f"{rule}@bot").returncode == 0
    own.locked({"name": "robot", "repo": REPO})
    assert own.lock.read_text().count(f'{{rule = "{rule}"') == 1
    assert own.run("lock", "--check").returncode == 0


def test_two_releases_of_one_repository_stand_beside_each_other(own: Desk, tmp_path: Path) -> None:
    """Another signer is accepted for one of them, and the other is what it was."""
    first = own.hub.commit(REPO, signed(tmp_path / "first"))
    old = {"name": "old", "repo": REPO, "revision": first}
    own.locked(old)
    own.hub.commit(REPO, signed(tmp_path / "new", {**FILES, "a.json": b"{}"}, key="second"))
    own.settings(old, {"name": "new", "repo": REPO})
    assert own.run("lock").returncode == 1
    ended = own.run("lock", "--accept", f"signature/signer-changed@{REPO}")
    assert ended.returncode == 0, ended.stdout
    assert own.run("lock", "--check").returncode == 0
    own.hub.commit(REPO, signed(tmp_path / "back", {**FILES, "b.json": b"{}"}))
    ended = own.run("lock", "new", "--upgrade")
    assert (ended.returncode, "signature/signer-changed" in ended.stdout) == (1, True)


def test_a_pull_request_that_renames_a_model_answers_to_its_base(own: Desk, tmp_path: Path) -> None:
    own.locked(BOT)
    committed(own, "base")
    own.hub.commit(REPO, signed(tmp_path / "new", key="second"))
    own.settings({"name": "robot", "repo": REPO})
    assert own.run("lock", "--accept", f"signature/signer-changed@{REPO}").returncode == 0
    committed(own, "head")
    ended = own.run("lock", "--check", "--base", "base")
    assert (ended.returncode, "signature/signer-changed" in ended.stdout) == (1, True)


def test_a_pull_request_is_judged_by_the_commit_that_it_locks(own: Desk) -> None:
    """Not by that of its base, and not by where the branch has moved to since."""
    own.locked({"repo": UNSIGNED})
    committed(own, "base")
    base = tomllib.loads(own.lock.read_text())["model"][0]["commit"]
    bad = own.hub.commit(UNSIGNED, {"pytorch_model.bin": b"cposix\nsystem\n(S'id'\ntR."})
    own.hub.commit(UNSIGNED, {}, remove=["pytorch_model.bin"])
    assert own.run("verify", "--base", "base").returncode == 0
    own.lock.write_text(own.lock.read_text().replace(base, bad))
    committed(own, "head")
    ended = own.run("verify", "--base", "base", "--format", "json")
    [model] = json.loads(ended.stdout)["models"]
    assert (ended.returncode, model["commit"]) == (1, bad)
    assert "commits ahead" not in ended.stderr


def test_what_is_judged_as_locked_still_answers_to_its_memory_and_to_revocation(own: Desk) -> None:
    own.locked({"repo": REPO})
    table = trust()
    table["org"][0]["signer"].pop(0)
    own.trust(table)
    ended = own.run("verify", REPO)
    assert (ended.returncode, "signature/lost" in ended.stdout) == (1, True)
    own.trust(trust(revoked=[{"repo": REPO, "reason": "advisory 3"}]))
    ended = own.run("verify", REPO)
    assert (ended.returncode, "registry/revoked" in ended.stdout) == (1, True)


@pytest.mark.parametrize("code", [400, 404, 405, 501])
@pytest.mark.parametrize("revision", [None, "v1"])
def test_a_mirror_without_refs_is_locked_checked_and_fetched(
    own: Desk, code: int, revision: str | None
) -> None:
    """As long as the branch or tag still is the commit; afterwards nobody says who reaches it."""
    first = own.hub.commit(REPO, {})
    own.hub.tag(REPO, "v1", first)
    own.hub.on("/(refs|commits)", attacks.status(code))
    own.locked({"repo": REPO, **({"revision": revision} if revision else {})})
    assert own.run("lock", "--check").returncode == 0
    assert own.run("fetch", "--local-dir", "model").returncode == 0
    new = own.hub.commit(REPO, {"a.txt": b"a"})
    own.hub.tag(REPO, "v1", new)
    ended = own.run("lock", "--check")
    assert (ended.returncode, "identity/reach-unknown" in ended.stdout) == (3, True)


def test_verify_holds_what_is_listed_against_its_repository_and_no_other_folder(
    own: Desk, tmp_path: Path
) -> None:
    own.locked(BOT)
    place = disk(own, signed(tmp_path / "new", key="second"))
    assert own.run("verify", place, "--as", REPO).returncode == 0
    own.settings({"name": "robot", "repo": REPO, "path": place})
    ended = own.run("verify")
    assert (ended.returncode, "signature/signer-changed" in ended.stdout) == (1, True)


def test_an_update_may_select_what_the_locked_commit_does_not_have(own: Desk) -> None:
    own.locked({"repo": UNSIGNED})
    new = own.hub.commit(UNSIGNED, {"new.json": b"{}"})
    own.settings({"repo": UNSIGNED, "include": ["new.json"]})
    ended = own.run("update")
    assert (ended.returncode, new in own.lock.read_text()) == (0, True), ended.stderr


def test_runs_at_once_lose_nothing_that_another_locked(own: Desk) -> None:
    """Whoever ends well has its model in the lockfile; whoever comes too late says so."""
    models = [{"name": name, "repo": UNSIGNED} for name in ("one", "two", "three")]
    own.settings(*models, *MODELS)
    own.run("lock", "bot")
    running = {model["name"]: own.start("lock", model["name"]) for model in models}
    said = {
        name: (process.communicate()[1], process.returncode) for name, process in running.items()
    }
    text = own.lock.read_text()
    for name, (words, code) in said.items():
        assert (code, f'name = "{name}"' in text) in ((0, True), (5, False)), words
        assert code == 0 or "another run has changed it meanwhile" in words


def test_what_was_locked_meanwhile_is_not_written_over(own: Desk) -> None:
    own.locked(*MODELS)
    before = own.lock.read_text()
    other = before.replace('profile = "baseline"', 'profile = "signed"')

    def meanwhile(request: Request, answer: Answer) -> Answer:
        own.lock.write_text(other)
        return answer

    own.hub.on("/revision/", meanwhile)
    ended = own.run("lock", "--upgrade")
    assert (ended.returncode, "another run has changed it" in ended.stderr) == (5, True)
    assert own.lock.read_text() == other != before


def test_a_download_that_comes_no_further_is_given_up(own: Desk) -> None:
    own.locked(*MODELS)

    def silent(request: Request, answer: Answer) -> Answer:
        return answer if request.range else replace(answer, delay=LONG)

    own.hub.on("model.safetensors", silent)
    ended = own.run("fetch", "bot", "--local-dir", "bot", "--deadline", "3")
    assert (ended.returncode, "bytes came in 3 seconds" in ended.stderr) == (5, True), ended.stderr
    assert not (own.folder / "bot").exists()
