"""`verify`, `inspect` and `explain` from the outside: words in, words and an exit code out."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
import tomli_w

from tests import forge
from tests.cli.conftest import Run
from tests.schemas import validate

EXAMPLE = Path(__file__).parents[2] / "attestations" / "example"
WORDS = {
    "verdict": ["pass", "fail", "incomplete"],
    "outcome": ["pass", "excepted", "fail", "unknown", "skipped"],
    "level": ["require", "warn", "off"],
}
TEXT = {"type": "string"}


def closed(optional: dict[str, object] | None = None, **properties: object) -> dict[str, object]:
    return {
        "type": "object",
        "properties": properties | (optional or {}),
        "required": list(properties),
        "additionalProperties": False,
    }


def listed(items: object) -> dict[str, object]:
    return {"type": "array", "items": items}


FINDING = closed(
    {
        "waived": TEXT,
        "exempted": TEXT,
        "count": {"type": "integer", "minimum": 2},
        "names": listed(TEXT),
    },
    rule={"type": "string", "pattern": "^[a-z]+/[a-z0-9-]+$"},
    outcome={"enum": WORDS["outcome"]},
    level={"enum": WORDS["level"]},
    message={"type": "string", "minLength": 1},
    where=TEXT,
)
SIGNER = closed(name=TEXT, organisation=TEXT, identity=TEXT, bundle=TEXT, times=listed(TEXT))
OBJECT = {"type": "object"}
MAYBE = {"type": ["string", "null"]}
MATERIAL = closed(kind=TEXT, uri=TEXT, digest=OBJECT, pinned={"type": "boolean"}, notes=OBJECT)
PARENT = closed(
    repo=MAYBE,
    commit=MAYBE,
    manifest=MAYBE,
    files={"type": "integer"},
    unverified={"type": "boolean"},
)
STEP = closed(
    model=TEXT,
    method=TEXT,
    relation=MAYBE,
    trainer=TEXT,
    attested=TEXT,
    bundle=TEXT,
    verified_time=MAYBE,
    started=MAYBE,
    finished=MAYBE,
    parents=listed(PARENT),
    materials=listed(MATERIAL),
    parameters=OBJECT,
    environment=OBJECT,
    builder=TEXT,
    versions=OBJECT,
    invocation=TEXT,
    byproducts=listed(MATERIAL),
)
MODEL = closed(
    name=TEXT,
    ref=TEXT,
    commit={"type": ["string", "null"]},
    mirror_of={"type": ["string", "null"]},
    profile=TEXT,
    verdict={"enum": WORDS["verdict"]},
    reason=TEXT,
    manifest={"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"},
    basis={"enum": ["declared", "locked", "measured", "replayed"]},
    checks={"type": "object", "additionalProperties": {"enum": WORDS["outcome"]}},
    signers=listed(SIGNER),
    findings=listed(FINDING),
    steps=listed(STEP),
)
REPORT = closed(
    version={"const": 1},
    verdict={"enum": WORDS["verdict"]},
    reason=TEXT,
    models=listed(MODEL),
    policy=TEXT,
    registry=TEXT,
)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A signed model, with the registry that knows its signer beside it."""
    folder = forge.sign(forge.write(tmp_path / "m"), forge.TufKey(key=forge.key("release")))
    table = forge.registry(forge.org("Acme", forge.signer("release"), originates=True))
    (tmp_path / "trust.toml").write_text(tomli_w.dumps(table))
    return folder


def test_the_example_names_a_passing_and_a_tampered_model(run: Run) -> None:
    done = run("verify", cwd=EXAMPLE)
    assert done.returncode == 1
    assert "✓ tiny-chat  pass" in done.stdout
    assert "✗ tiny-chat-tampered  fail" in done.stdout
    tampered = done.stdout.partition("✗ tiny-chat-tampered")[2]
    assert "integrity/mismatch  model.safetensors" in tampered
    assert len(set(re.findall("sha256:[0-9a-f]{64}", tampered))) == 2
    assert "fetch the model again" in " ".join(tampered.split())
    assert "provenance explain integrity/mismatch" in tampered


