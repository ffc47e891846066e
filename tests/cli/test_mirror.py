"""A company's own mirror of a signed model: as good as the origin where the bytes are equal."""

from __future__ import annotations

import json
import tomllib

import pytest

from provenance.workspace import lockfile
from tests import forge
from tests.cli.mirrors import MIRROR, OTHER, rules
from tests.hubs import FILES, REPO, SIZE, UNSIGNED, Desk, card, signed, trust


def test_a_mirror_is_locked_and_used_by_its_origins_name(bank: tuple[Desk, str]) -> None:
    own, origin = bank
    assert own.rules(MIRROR)[0] == 1
    own.locked({"repo": MIRROR, "mirror_of": origin})
    (entry,) = tomllib.loads(own.lock.read_text())["model"]
    assert (entry["repo"], entry["mirror_of"], entry["organisation"]) == (MIRROR, origin, "Acme")
    assert own.run("lock", "--check").returncode == 0
    for form in ("human", "json", "markdown", "html"):
        ended = own.run("verify", "--format", form)
        assert (ended.returncode, MIRROR in ended.stdout) == (0, True), ended.stdout
        assert f"mirror of {origin}" in " ".join(ended.stdout.replace("\\", "").split()), form
    there = own.folder / "there"
    ended = own.run("fetch", MIRROR, "--local-dir", there)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    ended = own.run("verify", there, "--lock", "--offline")
    assert (ended.returncode, origin in ended.stdout) == (0, True), ended.stdout


@pytest.mark.parametrize(
    "changed",
    [
        {"model.safetensors": forge.safetensors(bytes(SIZE))},
        {"config.json": b'{"model_type": "other"}'},
        {"chat_template.jinja": b"{{ messages }}"},
        {"tokenizer.json": None},
    ],
    ids=["weights", "configuration", "added", "left-out"],
)
def test_one_file_that_a_loader_reads_differs(
    bank: tuple[Desk, str], changed: dict[str, bytes | None]
) -> None:
    own, origin = bank
    if None in changed.values():
        origin = f"{REPO}@{own.hub.commit(REPO, {'tokenizer.json': b'{}'})}"
    own.hub.commit(MIRROR, {path: data for path, data in changed.items() if data is not None})
    own.settings({"repo": MIRROR, "mirror_of": origin})
    code, found = rules(own)
    assert (code, {"identity/mirror", "identity/unknown-publisher"} <= found) == (1, True), found


def test_a_card_of_its_own_may_name_the_origin(bank: tuple[Desk, str]) -> None:
    """Where nobody signed the card; one that is signed has to be what was signed."""
    own, _ = bank
    commit = own.hub.commit(UNSIGNED, FILES)
    own.hub.commit("bank-ml/base", {**FILES, "README.md": card(f"base_model: {UNSIGNED}")})
    own.settings({"repo": "bank-ml/base", "mirror_of": f"{UNSIGNED}@{commit}"})
    assert own.rules("bank-ml/base") == (0, set())


def test_an_origin_that_is_not_there_is_unknown(bank: tuple[Desk, str]) -> None:
    own, _ = bank
    own.settings({"repo": MIRROR, "mirror_of": f"{REPO}@{OTHER}"})
    assert "identity/mirror-unknown" in rules(own)[1]


def test_a_stranger_is_no_better_by_its_mirror(bank: tuple[Desk, str]) -> None:
    own, _ = bank
    commit = own.hub.commit("stranger/bot", FILES)
    own.hub.commit("bank-ml/copy", FILES)
    own.settings({"repo": "bank-ml/copy", "mirror_of": f"stranger/bot@{commit}"})
    assert own.rules("bank-ml/copy")[1] >= {"identity/unknown-publisher"}


@pytest.mark.parametrize("kind", ["repo", "commit", "mirror"])
def test_what_is_revoked_of_either_refuses_it(bank: tuple[Desk, str], kind: str) -> None:
    own, origin = bank
    own.locked({"repo": MIRROR, "mirror_of": origin})
    values = {"repo": REPO, "commit": origin.partition("@")[2], "mirror": MIRROR}
    entry = {"repo" if kind == "mirror" else kind: values[kind], "reason": "a backdoor"}
    own.trust(trust(revoked=[entry]))
    assert "registry/revoked" in own.rules(MIRROR)[1]
    ended = own.run("fetch", MIRROR, "--local-dir", own.folder / "there")
    assert ended.returncode == 1, ended.stderr


@pytest.mark.parametrize("text", [REPO, f"{REPO}@main", f"{MIRROR}@{OTHER}", "x", ""])
def test_what_names_no_other_model_at_a_commit_is_an_error(
    bank: tuple[Desk, str], text: str
) -> None:
    own, _ = bank
    own.settings({"repo": MIRROR, "mirror_of": text})
    ended = own.run("verify")
    assert (ended.returncode, "models[0].mirror_of" in ended.stderr) == (2, True), ended.stderr


def test_stored_evidence_has_the_origin(bank: tuple[Desk, str]) -> None:
    own, origin = bank
    own.settings({"repo": MIRROR, "mirror_of": origin})
    stored = own.folder / "e.json"
    stored.write_text(own.run("inspect", MIRROR, "--format", "json").stdout)
    assert json.loads(stored.read_text())["origin"]["claimed"] == REPO
    ended = own.run("verify", "--evidence", stored)
    assert ended.returncode == 0, ended.stdout
    own.settings({"repo": MIRROR})
    ended = own.run("verify", "--evidence", stored)
    assert (ended.returncode, "identity/unknown-publisher" in ended.stdout) == (1, True)


def test_a_commit_that_only_a_pull_request_reaches_is_not_the_origins(
    bank: tuple[Desk, str],
) -> None:
    own, _ = bank
    files = {"config.json": b'{"model_type": "evil"}'}
    own.hub.commit(UNSIGNED, FILES)
    commit = own.hub.commit(UNSIGNED, files, ref="refs/pr/1", replace=True)
    own.hub.commit("bank-ml/base", files)
    own.settings({"repo": "bank-ml/base", "mirror_of": f"{UNSIGNED}@{commit}"})
    assert "identity/pull-request-only" in own.rules("bank-ml/base")[1]


def test_a_mirror_with_a_card_of_its_own_ends_where_its_origin_does(
    bank: tuple[Desk, str],
) -> None:
    """What is a root is the origin, whose card is another."""
    own, _ = bank
    bare = {path: data for path, data in FILES.items() if path != "README.md"}
    files = signed(own.folder / "bare", bare)
    commit = own.hub.commit("acme/root", {**files, "README.md": b"# Acme's\n"})
    own.hub.commit("bank-ml/root", {**files, "README.md": b"# The bank's\n"})
    model = {"repo": "bank-ml/root", "mirror_of": f"acme/root@{commit}", "profile": "attested"}
    own.settings(model)
    assert "lineage/unattested-step" in own.rules("bank-ml/root")[1]
    own.locked({"repo": "acme/root"})
    (entry,) = lockfile.load(own.lock).models()
    own.lock.unlink()
    root = {"repo": "acme/root", "commit": commit, "manifest": entry.manifest}
    table = trust()
    acme = {**table["org"][0], "root": [root]}
    own.trust({**table, "org": [acme, *table["org"][1:]]})
    own.locked(model)
    assert own.rules("bank-ml/root") == (0, set())
    there = own.folder / "there"
    ended = own.run("fetch", "--local-dir", there)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert own.run("verify", there, "--lock", "--offline").returncode == 0
