"""What `registry check` approves, `verify` can use: services are read by the same readers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from provenance.signature import roots, unusable
from provenance.trust import Registry
from tests import forge
from tests.clocks import CLOCK, ROOT

Root = dict[str, Any]


def public_good() -> Root:
    value: Root = json.loads(roots.instances(Registry(name="nobody"))[0].trusted_root)
    return value


def registry(root: Root | None = None, *clock: Any) -> Registry:
    fields: dict[str, Any] = {}
    if root is not None:
        fields["sigstore"] = [{"name": "own", "trusted_root": json.dumps(root)}]
    if clock:
        fields["timestamp_authority"] = [{"certificates": forge.certificate_pem(*clock)}]
    return Registry.from_table(forge.registry(**fields), source="trust.toml")


def without_start(root: Root) -> None:
    for log in root["tlogs"]:
        log["publicKey"]["validFor"] = {"start": None}


BENT: dict[str, tuple[Callable[[Root], object], str]] = {
    "a key that is none": (
        lambda root: root["tlogs"][0]["publicKey"].update(rawBytes="AAAA"),
        "not a DER public key",
    ),
    "a time that is none": (
        lambda root: root["ctlogs"][0]["publicKey"]["validFor"].update(end="soon"),
        "'soon' is not a time",
    ),
    "a chain that is none": (
        lambda root: root["certificateAuthorities"][0].update(certChain={"certificates": []}),
        "names no certificate",
    ),
    "a field that sigstore cannot read": (
        lambda root: root["tlogs"][0].update(hashAlgorithm="MD4"),
        "sigstore cannot read",
    ),
    "logs that never serve": (without_start, "no transparency log with a validFor.start"),
    "no certificate log": (lambda root: root.update(ctlogs=[]), "no certificate log"),
    "nobody who issues": (
        lambda root: root.update(certificateAuthorities=None),
        "no certificate authority",
    ),
}


@pytest.mark.parametrize("name", BENT)
def test_a_root_that_verify_cannot_use_is_a_problem(name: str) -> None:
    bend, said = BENT[name]
    root = public_good()
    bend(root)
    ((where, message),) = unusable(registry(root))
    assert where == "own"
    assert said in message


def test_the_public_good_root_is_usable() -> None:
    assert not list(unusable(registry(public_good(), CLOCK, ROOT)))


CLOCKS = {
    "the root first": ((ROOT, CLOCK), "stands first and is not for timestamps"),
    "another root": ((CLOCK, forge.certificate("nobody", ca=True)), "did not issue"),
    "a leaf for code": ((forge.certificate("leaf", "acme-root"),), "is not for timestamps"),
}


@pytest.mark.parametrize("name", CLOCKS)
def test_a_clock_that_verify_cannot_use_is_a_problem(name: str) -> None:
    certificates, said = CLOCKS[name]
    found = dict(unusable(registry(None, *certificates)))
    assert found.keys() == {"timestamp_authority[0]"}
    assert any(said in message for _, message in unusable(registry(None, *certificates)))