def test_the_story_fails_at_the_step_nobody_vouches_for_and_passes_attested(run: Run) -> None:
    ended = run("verify", "--format", "json", cwd=EXAMPLE / "lineage")
    models = json.loads(ended.stdout)["models"]
    assert {m["name"]: m["verdict"] for m in models} == {
        "base": "pass",
        "support-bot-sft": "pass",
        "support-bot": "fail",
        "support-bot-attested": "pass",
    }
    failing = next(m for m in models if m["name"] == "support-bot")
    found = [f for f in failing["findings"] if f["outcome"] == "fail"]
    assert [(f["rule"], f["where"]) for f in found] == [
        ("lineage/unattested-step", "example-ai/support-bot")
    ]
    assert "by GRPO" in found[0]["message"]


def test_the_example_is_small() -> None:
    files = [path for path in EXAMPLE.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 1_000_000


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--as", "acme/m"], 0),
        (["--as", "evil/m"], 1),
        ([], 0),
        (["--policy", "signed", "--as", "acme/m"], 0),
    ],
)
def test_json_has_its_documented_form(run: Run, model: Path, words: list[str], code: int) -> None:
    done = run(
        "verify", model, "--registry", model.parent / "trust.toml", "--format", "json", *words
    )
    assert done.returncode == code
    validate(json.loads(done.stdout), REPORT)
    assert done.stderr == ""


def test_evidence_is_judged_again_as_a_replay(run: Run, model: Path, tmp_path: Path) -> None:
    file = tmp_path / "e.json"
    trust = ("--registry", tmp_path / "trust.toml")
    assert run("inspect", model, "--as", "acme/m", "--format", "json", "-o", file).returncode == 0
    done = run("verify", "--evidence", file, *trust, "--format", "json")
    found = json.loads(done.stdout)["models"][0]
    assert (done.returncode, found["basis"], found["name"]) == (0, "replayed", "acme/m")


def test_a_model_verifies_read_only_without_home_as_anybody(
    run: Run, model: Path, tmp_path: Path
) -> None:
    for path in (*model.rglob("*"), model):
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = {path: path.stat().st_mtime_ns for path in model.rglob("*")}
    done = run("verify", model, "--registry", tmp_path / "trust.toml", HOME="/nonexistent")
    assert done.returncode == 0, done.stderr
    assert {path: path.stat().st_mtime_ns for path in model.rglob("*")} == before
    model.chmod(0o755)


def test_a_single_file_and_its_signature(run: Run, tmp_path: Path) -> None:
    folder = forge.write(tmp_path / "one", {"model.safetensors": forge.safetensors()})
    forge.sign(folder, forge.TufKey(key=forge.key("release")))
    table = forge.registry(forge.org("Acme", forge.signer("release")))
    trust = tmp_path / "trust.toml"
    trust.write_text(tomli_w.dumps(table))
    file = folder / "model.safetensors"
    assert run("verify", file, "--registry", trust).returncode == 0
    os.rename(folder / "model.sig", tmp_path / "elsewhere.sig")
    assert run("verify", file, "--registry", trust).returncode == 3
    signed = ("--signature", tmp_path / "elsewhere.sig")
    assert run("verify", file, "--registry", trust, *signed).returncode == 0


def test_the_starter_registry_is_named_when_it_is_used(run: Run, model: Path) -> None:
    done = run("verify", model)
    assert done.returncode == 3
    assert "starter registry" in done.stdout


