"""What an exemption or a waiver ignores: documents may change, nothing that a loader reads may."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from provenance.judgement import judge
from provenance.model import Evidence, Manifest, Ref
from provenance.policy import Exemption, Model, Policy, Settings, Waiver
from provenance.source import directory
from provenance.trust import Registry
from provenance.verdict import Level, Result, Verdict
from tests import forge

REPO = "someone/ft"
REGISTRY = Registry.from_table(
    forge.registry(forge.org("Acme", forge.signer("release"), originates=True)), source="trust.toml"
)
DOCUMENTS = {"README.md": b"# A model\n", "pictures/loss.png": b"\x89PNG\r\n\x1a\n"}
FILES = {**forge.MODEL, **DOCUMENTS, "modeling.py": b"x = 1\n"}
IGNORE = ("**/*.md", "pictures/")
ENDS = forge.NOW + 90 * forge.DAY
CODE = "code/python-file"


def gathered(folder: Path, files: Mapping[str, bytes]) -> Evidence:
    forge.write(folder, files)
    return directory.collect(folder, ref=Ref(text=REPO, repo=REPO), at=forge.NOW)


def manifest(evidence: Evidence, *left_out: str) -> str:
    return Manifest.of(f for f in evidence.manifest.files if f.path not in left_out).digest


def policy(digest: str, ignore: tuple[str, ...]) -> Policy:
    """What lets a stranger's model with a file of code pass: an exemption and a waiver."""
    bare = Policy.of(Settings(), Model(name=REPO, repo=REPO))
    exemption = Exemption(repo=REPO, manifest=digest, ignore=ignore, reason="seen", expires=ENDS)
    waiver = Waiver(
        rule=CODE,
        repo=REPO,
        subject="modeling.py",
        manifest=digest,
        ignore=ignore,
        reason="seen",
        expires=ENDS,
    )
    return replace(bare, exemptions=(exemption,), waivers=(waiver,))


def found(verdict: Verdict) -> set[tuple[str, str]]:
    """The rules that decide, each with its subject."""
    return {
        (finding.rule, finding.where)
        for finding in verdict.findings
        if finding.level is Level.REQUIRE and finding.outcome in ("fail", "unknown")
    }


CHANGES: dict[str, tuple[Mapping[str, bytes], bool]] = {
    "nothing": ({}, True),
    "a document": ({"README.md": b"# Another text\n"}, True),
    "one more picture": ({"pictures/other.png": b"\x89PNG\r\n\x1a\n"}, True),
    "one more document elsewhere": ({"docs/use.md": b"# Use\n"}, True),
    "the weights": ({"model.safetensors": forge.safetensors(b"\1" * 16)}, False),
    "a licence, which is not ignored": ({"LICENSE": b"MIT"}, False),
    "a configuration": ({"config.json": b'{"model_type": "gpt2"}'}, False),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_is_ignored_may_change_and_nothing_else(tmp_path: Path, what: str) -> None:
    changed, passes = CHANGES[what]
    digest = manifest(gathered(tmp_path / "then", FILES), *DOCUMENTS)
    now = gathered(tmp_path / "now", {**FILES, **changed})
    verdict = judge(now, policy(digest, IGNORE), REGISTRY)
    assert (verdict.result is Result.PASS) is passes, verdict.reason
    if passes:
        assert "ignored file" in verdict.reason
    else:
        assert {rule for rule, _ in found(verdict)} >= {"identity/unknown-publisher", CODE}


LOADED: dict[str, tuple[Mapping[str, bytes], tuple[str, ...], str]] = {
    "weights under a document's name": (
        {"README.md": forge.safetensors()},
        IGNORE,
        "README.md",
    ),
    "a text that a configuration names": (
        {"config.json": json.dumps({"model_type": "llama", "prompt": "README.md"}).encode()},
        IGNORE,
        "README.md",
    ),
    "the configuration": ({}, ("*.json",), "config.json"),
    "everything": ({}, ("**",), "model.safetensors"),
}


@pytest.mark.parametrize("what", LOADED)
def test_what_a_loader_reads_can_not_be_ignored(tmp_path: Path, what: str) -> None:
    files, ignore, path = LOADED[what]
    evidence = gathered(tmp_path / "m", {**FILES, **files})
    left_out = [p for p in evidence.manifest.by_path if ignored(p, ignore)]
    digest = manifest(evidence, *left_out)
    verdict = judge(evidence, policy(digest, ignore), REGISTRY)
    assert {
        ("policy/ignored-loaded", path),
        ("identity/unknown-publisher", REPO),
        (CODE, "modeling.py"),
    } <= found(verdict)
    waived = replace(policy(digest, ()), levels=(("policy/ignored-loaded", Level.OFF),))
    assert found(judge(evidence, waived, REGISTRY)) >= {("identity/unknown-publisher", REPO)}


def ignored(path: str, ignore: tuple[str, ...]) -> bool:
    """By hand, what the few patterns here match."""
    return {
        IGNORE: path.endswith(".md") or path.startswith("pictures/"),
        ("*.json",): path.endswith(".json") and "/" not in path,
        ("**",): True,
    }[ignore]


def test_of_other_bytes_only_that_is_said(tmp_path: Path) -> None:
    """An old release's exemption is no fault in a new one, whatever it ignores there."""
    evidence = gathered(tmp_path / "m", {**FILES, "README.md": forge.safetensors()})
    old = policy("sha256:" + "0" * 64, IGNORE)
    verdict = judge(evidence, old, REGISTRY)
    assert "policy/ignored-loaded" not in {finding.rule for finding in verdict.findings}
    said = [f.message for f in verdict.findings if f.rule == "policy/unused-waiver"]
    assert any("is for other bytes" in message for message in said)


OLD = "sha256:" + "0" * 64
WAIVE = f"provenance waive {CODE}@{REPO} --subject modeling.py --reason WHY"


@pytest.mark.parametrize(
    ("subject", "step"),
    [
        ("modeling.py", f"`{WAIVE}` writes it for these"),
        ("other.py", "remove it"),
    ],
)
def test_a_waiver_of_other_bytes_says_which_and_what_to_type(
    tmp_path: Path, subject: str, step: str
) -> None:
    evidence = gathered(tmp_path / "m", FILES)
    old = policy(OLD, ())
    (waiver,) = old.waivers
    verdict = judge(evidence, replace(old, waivers=(replace(waiver, subject=subject),)), REGISTRY)
    said = [f.message for f in verdict.findings if f.rule == "policy/unused-waiver"]
    bytes_ = f"is for other bytes: {OLD[:19]}…, and these are {manifest(evidence)[:19]}…"
    assert said == [
        f"the waiver of {CODE} for {subject} {bytes_}; {step}",
        f"the exemption of {REPO} {bytes_}; `provenance update --renew {REPO}` writes it for these",
    ]


def test_nothing_is_left_to_mean_where_all_is_ignored(tmp_path: Path) -> None:
    evidence = gathered(tmp_path / "m", {"README.md": b"# Words\n"})
    empty = Manifest.of(()).digest
    verdict = judge(evidence, policy(empty, ("*.md",)), REGISTRY)
    assert ("identity/unknown-publisher", REPO) in found(verdict)
