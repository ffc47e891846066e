"""A signed summary before those who consume it: @sigstore/verify, and in-toto's own messages."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
import tomli_w
from google.protobuf.json_format import ParseDict
from in_toto_attestation.predicates.vsa.v1.vsa_pb2 import VerificationSummary
from in_toto_attestation.v1.statement_pb2 import Statement

from tests import forge
from tests.interop.servers import ours, told

pytestmark = pytest.mark.interop
CONSUMER = Path(__file__).parent / "consumer.cjs"


@pytest.fixture
def summary(tmp_path: Path) -> Path:
    """A model that passes, and the file of its summary, signed by `gate`."""
    forge.sign(forge.write(tmp_path / "m"), forge.TufKey(key=forge.key("release")))
    trusted = forge.registry(forge.org("Acme", forge.signer("release"), originates=True))
    (tmp_path / "trust.toml").write_text(tomli_w.dumps(trusted))
    (tmp_path / "gate.pem").write_bytes(forge.pem(forge.key("gate")))
    words = ("verify", "m", "--as", "acme/m", "--registry", "trust.toml", "--policy", "signed")
    signed = ("--format", "vsa", "--sign-key", "gate.pem", "-o", "m.vsa.json")
    ended = ours(tmp_path, *words, *signed)
    assert ended.returncode == 0, ended.stderr
    return tmp_path / "m.vsa.json"


def consumed(summary: Path, signer: str) -> subprocess.CompletedProcess[str]:
    """What @sigstore/verify makes of it, which knows that signer's key."""
    (summary.parent / "key.pub").write_text(forge.key(signer).public.pem)
    modules = told("PROVENANCE_SIGSTORE") / "node_modules"
    return subprocess.run(
        ["node", CONSUMER, summary, summary.parent / "key.pub"],
        env={"PATH": os.environ["PATH"], "NODE_PATH": str(modules)},
        capture_output=True,
        text=True,
    )


def test_who_knows_the_key_reads_every_field(summary: Path) -> None:
    ended = consumed(summary, "gate")
    assert ended.returncode == 0, ended.stderr
    statement = json.loads(ended.stdout)
    assert ParseDict(statement, Statement()).predicate_type.endswith("/verification_summary/v1")
    predicate = statement["predicate"]
    # Later than those messages, and a list in the specification where they have one text.
    assert list(predicate["verifier"].pop("version")) == ["hf-provenance"]
    assert predicate.pop("verifiedLevels") == ["PROVENANCE_SIGNED"]
    read = ParseDict(predicate, VerificationSummary())
    assert (read.verifier.id, read.verification_result) == ("pkg:pypi/hf-provenance", "PASSED")
    assert len(read.policy.digest["sha256"]) == 64


def test_another_key_is_refused(summary: Path) -> None:
    ended = consumed(summary, "other")
    assert ended.returncode != 0
    assert "signature verification failed" in ended.stderr
