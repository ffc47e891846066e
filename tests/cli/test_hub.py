"""`verify`, `init`, `lock` and `fetch` from the outside, against a Hub on loopback."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from provenance.wire.training import Parent
from tests import forge
from tests import hub as attacks
from tests.hub import Hub
from tests.hubs import (
    FILES,
    REPO,
    SIZE,
    STRANGER,
    UNSIGNED,
    WEIGHTS,
    Desk,
    card,
    desk,
    signed,
    trust,
)

OTHER = {**FILES, "model.safetensors": forge.safetensors(bytes(SIZE))}
BASE = {**FILES, "README.md": card("base_model: acme/bot")}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Desk]:
    """A desk at a Hub with a signed model, an unsigned one, and one by a stranger."""
    with Hub(tmp_path) as hub:
        hub.commit(REPO, signed(tmp_path / "m"))
        hub.commit(UNSIGNED, OTHER)
        hub.commit(STRANGER, BASE)
        yield desk(tmp_path, hub)


def test_a_signed_model_passes_for_kilobytes(bench: Desk) -> None:
    ended = bench.run("verify", f"{REPO}@main", "--registry", "trust.toml")
    assert ended.returncode == 0
    assert "only `fetch` proves bytes" in ended.stdout
    assert "Acme signed all 3 files" in ended.stdout
    assert bench.hub.traffic() < 200_000 < len(WEIGHTS)


def test_an_unsigned_model_of_a_known_publisher_says_so(bench: Desk) -> None:
    ended = bench.run("verify", UNSIGNED, "--registry", "trust.toml", "--format", "json")
    reason = json.loads(ended.stdout)["models"][0]["reason"]
    assert (ended.returncode, reason) == (
        0,
        "the publisher is registered; nobody signed these bytes",
    )
    assert bench.rules(UNSIGNED, "--policy", "signed")[0] == 1


def test_a_stranger_fails_and_is_adopted_by_what_is_printed(bench: Desk) -> None:
    ended = bench.run("verify", STRANGER, "--registry", "trust.toml")
    block = ended.stdout[ended.stdout.index("[[policy.exempt]]") :].partition("\n  !")[0]
    assert ended.returncode == 1
    text = 'policy.registry = ["trust.toml"]\n' + block.replace('"…"', '"looked at"')
    (bench.folder / "provenance.toml").write_text(
        "\n".join(line.strip() for line in text.splitlines())
    )
    assert bench.run("verify", STRANGER).returncode == 0


def test_init_makes_the_next_run_green_and_only_for_these_bytes(bench: Desk) -> None:
    ended = bench.run("init", REPO, STRANGER, "--registry", "trust.toml")
    assert ended.returncode == 0, ended.stdout
    assert bench.run("verify").returncode == 0
    assert bench.run("lock").returncode == 0
    bench.hub.commit(STRANGER, {"config.json": b'{"model_type": "other"}'})
    assert bench.run("verify", f"{STRANGER}@main").returncode == 1
    assert bench.run("lock", "--check").returncode == 0
    assert bench.run("lock", "--check", "--upgrade").returncode == 1
    text = (bench.folder / "provenance.toml").read_text()
    again = bench.run("init", REPO)
    assert (again.returncode, "stays as it is" in again.stdout) == (0, True)
    assert (bench.folder / "provenance.toml").read_text() == text


def test_init_leaves_malware_red(bench: Desk) -> None:
    bench.hub.commit("someone/bad", {**FILES, "pytorch_model.bin": b"cposix\nsystem\n(S'id'\ntR."})
    ended = bench.run("init", "someone/bad", "--registry", "trust.toml")
    assert (ended.returncode, "stays   format/pickle" in ended.stdout) == (1, True)


def test_a_local_base_prints_the_line_that_mends_it(bench: Desk) -> None:
    config = {"base_model_name_or_path": "/root/models/acme/bot", "peft_type": "LORA"}
    adapter = {
        "adapter_config.json": json.dumps(config).encode(),
        "adapter_model.safetensors": forge.safetensors(),
    }
    commit = bench.hub.commit("acme-free/lora", adapter)
    ended = bench.run("verify", "acme-free/lora", "--registry", "trust.toml")
    assert (ended.returncode, 'parents = ["org/name@<commit>"]' in ended.stdout) == (1, True)
    bench.settings({"repo": "acme-free/lora", "parents": [f"acme/bot@{'c' * 40}"]})
    assert commit
    ended = bench.run("verify")
    said = f"~ you say that it comes from acme/bot@{'c' * 40}"
    assert (ended.returncode, said in ended.stdout) == (0, True)


def test_locking_twice_gives_the_same_bytes(bench: Desk) -> None:
    bench.locked({"repo": REPO}, {"repo": UNSIGNED})
    first = bench.lock.read_bytes()
    assert bench.run("lock", "-q").returncode == 0
    assert bench.lock.read_bytes() == first
    assert bench.run("lock", "--check").returncode == 0


def test_a_moved_branch_is_not_followed_until_it_is_asked_for(bench: Desk) -> None:
    bench.locked({"repo": UNSIGNED})
    first = bench.lock.read_text()
    new = bench.hub.commit(UNSIGNED, {"config.json": b"{}"})
    assert bench.run("lock", "--check").returncode == 0
    assert bench.run("lock", "--check", "--upgrade").returncode == 4
    ended = bench.run("lock", "--upgrade-model", UNSIGNED)
    assert (ended.returncode, new in ended.stderr, bench.lock.read_text() != first) == (
        0,
        True,
        True,
    )


def test_a_locked_commit_that_was_tagged_since_is_no_change(bench: Desk) -> None:
    """As every release upstream has it: a tag on what is locked, and the branch goes on."""
    bench.locked({"repo": UNSIGNED})
    commit = tomllib.loads(bench.lock.read_text())["model"][0]["commit"]
    bench.hub.tag(UNSIGNED, "v1", commit)
    bench.hub.commit(UNSIGNED, {"config.json": b"{}"})
    ended = bench.run("lock", "--check")
    assert ended.returncode == 0, ended.stderr


def test_a_model_that_is_new_in_the_settings_puts_the_lock_out_of_date(bench: Desk) -> None:
    bench.locked({"repo": REPO})
    bench.settings({"repo": REPO}, {"repo": UNSIGNED})
    assert bench.run("lock", "--check").returncode == 4
    assert bench.run("fetch", UNSIGNED).returncode == 2


def test_what_fails_is_not_locked_and_keeps_what_it_had(bench: Desk) -> None:
    bench.locked({"repo": UNSIGNED})
    before = bench.lock.read_text()
    bench.settings({"repo": UNSIGNED}, {"repo": STRANGER})
    assert bench.run("lock").returncode == 1
    assert bench.lock.read_text() == before


CHANGES = {
    "signature/signer-changed": lambda b, f: b.hub.commit(REPO, signed(f, key="second")),
    "signature/lost": lambda b, f: b.hub.commit(REPO, {}, remove=["model.sig"]),
    "identity/replaced": lambda b, f: b.hub.recreate(REPO, signed(f)),
}


def typed(report: str) -> list[str]:
    """The commands that a report tells its reader to type, as they are copied from it."""
    return re.findall(r"`(provenance [^`]*)`", re.sub(r"\s+", " ", report))


def test_accepting_a_change_that_is_not_there_says_so(bench: Desk) -> None:
    """The locked commit was judged, and the change is in a newer one."""
    bench.locked({"repo": REPO})
    ended = bench.run("lock", "--accept", f"signature/signer-changed@{REPO}")
    assert ended.returncode == 0
    assert "nothing was accepted" in ended.stderr
    assert f"--upgrade-model {REPO}" in ended.stderr


@pytest.mark.parametrize("rule", CHANGES)
def test_a_change_fails_until_it_is_accepted_by_name(
    bench: Desk, tmp_path: Path, rule: str
) -> None:
    change: Callable[[Desk, Path], object] = CHANGES[rule]
    table = trust()
    bench.locked({"repo": REPO})
    change(bench, tmp_path / "again")
    if rule == "signature/lost":
        table["org"][0]["signer"] = []
        bench.trust(table)
    refused = bench.run("lock", "--upgrade")
    assert (refused.returncode, rule in refused.stdout) == (1, True)
    [line] = {line for line in typed(refused.stdout) if line.endswith(f"{rule}@{REPO}")}
    accepted = bench.run(*shlex.split(line)[1:])
    assert accepted.returncode == 0, accepted.stdout
    assert f'accepted = [\n    {{rule = "{rule}"' in bench.lock.read_text()
    assert bench.run("lock", "--check").returncode == 0


def test_two_signed_models_with_the_same_files_are_not_both_locked(bench: Desk) -> None:
    bench.hub.commit("acme/other", signed(bench.folder / "copy"))
    bench.settings({"repo": REPO}, {"repo": "acme/other"})
    ended = bench.run("lock")
    assert (ended.returncode, ended.stdout.count("signature/other-model  acme/")) == (1, 2)


def test_what_may_not_be_accepted_is_exit_2(bench: Desk) -> None:
    bench.locked({"repo": REPO})
    for word in ("integrity/mismatch@acme/bot", "signature/lost@acme/other", "signature/lost"):
        assert bench.run("lock", "--accept", word).returncode == 2


def test_fetch_moves_exactly_what_was_judged(bench: Desk) -> None:
    bench.locked({"repo": REPO, "exclude": ["tokenizer.json"]}, profile="files")
    ended = bench.run("fetch", REPO, "--local-dir", "model")
    model = bench.folder / "model"
    assert ended.returncode == 0, ended.stdout + ended.stderr
    names = {path.relative_to(model).as_posix() for path in model.rglob("*")}
    assert names == {"README.md", "config.json", "model.safetensors", "model.sig"}
    assert (model / "model.safetensors").read_bytes() == WEIGHTS
    assert [path.name for path in bench.folder.iterdir() if path.name.startswith(".")] == []
    bench.hub.clear()
    again = bench.run("fetch", REPO, "--local-dir", "model")
    assert (again.returncode, "was there already" in again.stdout) == (0, True)
    assert bench.hub.traffic() < 300_000


def test_the_serving_host_needs_neither_network_nor_home(bench: Desk) -> None:
    bench.locked({"repo": REPO})
    assert bench.run("fetch", REPO, "--local-dir", "model").returncode == 0
    bench.hub.clear()
    ended = bench.run("verify", "./model", "--lock", HOME="/nonexistent")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert bench.hub.requests == []
    (bench.folder / "model" / "extra.json").write_text("{}")
    ended = bench.run("verify", "./model", "--lock")
    assert (ended.returncode, "integrity/extra  extra.json" in ended.stdout) == (1, True)


def test_the_cache_gets_a_snapshot_and_no_main(bench: Desk) -> None:
    bench.locked({"repo": REPO})
    assert bench.run("fetch").returncode == 0
    top = bench.home / ".cache" / "huggingface" / "hub"
    repo = top / "models--acme--bot"
    commit = (repo / "refs" / "provenance").read_text()
    assert sorted(path.name for path in (repo / "refs").iterdir()) == ["provenance"]
    assert (repo / "snapshots" / commit / "model.safetensors").read_bytes() == WEIGHTS
    assert sorted(path.name for path in top.iterdir()) == ["models--acme--bot"]
    assert bench.run("verify", f"{REPO}@provenance", "--offline").returncode == 0
    assert bench.run("verify", REPO, "--offline").returncode == 0
    assert bench.run("verify", f"{REPO}@main", "--offline").returncode == 5


def test_something_else_in_the_place_is_not_overwritten(bench: Desk) -> None:
    bench.locked({"repo": REPO})
    other = bench.folder / "model"
    other.mkdir()
    (other / "thesis.txt").write_text("mine")
    ended = bench.run("fetch", REPO, "--local-dir", "model")
    assert (ended.returncode, "thesis.txt" in ended.stderr) == (2, True)
    assert (other / "thesis.txt").read_text() == "mine"


def test_what_was_revoked_since_is_not_fetched(bench: Desk) -> None:
    bench.locked({"repo": REPO})
    bench.trust(trust(revoked=[{"repo": REPO, "reason": "advisory 3"}]))
    ended = bench.run("fetch", REPO, "--local-dir", "model")
    assert (ended.returncode, "advisory 3" in ended.stdout) == (1, True)
    assert not (bench.folder / "model").exists()


def test_a_token_reaches_the_endpoint_for_named_namespaces_alone(bench: Desk) -> None:
    bench.hub.commit("acme-free/child", BASE)
    bench.hub.gate("acme-free/child")
    bench.settings({"repo": "acme-free/child"})
    for words in (["verify"], ["lock"], ["fetch", "--local-dir", "model"]):
        assert bench.run(*words, "--token", "hf_test").returncode == 0
    assert bench.hub.hosts_with_token() == {"127.0.0.1"}
    asked = {q.path for q in bench.hub.requests if q.authorization}
    assert asked
    assert not any(path.startswith((f"/api/models/{REPO}", f"/{REPO}")) for path in asked)
    expected = ("/api/models/", "/acme", "/cdn/")
    assert {q.path for q in bench.hub.requests if not q.path.startswith(expected)} == set()


def test_gated_files_without_a_token_are_no_verdict(bench: Desk) -> None:
    bench.hub.gate(UNSIGNED)
    ended = bench.run("verify", UNSIGNED, "--registry", "trust.toml")
    assert (ended.returncode, "gated" in ended.stderr) == (5, True)


def gated(bench: Desk, *words: str, **environment: str) -> str:
    """What `verify` of a gated model, or of a child of one, says; it is never a pass."""
    ended = bench.run("verify", *words, "--registry", "trust.toml", **environment)
    assert ended.returncode != 0
    return " ".join((ended.stdout + ended.stderr).split())


TOKENS = {
    "none": ((), {}, "no token was sent: none is known here"),
    "a flag": (("--token", "hf_other"), {}, "a token was sent, and it has no access"),
    "a variable": ((), {"HF_TOKEN": "hf_other"}, "a token was sent, and it has no access"),
}


@pytest.mark.parametrize("name", TOKENS)
def test_a_gated_answer_names_the_page_the_token_and_whether_it_was_sent(
    bench: Desk, name: str
) -> None:
    words, environment, said = TOKENS[name]
    bench.hub.gate(UNSIGNED)
    told = gated(bench, UNSIGNED, *words, **environment)
    assert f"ask for access at {bench.hub.url}/{UNSIGNED}" in told
    assert "(--token or HF_TOKEN)" in told
    assert said in told
    assert "hf_other" not in told


def test_a_child_of_a_gated_base_names_the_setting_that_sends_the_token(bench: Desk) -> None:
    bench.hub.commit("acme-free/child", BASE)
    bench.hub.gate(REPO)
    bench.settings({"repo": "acme-free/child"})
    told = gated(bench, "--token", "hf_test")
    assert f"ask for access at {bench.hub.url}/{REPO}" in told
    assert "no token was sent: none of your [[models]] is of acme" in told
    [line] = set(re.findall(r"put (token_namespaces = .*?) under \[policy\]", told))
    ((key, value),) = tomllib.loads(line).items()
    bench.settings({"repo": "acme-free/child"}, **{key: value})
    assert bench.run("verify", "--token", "hf_test").returncode == 0


EDITS = {
    "the verdict": ('verdict = "pass"', 'verdict = "fail"', 0),
    "the organisation": ('organisation = "Acme"', 'organisation = "Evil"', 0),
    "the repository's id": ('repo_id = "', 'repo_id = "f', 2),
    "another id": ('repo_id = "6', 'repo_id = "7', 1),
    "the manifest": ('manifest = "sha256:', 'manifest = "sha256:0', 2),
    "a size": ("size = 41", "size = 42", 2),
    "a key": ('owner = "acme"', 'ownr = "acme"', 2),
    "the version": ("version = 1", "version = 2", 2),
    "a mark of a conflict": ("[[model]]", "<<<<<<< HEAD\n[[model]]", 2),
}


@pytest.mark.parametrize("name", EDITS)
def test_a_lock_edited_by_hand_admits_nothing_more(bench: Desk, name: str) -> None:
    old, new, code = EDITS[name]
    bench.locked({"repo": REPO})
    text = bench.lock.read_text()
    assert old in text
    bench.lock.write_text(text.replace(old, new, 1))
    assert bench.run("fetch", REPO, "--local-dir", "model").returncode == code
    assert (bench.folder / "model").exists() is (code == 0)
    if code == 0:
        assert bench.run("lock", "--check").returncode == 4


def test_a_file_that_is_no_lock_is_not_overwritten(bench: Desk) -> None:
    bench.settings({"repo": REPO})
    bench.lock.write_text("my notes")
    assert bench.run("lock").returncode == 2
    assert bench.lock.read_text() == "my notes"


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ({"rep": REPO}, "models[0].repo"),
        ({"repo": REPO, "revison": "v1"}, "models[0].revison"),
        ({"repo": REPO, "include": []}, "models[0].include"),
        ({"repo": "acme"}, "models[0].repo"),
    ],
)
def test_a_typo_in_the_settings_is_exit_2(bench: Desk, model: dict[str, object], path: str) -> None:
    bench.settings(model)
    ended = bench.run("lock")
    assert (ended.returncode, path in ended.stderr) == (2, True)


def test_a_checksum_file_is_one_that_sha256sum_reads(bench: Desk) -> None:
    bench.locked({"repo": REPO})
    assert bench.run("fetch", REPO, "--local-dir", "model").returncode == 0
    lines = bench.run("lock", "--format", "sha256sum").stdout.splitlines()
    digests = {path: digest for digest, _, path in (line.partition("  ") for line in lines)}
    assert set(digests) == set(FILES)


def test_a_mirror_without_digests_is_measured_once_and_then_held_to_it(bench: Desk) -> None:
    bench.hub.on(".", attacks.drop_hashes)
    assert bench.rules(UNSIGNED) == (3, {"integrity/undeclared"})
    bench.settings({"repo": UNSIGNED})
    assert bench.run("lock").returncode == 3
    assert not bench.lock.exists() or "[[model]]" not in bench.lock.read_text()
    ended = bench.run("lock", "--measure")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert 'basis = "measured"' in bench.lock.read_text()
    assert bench.run("lock", "--check").returncode == 0
    assert bench.run("fetch", "--local-dir", "model").returncode == 0
    weights = OTHER["model.safetensors"]
    assert (bench.folder / "model" / "model.safetensors").read_bytes() == weights
    other = weights[:-1] + b"\x01"
    bench.hub.on("model.safetensors|/cdn/", attacks.swap(other))
    ended = bench.run("fetch", "--local-dir", "other")
    assert (ended.returncode, (bench.folder / "other").exists()) == (1, False)


def test_what_is_too_young_is_not_locked(bench: Desk) -> None:
    bench.settings({"repo": UNSIGNED})
    ended = bench.run("lock", "--exclude-newer", "2020-01-01")
    assert (ended.returncode, "identity/too-young" in ended.stdout) == (1, True)
    ended = bench.run("lock", "--exclude-newer", "2030-01-01")
    assert (ended.returncode, "identity/age-unknown" in ended.stdout) == (3, True)


def test_a_selection_is_all_that_is_judged_locked_and_fetched(bench: Desk) -> None:
    pickle = b"cposix\nsystem\n(S'id'\ntR."
    bench.hub.commit(UNSIGNED, {"original/x.pth": pickle, "a.gguf.txt": b"x"})
    assert bench.rules(UNSIGNED)[0] == 1
    assert bench.rules(UNSIGNED, "--exclude", "original/")[0] == 0
    bench.locked({"repo": UNSIGNED, "include": ["*.json", "*.safetensors"]})
    assert "original" not in bench.lock.read_text()
    assert bench.run("fetch", "--local-dir", "model").returncode == 0
    names = {path.name for path in (bench.folder / "model").iterdir()}
    assert names == {"config.json", "tokenizer.json", "model.safetensors"}
    assert bench.run("verify", "./model", "--lock").returncode == 0
    bench.settings({"repo": UNSIGNED, "include": ["*.json"]})
    assert bench.run("fetch", "--local-dir", "model").returncode == 4
    assert bench.run("fetch", "--local-dir", "model", "--frozen").returncode == 0


def test_an_expired_registry_only_warns_where_a_locked_model_is_served(bench: Desk) -> None:
    bench.locked({"repo": REPO})
    assert bench.run("fetch", "--local-dir", "model").returncode == 0
    bench.trust(trust(expires=forge.NOW.date()))
    assert bench.run("verify").returncode == 1
    assert bench.run("lock", "--check").returncode == 1
    ended = bench.run("verify", "./model", "--lock")
    assert (ended.returncode, "registry/expired" in ended.stdout) == (0, True)
    assert bench.run("verify", "./model", "--lock", "--strict-expiry").returncode == 1
    bench.trust(trust(expires=forge.NOW.date(), revoked=[{"repo": REPO, "reason": "r"}]))
    assert bench.run("verify", "./model", "--lock").returncode == 1


def test_a_revoked_ancestor_is_refused_at_any_depth(bench: Desk) -> None:
    bench.hub.commit("acme-free/child", BASE)
    bench.hub.commit(
        "acme-free/grandchild", {**OTHER, "README.md": card("base_model: acme-free/child")}
    )
    bench.trust(trust(revoked=[{"repo": REPO, "reason": "r"}]))
    assert bench.rules("acme-free/grandchild")[1] == {"registry/revoked"}


NAMES = {
    "a pull request": ("refs/pr/1", "identity/pull-request-only"),
    "a commit of a pull request": ("COMMIT", "identity/pull-request-only"),
}


@pytest.mark.parametrize("name", NAMES)
def test_what_only_a_pull_request_reaches_is_nobodys(bench: Desk, name: str) -> None:
    revision, rule = NAMES[name]
    commit = bench.hub.commit(UNSIGNED, {"config.json": b"{}"}, ref="refs/pr/1")
    assert bench.rules(f"{UNSIGNED}@{revision.replace('COMMIT', commit)}") == (1, {rule})


def test_a_moved_and_a_confusable_name_are_refused(bench: Desk) -> None:
    bench.hub.rename(UNSIGNED, "acme-free/renamed")
    assert bench.rules(UNSIGNED) == (1, {"identity/renamed"})
    bench.hub.commit("acme-fr3e/base", FILES)
    assert "identity/confusable" in bench.rules("acme-fr3e/base")[1]


def test_evidence_of_a_hub_is_judged_again_elsewhere(bench: Desk) -> None:
    assert bench.run("inspect", REPO, "--format", "json", "-o", "e.json").returncode == 0
    bench.hub.clear()
    ended = bench.run("verify", "--evidence", "e.json", "--registry", "trust.toml")
    assert (ended.returncode, "replayed" in ended.stdout, bench.hub.requests) == (0, True, [])
    assert "repository  acme/bot" in bench.run("inspect", REPO).stdout


def test_a_history_on_the_hub_is_judged_locked_and_fetched(bench: Desk, tmp_path: Path) -> None:
    trainer, release = (forge.TufKey(key=forge.key(name)) for name in ("trainer", "release"))
    known: list[Parent] = []
    for name, method in (("base", ""), ("sft", "sft"), ("tuned", "grpo")):
        text = card(f"base_model: {known[-1].repo}") if known else b"# base\n"
        weights = forge.safetensors(name.encode() * (SIZE // 8))
        folder = forge.write(
            tmp_path / name, {**FILES, "README.md": text, "model.safetensors": weights}
        )
        if known:
            forge.attest(folder, trainer, method, known[-1], model=f"acme/{name}")
        forge.sign(folder, release)
        files = {path.name: path.read_bytes() for path in folder.iterdir()}
        commit = bench.hub.commit(f"acme/{name}", files)
        known.append(forge.digested(folder, f"acme/{name}", commit))
    root = {"repo": "acme/base", "manifest": known[0].manifest}
    signers = (forge.signer("release"), forge.signer("trainer", ["trainer"]))
    acme = forge.org("Acme", *signers, root=[root])
    bench.trust(forge.registry(acme))
    bench.settings({"repo": "acme/tuned"}, profile="attested")
    ended = bench.run("verify", "-v")
    assert (ended.returncode, "down to acme/base" in ended.stdout) == (0, True), ended.stdout
    assert bench.run("lock").returncode == 0
    assert 'tier = "anchored"' in bench.lock.read_text()
    assert bench.run("lock", "--check").returncode == 0
    assert bench.run("fetch", "--local-dir", "model").returncode == 0
    revoked = [{"manifest": known[1].manifest, "reason": "temporal backdoor"}]
    bench.trust(forge.registry(acme, revoked=revoked))
    assert bench.rules("acme/tuned", "--policy", "attested")[1] == {"registry/revoked"}
    bench.trust(forge.registry(forge.org("Acme", *signers)))
    assert bench.rules("acme/tuned", "--policy", "attested") == (
        1,
        {"lineage/unattested-step"},
    )


def test_learning_from_a_hub_proposes_its_ids_and_signer(tmp_path: Path) -> None:
    with Hub(tmp_path) as hub:
        hub.commit(REPO, signed(tmp_path / "m"))
        own = desk(tmp_path, hub)
        own.trust(forge.registry(forge.org("Other")))
        ended = own.run("registry", "learn", REPO, "--registry", "trust.toml")
        assert ended.returncode == 0, ended.stderr
        assert "the Hub says: _id" in ended.stdout
        assert "# model.sig: not checked: " in ended.stdout
        (org,) = tomllib.loads(ended.stdout)["org"]
        assert org["namespaces"] == ["acme"]
        assert set(org["namespace_id"]) == {"acme"}
        assert not (own.folder / "provenance.toml").exists()
