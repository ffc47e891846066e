"""Sections that organisations keep themselves: how far they reach, and that they harm no other."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from tuf.api.metadata import Metadata, TargetFile

from provenance.errors import ConfigError
from provenance.registry import load, publishing
from provenance.registry.publishing import Content
from provenance.trust import Registry
from tests import forge
from tests.registry.house import ONLINE, House, Site

SECTION = {"version": 1, "org": "Lab"}
SIGNER = forge.signer("lab-release")
ROOT = {"repo": "lab/base", "commit": "c" * 40, "manifest": f"sha256:{'a' * 64}"}
DATED = {"compromised_since": "2026-01-01T00:00:00Z", "reason": "stolen"}


def delegating(*, threshold: int = 1, keys: tuple[str, ...] = ("lab-1",)) -> dict[str, Any]:
    """Acme is the registry's own matter; Lab keeps its section."""
    section = {
        "name": "lab",
        "keys": [forge.key(name).public.pem for name in keys],
        "threshold": threshold,
    }
    lab = {"name": "Lab", "namespaces": ["lab", "lab-2"], "section": section}
    return forge.registry(forge.org("Acme", forge.signer("release")), lab)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with Site(tmp_path / "served") as site:
        house = House(root=tmp_path, url=site.url)
        house.publish(delegating())
        yield house


def publish_section(
    house: House,
    table: Mapping[str, Any],
    *keys: str,
    files: Mapping[str, bytes] | None = None,
) -> bool:
    """The section says this, signed by the keys named and those that are online."""
    text = tomli_w.dumps(table).encode()
    with house.repository.opened():
        standing, registry = house.repository.draft(), house.repository.registry()
        assert standing
        assert registry
        lab = next(org for org in registry.orgs if org.name == "Lab")
        content = Content(registry=registry, files=files or {"sections/lab.toml": text})
        before = house.repository.section("lab")
        draft = publishing.with_section_of(standing, lab, content, before, house.terms)
        return house.commit(draft, keys=keys or ("lab-1", *ONLINE))


def lab(registry: Registry) -> Any:
    return next(org for org in registry.orgs if org.name == "Lab")


def test_a_section_adds_signers_roots_and_revocations_of_its_own(house: House) -> None:
    publish_section(
        house,
        {
            **SECTION,
            "signer": [SIGNER],
            "root": [ROOT],
            "revoked": [{"repo": "lab/bot", "reason": "bad"}],
        },
    )
    registry = house.client().registry
    assert lab(registry).unknown == ""
    assert [signer.name for signer in lab(registry).signers] == ["lab-release"]
    assert [root.repo for root in lab(registry).roots] == ["lab/base"]
    assert [r.reason for r in registry.revocations("repo", "lab/bot", {"lab"})] == ["bad"]
    assert [(r.name, r.version) for r in registry.releases] == [("tests", 1), ("tests/lab", 1)]
    publish_section(house, {**SECTION, "signer": []})
    assert house.client().registry.releases[1].version == 2


def test_its_keepers_need_no_online_key(house: House) -> None:
    listed = publish_section(house, {**SECTION, "signer": [SIGNER]}, "lab-1")
    assert not listed
    assert lab(house.client().registry).unknown
    with house.repository.opened():
        standing = house.repository.draft()
        assert standing
        house.commit(standing, keys=ONLINE)
    assert [s.name for s in lab(house.client().registry).signers] == ["lab-release"]


BEYOND: dict[str, Mapping[str, Any]] = {
    "a signer for another's models": {"signer": [{**SIGNER, "repos": ["acme/*"]}]},
    "an evaluator of another's models": {
        "signer": [{**SIGNER, "roles": ["evaluator"], "repos": ["acme/*"]}]
    },
    "a root of another": {"root": [{**ROOT, "repo": "acme/base"}]},
    "a revocation of another's repository": {"revoked": [{"repo": "acme/bot", "reason": "x"}]},
    "an evaluator of its own models": {"signer": [{**SIGNER, "roles": ["evaluator"]}]},
    "a verifier of its own models": {"signer": [{**SIGNER, "roles": ["publisher", "verifier"]}]},
    "a mirror": {"mirror": [{"of": "lab", "namespace": "bank-ml"}]},
    "another organisation": {"org": "Acme"},
    "an organisation of its own": {"org": [{"name": "Lab", "namespaces": ["acme"]}]},
    "namespaces": {"namespaces": ["acme"]},
    "a Sigstore": {"sigstore": [{"name": "lab", "trusted_root": "{}"}]},
    "a clock": {"timestamp_authority": []},
    "a threshold": {"threshold": 1},
    "two signers of one name": {"signer": [SIGNER, SIGNER]},
    "an unknown version": {"version": 2},
}


