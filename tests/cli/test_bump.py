"""`diff`, `update`, `lock --in-step` and verification summaries."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import tomli_w
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

from provenance.lock import Entry, Lock, LockedParent
from provenance.model import File, Manifest
from provenance.policy.required import VSA
from provenance.produce.vsa import Rules
from provenance.review import models_of, reviews_of_locks
from tests import forge
from tests.cli.conftest import Run
from tests.hub import Hub
from tests.hubs import FILES, REPO, SIZE, Desk, card, desk, signed

MODEL = {"name": "bot", "repo": REPO}
CODE = {**FILES, "modeling.py": b"x = 1\n", "LICENSE": b"MIT\n"}
SIGNED = ("--format", "vsa", "--sign-key", "gate.pem")
EXAMPLE = Path(__file__).parents[2] / "attestations" / "example"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Desk]:
    with Hub(tmp_path / "hub") as hub:
        hub.commit(REPO, signed(tmp_path / "first", FILES))
        own = desk(tmp_path, hub)
        yield own


def next_version(own: Desk, folder: Path) -> dict[str, bytes]:
    """Everything a reviewer looks for is otherwise."""
    files = {
        **CODE,
        "model.safetensors": forge.safetensors(bytes(SIZE // 2), name="other"),
        "modeling.py": b"import os\n",
        "LICENSE": b"Apache\n",
        "chat_template.jinja": b"{{ x }}\n",
        "README.md": card("base_model: acme/bot"),
        "notes.txt": b"hello\n",
    }
    made = signed(folder, files, key="second")
    own.hub.commit(REPO, made, replace=True)
    return made


def test_a_difference_names_everything_in_a_reviewers_order(own: Desk, tmp_path: Path) -> None:
    own.settings(MODEL)
    (tmp_path / "one").mkdir()
    one = forge.write(tmp_path / "one" / "m", signed(tmp_path / "a", CODE))
    two = forge.write(tmp_path / "two", next_version(own, tmp_path / "b"))
    ended = own.run("diff", one, two, "--registry", "trust.toml", "--format", "json")
    assert ended.returncode == 0, ended.stderr
    (model,) = json.loads(ended.stdout)["models"]
    titles = [section["title"] for section in model["sections"]]
    assert titles == [
        "verdict",
        "signer",
        "ancestors",
        "code that a loader runs",
        "templates, tokenizer, settings",
        "weights",
        "licence",
        "other files",
    ]
    sections = {section["title"]: section for section in model["sections"]}
    (patch,) = sections["code that a loader runs"]["patches"]
    assert patch["lines"][-2:] == ["-x = 1", "+import os"]
    changes = [(c["name"], c["what"]) for c in sections["weights"]["changes"]]
    assert changes == [
        ("model.safetensors", "changed"),
        ("parameters", "changed"),
        ("tensor other", "added"),
        ("tensor weight", "removed"),
    ]


def test_a_hub_and_its_older_self(own: Desk, tmp_path: Path) -> None:
    own.settings(MODEL)
    commit = own.hub.commit(REPO, signed(tmp_path / "code", CODE), replace=True)
    next_version(own, tmp_path / "b")
    ended = own.run("diff", f"{REPO}@{commit}", REPO, "--registry", "trust.toml")
    assert "+import os" in ended.stdout
    assert "signer gained" in ended.stdout
    same = own.run("diff", REPO, REPO, "--registry", "trust.toml")
    assert same.stdout.strip() == "nothing changes"


@pytest.mark.parametrize(
    ("words", "says"),
    [((), "expected two models"), (("a.lock",), "two lockfiles"), (("--git", "-x"), "a revision")],
)
def test_a_difference_of_nothing_is_refused(own: Desk, words: tuple[str, ...], says: str) -> None:
    own.settings(MODEL)
    subprocess.run(["git", "init", "-q"], cwd=own.folder, check=True)
    ended = own.run("diff", *words)
    assert (ended.returncode, says in ended.stderr) == (2, True), ended.stderr


def entry(name: str, **fields: Any) -> Entry:
    files = Manifest(files=(File(path="a", size=1, digest="0" * 64),))
    return Entry(**{"name": name, "repo": f"acme/{name}", "files": files, **fields})


def test_lockfiles_are_compared_without_anybody(tmp_path: Path) -> None:
    old = Lock(entries=(entry("gone"), entry("same"), entry("bot", commit="a" * 40)))
    parents = (LockedParent(repo="x/y", tier="attested"),)
    new = Lock(
        entries=(
            entry("same"),
            entry("new"),
            entry("bot", commit="b" * 40, parents=parents, organisation="Acme"),
        )
    )
    found = reviews_of_locks(models_of(old.entries), models_of(new.entries))
    assert [review_of.name for review_of in found] == ["bot", "gone", "new"]
    bot, gone, fresh = found
    assert [section.title for section in bot.sections] == [
        "verdict",
        "identity and owner",
        "ancestors",
    ]
    for review_of, what in ((gone, "removed"), (fresh, "added")):
        assert what in {change.what for section in review_of.sections for change in section.changes}


def test_an_update_locks_what_passes_and_writes_a_pull_requests_text(
    own: Desk, tmp_path: Path
) -> None:
    own.locked(MODEL)
    before = own.lock.read_text()
    assert own.run("update", "--format", "markdown").stdout.strip() == "nothing changes"
    new = {**FILES, "chat_template.jinja": b"{{ x }}\n"}
    own.hub.commit(REPO, signed(tmp_path / "new", new))
    ended = own.run("update", "--format", "markdown")
    assert ended.returncode == 0, ended.stderr
    assert "```diff\n--- old/chat_template.jinja\n+++ new/chat_template.jinja" in ended.stdout
    after = own.lock.read_text()
    assert after != before
    own.hub.commit(REPO, {**new, "config.json": b"{}"})
    ended = own.run("update")
    assert ended.returncode == 1
    assert "verdict" in ended.stdout
    assert own.lock.read_text() == after


def test_a_lockfile_out_of_step_is_told_without_asking_anybody(own: Desk) -> None:
    own.settings(MODEL)
    ended = own.run("lock", "--in-step", HF_ENDPOINT="http://127.0.0.1:9")
    assert (ended.returncode, "bot is not locked" in ended.stderr) == (4, True)
    own.locked(MODEL)
    assert own.run("lock", "--in-step", HF_ENDPOINT="http://127.0.0.1:9").returncode == 0
    own.settings({**MODEL, "revision": "v2"})
    ended = own.run("lock", "--in-step")
    assert (ended.returncode, "revision is" in ended.stderr) == (4, True)


def test_every_folder_that_is_named_is_held_in_step(own: Desk) -> None:
    """As pre-commit calls it: with the files that are touched, from the top."""
    own.locked(MODEL)
    for name in ("services/a", "services/b"):
        (own.folder / name).mkdir(parents=True)
        for file in ("provenance.toml", "provenance.lock"):
            text = (own.folder / file).read_text().replace('"trust.toml"', '"../../trust.toml"')
            (own.folder / name / file).write_text(text)
    late = own.folder / "services/b/provenance.toml"
    late.write_text(late.read_text().replace('name = "bot"', 'name = "other"'))
    (own.folder / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    (own.folder / "provenance.toml").unlink()
    good = ("services/a/provenance.toml", "services/a/provenance.lock", "pyproject.toml")
    assert own.run("lock", "--in-step", *good).returncode == 0
    ended = own.run("lock", "--in-step", *good, "services/b/provenance.lock")
    assert ended.returncode == 4
    assert "services/b/provenance.toml: other is not locked" in ended.stderr
    assert "services/a" not in ended.stderr


def located(tmp_path: Path) -> Path:
    """A locked directory with a signed model."""
    folder = tmp_path / "deploy"
    model = forge.write(folder / "model", {**FILES, "README.md": card("license: mit")})
    forge.sign(model, forge.TufKey(key=forge.key("release")))
    org = forge.org("Acme", forge.signer("release"), originates=True)
    (folder / "trust.toml").write_text(tomli_w.dumps(forge.registry(org)))
    models = [{"name": "bot", "repo": REPO, "path": "model"}]
    settings = {"policy": {"registry": ["trust.toml"]}, "models": models}
    (folder / "provenance.toml").write_text(tomli_w.dumps(settings))
    (folder / "gate.pem").write_bytes(forge.pem(forge.key("gate")))
    return folder


def test_a_summary_is_signed_and_another_tool_verifies_it(run: Run, tmp_path: Path) -> None:
    folder = located(tmp_path)
    assert run("lock", "-q", cwd=folder).returncode == 0
    words = ("verify", "model", "--lock", "--format", "vsa", "--sign-key", "gate.pem")
    ended = run(*words, cwd=folder)
    assert ended.returncode == 0, ended.stderr
    bundle = json.loads(ended.stdout)["dsseEnvelope"]
    key = SSlibKey.from_crypto(forge.key("gate").public.numbers)
    bundle["signatures"][0]["keyid"] = key.keyid
    Envelope.from_dict(deepcopy(bundle)).verify([key], 1)
    statement = json.loads(base64.b64decode(bundle["payload"]))
    assert statement["predicateType"] == "https://slsa.dev/verification_summary/v1"
    assert statement["predicate"]["verificationResult"] == "PASSED"
    assert statement["predicate"]["resourceUri"] == f"pkg:huggingface/{REPO}"
    names = {subject["name"] for subject in statement["subject"]}
    assert {"config.json", "model.safetensors"} <= names
    bundle["payload"] = base64.b64encode(b"{}").decode()
    with pytest.raises(VerificationError):
        Envelope.from_dict(bundle).verify([key], 1)


def dated(line: str, ago: int) -> str:
    """The same summary as the gate would have signed it so many days ago."""
    said = statement_of(line)
    said["predicate"]["timeVerified"] = f"{datetime.now(UTC) - timedelta(days=ago):%FT%TZ}"
    return json.dumps(forge.bundle_of(said, forge.TufKey(key=forge.key("gate"))))


ELSEWHERE = {
    "a good one": ({}, "gate", 0, "attestation/pass"),
    "of a model that failed": ({"config.json": b'{"a": 1}'}, "gate", 0, "attestation/failed"),
    "of long ago": ({}, "gate", 31, "attestation/stale"),
    "with another's key": ({}, "other", 0, "attestation/missing"),
}


@pytest.mark.parametrize(("edited", "known", "ago", "rule"), ELSEWHERE.values(), ids=ELSEWHERE)
def test_a_summary_is_a_required_attestation_elsewhere(
    run: Run, tmp_path: Path, edited: dict[str, bytes], known: str, ago: int, rule: str
) -> None:
    """What one gate signs, another one asks for, not older than 30 days."""
    folder = located(tmp_path)
    forge.write(folder / "model", edited)
    place = folder / "attestations" / REPO
    place.mkdir(parents=True)
    ended = run("verify", "bot", *SIGNED, cwd=folder)
    assert ended.returncode == bool(edited), ended.stderr
    (place / "claims.jsonl").write_text(dated(ended.stdout, ago) if ago else ended.stdout)
    gate = forge.org("Gate", forge.signer(known, ["verifier"], repos=["acme/*"]), namespaces=[])
    org = forge.org("Acme", forge.signer("release"), originates=True)
    (folder / "trust.toml").write_text(tomli_w.dumps(forge.registry(org, gate)))
    required = {"predicate": VSA, "role": "verifier", "max_age": 30}
    text = tomli_w.dumps(
        {
            "policy": {"registry": ["trust.toml"], "require_attestation": [required]},
            "models": [{"name": "bot", "repo": REPO, "path": "model"}],
        }
    )
    (folder / "provenance.toml").write_text(text)
    ended = run("verify", "--format", "json", cwd=folder)
    assert ended.returncode == (0 if rule == "attestation/pass" else 1), ended.stdout
    (model,) = json.loads(ended.stdout)["models"]
    found = [one["rule"] for one in model["findings"]]
    assert [one for one in found if one.startswith("attestation/")] == [rule]
    assert not {"signature/malformed", "signature/other-bundle"} & {*found} or edited


POLICIES = {
    "the settings": ((), "provenance.toml", ""),
    "a profile before the settings'": (("--policy", "files"), "provenance.toml", "#files"),
    "another file": (("--policy", "our rules.toml"), "our%20rules.toml", ""),
}


@pytest.mark.parametrize(("words", "file", "profile"), POLICIES.values(), ids=POLICIES)
def test_a_summary_names_who_verified_by_what(
    run: Run, tmp_path: Path, words: tuple[str, ...], file: str, profile: str
) -> None:
    """SLSA VSA v1: `verifier.id` is the same for all releases, `policy.uri` is a URI."""
    folder = located(tmp_path)
    (folder / "our rules.toml").write_text('[policy]\nregistry = ["trust.toml"]\n')
    ended = run("verify", "bot", *words, *SIGNED, cwd=folder)
    assert ended.returncode == 0, ended.stderr
    payload = json.loads(ended.stdout)["dsseEnvelope"]["payload"]
    predicate = json.loads(base64.b64decode(payload))["predicate"]
    assert predicate["verifier"] == {
        "id": "pkg:pypi/hf-provenance",
        "version": {"hf-provenance": version("hf-provenance")},
    }
    assert predicate["policy"] == {
        "uri": f"pkg:generic/{file}{profile}",
        "digest": {"sha256": hashlib.sha256((folder / unquote(file)).read_bytes()).hexdigest()},
    }
    assert str(tmp_path) not in json.dumps(predicate)


def test_a_summary_by_the_defaults_names_the_release(run: Run, tmp_path: Path) -> None:
    folder = located(tmp_path)
    (folder / "provenance.toml").unlink()
    ended = run("verify", "model", "--registry", "trust.toml", *SIGNED, cwd=folder)
    assert ended.returncode == 0, ended.stderr
    payload = json.loads(ended.stdout)["dsseEnvelope"]["payload"]
    predicate = json.loads(base64.b64decode(payload))["predicate"]
    policy = predicate["policy"]
    assert policy["uri"] == "pkg:pypi/hf-provenance#files"
    assert re.fullmatch("[0-9a-f]{64}", policy["digest"]["sha256"])
    assert policy["digest"]["sha256"] != Rules.built_in("baseline").sha256
    assert "dependencyLevels" not in predicate


def test_a_summary_takes_no_place_of_other_statements(run: Run, tmp_path: Path) -> None:
    folder = located(tmp_path)
    held = folder / "claims.jsonl"
    forge.attest(folder / "model", forge.TufKey(key=forge.key("t")), "pretrain", to=held)
    before = held.read_text()
    ended = run("verify", "bot", *SIGNED, "-o", held, cwd=folder)
    assert (ended.returncode, "other statements" in ended.stderr) == (2, True), ended.stderr
    assert held.read_text() == before
    assert [run("verify", "bot", *SIGNED, "-o", "s.jsonl", cwd=folder).returncode] * 2 == [0, 0]


def predicate_of(line: str) -> Any:
    """What the statement in a bundle says."""
    return statement_of(line)["predicate"]


def statement_of(line: str) -> Any:
    return json.loads(base64.b64decode(json.loads(line)["dsseEnvelope"]["payload"]))


def test_a_summary_counts_the_models_that_it_descends_from(run: Run, tmp_path: Path) -> None:
    """SLSA VSA v1: an empty map says that there are none."""
    folder = located(tmp_path)
    ended = run("verify", "bot", *SIGNED, cwd=folder)
    assert predicate_of(ended.stdout)["dependencyLevels"] == {}
    (folder / "model/README.md").write_bytes(card("base_model: acme/base"))
    forge.sign(folder / "model", forge.TufKey(key=forge.key("release")))
    ended = run("verify", "bot", *SIGNED, cwd=folder)
    assert ended.returncode == 0, ended.stderr
    assert predicate_of(ended.stdout)["dependencyLevels"] == {"PROVENANCE_DECLARED": 1}


def test_a_failed_model_has_a_summary_that_says_so(run: Run, tmp_path: Path) -> None:
    folder = located(tmp_path)
    (folder / "model" / "config.json").write_text('{"a": 1}')
    words = ("verify", "bot", "--format", "vsa", "--sign-key", "gate.pem")
    ended = run(*words, cwd=folder)
    assert ended.returncode == 1
    payload = json.loads(ended.stdout)["dsseEnvelope"]["payload"]
    assert json.loads(base64.b64decode(payload))["predicate"]["verificationResult"] == "FAILED"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--format", "vsa"), "go together"),
        (("--sign-key", "gate.pem"), "go together"),
        (("--format", "vsa", "--sign-key", "trust.toml"), "private key"),
        (("--report", "vsa=x"), "expected one of"),
        (("--report", "sarif"), "expected one of"),
    ],
)
def test_what_does_not_go_together_is_refused(
    run: Run, tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    ended = run("verify", "bot", *words, cwd=located(tmp_path))
    assert (ended.returncode, says in ended.stderr) == (2, True), ended.stderr


def test_declared_digests_are_nothing_to_sign(own: Desk) -> None:
    own.settings(MODEL)
    (own.folder / "gate.pem").write_bytes(forge.pem(forge.key("gate")))
    ended = own.run("verify", "bot", "--format", "vsa", "--sign-key", "gate.pem")
    assert (ended.returncode, "declared digests" in ended.stderr) == (2, True), ended.stderr
