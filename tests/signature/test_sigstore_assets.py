"""Bundles of every version with the verdicts that sigstore itself gave, at both instances."""

from __future__ import annotations

from pathlib import Path

import pytest

from provenance.errors import Malformed
from provenance.keys import Certificate
from provenance.signature import keyless
from provenance.trust import Identity, Sigstore
from provenance.wire import bundle as bundles
from provenance.wire.bundle import Fulcio

FOLDER = "sigstore/sigstore-python-assets"
INSTANCES = ("prod", "staging")

# Refused although sigstore accepts it: one of its two clocks is in no trust root, and a timestamp
# that does not hold is not the same as none.
REFUSED = {"tsa/bundle.txt.sigstore"}


def rows(corpus: Path) -> list[tuple[Path, dict[str, str], str, str]]:
    """Each bundle that is here and has a verdict: file, verdict by instance, identity, issuer."""
    found = []
    for line in (corpus / f"{FOLDER}.tsv").read_text().splitlines():
        name, production, staging, identity, issuer = (line.split("\t") + [""] * 5)[:5]
        file = corpus / FOLDER / name
        if file.exists() and "FileNotFound" not in production:
            verdicts = {"prod": production, "staging": staging}
            found.append((file, verdicts, identity, issuer))
    return found


def holds(file: Path, instance: Sigstore, entry: Identity) -> bool:
    artifact = file.with_name(file.name.removesuffix(".json").removesuffix(".sigstore"))
    try:
        bundle = bundles.parse(file.read_bytes())
        keyless.verify(bundle, instance, artifact.read_bytes())
        assert isinstance(bundle.material, Fulcio)
        return keyless.person(Certificate.from_der(bundle.material.certificate)).is_named_by(entry)
    except Malformed:
        return False


@pytest.mark.parametrize("name", INSTANCES)
def test_every_bundle_has_its_reference_verdict(corpus: Path, name: str) -> None:
    config = (corpus / f"sigstore/client_trust_config.{name}.json").read_text()
    instance = Sigstore(name=name, trusted_root=config)
    table = rows(corpus)
    assert len(table) >= 12
    for file, verdicts, identity, issuer in table:
        entry = Identity(identity=identity, issuer=issuer)
        known = str(file.relative_to(corpus / FOLDER)) in REFUSED
        expected = verdicts[name].startswith(f"{name}:OK") and not known
        assert holds(file, instance, entry) is expected, (file.name, verdicts[name])