@pytest.mark.parametrize("kind", BEYOND)
def test_what_goes_beyond_its_limits_makes_it_unknown_and_nothing_else(
    house: House, kind: str
) -> None:
    publish_section(house, {**SECTION, "signer": [SIGNER], **BEYOND[kind]})
    registry = house.client().registry
    assert lab(registry).unknown.startswith("the section that Lab keeps itself cannot be used")
    assert lab(registry).signers == ()
    assert registry.revoked == ()
    assert [signer.name for signer in registry.orgs[0].signers] == ["release"]
    assert [release.name for release in registry.releases] == ["tests"]


def unsigned(house: House) -> None:
    house.bend("1.section-lab.json", lambda metadata: None, "mallory")


def expired(house: House) -> None:
    def change(metadata: Metadata[Any]) -> None:
        metadata.signed.expires = metadata.signed.expires.replace(year=2020)

    house.bend("1.section-lab.json", change, "lab-1")


def gone(house: House) -> None:
    (house.served / "metadata" / "1.section-lab.json").unlink()


def huge(house: House) -> None:
    def change(metadata: Metadata[Any]) -> None:
        target = TargetFile(1 << 40, {"sha256": "0" * 64}, "sections/lab.toml")
        metadata.signed.targets["sections/lab.toml"] = target

    house.bend("1.section-lab.json", change, "lab-1")


def not_text(house: House) -> None:
    publish_section(house, SECTION, files={"sections/lab.toml": b"\xff\x00"})


def nothing(house: House) -> None:
    publish_section(house, SECTION, files={"lab.toml": b""})


@pytest.mark.parametrize("spoil", [unsigned, expired, gone, huge, not_text, nothing])
def test_what_is_wrong_with_a_section_leaves_the_others(
    house: House, spoil: Callable[[House], None]
) -> None:
    publish_section(house, {**SECTION, "signer": [SIGNER]})
    spoil(house)
    registry = house.client().registry
    assert lab(registry).unknown
    assert registry.orgs[0].unknown == ""
    assert registry.publishers("acme/bot")


def test_a_section_cannot_publish_in_another_place(house: House) -> None:
    """Its keys say nothing of the registry itself."""
    publish_section(house, SECTION, files={"sections/lab.toml": b"", "trust.toml": b"evil"})
    assert [org.name for org in house.client().registry.orgs] == ["Acme", "Lab"]


def test_threshold_of_a_section(tmp_path: Path) -> None:
    with Site(tmp_path / "served") as site:
        house = House(root=tmp_path, url=site.url)
        house.publish(delegating(threshold=2, keys=("lab-1", "lab-2")))
        with pytest.raises(ConfigError, match="signed by 1/2 keys"):
            publish_section(house, SECTION, "lab-1", *ONLINE)
        publish_section(house, {**SECTION, "signer": [SIGNER]}, "lab-1", "lab-2", *ONLINE)
        assert lab(house.client().registry).signers
        house.bend("1.section-lab.json", lambda metadata: None, "lab-2")
        assert "signed by 1/2 keys" in lab(house.client(cache=None).registry).unknown


@pytest.mark.parametrize(
    ("entry", "repos", "counts"),
    [
        ({"manifest": f"sha256:{'b' * 64}", "reason": "x"}, {"lab"}, True),
        ({"manifest": f"sha256:{'b' * 64}", "reason": "x"}, {"acme"}, False),
        ({"manifest": f"sha256:{'b' * 64}", "reason": "x"}, None, True),
        ({"manifest": f"sha256:{'b' * 64}", "reason": "x"}, {"acme", "lab-2"}, True),
        ({"commit": "b" * 40, "reason": "x"}, {"acme"}, False),
        ({"commit": "b" * 40, "reason": "x"}, {"lab"}, True),
    ],
)
def test_a_section_revokes_only_its_own(
    house: House, entry: Mapping[str, Any], repos: set[str] | None, counts: bool
) -> None:
    publish_section(house, {**SECTION, "revoked": [entry]})
    registry = house.client().registry
    kind = next(iter(entry))
    assert bool(registry.revocations(kind, entry[kind], repos)) is counts


