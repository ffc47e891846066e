"""A model is revoked, and no use of it passes any more, however it is had or dressed."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from hashlib import sha256

import pytest

from provenance.workspace import lockfile
from tests import forge
from tests.hub import Hub
from tests.hubs import FILES, REPO, WEIGHTS, Desk, card, desk, signed, trust

MODEL = {"repo": REPO, "exclude": ["tokenizer.json"]}
BAD = f"sha256:{sha256(WEIGHTS).hexdigest()}"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk where a part of a signed model is locked and lies in a folder and in the cache."""
    top = tmp_path_factory.mktemp("revoked")
    with Hub(top) as hub:
        hub.commit(REPO, signed(top / "m"))
        made = desk(top, hub)
        made.locked(MODEL, profile="files")
        for words in (("--local-dir", "model"), ()):
            ended = made.run("fetch", *words)
            assert ended.returncode == 0, ended.stdout + ended.stderr
        yield made


@pytest.fixture
def bench(made: Desk) -> Desk:
    """The same desk, with nothing revoked."""
    made.trust(trust())
    made.settings(MODEL, profile="files")
    return made


def listing(bench: Desk) -> str:
    """The digest of the whole listing, as it is locked."""
    return lockfile.load(bench.lock).models()[0].manifest


NAMED: dict[str, Callable[[Desk], tuple[str, ...]]] = {
    "the lock entry": lambda b: (REPO,),
    "the manifest of the lock entry": lambda b: ("--manifest", listing(b)),
    "a directory": lambda b: ("./model",),
    "a repository": lambda b: (f"{REPO}@main",),
    "one digest": lambda b: ("--files", BAD),
}


@pytest.mark.parametrize("name", NAMED)
def test_the_weights_are_named_by_themselves(bench: Desk, name: str) -> None:
    ended = bench.run("registry", "revoke", *NAMED[name](bench), "--reason", "advisory 3")
    assert ended.returncode == 0, ended.stderr
    (entry,) = tomllib.loads((bench.folder / "trust.toml").read_text())["revoked"]
    assert (entry["files"], entry["reason"]) == ([BAD], "advisory 3")


USES: dict[str, Callable[[Desk], tuple[str, ...]]] = {
    "verify DIR": lambda b: ("verify", "./model", "--as", REPO),
    "verify DIR --lock": lambda b: ("verify", "./model", "--lock"),
    "verify REF": lambda b: ("verify", f"{REPO}@main"),
    "verify NAME": lambda b: ("verify", REPO),
    "lock": lambda b: ("lock",),
    "fetch": lambda b: ("fetch",),
    "fetch --local-dir": lambda b: ("fetch", "--local-dir", "model"),
    "fetch elsewhere": lambda b: ("fetch", "--local-dir", "other"),
    "fetch --offline": lambda b: ("fetch", "--offline"),
    "fetch --offline --local-dir": lambda b: ("fetch", "--offline", "--local-dir", "model"),
    "verify the snapshot": lambda b: (
        "verify",
        *map(str, b.home.glob(".cache/*/hub/*/snapshots/*")),
    ),
    "affected": lambda b: ("registry", "affected"),
}
DIGESTS: dict[str, Callable[[Desk], dict[str, object]]] = {
    "by its file": lambda b: {"files": [BAD]},
    "by its whole listing": lambda b: {"manifest": listing(b)},
}


WITHOUT_A_LOCK = ("verify DIR", "verify the snapshot")
"""Here nobody knows of which listing these files are a part."""
PAIRS = [
    (use, kind)
    for kind in DIGESTS
    for use in USES
    if kind == "by its file" or use not in WITHOUT_A_LOCK
]


@pytest.mark.parametrize(("use", "kind"), PAIRS)
def test_every_use_is_refused(bench: Desk, use: str, kind: str) -> None:
    bench.trust(trust(revoked=[{**DIGESTS[kind](bench), "reason": "advisory 3"}]))
    ended = bench.run(*USES[use](bench))
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "advisory 3" in ended.stdout
    assert not (bench.folder / "other").exists()


CHILD = {"repo": "acme-free/child"}
CHILD_USES = (
    ("verify", "./child", "--lock"),
    ("verify", "acme-free/child"),
    ("fetch", "acme-free/child", "--offline", "--local-dir", "child"),
    ("registry", "affected"),
)


