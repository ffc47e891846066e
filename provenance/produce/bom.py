"""A CycloneDX bill of materials of locked models: files, ancestors with their tiers, licences.

The door to cyclonedx-python-lib, which the extra `bom` brings.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from cyclonedx.factory.license import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType, Pedigree
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

from provenance.errors import ConfigError
from provenance.lock import Entry, LockedParent, dumps
from provenance.lock.model import Lock
from provenance.names import DIGEST

NEWEST = max(SchemaVersion, key=lambda version: version.to_version())
OLDEST = "1.5"
"""The first with a type for models."""
NAMESPACE = uuid.UUID("6a1a2a1e-7c0f-5a39-9d0c-3a1c5b7f2d11")
PREFIX = "provenance:"


def schema(name: str | None) -> SchemaVersion:
    """The version of CycloneDX that is called so, else the newest; ConfigError for no such."""
    known = [version for version in SchemaVersion if version.to_version() >= OLDEST]
    texts = {version.to_version(): version for version in known}
    if name is None:
        return NEWEST
    if name not in texts:
        listed = ", ".join(sorted(texts))
        raise ConfigError(f"expected one of {listed}; found {name!r}", path="--spec-version")
    return texts[name]


def document(
    entries: Iterable[Entry],
    licences: Mapping[str, str],
    at: datetime,
    version: SchemaVersion = NEWEST,
) -> str:
    """The bill of materials as JSON; `licences` are what models say, by their names.

    The same entries have the same serial number.
    """
    chosen = tuple(entries)
    bom = Bom(
        serial_number=uuid.uuid5(NAMESPACE, dumps(Lock(entries=chosen))),
        components=[_model(entry, licences.get(entry.name, "")) for entry in chosen],
    )
    bom.metadata.timestamp = at
    made: str = make_outputter(bom, OutputFormat.JSON, version).output_as_string(indent=2)
    return made


def _model(entry: Entry, licence: str) -> Component:
    group, _, name = (entry.repo or "").partition("/")
    words = {
        "manifest": entry.selected,
        "verdict": entry.verdict,
        "profile": entry.profile,
        "mirror_of": entry.mirror_of or "",
        "source": entry.source or "",
        "signer": ", ".join(sorted({signer.identity for signer in entry.signers})),
    }
    return Component(
        type=ComponentType.MACHINE_LEARNING_MODEL,
        bom_ref=f"model:{entry.name}",
        group=group or None,
        name=name or entry.name,
        version=entry.commit or entry.selected,
        supplier=None,
        publisher=entry.organisation or None,
        purl=_in_store(entry.source, entry) if entry.source else _purl(entry.repo, entry.commit),
        licenses=[LicenseFactory().make_from_string(licence)] if licence else None,
        components=[_file(entry, file.path, file.sha256) for file in entry.files.files],
        pedigree=_pedigree(entry),
        properties=list(_properties(words)),
    )


def _file(entry: Entry, path: str, digest: str) -> Component:
    return Component(
        type=ComponentType.FILE,
        bom_ref=f"file:{entry.name}/{path}",
        name=path,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
    )


def _pedigree(entry: Entry) -> Pedigree | None:
    """Whom it descends from; of a mirror first the very model that it is a copy of."""
    same = LockedParent(
        repo=entry.origin or "",
        commit=entry.origin_commit,
        relation="mirror",
        tier="",
        source="mirror_of",
    )
    parents = (*(same,) * bool(entry.mirror_of), *entry.parents)
    return Pedigree(ancestors=map(_ancestor, parents)) if parents else None


def _ancestor(parent: LockedParent) -> Component:
    group, _, name = parent.repo.partition("/")
    words = {"tier": parent.tier, "relation": parent.relation or "", "source": parent.source}
    return Component(
        type=ComponentType.MACHINE_LEARNING_MODEL,
        bom_ref=f"ancestor:{parent.repo}:{parent.source}",
        group=group if name else None,
        name=name or parent.repo,
        version=parent.commit,
        purl=_purl(parent.repo, parent.commit),
        properties=list(_properties(words)),
    )


def _properties(words: Mapping[str, str]) -> Iterator[Property]:
    return (Property(name=f"{PREFIX}{name}", value=value) for name, value in words.items() if value)


def _purl(repo: str | None, commit: str | None) -> PackageURL | None:
    group, slash, name = (repo or "").partition("/")
    return PackageURL("huggingface", group, name, commit) if slash else None


def _in_store(source: str, entry: Entry) -> PackageURL | None:
    """Where a model lies that is on no Hub, as far as purl has a type for that place: oci."""
    scheme, _, place = source.partition("://")
    if scheme != "oci":
        return None
    tag = entry.revision if entry.revision and not DIGEST.fullmatch(entry.revision) else ""
    words = {"repository_url": place, **({"tag": tag} if tag else {})}
    return PackageURL("oci", None, place.rpartition("/")[2], entry.commit, words)
