"""Fingerprints of roots: which a registry takes for its own, and what becomes of any other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from provenance.errors import ConfigError, RegistryRefused
from provenance.registry import load_all, publishing
from provenance.registry.fingerprints import MOST, digest_of, file_of
from provenance.registry.publishing import Content
from provenance.trust import Registry, Root
from provenance.workspace.bases import Bases
from provenance.workspace.own_registry import remarks
from tests import forge, weighed
from tests.registry.house import House, Site
from tests.registry.test_sections import SECTION, delegating, publish_section


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return weighed.model(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return weighed.model(tmp_path_factory.mktemp("other"), seed=1)


def root(base: Path, data: bytes, repo: str = "acme/base") -> dict[str, Any]:
    return {"repo": repo, "manifest": weighed.manifest(base), "fingerprint": digest_of(data)}


def written(folder: Path, row: Mapping[str, Any], data: bytes | None) -> Path:
    """A registry in a folder, which names the fingerprint; what lies in its place."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "trust.toml"
    file.write_text(tomli_w.dumps(forge.registry(forge.org("Acme", root=[row]))))
    if data is not None:
        place = folder / file_of(Root(repo="", fingerprint=row["fingerprint"]))
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(data)
    return file


def read(file: Path) -> tuple[tuple[str, bytes], ...]:
    bases = Bases(loaded=load_all((str(file), "builtin"), Path()))
    return tuple((document.path, document.data) for document in bases.documents)


def problems(file: Path) -> dict[str, str]:
    return {r.rule: r.message for r in remarks(file) if r.rule == "unusable-fingerprint"}


def test_the_file_beside_the_registry_is_read_by_its_digest(tmp_path: Path, base: Path) -> None:
    data = weighed.fingerprint(base)
    file = written(tmp_path, root(base, data), data)
    assert read(file) == (("acme/base@public", data),)
    assert not problems(file)
    registry = load_all((str(file),), Path()).registry
    found = registry.fingerprinted(digest_of(data))
    assert found
    assert (found.repo, registry.fingerprinted(digest_of(b""))) == ("acme/base", None)


LIES: Mapping[str, tuple[Callable[[Path, Path], tuple[dict[str, Any], bytes | None]], bool, str]]
LIES = {
    "it is missing": (lambda b, o: (root(b, weighed.fingerprint(b)), None), False, "No such file"),
    "another lies there": (
        lambda b, o: (root(b, weighed.fingerprint(b)), weighed.fingerprint(o)),
        False,
        "is another file than the registry names",
    ),
    "it is too long": (lambda b, o: (root(b, bytes(MOST + 1)), bytes(MOST + 1)), False, "16 MiB"),
    "it is none": (lambda b, o: (root(b, b"x"), b"x"), True, "cannot be read as"),
    "it is of other files": (
        lambda b, o: (root(b, weighed.fingerprint(o)), weighed.fingerprint(o)),
        True,
        "is the fingerprint of",
    ),
    "it is a secret": (
        lambda b, o: (
            root(b, weighed.fingerprint(b, secret=weighed.SECRET)),
            weighed.fingerprint(b, secret=weighed.SECRET),
        ),
        True,
        "never published",
    ),
}


@pytest.mark.parametrize("what", LIES)
def test_what_is_not_it_is_found_and_never_published(
    tmp_path: Path, base: Path, other: Path, what: str
) -> None:
    make, readable, says = LIES[what]
    file = written(tmp_path, *make(base, other))
    assert says in problems(file)["unusable-fingerprint"]
    with pytest.raises(ConfigError, match=says):
        publishing.content(file, None)
    if not readable:
        with pytest.raises(ConfigError, match=says):
            read(file)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with Site(tmp_path / "served") as site:
        yield House(root=tmp_path, url=site.url)


def published(house: House) -> Bases:
    client = house.client()
    from provenance.registry import Loaded

    return Bases(loaded=Loaded(registry=client.registry, keepers=(client,)))


def test_it_is_published_with_the_registry_and_kept(house: House, base: Path) -> None:
    data = weighed.fingerprint(base)
    written(house.file.parent, root(base, data), data)
    house.publish()
    (document,) = published(house).documents
    assert (document.path, document.data) == ("acme/base@public", data)
    offline = house.client(offline=True)
    (kept,) = offline.registry.orgs[0].roots
    assert offline.fingerprint(kept) == data


def test_a_server_that_has_another_is_refused(house: House, base: Path) -> None:
    data = weighed.fingerprint(base)
    row = root(base, data)
    file = written(house.file.parent, row, data)
    whole = publishing.content(file, None)
    name = file_of(Root(repo="", fingerprint=row["fingerprint"]))
    house.put(Content(registry=whole.registry, files={**whole.files, name: b"other"}))
    with pytest.raises(RegistryRefused, match="is another file"):
        _ = published(house).documents
    house.put(Content(registry=whole.registry, files={**whole.files, name: bytes(MOST + 1)}))
    with pytest.raises(RegistryRefused, match="bytes"):
        _ = published(house).documents


def section(house: House, base: Path, beside: Callable[[str], dict[str, bytes]]) -> Bases:
    """What a client has of a section that names a fingerprint, and publishes `beside` with it."""
    house.publish(delegating())
    data = weighed.fingerprint(base, "lab/base")
    row = root(base, data, "lab/base")
    name = file_of(Root(repo="", fingerprint=row["fingerprint"], section="lab"))
    text = tomli_w.dumps({**SECTION, "root": [row]}).encode()
    publish_section(house, {}, files={"sections/lab.toml": text, **beside(name)})
    return published(house)


def test_a_section_publishes_its_own(house: House, base: Path) -> None:
    data = weighed.fingerprint(base, "lab/base")
    bases = section(house, base, lambda name: {name: data})
    assert [document.path for document in bases.documents] == ["lab/base@public"]
    assert not bases.left


STRAY: Mapping[str, Callable[[str], dict[str, bytes]]] = {
    "nowhere": lambda name: {},
    "where the registry's own lie": lambda name: {name.replace("/lab/", "/"): b"x"},
    "as another file": lambda name: {name: b"x"},
}


@pytest.mark.parametrize("where", STRAY)
def test_what_is_wrong_with_a_sections_own_harms_nobody_else(
    house: House, base: Path, where: str
) -> None:
    bases = section(house, base, STRAY[where])
    assert bases.documents == ()
    (said,) = bases.left.values()
    assert said.startswith("the fingerprint of lab/base cannot be used")


def test_a_fingerprint_needs_the_manifest_that_it_is_of() -> None:
    table = forge.registry(
        forge.org("Acme", root=[{"repo": "acme/base", "fingerprint": digest_of(b"")}])
    )
    with pytest.raises(ConfigError, match=r"root\[0\].manifest: missing"):
        Registry.from_table(table, source="trust.toml")
