"""Bundles that are attached to an artifact, and what is none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from provenance.source.limits import Limits
from tests import forge
from tests.hubs import FILES, signed
from tests.oci import artifacts
from tests.oci.artifacts import BUNDLE, EMPTY, attached, digest_of, layer
from tests.oci.asked import downloaded, gathered, seen
from tests.oci.server import INDEX, MANIFEST, Answer, Registry

IN_TOTO = "https://in-toto.io/Statement/v1"


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry() as made:
        yield made


@pytest.fixture
def bundle(tmp_path: Path) -> bytes:
    """A signature over the files."""
    return signed(tmp_path / "signed")["model.sig"]


def of_manifest(digest: str, predicate_type: str) -> bytes:
    """A bundle with a statement about a manifest, as cosign and GitHub make it."""
    document = {
        "_type": IN_TOTO,
        "subject": [{"name": "m", "digest": {"sha256": digest.removeprefix("sha256:")}}],
        "predicateType": predicate_type,
        "predicate": {},
    }
    return json.dumps(forge.bundle_of(document, forge.TufKey(key=forge.key("release")))).encode()


@pytest.mark.parametrize("by_tag", [False, True])
def test_a_signature_of_the_files_counts(
    registry: Registry, bundle: bytes, tmp_path: Path, by_tag: bool
) -> None:
    registry.serves_referrers = not by_tag
    attached(registry, artifacts.raw(registry, FILES), bundle, by_tag=by_tag)
    evidence = gathered(registry)
    assert ([one.data for one in evidence.bundles], seen(evidence)) == ([bundle], set())
    (document,) = evidence.bundles
    assert downloaded(registry, tmp_path / "files") == FILES
    assert document.path.endswith(".sigstore.json")


@pytest.mark.parametrize(
    "predicate_type", ["https://sigstore.dev/cosign/sign/v1", "https://slsa.dev/provenance/v1"]
)
def test_a_statement_about_the_manifest_is_none_about_files(
    registry: Registry, predicate_type: str
) -> None:
    digest = artifacts.raw(registry, FILES)
    attached(registry, digest, of_manifest(digest, predicate_type))
    evidence = gathered(registry)
    assert evidence.bundles == ()
    ((code, detail),) = {(one.code, one.detail) for one in evidence.observations}
    assert code == "foreign-signature"
    assert f"covers the manifest {digest}, and not the files" in detail


OTHERS = {
    "of cosign, as it was": (b"{}", "application/vnd.dev.cosign.simplesigning.v1+json"),
    "of notation": (b"x", "application/jose+json"),
    "no bundle": (b"{}", BUNDLE),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_bundle_proves_nothing(registry: Registry, name: str) -> None:
    data, kind = OTHERS[name]
    attached(registry, artifacts.raw(registry, FILES), data, kind)
    evidence = gathered(registry)
    assert evidence.bundles == ()
    assert {code for code, _ in seen(evidence)} == {"foreign-signature"}


def test_what_nobody_signed_is_not_looked_at(registry: Registry) -> None:
    attached(registry, artifacts.raw(registry, FILES), b"{}", "application/spdx+json")
    before = len(registry.requests)
    assert seen(gathered(registry)) == set()
    asked = [request.path for request in registry.requests[before:]]
    assert sum("/manifests/" in path for path in asked) == 1


def test_one_of_another_subject_is_not_heard(registry: Registry, bundle: bytes) -> None:
    digest = artifacts.raw(registry, FILES)
    other = attached(registry, digest_of(b"another"), bundle)
    row = {"mediaType": MANIFEST, "digest": other, "size": 1, "artifactType": BUNDLE}
    listed = json.dumps({"mediaType": INDEX, "manifests": [row]}).encode()
    registry.bend = lambda request, answer: (
        Answer(body=listed, headers={"Content-Type": INDEX})
        if request.kind == "referrers"
        else answer
    )
    assert gathered(registry).bundles == ()
    assert digest


def test_no_more_than_one_model_may_have(registry: Registry, bundle: bytes) -> None:
    digest = artifacts.raw(registry, FILES)
    for number in range(4):
        attached(registry, digest, bundle + b" " * number)
    evidence = gathered(registry, limits=Limits(bundles=3))
    assert len(evidence.bundles) == 3
    assert ("limit", "") in seen(evidence)


def test_one_that_is_too_large_is_not_fetched(registry: Registry) -> None:
    digest = artifacts.raw(registry, FILES)
    attached(registry, digest, b" " * (5 << 20))
    evidence = gathered(registry)
    assert {code for code, _ in seen(evidence)} == {"limit"}
    assert registry.traffic < 4 << 20


UNREAD = {
    "a list that is too long": (Answer(body=bytes(5 << 20)), {"limit"}),
    "a list that is none": (Answer(body=b"<html>"), {"unreadable"}),
    "a list with more pages": (
        Answer(
            body=json.dumps({"mediaType": INDEX, "manifests": []}).encode(),
            headers={"Link": '</v2/x?n=1>; rel="next"'},
        ),
        {"limit"},
    ),
}


@pytest.mark.parametrize("name", UNREAD)
def test_a_list_that_cannot_be_read_is_unknown(registry: Registry, name: str) -> None:
    found, codes = UNREAD[name]
    artifacts.raw(registry, FILES)
    registry.bend = lambda request, answer: found if request.kind == "referrers" else answer
    assert {code for code, _ in seen(gathered(registry))} == codes


def test_one_that_is_listed_and_gone_is_none(registry: Registry, bundle: bytes) -> None:
    gone = attached(registry, artifacts.raw(registry, FILES), bundle, by_tag=True)
    registry.serves_referrers = False
    del registry.manifests["models/bot", gone]
    evidence = gathered(registry)
    assert (evidence.bundles, seen(evidence)) == ((), set())


def test_a_layer_may_be_a_signature_too(registry: Registry, bundle: bytes) -> None:
    rows = [
        layer(registry, data, path=path) for path, data in {**FILES, "model.sig": bundle}.items()
    ]
    registry.manifest(artifacts.artifact(registry, rows, EMPTY), "v1")
    evidence = gathered(registry)
    assert [one.path for one in evidence.bundles] == ["model.sig"]
