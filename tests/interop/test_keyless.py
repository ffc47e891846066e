"""Keyless, end to end: a private Sigstore certifies, logs and stamps; a registry says who counts.

Signatures of the reference implementation are held against the same instance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests import forge
from tests.interop.servers import (
    Resolved,
    Sigstore,
    Words,
    change,
    judged,
    ours,
    sigstore,
    theirs,
    token,
    trust,
)

pytestmark = pytest.mark.interop

ISSUER = "https://issuer.example"
PERSON = "release@acme.example"
WORKFLOW = "https://github.com/acme/train/.github/workflows/release.yml"
TAGS = f"{WORKFLOW}@refs/tags/*"
PARTY = {"identity": PERSON, "issuer": ISSUER, "sigstore": "acme"}
NOTHING: Mapping[str, str] = {}
REFUSED = {("signature/wrong-signer", "model.sig")}


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sigstore]:
    """An instance whose certificates name an e-mail address."""
    with sigstore(tmp_path_factory.mktemp("people"), subject="email") as running:
        yield running


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sigstore]:
    """Another instance, whose certificates name the subject of a token, as for workflows."""
    with sigstore(tmp_path_factory.mktemp("machines"), subject="sub") as running:
        yield running


def signed(
    folder: Path, instance: Sigstore, rekor: int = 1, claims: Mapping[str, str] = NOTHING
) -> Path:
    """A model with a keyless signature of ours, by whom the claims name."""
    model = forge.write(folder / "m")
    identity = token(**{"iss": ISSUER, "sub": "1", "email": PERSON, **claims})
    said: Words = ("--identity-token", identity, "--trust-config", instance.trust_config(rekor))
    ended = ours(folder, "sign", model, *said)
    assert ended.returncode == 0, ended.stderr
    return model


def verdict(model: Path, party: dict[str, str], **instances: Sigstore) -> Resolved:
    """What a registry with these instances says, in which `party` publishes."""
    folder = model.parent / "registry"
    folder.mkdir()
    tables = []
    for name, instance in instances.items():
        (folder / f"{name}.json").write_text(instance.trusted_root)
        tables.append({"name": name, "trusted_root": f"{name}.json"})
    fields: dict[str, Any] = {"sigstore": tables} if tables else {}
    return judged(model.parent, model, trust(folder, party, **fields))


@pytest.mark.parametrize("rekor", [1, 2])
def test_whom_the_registry_names_passes(people: Sigstore, tmp_path: Path, rekor: int) -> None:
    found = verdict(signed(tmp_path, people, rekor), PARTY, acme=people)
    assert found.passes, found.model
    (signer,) = found.model["signers"]
    assert (signer["organisation"], signer["name"]) == ("Acme", "release")
    assert PERSON in signer["identity"]
    assert signer["times"]


OTHERS = {
    "another person": {**PARTY, "identity": "intern@acme.example"},
    "a longer name": {**PARTY, "identity": PERSON + ".evil.example"},
    "another issuer": {**PARTY, "issuer": "https://issuer.example/other"},
    "the same name elsewhere": {**PARTY, "sigstore": "public-good"},
}


@pytest.mark.parametrize("party", OTHERS.values(), ids=OTHERS.keys())
def test_who_is_not_named_is_refused(
    people: Sigstore, tmp_path: Path, party: dict[str, str]
) -> None:
    found = verdict(signed(tmp_path, people), party, acme=people)
    assert found.refusals == REFUSED


def test_an_instance_speaks_only_for_signers_that_name_it(
    people: Sigstore, machines: Sigstore, tmp_path: Path
) -> None:
    """The other private instance certifies the very name that the registry expects of ours."""
    model = signed(tmp_path, machines, claims={"sub": PERSON})
    assert verdict(model, PARTY, acme=people, other=machines).refusals == REFUSED


def test_an_instance_that_is_not_registered_proves_nothing(
    people: Sigstore, tmp_path: Path
) -> None:
    party = {**PARTY, "sigstore": "public-good"}
    found = verdict(signed(tmp_path, people), party)
    assert found.refusals == {("signature/invalid", "model.sig")}


@pytest.mark.parametrize("rekor", [1, 2])
@pytest.mark.parametrize("file", ["model.safetensors", "README.md"])
def test_a_changed_file_is_refused(people: Sigstore, tmp_path: Path, rekor: int, file: str) -> None:
    model = signed(tmp_path, people, rekor)
    change(model / file)
    found = verdict(model, PARTY, acme=people)
    assert ("integrity/mismatch", file) in found.refusals


CLAIMS = {
    "sub": f"{WORKFLOW}@refs/tags/v1.2",
    "repository": "acme/train",
    "repository_id": "1001",
    "repository_owner_id": "2002",
    "ref": "refs/tags/v1.2",
    "event_name": "push",
}
JOB = {
    **PARTY,
    "identity": TAGS,
    "source_repository": "https://github.com/acme/train",
    "source_repository_id": "1001",
    "owner_id": "2002",
}


@pytest.mark.parametrize("rekor", [1, 2])
def test_a_workflow_passes_by_its_source_repository(
    machines: Sigstore, tmp_path: Path, rekor: int
) -> None:
    found = verdict(signed(tmp_path, machines, rekor, CLAIMS), JOB, acme=machines)
    assert found.passes, found.model


WORKFLOWS = {
    "called by another repository": {"repository": "evil/train"},
    "called by a repository of that name, made again": {"repository_id": "1002"},
    "called by another owner": {"repository_owner_id": "2003"},
    "on a branch": {"sub": f"{WORKFLOW}@refs/heads/main"},
    "on no tag": {"sub": f"{WORKFLOW}@refs/tags/"},
    "another workflow": {"sub": f"{WORKFLOW}.evil@refs/tags/v1.2"},
}


@pytest.mark.parametrize("claims", WORKFLOWS.values(), ids=WORKFLOWS.keys())
def test_a_workflow_that_is_not_the_one_is_refused(
    machines: Sigstore, tmp_path: Path, claims: dict[str, str]
) -> None:
    model = signed(tmp_path, machines, claims={**CLAIMS, **claims})
    assert verdict(model, JOB, acme=machines).refusals == REFUSED


@pytest.mark.parametrize("rekor", [1, 2])
def test_theirs_verifies_ours(people: Sigstore, tmp_path: Path, rekor: int) -> None:
    model = signed(tmp_path, people, rekor)
    said: Words = ("--identity", PERSON, "--identity_provider", ISSUER)
    where: Words = ("--trust_config", people.trust_config(rekor), "--signature")
    words: Words = ("verify", "sigstore", *said, *where, model / "model.sig", model)
    ended = theirs(tmp_path, *words)
    assert ended.returncode == 0, ended.stderr
    change(model / "config.json")
    assert theirs(tmp_path, *words).returncode == 1


@pytest.mark.parametrize("rekor", [1, 2])
def test_ours_verifies_theirs(people: Sigstore, tmp_path: Path, rekor: int) -> None:
    model = forge.write(tmp_path / "m")
    identity = token(iss=ISSUER, sub="1", email=PERSON)
    said: Words = ("--identity_token", identity, "--trust_config", people.trust_config(rekor))
    ended = theirs(tmp_path, "sign", "sigstore", *said, "--signature", model / "model.sig", model)
    assert ended.returncode == 0, ended.stderr
    found = verdict(model, PARTY, acme=people)
    assert found.passes, found.model
