"""The bill of materials as CycloneDX JSON: what the library has words for.

The door to cyclonedx-python-lib, which the extra `bom` brings. Files, data, steps and what is left
open are laid beside (`pieces`): the library has no words for most of them, and sorts the others.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version
from typing import Any

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.contact import OrganizationalContact
from cyclonedx.model.license import DisjunctiveLicense, License, LicenseExpression
from cyclonedx.model.lifecycle import LifecyclePhase, PredefinedLifecycle
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

from provenance.errors import ConfigError
from provenance.lock import Entry
from provenance.names import DIGEST
from provenance.produce.bom import pieces
from provenance.produce.bom.bill import Ancestor, Bill, Billed, Family, spelled

OLDEST = "1.6"
"""The first with words for data, steps and what is left open that tools read today."""
TOOL = "hf-provenance"
NAMESPACE = uuid.UUID("6a1a2a1e-7c0f-5a39-9d0c-3a1c5b7f2d11")


def schema(name: str | None) -> SchemaVersion:
    """The version of CycloneDX that is called so, else the newest; ConfigError for no such."""
    known = [version for version in SchemaVersion if version.to_version() >= OLDEST]
    texts = {version.to_version(): version for version in known}
    if name is None:
        return max(known, key=lambda version: version.to_version())
    if name not in texts:
        listed = ", ".join(sorted(texts))
        raise ConfigError(f"expected one of {listed}; found {name!r}", path="--spec")
    return texts[name]


def document(bill: Bill, asked: SchemaVersion | None = None) -> str:
    """The bill of materials as JSON; one that says the same has the same serial number."""
    family = Family.of(bill)
    bom = Bom(
        components=[
            *(_model(one, family) for one in bill.models),
            *map(_brought, bill.brought),
            *map(_ancestor, family.ancestors.values()),
        ],
    )
    bom.metadata.timestamp = bill.at
    bom.metadata.lifecycles.add(PredefinedLifecycle(phase=LifecyclePhase.POST_BUILD))
    bom.metadata.tools.components.add(
        Component(
            type=ComponentType.APPLICATION,
            name=TOOL,
            version=version(TOOL),
            purl=PackageURL("pypi", None, TOOL, version(TOOL)),
        )
    )
    if bill.author:
        bom.metadata.authors.add(OrganizationalContact(name=spelled(bill.author)))
    else:
        bom.metadata.properties.update(_properties({"unknown": ["author: nobody is named"]}))
    written = make_outputter(bom, OutputFormat.JSON, asked or schema(None)).output_as_string()
    whole: dict[str, Any] = json.loads(written)
    whole = pieces.laid_beside(whole, bill, family)
    said = {name: value for name, value in whole.items() if name != "serialNumber"}
    said["metadata"] = {k: v for k, v in whole["metadata"].items() if k != "timestamp"}
    whole["serialNumber"] = uuid.uuid5(NAMESPACE, json.dumps(said, sort_keys=True)).urn
    return json.dumps(whole, indent=2, ensure_ascii=False)


def _model(one: Billed, family: Family) -> Component:
    entry = one.entry
    words = {
        "manifest" if one.measured else "declared_manifest": entry.selected,
        "verdict": entry.verdict,
        "profile": entry.profile,
        "mirror_of": entry.mirror_of or "",
        "source": entry.source or "",
        "signer": ", ".join(sorted({signer.identity for signer in entry.signers})),
        "parent": [step.words for step in family.steps.values() if step.child == one.ref],
        "exception": [f"{f.rule} {f.where}: {f.waived}" for f in entry.findings if f.waived],
        "unknown": one.unknown,
    }
    made = _component(entry.repo or entry.name, one.ref, entry.commit or entry.selected, words)
    made.publisher = spelled(entry.organisation) or None
    made.purl = _in_store(entry.source, entry) if entry.source else _purl(entry.repo, entry.commit)
    made.licenses.update(_licences(one.licences))
    return made


def _brought(entry: Entry) -> Component:
    """What a loader fetches for a model."""
    words = {"manifest": entry.selected, "verdict": entry.verdict}
    made = _component(entry.repo or entry.name, pieces.brought(entry), entry.commit or "", words)
    made.purl = _purl(entry.repo, entry.commit)
    return made


def _ancestor(one: Ancestor) -> Component:
    """No part of what is deployed: what that was made from."""
    unknown = [] if one.manifest else ["files: no digest of its files is known"]
    if not (one.root or one.attested):
        unknown.append("training: nobody whom the registry knows attests how it was made")
    words = {
        "manifest": one.manifest,
        "root": "a root of the registry" if one.root else "",
        "unknown": unknown,
    }
    made = _component(one.repo, one.ref, one.commit or one.manifest, words)
    made.scope = ComponentScope.EXCLUDED
    made.purl = _purl(one.repo, one.commit or None)
    return made


def _component(
    repo: str, ref: str, revision: str, words: Mapping[str, str | Iterable[str]]
) -> Component:
    group, slash, name = repo.partition("/")
    return Component(
        type=ComponentType.MACHINE_LEARNING_MODEL,
        bom_ref=ref,
        group=spelled(group) if slash else None,
        name=spelled(name if slash else repo),
        version=revision or None,
        properties=_properties(words),
    )


def _licences(stated: Iterable[str]) -> Iterator[License]:
    """Each as it is stated; expressions beside others by their text, for one alone may stand."""
    made = [LicenseFactory().make_from_string(text) for text in map(spelled, stated) if text]
    for one in made:
        if isinstance(one, LicenseExpression) and len(made) > 1:
            yield DisjunctiveLicense(name=one.value)
        else:
            yield one


def _properties(words: Mapping[str, str | Iterable[str]]) -> list[Property]:
    return [
        Property(name=f"{pieces.PREFIX}{name}", value=spelled(value))
        for name, values in words.items()
        for value in ([values] if isinstance(values, str) else values)
        if value
    ]


def _purl(repo: str | None, commit: str | None) -> PackageURL | None:
    group, slash, name = (repo or "").partition("/")
    return PackageURL("huggingface", group, name, commit) if slash and group and name else None


def _in_store(source: str, entry: Entry) -> PackageURL | None:
    """Where a model lies that is on no Hub, as far as purl has a type for that place: oci."""
    scheme, _, place = source.partition("://")
    if scheme != "oci":
        return None
    tag = entry.revision if entry.revision and not DIGEST.fullmatch(entry.revision) else ""
    words = {"repository_url": place, **({"tag": tag} if tag else {})}
    return PackageURL("oci", None, place.rpartition("/")[2], entry.commit, words)