BAD = {
    "nothing to do": ([], "nothing to judge"),
    "no such place": (["./nowhere"], "no such file or directory"),
    "a place that is none": (["docker://host/bot"], "one in a store oci://host/repository"),
    "a data set": (["hf://datasets/acme/m"], "models only"),
    "a bad revision": (["acme/m@../x"], "branch, tag or commit"),
    "two revisions": (["acme/m@v1", "--revision", "v2"], "v1"),
    "a revision on disk": (["MODEL", "--revision", "v2"], "--revision"),
    "no lockfile": (["MODEL", "--lock"], "provenance lock"),
    "an unknown profile": (["MODEL", "--policy", "nope"], "files, baseline, signed"),
    "a profile that is none": (["MODEL", "--policy", "certified"], "attested"),
    "a bad name": (["MODEL", "--as", "acme"], "--as: expected org/name"),
    "no such registry": (["MODEL", "--registry", "none.toml"], "none.toml"),
    "an unknown option": (["MODEL", "--polcy", "files"], "--polcy"),
    "a bad pattern": (["MODEL", "--include", "../x"], "../x"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_the_caller_got_wrong_is_exit_2_in_one_line(run: Run, model: Path, name: str) -> None:
    words, said = BAD[name]
    done = run("verify", *(model if word == "MODEL" else word for word in words))
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("version = 1\nname = 'x'\n[[org]]\nname = 'A'\nnamespaces = ['a']\nfoo = 1", "org[0].foo"),
        ("version = 1\nname = 'x'\n[[revoked]]\nreason = 'r'", "revoked[0]"),
        ("version = 2\nname = 'x'", "version"),
        ("not toml", "trust.toml"),
    ],
)
def test_a_wrong_registry_is_exit_2_with_its_path(
    run: Run, model: Path, tmp_path: Path, text: str, path: str
) -> None:
    (tmp_path / "trust.toml").write_text(text)
    done = run("verify", model, "--registry", tmp_path / "trust.toml")
    assert done.returncode == 2
    assert path in done.stderr


def test_settings_of_the_judged_model_are_never_used(run: Run, model: Path) -> None:
    (model / "provenance.toml").write_text("[policy]\nprofile = 'files'\n[policy.rules]\nx = 1\n")
    done = run("verify", ".", "--registry", "../trust.toml", cwd=model)
    assert done.returncode == 1
    assert "integrity/reserved-name  provenance.toml" in done.stdout


def test_everything_that_settings_name_is_judged(run: Run, model: Path, tmp_path: Path) -> None:
    settings = {
        "policy": {"profile": "signed", "registry": ["trust.toml"]},
        "models": [{"name": "bot", "repo": "acme/m", "path": "m", "exclude": ["README.md"]}],
    }
    (tmp_path / "provenance.toml").write_text(tomli_w.dumps(settings))
    for words in ([], ["bot"], ["acme/m"], ["m"]):
        done = run("verify", *words, "--format", "json", cwd=tmp_path)
        report = json.loads(done.stdout)
        assert (done.returncode, report["models"][0]["name"]) == (0, "bot")
        assert report["policy"] == "provenance.toml"


def test_settings_inside_a_model_they_name_are_refused(run: Run, model: Path) -> None:
    (model / "provenance.toml").write_text("[[models]]\npath = '.'\n")
    done = run("verify", cwd=model)
    assert done.returncode == 2
    assert "may not judge itself" in done.stderr


def test_a_misspelt_rule_is_exit_2(run: Run, tmp_path: Path) -> None:
    text = "[policy.rules]\n'format/pickel' = 'warn'\n[[models]]\npath = 'm'\n"
    (tmp_path / "provenance.toml").write_text(text)
    done = run("verify", cwd=tmp_path)
    assert done.returncode == 2
    assert "format/pickle" in done.stderr


def test_the_environment_names_policy_and_registry(run: Run, model: Path, tmp_path: Path) -> None:
    named = {"PROVENANCE_REGISTRY": str(tmp_path / "trust.toml"), "PROVENANCE_POLICY": "signed"}
    done = run("verify", model, "--as", "acme/m", **named)
    assert (done.returncode, "pass (signed)" in done.stdout) == (0, True)


def test_offline_forbids_what_asks_for_the_network(run: Run, model: Path) -> None:
    done = run("verify", model, "--refresh-roots", PROVENANCE_OFFLINE="1")
    assert done.returncode == 2


