"""What a verifier will find amiss is said before a training, and what was attested after it."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Unpack

import pytest
import tomli_w

from provenance.errors import ProvenanceError
from provenance.policy.training import TrainingDemands
from provenance.produce.sign import CertificateSigner, KeySigner, Signer
from provenance.recording import Recording, Words
from provenance.trust import Registry
from provenance.workspace.attesting import ParentRefused
from provenance.workspace.foreseen import Foreseen
from tests import forge
from tests.forge import NOW
from tests.recording.heard import Heard
from tests.recording.studio import MADE, Studio, studio_at

SAVE = """
from pathlib import Path
Path("base/model.safetensors").read_bytes()
made = Path("sft/model.safetensors")
made.write_bytes(made.read_bytes())
"""
WAYS = {
    "attest": ("attest", "sft"),
    "record": ("record", "--out", "sft"),
}


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return studio_at(tmp_path)


@pytest.fixture
def heard() -> Heard:
    return Heard()


def asking(studio: Studio, names: list[str]) -> None:
    """The settings of the studio ask for these of every step."""
    file = studio.top / "provenance.toml"
    table = tomllib.loads(file.read_text())
    policy = {**table["policy"], "training": dict.fromkeys(names, True)}
    file.write_text(tomli_w.dumps({**table, "policy": policy}))


def run_of(studio: Studio, heard: Heard, **words: Unpack[Words]) -> Recording:
    workspace = replace(studio.recording().terms.workspace, progress=heard)
    said: Words = {"workspace": workspace, **words}
    return studio.recording(**said)


def by_key(name: str) -> Signer:
    return KeySigner(key=forge.key(name))


def by_certificate(name: str) -> Signer:
    leaf = forge.certificate(name, issuer="authority")
    return CertificateSigner(key=forge.key(name), certificates=(leaf,))


AUTHORITY = {
    "certificate_authority": forge.certificate_pem(forge.certificate("authority", ca=True)),
    "subject": forge.certificate("trainer", issuer="authority").subject,
}
SIGNERS: dict[str, tuple[Signer, str, str]] = {
    "a trainer's key": (by_key("trainer"), "acme/out", ""),
    "a stranger's key": (by_key("stranger"), "acme/out", "registry add-signer Acme NAME --key"),
    "a publisher's key": (by_key("release"), "acme/out", "registry add-signer Acme NAME --key"),
    "of another namespace": (by_key("trainer"), "else/out", "add-org NAME --namespace else"),
    "a trainer's certificate": (by_certificate("trainer"), "acme/out", ""),
    "a stranger's certificate": (by_certificate("stranger"), "acme/out", "add-signer Acme NAME"),
}


@pytest.mark.parametrize("name", SIGNERS)
def test_who_is_no_trainer_of_the_model_is_told_so(name: str, studio: Studio, heard: Heard) -> None:
    signer, model, says = SIGNERS[name]
    acme = forge.org(
        "Acme",
        forge.signer("release"),
        forge.signer("trainer", ["trainer"]),
        forge.signer("certified", ["trainer"], **AUTHORITY),
    )
    session = studio.recording().terms.gathering().session
    known = Registry.from_table(forge.registry(acme), source="trust.toml")
    session = replace(session, registry=known)
    Foreseen(session=session, model=model, at=NOW, progress=heard, signer=signer).tell_signer()
    assert (len(heard.notes), says in "".join(heard.notes)) == (bool(says), True)


def test_a_run_says_it_of_its_key(studio: Studio, heard: Heard) -> None:
    stranger = studio.top / "stranger.pem"
    stranger.write_bytes(forge.pem(forge.key("stranger")))
    run_of(studio, heard).begin()
    assert heard.notes == []
    run_of(studio, heard, key=stranger).begin()
    (said,) = heard.notes
    assert said.startswith("this key is no trainer's of acme/out in the registry (")
    assert "`verify` will not count the statement" in said


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("key", ["key.pem", "stranger.pem"])
def test_a_command_says_it_of_its_key(way: str, key: str, studio: Studio) -> None:
    (studio.top / "stranger.pem").write_bytes(forge.pem(forge.key("stranger")))
    words = [*WAYS[way], "--as", "acme/sft", "--method", "sft", "--parent", "base", "--key", key]
    ended = studio.shop.run(*words, *(("--", "python3", "-c", SAVE) if way == "record" else ()))
    assert ended.returncode == 0, ended.stderr
    noted = "this key is no trainer's of acme/sft" in ended.stderr
    assert noted == (key == "stranger.pem")
    assert (studio.shop.run("verify", "sft").returncode == 1) == noted


DEMANDS: dict[str, tuple[Words, str, bool]] = {
    "data_pinned": ({"datasets": ["acme/rows"]}, "without revision or digest", True),
    "code_clean": ({"code": "git+https://example.org/train@main"}, "without a commit", True),
    "parameters": ({}, "states no parameters", False),
    "verified_parents": ({"unverified_parent": True, "parents": ["sft"]}, "not verified", True),
    "timestamp": ({}, "has no verified time.*a key alone gives none", True),
}


@pytest.mark.parametrize("name", DEMANDS)
def test_what_is_asked_and_will_not_be_stated_is_said_once_and_before_training(
    name: str, studio: Studio, heard: Heard
) -> None:
    words, says, early = DEMANDS[name]
    asking(studio, [name])
    with run_of(studio, heard, **words):
        before = [one for one in heard.notes if re.search(f"the statement .*{says}", one)]
        studio.save()
    after = [one for one in heard.notes if re.search(f"the statement .*{says}", one)]
    assert (len(before), len(after)) == (early, 1)
    assert f"`{name}` expects" in after[0]


def test_what_nobody_asks_for_is_not_said(studio: Studio, heard: Heard) -> None:
    with run_of(studio, heard, datasets=["acme/rows"]):
        studio.save()
    assert [one for one in heard.notes if one.startswith("the statement")] == []


def test_every_demand_is_foreseen_by_attest(studio: Studio) -> None:
    names = sorted(TrainingDemands.__slots__)
    asking(studio, names)
    words = ("--as", "acme/sft", "--method", "sft", "--parent", "bot", "--unverified-parent")
    ended = studio.shop.run("attest", "sft", *words, "--key", "key.pem")
    assert ended.returncode == 0, ended.stderr
    assert [name for name in names if f"`{name}` expects" not in ended.stderr] == []


def test_a_parent_that_does_not_pass_is_refused_before_a_step_is_made(studio: Studio) -> None:
    with pytest.raises(ParentRefused), studio.recording(parents=["sft"]):
        pytest.fail("it began")


@pytest.mark.parametrize("parent", ["sft", "./sft"])
def test_what_was_saved_all_the_same_is_attested_by_the_line_that_is_said(
    parent: str, studio: Studio
) -> None:
    (studio.top / "data.jsonl").write_text("{}\n")
    run = studio.recording(parents=[parent], datasets=["data.jsonl"]).begin()
    studio.save()
    for _ in range(2):
        with pytest.raises(ParentRefused) as refused:
            run.finish()
    (said,) = refused.value.__notes__
    _, _, line = said.partition("all the same: provenance ")
    assert studio.shop.run(*shlex.split(line)).returncode == 0
    (statement,) = studio.statements
    assert {one["name"] for one in statement["subject"]} == set(MADE)


def test_what_was_attested_is_said(studio: Studio, heard: Heard) -> None:
    (studio.top / "data.jsonl").write_text("{}\n")
    with run_of(studio, heard, datasets=["data.jsonl"]):
        studio.save()
    assert heard.notes[-1] == (
        "attested: out/claims.jsonl (acme/out by sft from acme/base; data data.jsonl (pinned); "
        "code not stated)"
    )


def test_a_run_without_a_workspace_logs_what_it_notes(caplog: pytest.LogCaptureFixture) -> None:
    Recording("acme/out").terms.workspace.progress.note("noted %s")
    assert [(one.name, one.getMessage()) for one in caplog.records] == [("provenance", "noted %s")]


def begun(studio: Studio, words: Words) -> None:
    with studio.recording(**words):
        studio.save()


WRONG: dict[str, tuple[Words, str]] = {
    "datasets": ({"datasets": ["nowhere.jsonl"]}, r"^datasets: expected a file"),
    "key": ({"key": None}, "name a key with key, or an identity_token"),
    "certificate": ({"key": None, "certificate": "leaf.pem"}, "certificate and chain go with"),
    "code": ({"code": "nowhere"}, r"^code: expected"),
    "chain": ({"chain": "leaf.pem"}, "chain goes with the certificate"),
    "method": ({"method": "pretrain"}, r"^method: .*leave parents out"),
}


@pytest.mark.parametrize("name", WRONG)
def test_an_error_names_the_keyword(name: str, studio: Studio) -> None:
    words, says = WRONG[name]
    with pytest.raises(ProvenanceError, match=says) as raised:
        begun(studio, words)
    assert "--" not in str(raised.value)


def test_an_error_of_a_command_names_the_option(studio: Studio) -> None:
    words = ("--as", "acme/sft", "--out", "sft", "--method", "sft", "--parent", "base")
    data = ("--dataset", "nowhere.jsonl", "--key", "key.pem")
    ended = studio.shop.run("record", *words, *data, "--", "true")
    assert "--dataset: expected a file" in ended.stderr


MISSPELLED = {"keys": "key", "dataset": "datasets", "parent": "parents", "policies": "policy"}


@pytest.mark.parametrize("word", MISSPELLED)
def test_the_keyword_that_was_meant_is_said(word: str) -> None:
    make: Callable[..., object] = Recording
    with pytest.raises(TypeError, match=f"{word!r}; did you mean {MISSPELLED[word]}"):
        make("acme/out", **{word: "x"})


def test_every_keyword_is_in_the_help() -> None:
    named = re.findall(r"^    (\w+(?:, \w+)*): ", Recording.__doc__ or "", re.MULTILINE)
    listed = [word for words in named for word in words.split(", ")]
    assert sorted(listed) == sorted(Words.__annotations__)
