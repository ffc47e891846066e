"""A copied manifest under another repository of its owner is named, by whoever knows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from provenance.judgement import judge
from provenance.lock import Entry, Lock, LockedSigner
from provenance.model import Evidence, Manifest, Ref
from provenance.policy import Model, Policy, Settings
from provenance.source import directory
from provenance.trust import Registry
from tests import forge

HAND = forge.TufKey(key=forge.key("release"))
SIGNER = LockedSigner(kind="key", identity="P-256 key", organisation="Acme", name="release")
OTHER = {**forge.MODEL, "model.safetensors": forge.safetensors(b"other weights...")}
ADDED = {
    "as it was": {},
    "with a file nobody reads": {"NOTICE": b"mine"},
    "with a file that a loader reads": {"added.json": b"{}"},
}


def collected(folder: Path) -> Evidence:
    return directory.collect(folder, ref=Ref(text="m", repo="acme/m"), at=forge.NOW)


def model(folder: Path, added: dict[str, bytes], called: str = "") -> Evidence:
    forge.write(folder / "m")
    (folder / "m" / "LICENSE").write_text("mine")
    tuf_key = forge.TufKey(key=HAND.key, statement={"subject.0.name": called} if called else None)
    forge.sign(folder / "m", tuf_key)
    return collected(forge.write(folder / "m", added))


def named(evidence: Evidence, files: Manifest | None = None, **root: Any) -> bool:
    """Whether the finding is there, by a lockfile with these files or a registry with this root."""
    roots = [{"repo": "acme/base", **root}] if root else []
    org = forge.org("Acme", forge.signer("release"), originates=True, root=roots)
    entry = files and Entry(
        name="base",
        repo="acme/base",
        selected=files.digest,
        manifest=files.digest,
        files=files,
        signers=(SIGNER,),
    )
    found = judge(
        evidence,
        Policy.of(Settings(), Model(name="m", repo="acme/m", path="m")),
        Registry.from_table(forge.registry(org), source="trust.toml"),
        lock=Lock(entries=(entry,)) if entry else None,
    )
    failed = {finding.rule for finding in found.findings} & {"signature/other-model"}
    assert not failed or (found.result == "fail" and "acme/base" in str(found.findings))
    return bool(failed)


@pytest.mark.parametrize("added", ADDED.values(), ids=ADDED.keys())
def test_the_lockfile_knows_the_files(tmp_path: Path, added: dict[str, bytes]) -> None:
    original = model(tmp_path, {}).manifest
    assert named(model(tmp_path, added), files=original)


@pytest.mark.parametrize("added", ADDED.values(), ids=ADDED.keys())
def test_the_registry_knows_the_manifest(tmp_path: Path, added: dict[str, bytes]) -> None:
    original = model(tmp_path, {}).manifest
    assert named(model(tmp_path, added), manifest=original.digest)


@pytest.mark.parametrize("added", ADDED.values(), ids=ADDED.keys())
@pytest.mark.parametrize("called", ["acme/base", "base"])
def test_the_bundle_names_another(tmp_path: Path, called: str, added: dict[str, bytes]) -> None:
    assert named(model(tmp_path, added, called), manifest="sha256:" + "0" * 64)


HONEST = ["m", "acme/m", "checkpoint-500", "a" * 40, "."]


@pytest.mark.parametrize("called", HONEST)
def test_a_folder_s_name_is_no_other_model(tmp_path: Path, called: str) -> None:
    assert not named(model(tmp_path, {}, called), manifest="sha256:" + "0" * 64)


def test_other_weights_signed_in_the_folder_of_their_parent_are_no_copy(tmp_path: Path) -> None:
    parent = collected(forge.write(tmp_path / "base", OTHER)).manifest
    assert not named(model(tmp_path, {}, "base"), files=parent)


def test_files_that_two_models_share_make_no_copy(tmp_path: Path) -> None:
    evidence = model(tmp_path, {})
    shared = Manifest.of(f for f in evidence.manifest.files if f.path != "model.safetensors")
    assert not named(evidence, files=shared)
