"""What is kept of a mirror's origin: in the lockfile, and in all that is written about it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provenance.lock import Entry, Part
from provenance.workspace import lockfile
from tests import forge
from tests.hub import Hub
from tests.hubs import FILES, UNSIGNED, Desk, desk, trust

MIRROR = "bank-ml/base"
OURS = {**FILES, "README.md": b"# The bank's\n"}


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Desk]:
    """A desk with a locked mirror, which has a card of its own, and its files in `there`."""
    with Hub(tmp_path) as hub:
        own = desk(tmp_path, hub)
        hub.commit(MIRROR, OURS)
        own.locked({"repo": MIRROR, "mirror_of": f"{UNSIGNED}@{hub.commit(UNSIGNED, FILES)}"})
        forge.write(own.folder / "there", OURS)
        yield own


def entries(own: Desk) -> tuple[Entry, Entry]:
    """The mirror and its origin as they are locked."""
    mirror, origin = lockfile.load(own.lock).entries
    assert (mirror.part, origin.part) == (Part.MODEL, Part.ANCESTOR)
    return mirror, origin


def test_the_origin_is_locked_as_an_ancestor(own: Desk) -> None:
    mirror, origin = entries(own)
    assert (origin.name, origin.repo, origin.organisation) == (mirror.mirror_of, UNSIGNED, "Free")
    assert origin.facts
    assert origin.facts.repo_id == own.hub.repo_id(UNSIGNED)
    assert own.run("lock", "--check").returncode == 0
    ended = own.run("verify", "there", "--lock", "--offline")
    assert (ended.returncode, origin.name in ended.stdout) == (0, True), ended.stdout


@pytest.mark.parametrize("kind", ["repo", "commit", "manifest"])
def test_what_is_revoked_of_the_origin_reaches_a_directory(own: Desk, kind: str) -> None:
    """Whose own manifest is another, for its card; nobody is asked."""
    _, origin = entries(own)
    value = getattr(origin, kind)
    own.trust(trust(revoked=[{kind: value, "reason": "a backdoor"}]))
    own.hub.clear()
    ended = own.run("verify", "there", "--lock", "--offline")
    assert (ended.returncode, "registry/revoked" in ended.stdout) == (1, True), ended.stdout
    ended = own.run("registry", "affected")
    assert (ended.returncode, origin.name in ended.stdout) == (1, True), ended.stdout
    assert own.hub.requests == []


@pytest.mark.parametrize(
    ("said", "asked"), [({}, "None"), ({"mirror_of": f"{UNSIGNED}@{'d' * 40}"}, "dddd")]
)
def test_a_line_that_is_taken_out_is_out_of_step(
    own: Desk, said: dict[str, Any], asked: str
) -> None:
    own.settings({"repo": MIRROR, **said})
    for words in (("lock", "--in-step"), ("fetch",)):
        ended = own.run(*words)
        expected = f"{MIRROR}: mirror_of is "
        assert (ended.returncode, expected in ended.stderr) == (4, True), ended.stderr
        assert asked in ended.stderr


def test_a_line_that_is_taken_out_is_told_by_check(own: Desk) -> None:
    mirror, _ = entries(own)
    own.settings({"repo": MIRROR})
    ended = own.run("lock", "--check")
    command = f"provenance add {MIRROR} --mirror-of {mirror.mirror_of}"
    said = " ".join(ended.stdout.split())
    assert (ended.returncode, "the lockfile has it as a mirror" in said) == (1, True), said
    assert own.run(*command.split()[1:]).returncode == 0
    assert own.run("lock", "--check").returncode == 0


def test_reports_have_a_field_of_their_own(own: Desk) -> None:
    mirror, _ = entries(own)
    document = json.loads(own.run("verify", "--format", "json").stdout)
    assert [model["mirror_of"] for model in document["models"]] == [mirror.mirror_of]
    (run,) = json.loads(own.run("verify", "--format", "sarif").stdout)["runs"]
    assert run["properties"]["mirrors"] == {MIRROR: mirror.mirror_of}


def test_what_is_written_for_others_names_the_origin(own: Desk) -> None:
    mirror, _ = entries(own)
    purl = f"pkg:huggingface/{mirror.mirror_of}"
    found = json.loads(own.run("bom", "provenance.lock", "there").stdout)
    by_ref = {one["bom-ref"]: one for one in found["components"]}
    (model,) = (one for ref, one in by_ref.items() if ref.startswith("model:"))
    assert {"name": "provenance:mirror_of", "value": mirror.mirror_of} in model["properties"]
    (below,) = (row for row in found["dependencies"] if row["ref"] == model["bom-ref"])
    assert purl in [by_ref[ref].get("purl") for ref in below["dependsOn"]]
    (own.folder / "gate.pem").write_bytes(forge.pem(forge.key("gate")))
    signs = ("--format", "vsa", "--sign-key", "gate.pem")
    ended = own.run("verify", "there", "--lock", "--offline", *signs)
    assert ended.returncode == 0, ended.stderr
    payload = json.loads(ended.stdout)["dsseEnvelope"]["payload"]
    assert json.loads(base64.b64decode(payload))["predicate"]["provenance_mirrorOf"] == purl


def test_a_review_says_that_it_is_another_ones_mirror_now(own: Desk) -> None:
    mirror, _ = entries(own)
    before = own.folder / "before.lock"
    before.write_text(own.lock.read_text())
    commit = own.hub.commit(UNSIGNED, {"NOTICE": b"words\n"})
    own.locked({"repo": MIRROR, "mirror_of": f"{UNSIGNED}@{commit}"})
    ended = own.run("diff", "before.lock", "provenance.lock")
    said = " ".join(ended.stdout.split())
    assert f"{mirror.mirror_of} → {UNSIGNED}@{commit}" in said, ended.stdout
