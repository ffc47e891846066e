"""Signatures as a later version of their specifications may have them: read, or not understood, and
never called broken."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from provenance.judgement import judge
from provenance.model import Ref
from provenance.policy import Policy, Settings
from provenance.source import directory
from provenance.trust import Registry
from tests import forge

LATER: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "a field more in the statement": ({"statement": {"since": "2027"}}, "signature/pass"),
    "statements of version 2": (
        {"statement": {"_type": "https://in-toto.io/Statement/v2"}},
        "signature/unsupported",
    ),
    "bundles of version 0.4": (
        {"bundle": {"mediaType": "application/vnd.dev.sigstore.bundle.v0.4+json"}},
        "signature/unsupported",
    ),
    "another kind of statement": (
        {"statement": {"predicateType": "https://acme.example/audit/v1"}},
        "signature/malformed",
    ),
    "a kind of signature that nobody knows": (
        {"statement": {"predicateType": "https://model_signing/seal/v1"}},
        "signature/malformed",
    ),
    "no statement at all": (
        {"statement": {"_type": "https://acme.example/v1"}},
        "signature/malformed",
    ),
}


@pytest.mark.parametrize("name", LATER)
def test_what_a_later_version_says_is_not_called_broken(tmp_path: Path, name: str) -> None:
    bends, expected = LATER[name]
    place = forge.write(tmp_path / "m")
    forge.sign(place, forge.TufKey(key=forge.key("release"), **bends))
    evidence = directory.collect(place, ref=Ref(text="m", repo="acme/m"), at=forge.NOW)
    org = forge.org("Acme", forge.signer("release"))
    registry = Registry.from_table(forge.registry(org), source="trust.toml")
    found = judge(evidence, Policy.of(Settings(), profile="signed"), registry).findings
    assert [one.rule for one in found if one.check == "signature"] == [expected]