def test_settings_of_another_user_are_not_used(run: Run, model: Path, tmp_path: Path) -> None:
    settings = tmp_path / "provenance.toml"
    settings.write_text("[policy]\nprofile = 'files'\n")
    settings.chmod(0o666)
    trust = ("--registry", tmp_path / "trust.toml")
    done = run("verify", model, *trust, cwd=tmp_path)
    assert done.returncode == 1
    assert "policy/foreign-settings" in done.stdout
    assert run("verify", model, *trust, "--policy", settings, cwd=tmp_path).returncode == 0


def given_away(path: Path) -> str:
    """To another user where that is possible here, else to everybody; what a caller then reads."""
    if os.geteuid() == 0:
        os.chown(path, 12345, 54321)
        return "belongs to the user 12345, and this runs as 0"
    path.chmod(0o666)
    return "everybody may write it (mode 666)"


def test_settings_of_another_user_are_named_with_the_way_out(
    run: Run, model: Path, tmp_path: Path
) -> None:
    settings = tmp_path / "own settings" / "provenance.toml"
    settings.parent.mkdir()
    settings.write_text(f"[[models]]\npath = {str(model)!r}\n[policy]\nprofile = 'files'\n")
    said = given_away(settings)
    trust = ("--registry", tmp_path / "trust.toml")
    done = run("verify", *trust, cwd=settings.parent)
    assert done.returncode == 2
    assert f"{settings}: {said}" in done.stderr
    typed = re.search(r"ch(own|mod) .*", done.stderr)
    assert typed
    subprocess.run(shlex.split(typed[0]), check=True)
    assert run("verify", *trust, cwd=settings.parent).returncode == 0


def test_settings_without_models_are_exit_2(run: Run, tmp_path: Path) -> None:
    (tmp_path / "provenance.toml").write_text("models = []\n")
    assert run("verify", cwd=tmp_path).returncode == 2


def test_output_goes_to_a_file_at_once_or_not_at_all(run: Run, model: Path, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    run("verify", model, "--format", "json", "-o", file)
    validate(json.loads(file.read_text()), REPORT)
    assert run("verify", model, "-o", tmp_path / "no" / "where").returncode == 2


def test_a_terminal_without_unicode_still_gets_the_verdict(run: Run, model: Path) -> None:
    (model / "caf\u00e9\u202e.txt").write_text("x")
    done = run("verify", model, PYTHONIOENCODING="ascii:strict")
    assert done.returncode == 1
    assert "integrity/name" in done.stdout
    assert done.stdout.isascii()


def test_no_colour_unless_on_a_terminal(run: Run, model: Path) -> None:
    assert "\x1b[" not in run("verify", model).stdout


@pytest.mark.parametrize("word", ["signature", "signature/wrong-signer", "policy", "format"])
def test_explain_prints_a_page(run: Run, word: str) -> None:
    done = run("explain", word)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) >= 3


def test_explain_suggests_the_nearest_rule(run: Run) -> None:
    done = run("explain", "signature/wrong-singer")
    assert done.returncode == 2
    assert "signature/wrong-signer" in done.stderr


def test_a_misspelt_command_is_told_what_is_near_it(run: Run) -> None:
    done = run("verfy", ".")
    assert (done.returncode, "'verify'" in done.stderr) == (2, True)


@pytest.mark.parametrize("words", [["--help"], ["verify", "--help"], ["sign", "-h"], ["--version"]])
def test_help_and_version(run: Run, words: list[str]) -> None:
    assert run(*words).returncode == 0


def test_a_parent_that_is_gone_leaves_the_model_judged(run: Run, tmp_path: Path) -> None:
    card = b"---\nbase_model: acme/base\n---\n"
    forge.write(tmp_path / "kid", {**forge.MODEL, "README.md": card})
    models = [{"repo": "acme/base", "path": "gone"}, {"repo": "acme/kid", "path": "kid"}]
    (tmp_path / "provenance.toml").write_text(tomli_w.dumps({"models": models}))
    done = run("verify", "acme/kid", cwd=tmp_path)
    assert done.returncode == 1
    assert "acme/base is to lie at" in " ".join(done.stdout.split())