def test_the_weights_of_an_ancestor_are_remembered_where_nobody_is_asked(bench: Desk) -> None:
    files = {"model.safetensors": forge.safetensors(), "README.md": card(f"base_model: {REPO}")}
    bench.hub.commit("acme-free/child", {**FILES, **files})
    before = bench.lock.read_bytes()
    bench.locked(CHILD)
    try:
        ended = bench.run("fetch", "acme-free/child", "--local-dir", "child")
        assert ended.returncode == 0, ended.stderr
        bench.trust(trust(revoked=[{"files": [BAD], "reason": "advisory 3"}]))
        for words in CHILD_USES:
            ended = bench.run(*words)
            assert (ended.returncode, "advisory 3" in ended.stdout) == (1, True), words
    finally:
        bench.lock.write_bytes(before)


GRANDCHILD = {"repo": "acme-free/grandchild"}
NEIGHBOUR = {"repo": "acme-free/neighbour"}
ABOVE = (
    ("verify", "./grandchild"),
    ("verify", "./grandchild", "--as", "acme-free/grandchild"),
    ("verify", "./grandchild", "--lock"),
    ("fetch", "acme-free/grandchild", "--offline", "--local-dir", "grandchild"),
)


@pytest.mark.parametrize("named", [{"files": [BAD]}, {"repo": REPO}], ids=["files", "repo"])
def test_the_lockfile_leads_up_to_the_last_ancestor_and_to_nobody_elses(
    bench: Desk, named: dict[str, object]
) -> None:
    before = bench.lock.read_bytes()
    for repo, parent in (("child", REPO), ("grandchild", "acme-free/child"), ("neighbour", "")):
        weights = forge.safetensors(repo.encode()[:4] * 4)
        files = {"model.safetensors": weights, "README.md": b"# A model\n"}
        files |= {"README.md": card(f"base_model: {parent}")} if parent else {}
        bench.hub.commit(f"acme-free/{repo}", {**FILES, **files})
    bench.locked(GRANDCHILD, NEIGHBOUR)
    try:
        for repo in ("grandchild", "neighbour"):
            assert bench.run("fetch", f"acme-free/{repo}", "--local-dir", repo).returncode == 0
        bench.trust(trust(revoked=[{**named, "reason": "advisory 3"}]))
        for words in ABOVE:
            ended = bench.run(*words)
            assert (ended.returncode, "advisory 3" in ended.stdout) == (1, True), words
        assert bench.run("verify", "./neighbour", "--lock").returncode == 0
    finally:
        bench.lock.write_bytes(before)


def test_affected_reads_what_is_edited(bench: Desk) -> None:
    (bench.folder / "provenance.toml").unlink()
    assert bench.run("registry", "revoke", REPO, "--reason", "advisory 3").returncode == 0
    ended = bench.run("registry", "affected")
    assert (ended.returncode, "by trust.toml" in ended.stdout) == (1, True)
    (bench.folder / "trust.toml").unlink()
    ended = bench.run("registry", "affected")
    assert (ended.returncode, "only the starter" in ended.stderr) == (2, True)
    assert bench.run("registry", "affected", "--registry", "builtin").returncode == 0


def test_affected_reads_what_is_edited_beside_what_provenance_toml_names(bench: Desk) -> None:
    (bench.folder / "other.toml").write_bytes((bench.folder / "trust.toml").read_bytes())
    bench.settings({"repo": REPO}, registry=["other.toml"])
    assert bench.run("registry", "affected").returncode == 0
    assert bench.run("registry", "revoke", REPO, "--reason", "advisory 3").returncode == 0
    assert bench.run("registry", "affected").returncode == 1


def test_what_was_revoked_by_its_files_can_be_taken_out(bench: Desk) -> None:
    assert bench.run("registry", "revoke", REPO, "--reason", "advisory 3").returncode == 0
    assert f"file {BAD}" in bench.run("registry", "show").stdout
    ended = bench.run("registry", "remove", "revoked", BAD, "--reason", "was wrong")
    assert ended.returncode == 0, ended.stderr
    assert bench.run("verify", "./model", "--lock").returncode == 0


def test_weights_without_a_stated_digest_are_said_to_be_left_out(bench: Desk) -> None:
    folder = forge.write(bench.folder / "plain", {"config.json": FILES["config.json"]})
    ended = bench.run("registry", "revoke", folder, "--reason", "x")
    assert (ended.returncode, "the model has no weight files" in ended.stderr) == (0, True)


def test_an_unsigned_file_more_is_no_way_out(bench: Desk) -> None:
    assert bench.run("registry", "revoke", REPO, "--reason", "advisory 3").returncode == 0
    commit = bench.hub.commit(REPO, {"NOTICE": b"words"})
    for words in (("verify", f"{REPO}@{commit}"), ("lock", "--upgrade")):
        ended = bench.run(*words)
        assert (ended.returncode, "registry/revoked" in ended.stdout) == (1, True)
