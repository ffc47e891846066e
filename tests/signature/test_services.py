"""Services of a trusted root count while they are in service, and roots are read as they come.

Real bundles of the conformance suite are held against roots that were bent.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from provenance.errors import Malformed, TrustError
from provenance.keys import Certificate, PublicKey
from provenance.signature import keyless, managed, roots
from provenance.trust import Registry, Sigstore
from provenance.wire import bundle as bundles
from provenance.wire.bundle import Fulcio

SUITE = "sigstore/conformance"
REKOR_1, REKOR_2, BY_KEY = "happy-path-v0.3", "rekor2-dsse-happy-path", "managed-key-happy-path"
SECOND = timedelta(seconds=1)
Root = dict[str, Any]


def root_of(case: Path) -> Root:
    own = case / "trusted_root.json"
    public = roots.instances(Registry(name="nobody"))[0].trusted_root
    value: Root = json.loads(own.read_text() if own.exists() else public)
    return value


def verify(case: Path, root: Root) -> tuple[datetime, ...]:
    bundle = bundles.parse((case / "bundle.sigstore.json").read_bytes())
    text, artifact = json.dumps(root), (case.parent / "a.txt").read_bytes()
    if isinstance(bundle.material, Fulcio):
        return keyless.verify(bundle, Sigstore(name="one", trusted_root=text), artifact)
    key = PublicKey.from_pem((case / "key.pub").read_text())
    logs, clocks = roots.logs(text), roots.clocks(text)
    return managed.verify(bundle, key, logs=logs, clocks=clocks, artifact=artifact)


def periods(root: Root, service: str) -> list[Root]:
    items = [item.get("publicKey", item) for item in root[service]]
    return [item.setdefault("validFor", {}) for item in items]


def certified(case: Path) -> datetime:
    """When the certificate of a keyless bundle was made: the CT log's promise is of that second."""
    material = bundles.parse((case / "bundle.sigstore.json").read_bytes()).material
    assert isinstance(material, Fulcio)
    ((_, moment),) = Certificate.from_der(material.certificate).promises
    return moment


SERVICES = [
    (REKOR_1, "certificateAuthorities"),
    (REKOR_1, "ctlogs"),
    (REKOR_1, "tlogs"),
    (REKOR_2, "certificateAuthorities"),
    (REKOR_2, "ctlogs"),
    (REKOR_2, "tlogs"),
    (REKOR_2, "timestampAuthorities"),
    (BY_KEY, "tlogs"),
]


@pytest.mark.parametrize(("name", "service"), SERVICES)
def test_a_service_counts_until_its_end_and_from_its_start(
    corpus: Path, name: str, service: str
) -> None:
    case = corpus / SUITE / name
    signed = verify(case, root_of(case))[0]
    moment = certified(case) if service == "ctlogs" else signed
    for end, start, holds in (
        (moment, moment, True),
        (moment - SECOND, moment - 2 * SECOND, False),
        (moment + 2 * SECOND, moment + SECOND, False),
    ):
        root = root_of(case)
        for period in periods(root, service):
            period |= {"start": start.isoformat(), "end": end.isoformat()}
        if holds:
            assert verify(case, root)
        else:
            with pytest.raises(Malformed, match="served"):
                verify(case, root)


@pytest.mark.parametrize(("name", "service"), SERVICES)
def test_only_what_has_certificates_serves_without_a_start(
    corpus: Path, name: str, service: str
) -> None:
    case = corpus / SUITE / name
    root = root_of(case)
    for period in periods(root, service):
        period.clear()
    if service in ("tlogs", "ctlogs"):
        with pytest.raises(Malformed, match=r"no validFor\.start"):
            verify(case, root)
    else:
        assert verify(case, root)


def nulls(value: object) -> object:
    """The value with a null in every object of it, beside what stands there."""
    match value:
        case dict():
            return (
                {name: nulls(item) for name, item in value.items()}
                | {"end": None}
                | ({"end": value["end"]} if "end" in value else {})
            )
        case list():
            return [nulls(item) for item in value]
    return value


@pytest.mark.parametrize("name", [REKOR_1, REKOR_2, BY_KEY])
def test_a_null_is_an_absent_field(corpus: Path, name: str) -> None:
    case = corpus / SUITE / name
    root = nulls(root_of(case))
    assert isinstance(root, dict)
    assert verify(case, root) == verify(case, root_of(case))


@pytest.mark.each("reports/signatures/null_*.json")
def test_the_reported_roots_are_read(each: Path) -> None:
    root = roots.read(each.read_text())
    assert len(root.logs) == len(root.ct_logs) == len(root.issuers) == len(root.clocks) == 1


@pytest.mark.parametrize("service", ["tlogs", "ctlogs"])
@pytest.mark.parametrize("name", [REKOR_1, REKOR_2])
def test_a_log_that_no_root_has_makes_the_roots_stale(
    corpus: Path, name: str, service: str
) -> None:
    case = corpus / SUITE / name
    root = root_of(case) | {service: []}
    with pytest.raises(Malformed, match="roots are older than the signature") as found:
        verify(case, root)
    assert found.value.slug == "stale-root"


def test_an_authority_that_no_root_has_is_somebody_else_s(corpus: Path) -> None:
    case = corpus / SUITE / REKOR_1
    with pytest.raises(Malformed, match="did not issue the certificate"):
        verify(case, root_of(case) | {"certificateAuthorities": []})


BAD_ROOTS = {
    "no JSON": "{",
    "a list": "[]",
    "a name twice": '{"tlogs": [], "tlogs": []}',
    "a log without a key": '{"tlogs": [{}]}',
    "a chain without certificates": '{"timestampAuthorities": [{"certChain": {"certificates": '
    "[]}}]}",
    "a certificate that is none": '{"certificateAuthorities": [{"certChain": {"certificates":'
    ' [{"rawBytes": "AAAA"}]}}]}',
    "half a surrogate pair": '{"tlogs": [{"baseUrl": "\\ud800"}]}',
}


@pytest.mark.parametrize("text", BAD_ROOTS.values(), ids=BAD_ROOTS.keys())
def test_what_is_no_root_is_named(text: str) -> None:
    with pytest.raises(TrustError, match="trusted root"):
        roots.read(text)
