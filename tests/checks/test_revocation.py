"""What was revoked is refused whatever lies beside it, is left out, or names it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from provenance.judgement import judge
from provenance.lock import Entry, Lock, LockedParent, Part
from provenance.model import Ancestor, Evidence, Facts, File, Manifest, Ref
from provenance.policy import Model, Policy, Settings
from provenance.source import directory
from provenance.trust import Registry
from provenance.trust.section import read_section
from tests import forge
from tests.hubs import card

WEIGHTS = forge.safetensors(b"backdoored weights")
BAD = f"sha256:{sha256(WEIGHTS).hexdigest()}"
LISTING = f"sha256:{'1' * 64}"
COMMIT = "c" * 40


def evidence(folder: Path, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> Evidence:
    ref = Ref(text="m", repo="acme/bot")
    return directory.collect(folder, ref=ref, at=forge.NOW, include=include, exclude=exclude)


def model(folder: Path, **files: bytes) -> Path:
    named = {name.replace("__", "."): data for name, data in files.items()}
    return forge.write(folder, {**forge.MODEL, "model.safetensors": WEIGHTS, **named})


def rules(found: Evidence, *revoked: dict[str, object], lock: Lock | None = None) -> set[str]:
    """The rules of the registry check that fail; `lock` has the model as its first entry."""
    table = forge.registry(
        forge.org("Acme", forge.signer("release"), originates=True),
        revoked=[{"reason": "backdoor", **entry} for entry in revoked],
    )
    locked = lock.models()[0] if lock else None
    verdict = judge(
        found,
        Policy.of(Settings(), Model(name="m", repo="acme/bot")),
        Registry.from_table(table, source="trust.toml"),
        lock=lock,
        locked=locked,
        exact=lock is not None,
    )
    return {finding.rule for finding in verdict.findings if finding.check == "registry"}


REVOKED = {"registry/revoked"}
DISGUISES: dict[str, Callable[[Path], Evidence]] = {
    "as it is": lambda f: evidence(model(f)),
    "with a NOTICE": lambda f: evidence(model(f, NOTICE=b"words")),
    "without its weights selected": lambda f: evidence(model(f), exclude=["*.safetensors"]),
    "one file alone": lambda f: evidence(model(f), include=["*.safetensors"]),
    "under another name": lambda f: evidence(
        model(f, model__safetensors=forge.safetensors(), other__gguf=WEIGHTS)
    ),
    "among new shards": lambda f: evidence(
        model(f, **{"model-2__safetensors": forge.safetensors(b"another shard of it")})
    ),
}


@pytest.mark.parametrize("name", DISGUISES)
def test_one_file_is_enough(tmp_path: Path, name: str) -> None:
    found = DISGUISES[name](tmp_path / "m")
    assert rules(found, {"files": [f"sha256:{'a' * 64}", BAD]}) == REVOKED
    assert rules(found, {"files": [f"sha256:{'a' * 64}"]}) == set()


@pytest.mark.parametrize(("owner", "expected"), [("Free", REVOKED), ("Other", set())])
def test_what_the_origins_organisation_revokes_itself_reaches_a_mirror(
    tmp_path: Path, owner: str, expected: set[str]
) -> None:
    origin = Ancestor(claimed="free/base", revision=COMMIT, commit=COMMIT)
    known = evidence(model(tmp_path / "origin"))
    found = evidence(model(tmp_path / "m", NOTICE=b"words"))
    found = replace(found, origin=replace(origin, evidence=known))
    registry = Registry.from_table(
        forge.registry(*(forge.org(name) for name in ("Acme", "Free", "Other"))),
        source="trust.toml",
    )
    (org,) = (one for one in registry.orgs if one.name == owner)
    own = {"version": 1, "org": owner, "revoked": [{"files": [BAD], "reason": "backdoor"}]}
    section = read_section(registry, org, own, source="free.toml")
    verdict = judge(found, Policy.of(Settings(), Model(name="m", repo="acme/bot")), section)
    assert {f.rule for f in verdict.findings if f.check == "registry"} == expected


def messages(found: Evidence, table: dict[str, Any]) -> list[str]:
    """What is said of revocations."""
    verdict = judge(
        found,
        Policy.of(Settings(), Model(name="m")),
        Registry.from_table(table, source="trust.toml"),
    )
    return [finding.message for finding in verdict.findings if finding.rule in REVOKED]


def test_what_was_revoked_twice_is_one(tmp_path: Path) -> None:
    """As whoever types the command again leaves it."""
    found = evidence(model(tmp_path / "m"))
    entry = {"files": [BAD], "reason": "backdoor"}
    table = forge.registry(forge.org("Acme"), revoked=[entry, entry])
    assert messages(found, table) == ["a file was revoked: backdoor"]


def test_many_files_for_one_reason_are_one_finding(tmp_path: Path) -> None:
    found = evidence(model(tmp_path / "m"))
    every = [f"sha256:{file.digest}" for file in found.listing.files]
    table = forge.registry(forge.org("Acme"), revoked=[{"files": every, "reason": "backdoor"}])
    said = messages(found, table)
    assert said == [f"a file, and {len(every) - 1} more of its files, was revoked: backdoor"]


def by_evidence(folder: Path) -> Evidence:
    """A child whose parent was looked at: its card names it, and its listing is known."""
    base = evidence(model(folder / "base"))
    known = Ancestor(claimed="lab/base", facts=Facts(id="lab/base"), evidence=base)
    files = {**forge.MODEL, "README.md": card("base_model: lab/base")}
    child = evidence(forge.write(folder / "child", files))
    return replace(child, ancestors=(known,))


def by_statement(folder: Path) -> Evidence:
    """A child of a model that was never published: a training statement knows its files."""
    parent = forge.digested(model(folder / "base"))
    forge.attest(forge.write(folder / "m"), forge.TufKey(key=forge.key("t")), "sft", parent)
    return evidence(folder / "m")


@pytest.mark.parametrize("child", [by_evidence, by_statement])
def test_an_ancestor_is_known_by_its_files(
    tmp_path: Path, child: Callable[[Path], Evidence]
) -> None:
    found = child(tmp_path)
    assert rules(found, {"files": [BAD]}) == REVOKED
    assert rules(found, {"files": [f"sha256:{'a' * 64}"]}) == set()


ENTRY = Entry(
    name="bot",
    repo="acme/bot",
    commit=COMMIT,
    manifest=LISTING,
    files=Manifest.of([File(path="model.safetensors", size=1, digest="d" * 64)]),
    parents=(LockedParent(repo="lab/sft", commit="d" * 40),),
)
ANCESTOR = Entry(
    name="lab/sft",
    part=Part.ANCESTOR,
    repo="lab/renamed",
    commit="e" * 40,
    manifest=f"sha256:{'e' * 64}",
    files=Manifest.of([File(path="model.safetensors", size=1, digest="f" * 64)]),
)
LOCKED: dict[str, dict[str, object]] = {
    "the whole listing, of which a selection lies here": {"manifest": LISTING},
    "the commit": {"commit": COMMIT},
    "a parent's repository": {"repo": "lab/sft"},
    "a parent's commit": {"commit": "d" * 40},
    "an ancestor's manifest": {"manifest": f"sha256:{'e' * 64}"},
    "an ancestor's name on the Hub": {"repo": "lab/renamed"},
    "a file of an ancestor's": {"files": [f"sha256:{'f' * 64}"]},
    "an ancestor's commit": {"commit": "e" * 40},
}


@pytest.mark.parametrize("name", LOCKED)
def test_what_the_lockfile_knows_of_a_directory_is_asked_about(tmp_path: Path, name: str) -> None:
    found = evidence(forge.write(tmp_path / "m"))
    lock = Lock(entries=(replace(ENTRY, selected=found.listing.digest), ANCESTOR))
    assert rules(found, LOCKED[name], lock=lock) == REVOKED


@pytest.mark.parametrize("name", LOCKED)
def test_an_entry_of_other_files_says_nothing_of_these(tmp_path: Path, name: str) -> None:
    found = evidence(forge.write(tmp_path / "m"))
    lock = Lock(entries=(replace(ENTRY, selected=f"sha256:{'0' * 64}"), ANCESTOR))
    assert rules(found, LOCKED[name], lock=lock) == set()
