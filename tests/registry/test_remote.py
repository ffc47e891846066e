"""A client of a published registry: what it reads, and everything that it refuses."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from securesystemslib.signer import Signature
from tuf.api.metadata import Metadata, MetaFile, Root
from tuf.ngclient import Updater

from provenance.errors import ConfigError, RegistryRefused, SourceError
from provenance.registry import publishing
from provenance.registry.fetcher import ServerFetcher
from provenance.registry.keeping import may_keep
from provenance.registry.publishing import Content, Terms
from provenance.registry.remote import Location, open_published
from tests import forge
from tests.registry.house import (
    OFFLINE,
    ONLINE,
    House,
    Site,
    broken,
    elsewhere,
    endless,
    hands,
    silent,
    trickling,
)

NOW = datetime.now(UTC)
FIRST = forge.registry(forge.org("Acme", forge.signer("release")))
SECOND = forge.registry(
    forge.org("Acme", forge.signer("release")), revoked=[{"repo": "acme/bot", "reason": "bad"}]
)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Site(tmp_path / "served") as site:
        yield site


@pytest.fixture
def house(tmp_path: Path, site: Site) -> House:
    """One version is published."""
    house = House(root=tmp_path, url=site.url)
    house.publish(FIRST)
    return house


def version(house: House, **fields: Any) -> int | None:
    return house.client(**fields).registry.releases[0].version


def test_a_client_reads_what_is_published_and_follows_it(house: House) -> None:
    registry = house.client().registry
    assert [org.name for org in registry.orgs] == ["Acme"]
    assert (registry.releases[0].name, registry.releases[0].version) == ("tests", 1)
    house.publish(SECOND)
    found = house.client()
    assert found.registry.releases[0].version == 2
    assert [entry.reason for entry in found.registry.revoked] == ["bad"]


def test_python_tufs_own_client_reads_it_too(house: House, site: Site, tmp_path: Path) -> None:
    house.publish(SECOND)
    (tmp_path / "theirs").mkdir()
    updater = Updater(
        metadata_dir=str(tmp_path / "theirs"),
        metadata_base_url=f"{site.url}/metadata/",
        target_dir=str(tmp_path / "theirs"),
        target_base_url=f"{site.url}/targets/",
        bootstrap=house.pinned(),
    )
    updater.refresh()
    target = updater.get_targetinfo("trust.toml")
    assert target is not None
    assert Path(updater.download_target(target)).read_bytes() == house.file.read_bytes()


def stale(house: House) -> Terms:
    """So long ago that a week has passed."""
    return Terms(at=NOW - timedelta(days=8), lifetimes={"snapshot": 7, "timestamp": 7})


def put_back(house: House) -> None:
    """The server has the first version again, which a client has gone beyond."""
    shutil.copytree(house.served, house.root / "old")
    house.publish(SECOND)
    assert version(house) == 2
    shutil.rmtree(house.served)
    shutil.copytree(house.root / "old", house.served)


def freeze(house: House) -> None:
    house.publish(SECOND, terms=stale(house))


def mix(house: House) -> None:
    """The second timestamp, and the first snapshot in the place of the second."""
    house.publish(SECOND)
    metadata = house.served / "metadata"
    shutil.copy(metadata / "1.snapshot.json", metadata / "2.snapshot.json")


def mix_targets(house: House) -> None:
    house.publish(SECOND)
    metadata = house.served / "metadata"
    shutil.copy(metadata / "1.targets.json", metadata / "2.targets.json")


def swap(house: House) -> None:
    """Another text under the digest of the published one."""
    (place,) = (house.served / "targets").iterdir()
    place.write_text('version = 1\nname = "other"\n'.ljust(place.stat().st_size, "#"))


def one_of_two(house: House) -> None:
    house.bend("1.targets.json", lambda metadata: None, "first")


def twice_by_one(house: House) -> None:
    """One signature under the ids of both keys."""

    def change(metadata: Metadata[Any]) -> None:
        ids = list(metadata.signatures)
        metadata.signatures[ids[1]].signature = metadata.signatures[ids[0]].signature

    house.bend("1.targets.json", change)


def by_strangers(house: House) -> None:
    house.bend("timestamp.json", lambda metadata: None, "stranger")


def by_removed_key(house: House) -> None:
    """A key that the root gave up signs once more."""
    with house.repository.opened():
        standing = house.repository.draft()
        assert standing
        draft = publishing.rotated(
            standing, house.terms, add=hands("new"), drop=hands("first"), threshold=2
        )
        house.commit(draft, keys=(*OFFLINE, *ONLINE, "new"))
    house.bend("2.targets.json", lambda metadata: None, *OFFLINE)


def expired_root(house: House) -> None:
    with house.repository.opened():
        standing = house.repository.draft()
        assert standing
        root = Root.from_dict(standing.root.to_dict())
        root.version, root.expires = 2, NOW.replace(microsecond=0) - timedelta(days=1)
        house.commit(standing.with_role("root", root))


def doubled_key(house: House) -> None:
    """The next root counts one key under two names."""
    with house.repository.opened():
        standing = house.repository.draft()
        assert standing
        root = Root.from_dict(standing.root.to_dict())
        root.version = 2
        first = hands("first")[0].key
        root.keys["0" * 64] = replace_id(first)
        root.roles["targets"].keyids = [first.keyid, "0" * 64]
        house.commit(standing.with_role("root", root))

    def change(metadata: Metadata[Any]) -> None:
        signature = metadata.signatures[first.keyid]
        metadata.signatures["0" * 64] = Signature("0" * 64, signature.signature)

    house.bend("1.targets.json", change)


def replace_id(key: Any) -> Any:
    return type(key)("0" * 64, key.keytype, key.scheme, dict(key.keyval))


SPOILT: dict[str, tuple[Callable[[House], None], str]] = {
    "rollback": (put_back, "BadVersionNumber"),
    "freeze": (freeze, "expired"),
    "mix-and-match of snapshots": (mix, "version"),
    "mix-and-match of targets": (mix_targets, "Expected targets v2, got v1"),
    "another target": (swap, "hash"),
    "threshold not met": (one_of_two, "targets was signed by 1/2 keys"),
    "one signature twice": (twice_by_one, "targets was signed by 1/2 keys"),
    "signed by a stranger": (by_strangers, "timestamp was signed by 0/1 keys"),
    "signed by a removed key": (by_removed_key, "targets was signed by"),
    "expired root": (expired_root, "root.json is expired"),
    "one key under two names": (doubled_key, "one key under two names"),
}


@pytest.mark.parametrize("attack", SPOILT)
def test_what_does_not_hold_is_refused(house: House, attack: str) -> None:
    spoil, says = SPOILT[attack]
    root = house.pinned()
    spoil(house)
    with pytest.raises(RegistryRefused, match=says):
        house.client(root)
    with pytest.raises(RegistryRefused, match=says):
        house.client(root)  # and it is not the kept version that the second time finds


def test_a_root_of_somebody_else_does_not_open_it(house: House, tmp_path: Path) -> None:
    other = House(root=tmp_path / "other")
    with other.repository.opened():
        root = publishing.first(hands("mallory"), (), other.terms)
        other.commit(
            publishing.with_content(
                root, Content(registry=house.client().registry, files={}), other.terms
            ),
            keys=("mallory",),
        )
    with pytest.raises(RegistryRefused, match="signed by 0/1 keys"):
        house.client(other.pinned())


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[" * 100_000, b"\xff", b'{"signed": {"_type": "root"}, "signatures": []}'],
)
def test_what_is_no_root_is_the_callers_error(house: House, data: bytes) -> None:
    with pytest.raises(ConfigError, match="root"):
        house.client(data or b" ")


def test_a_root_that_counts_one_key_twice_is_the_callers_error(house: House) -> None:
    doubled_key(house)
    with pytest.raises(ConfigError, match="one key under two names"):
        house.client(house.pinned())


def test_a_version_wound_forward_is_left_behind_by_new_keys(house: House) -> None:
    """Stolen online keys signed a version that nobody reaches; new keys start again."""
    root = house.pinned()

    def wind(metadata: Metadata[Any]) -> None:
        metadata.signed.version = 2**31

    house.bend("timestamp.json", wind, *ONLINE)
    house.client(root)
    house.bend("timestamp.json", lambda m: setattr(m.signed, "version", 2), *ONLINE)
    with pytest.raises(RegistryRefused, match="BadVersionNumber"):
        house.client(root)
    with house.repository.opened():
        standing = house.repository.draft()
        assert standing
        draft = publishing.rotated(
            standing, house.terms, add=hands("online-2"), drop=hands(*ONLINE)
        )
        house.commit(draft, keys=(*OFFLINE, "online-2"))
    assert version(house, root=root) == 1


def test_endless_data_is_refused(house: House, site: Site) -> None:
    site.answers["timestamp.json"] = endless
    with pytest.raises(RegistryRefused, match="more than it may"):
        house.client()


@pytest.mark.parametrize("answer", [trickling, silent, elsewhere, broken])
def test_a_server_that_does_not_answer_is_unreachable(
    house: House, site: Site, answer: Any
) -> None:
    site.answers["timestamp.json"] = answer
    place = Location(url=site.url, root=house.pinned(), cache=house.root / "cache")
    with pytest.raises(SourceError, match="cannot be reached"):
        open_published(place, ServerFetcher(answer=0.5, whole=0.5))


def test_an_unreachable_server_is_not_made_up_for_by_what_was_kept(
    house: House, site: Site
) -> None:
    house.client()
    site.answers["timestamp.json"] = broken
    with pytest.raises(SourceError, match="HTTP 500"):
        house.client()


def test_offline_reads_what_was_kept_and_asks_nobody(house: House, site: Site) -> None:
    with pytest.raises(SourceError, match="not among what was kept"):
        house.client(offline=True)
    house.client()
    site.asked.clear()
    found = house.client(offline=True).registry
    assert [org.name for org in found.orgs] == ["Acme"]
    seen = found.releases[0].seen
    assert seen is not None
    assert abs(seen - datetime.now(UTC)) < timedelta(minutes=1)
    assert site.asked == []


def test_offline_does_not_outlive_the_expiry(house: House) -> None:
    """As if the time had passed: what was kept says a day that is gone."""
    house.client()
    (kept,) = (house.root / "cache").glob("*/timestamp.json")
    metadata = Metadata[Any].from_file(str(kept))
    metadata.signed.expires = NOW.replace(microsecond=0) - timedelta(days=1)
    metadata.signatures.clear()
    for tuf_key in hands(*ONLINE):
        tuf_key.sign(metadata)
    metadata.to_file(str(kept))
    with pytest.raises(RegistryRefused, match="expired"):
        house.client(offline=True)


def test_a_cache_that_may_only_be_read_serves_offline(house: House) -> None:
    house.client()
    cache = house.root / "cache"
    folders = [cache, *(path for path in cache.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o500)
    try:
        assert version(house, offline=True) == 1
    finally:
        for folder in folders:
            folder.chmod(0o700)


def test_without_any_cache_the_server_is_enough(house: House) -> None:
    assert version(house, cache=None) == 1


def test_without_a_committed_root_the_first_one_is_kept(house: House, site: Site) -> None:
    place = Location(url=site.url, cache=house.root / "cache")
    found = open_published(place)
    assert found.first_use is not None
    (house.served / "root.json").write_bytes(b"{}")
    assert open_published(place).first_use == found.first_use


def test_many_clients_share_a_cache(house: House) -> None:
    root = house.pinned()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: version(house, root=root), range(16)))
    assert found == [1] * 16


HOSTILE = {
    "not TOML": b"\x00",
    "not UTF-8": b"\xff\xfe",
    "nested too deep": b"x = " + b"[" * 100_000,
    "a table of another kind": b"version = 1\nname = 7\n",
    "an unknown key": b'version = 1\nname = "x"\ntrust = "me"\n',
    "another version": b'version = 2\nname = "x"\n',
    "a huge number": b"version = " + b"9" * 10_000,
    "a root that is not published": (
        b'version = 1\nname = "x"\n[[sigstore]]\nname = "p"\ntrusted_root = "../root.json"\n'
    ),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_toml_is_an_error_and_no_traceback(house: House, kind: str) -> None:
    house.put(Content(registry=house.client().registry, files={"trust.toml": HOSTILE[kind]}))
    with pytest.raises(ConfigError):
        house.client()


def test_a_registry_without_its_file_is_an_error(house: House) -> None:
    house.put(Content(registry=house.client().registry, files={}))
    with pytest.raises(ConfigError, match="not published"):
        house.client()


def test_a_snapshot_may_not_leave_the_registry_out(house: House) -> None:
    def change(metadata: Metadata[Any]) -> None:
        metadata.signed.meta = {"other.json": MetaFile(version=1)}

    house.bend("1.snapshot.json", change, *ONLINE)
    with pytest.raises((RegistryRefused, SourceError)):
        house.client()


@pytest.mark.parametrize(("mode", "kept"), [(0o700, True), (0o770, False), (0o707, False)])
def test_a_cache_that_others_may_write_is_not_used(house: House, mode: int, kept: bool) -> None:
    cache = house.root / "cache"
    cache.mkdir()
    cache.chmod(mode)
    assert may_keep(cache) is kept
    house.client()
    assert any(cache.iterdir()) is kept


def test_a_page_of_somebody_else_is_no_registry(house: House, site: Site) -> None:
    """A login page says nothing against the registry."""

    def page(handler: Any) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(b"<html>Sign in</html>")

    site.answers["timestamp.json"] = page
    with pytest.raises(SourceError, match="something else than a registry"):
        house.client()