def test_a_section_revokes_files_within_its_namespaces(house: House) -> None:
    digest = f"sha256:{'b' * 64}"
    publish_section(house, {**SECTION, "revoked": [{"files": [digest], "reason": "x"}]})
    registry = house.client().registry
    counts = [bool(registry.revocations("file", digest, {space})) for space in ("lab", "acme")]
    assert counts == [True, False]


def test_a_section_revokes_no_signer_of_another(house: House) -> None:
    text = tomli_w.dumps({**SECTION, "signer": [SIGNER]})
    for name in ("release", "Acme/release", "lab-release"):
        text += f'[[revoked]]\nsigner = "{name}"\nreason = "x"\ncompromised_since = 2020-01-01\n'
    publish_section(house, SECTION, files={"sections/lab.toml": text.encode()})
    registry = house.client().registry
    acme, own = registry.orgs
    assert registry.signer_revocations(acme, acme.signers[0]) == ()
    assert len(registry.signer_revocations(own, own.signers[0])) == 1


def test_sections_of_a_folder_lie_beside_its_file(tmp_path: Path) -> None:
    (tmp_path / "trust.toml").write_text(tomli_w.dumps(delegating()))
    assert "cannot be read" in lab(load(tmp_path)).unknown
    (tmp_path / "sections").mkdir()
    (tmp_path / "sections" / "lab.toml").write_text(tomli_w.dumps({**SECTION, "signer": [SIGNER]}))
    assert lab(load(tmp_path)).signers
    (tmp_path / "sections" / "lab.toml").unlink()
    os.symlink("/etc/passwd", tmp_path / "sections" / "lab.toml")
    assert "outside the registry's folder" in lab(load(tmp_path)).unknown


def test_what_a_client_would_refuse_is_not_published(house: House, tmp_path: Path) -> None:
    file = tmp_path / "lab.toml"
    file.write_text(tomli_w.dumps({**SECTION, "signer": [{**SIGNER, "repos": ["acme/*"]}]}))
    registry = house.repository.registry()
    assert registry
    with pytest.raises(ConfigError, match="outside the organisation's namespaces"):
        publishing.section_content(registry, lab(registry), file, None)


def test_the_roles_of_the_top_are_not_a_sections(house: House) -> None:
    """A section is called section-NAME, whatever NAME is."""
    table = delegating()
    table["org"][1]["section"]["name"] = "timestamp"
    house.publish(table)
    draft = house.repository.draft()
    assert draft
    assert draft.targets.delegations
    assert list(draft.targets.delegations.roles or {}) == ["section-timestamp"]


def test_an_organisation_that_is_removed_leaves_every_client_working(house: House) -> None:
    publish_section(house, {**SECTION, "signer": [SIGNER]})
    assert lab(house.client().registry).signers
    house.publish(forge.registry(forge.org("Acme", forge.signer("release"))))
    registry = house.client().registry
    assert [org.name for org in registry.orgs] == ["Acme"]
    assert [org.name for org in house.client(cache=None).registry.orgs] == ["Acme"]
    house.publish(delegating())
    assert lab(house.client().registry).signers


@pytest.mark.parametrize(("listed", "counts"), [(True, True), (False, False)])
def test_a_section_revokes_its_own_signer_wherever_that_speaks(
    house: House, listed: bool, counts: bool
) -> None:
    """Whose key it is the registry says; what a section says of another's key is nothing."""
    key = forge.signer("auditor", roles=["evaluator"], repos=["acme/*"])
    table = delegating()
    table["org"][1]["signer"] = [key] if listed else []
    auditors = forge.org("Auditors", key, namespaces=[])
    table["org"].append(auditors)
    house.publish(table)
    revoked = {"key": forge.key("auditor").public.fingerprint, **DATED}
    text = {"revoked": [{**revoked, "compromised_since": datetime(2026, 1, 1, tzinfo=UTC)}]}
    publish_section(house, {**SECTION, **text})
    registry = house.client().registry
    (org,) = (org for org in registry.orgs if org.name == "Auditors")
    assert bool(registry.signer_revocations(org, org.signers[0])) is counts


def test_a_section_of_many_megabytes_leaves_the_others(house: House) -> None:
    publish_section(house, SECTION, files={"sections/lab.toml": b"#" * (2 << 20)})
    registry = house.client().registry
    assert "1024 KiB" in lab(registry).unknown
    assert registry.publishers("acme/bot")
