"""Publishing: versions only grow, enough keys sign, and nothing foreign is written over."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from provenance.errors import ConfigError
from provenance.registry import publishing
from provenance.registry.publishing import Terms, content
from provenance.registry.remote import attestation_file
from provenance.registry.repository import Repository
from provenance.registry.signers import TufKey, distinct
from provenance.registry.unpublished import UnpublishedMetadata
from tests import forge
from tests.registry.house import OFFLINE, ONLINE, House, Site, hands
from tests.registry.test_remote import FIRST, SECOND

KEYS = ("P-256", "P-384", "P-521", "Ed25519", "RSA")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with Site(tmp_path / "served") as site:
        house = House(root=tmp_path, url=site.url)
        house.write(FIRST)
        yield house


def rotated(
    house: House, standing: UnpublishedMetadata, changes: Mapping[str, Any]
) -> UnpublishedMetadata:
    return publishing.rotated(
        standing,
        house.terms,
        add=hands(*changes.get("add", ())),
        drop=hands(*changes.get("drop", ())),
        roles=changes.get("roles", ()),
        threshold=changes.get("threshold"),
    )


def files(house: House) -> set[str]:
    return {p.relative_to(house.served).as_posix() for p in house.served.rglob("*") if p.is_file()}


def test_what_lies_there_is_the_form_that_every_client_expects(house: House) -> None:
    house.publish()
    found = files(house)
    assert {name for name in found if not name.startswith("targets/")} == {
        "root.json",
        "metadata/1.root.json",
        "metadata/1.targets.json",
        "metadata/1.snapshot.json",
        "metadata/timestamp.json",
    }
    (target,) = (name for name in found if name.startswith("targets/"))
    assert target.endswith(".trust.toml")
    root = json.loads((house.served / "root.json").read_text())["signed"]
    assert root["consistent_snapshot"] is True
    assert {role: entry["threshold"] for role, entry in root["roles"].items()} == {
        "root": 2,
        "targets": 2,
        "snapshot": 1,
        "timestamp": 1,
    }


def test_every_version_stays_and_the_next_has_the_next_number(house: House) -> None:
    house.publish()
    before = {name: (house.served / name).read_bytes() for name in files(house)}
    house.publish(SECOND)
    kept = {name: (house.served / name).read_bytes() for name in before}
    del before["metadata/timestamp.json"], kept["metadata/timestamp.json"]
    assert kept == before
    assert {"metadata/2.targets.json", "metadata/2.snapshot.json"} <= files(house)
    assert "metadata/2.root.json" not in files(house)


@pytest.mark.parametrize("kind", KEYS)
def test_every_kind_of_key_signs(house: House, kind: str) -> None:
    own = TufKey(forge.key(f"tuf {kind}", kind).public, forge.key(f"tuf {kind}", kind))
    with house.repository.opened():
        draft = publishing.first((own,), (), house.terms)
        draft = publishing.with_content(draft, content(house.file, None), house.terms)
        draft.sign((own,))
        house.repository.commit(draft, (own,), house.terms.at, {})
    assert house.client().registry.name == "tests"


def test_a_key_that_is_given_twice_is_refused() -> None:
    with pytest.raises(ConfigError, match="twice"):
        distinct(hands("first", "first"), "--key")


@pytest.mark.parametrize("keys", [("first", "online"), ("first", "other"), ("online",)])
def test_too_few_signatures_publish_nothing(house: House, keys: tuple[str, ...]) -> None:
    with house.repository.opened():
        draft = publishing.first(hands(*OFFLINE), hands(*ONLINE), house.terms)
        draft = publishing.with_content(draft, content(house.file, None), house.terms)
        with pytest.raises(ConfigError, match="not enough signatures"):
            house.commit(draft, keys=keys)
    assert not any(name.startswith("metadata/") for name in files(house))


def test_keys_in_several_places_sign_one_after_the_other(house: House) -> None:
    public = tuple(TufKey(tuf_key.public) for tuf_key in hands(*OFFLINE))
    with house.repository.opened():
        draft = publishing.first(public, hands(*ONLINE), house.terms)
        draft = publishing.with_content(draft, content(house.file, None), house.terms)
        house.repository.prepare(draft)
    for name in OFFLINE:
        with house.repository.opened():
            prepared = house.repository.prepared()
            assert "signed by" in prepared.missing()
            assert prepared.sign(hands(name)) == ("root", "targets")
            house.repository.prepare(prepared)
    with house.repository.opened():
        assert house.repository.prepared().missing() == ""
        house.commit(house.repository.prepared(), keys=ONLINE)
    assert house.client().registry.name == "tests"
    with pytest.raises(ConfigError, match="nothing waits"):
        house.repository.prepared()


def test_two_publish_at_once_and_one_is_told(house: House) -> None:
    with house.repository.opened(), pytest.raises(ConfigError, match="somebody else"):
        house.publish()
    house.publish()


def test_two_drafts_of_one_version_are_not_both_published(house: House) -> None:
    house.publish()
    standing = house.repository.draft()
    assert standing
    drafts = [
        publishing.with_content(standing, content(house.file, None), house.terms) for _ in range(2)
    ]
    with house.repository.opened():
        house.commit(drafts[0])
        with pytest.raises(ConfigError, match="published already"):
            house.commit(drafts[1])


@pytest.mark.parametrize("name", ["index.html", "sub/file"])
def test_a_folder_of_something_else_is_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    with pytest.raises(ConfigError, match="something else"), Repository(tmp_path).opened():
        pass
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / name]


@pytest.mark.parametrize(
    ("changes", "roles", "thresholds"),
    [
        ({"add": ("new",), "drop": ("first",)}, {"root", "targets"}, (2, 2)),
        ({"add": ("new",), "drop": ONLINE}, {"root"}, (2, 2)),
        ({"add": ("new",), "threshold": 3}, {"root", "targets"}, (3, 3)),
        ({"threshold": 1}, {"root", "targets"}, (1, 1)),
        ({"add": ("new",), "roles": ("targets",)}, {"root", "targets"}, (2, 2)),
    ],
)
def test_keys_change_and_those_who_pinned_follow(
    house: House, changes: dict[str, Any], roles: set[str], thresholds: tuple[int, int]
) -> None:
    house.publish()
    pinned = house.pinned()
    with house.repository.opened():
        standing = house.repository.draft()
        assert standing
        draft = rotated(house, standing, changes)
        assert draft.changed == roles
        found = (draft.root.roles["root"].threshold, draft.root.roles["targets"].threshold)
        assert found == thresholds
        house.commit(draft, keys=(*OFFLINE, *ONLINE, "new"))
    assert house.client(pinned).registry.name == "tests"
    assert house.client().registry.name == "tests"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"drop": ("first",)}, "2 signatures of 1 keys"),
        ({"threshold": 3}, "3 signatures of 2 keys"),
        ({"drop": ("mallory",)}, "none of the registry's keys"),
    ],
)
def test_keys_that_nobody_could_sign_with_are_refused(
    house: House, changes: dict[str, Any], says: str
) -> None:
    house.publish()
    standing = house.repository.draft()
    assert standing
    with pytest.raises(ConfigError, match=says):
        rotated(house, standing, changes)


def test_a_new_root_needs_the_old_keys_too(house: House) -> None:
    house.publish()
    with house.repository.opened():
        standing = house.repository.draft()
        assert standing
        draft = publishing.rotated(
            standing, house.terms, add=hands("new"), drop=hands("first"), threshold=2
        )
        with pytest.raises(ConfigError, match="root was signed by 1/2 keys"):
            house.commit(draft, keys=("other", "new", *ONLINE))


def test_a_root_is_renewed_with_what_is_published_before_it_runs_out(house: House) -> None:
    year_ago = replace(house.terms, at=house.terms.at - timedelta(days=300))
    house.publish(terms=year_ago)
    pinned = house.pinned()
    house.publish(SECOND)
    assert "metadata/2.root.json" in files(house)
    assert house.client(pinned).registry.releases[0].version == 2


def test_bundles_are_published_beside_it(house: House, tmp_path: Path) -> None:
    model = forge.write(tmp_path / "model")
    place = tmp_path / "attestations" / "acme" / "bot"
    place.mkdir(parents=True)
    bundle = forge.bundle(model, forge.TufKey(key=forge.key("release")))
    (place / "a.sigstore.json").write_text(json.dumps(bundle, indent=1))
    (place / "claims.jsonl").write_text(json.dumps(bundle) + "\n" + json.dumps(bundle) + "\n")
    (place / "notes.txt").write_text("not a bundle")
    house.put(content(house.file, tmp_path / "attestations"))
    client = house.client()
    found = client.attestations("acme/bot")
    assert [document.path for document in found] == [
        f"tests/{attestation_file('acme/bot')}:{line}" for line in (1, 2, 3)
    ]
    assert all(json.loads(document.data) == bundle for document in found)
    assert client.attestations("acme/other") == ()
    assert house.client(offline=True).registry.name == "tests"


@pytest.mark.parametrize(("place", "text"), [("acme/bot/x.sig", "{}"), ("acme/b@d/x.sig", "{}")])
def test_what_is_no_bundle_is_not_published(
    house: House, tmp_path: Path, place: str, text: str
) -> None:
    file = tmp_path / "attestations" / place
    file.parent.mkdir(parents=True)
    file.write_text(text)
    with pytest.raises(ConfigError, match=r"bundle|org/name"):
        content(house.file, tmp_path / "attestations")


def test_terms_say_until_when(house: House) -> None:
    terms = Terms(at=house.terms.at, lifetimes={"timestamp": 2})
    day = timedelta(days=1)
    at = terms.at.replace(microsecond=0)
    assert terms.expiry("timestamp") == at + 2 * day
    assert terms.expiry("section-lab") == terms.expiry("targets") == at + 180 * day
