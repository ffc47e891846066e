"""When a release counts as another than the locked one, and what makes it newer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from provenance.case.case import Case
from provenance.case.changes import signature_changes
from provenance.entries import entry_of
from provenance.judgement import evaluate
from provenance.lock import Entry
from provenance.model import Evidence, Ref
from provenance.policy import Model, Policy, Settings
from provenance.signature import Moments, Window
from provenance.source import directory
from provenance.trust import Registry
from tests import forge

REPO = "acme/bot"
NOW, DAY = forge.NOW, forge.DAY
POLICY = Policy.of(Settings(), Model(name=REPO, repo=REPO))
REGISTRY = Registry.from_table(
    forge.registry(forge.org("Acme", forge.signer("release"), originates=True)), source="trust.toml"
)
LOCKED = NOW - 10 * DAY


def signed(folder: Path, files: Mapping[str, bytes], beside: Mapping[str, bytes]) -> Evidence:
    """A model with a signature over `files`, and more `beside` it that nobody signed."""
    forge.sign(forge.write(folder, files), forge.TufKey(key=forge.key("release")))
    forge.write(folder, beside)
    return directory.collect(folder, ref=Ref(text=REPO, repo=REPO), at=NOW)


def entry(evidence: Evidence) -> Entry:
    """The entry of a release that was stamped ten days ago."""
    made = entry_of(REPO, evaluate(evidence, POLICY, REGISTRY))
    return replace(made, signers=tuple(replace(signer, time=LOCKED) for signer in made.signers))


def found(evidence: Evidence, locked: Entry, moments: Moments) -> dict[str, str]:
    case = Case.heard(evidence, POLICY, REGISTRY)
    publisher_signatures = tuple(
        replace(vouch, attestation=replace(vouch.attestation, moments=moments))
        for vouch in case.publisher_signatures
    )
    changed = signature_changes(
        replace(case, publisher_signatures=publisher_signatures, locked=locked)
    )
    return {finding.rule: finding.outcome for finding in changed}


UNSIGNED = {"LICENSE": b"x"}
SIGNED = {name: data for name, data in forge.MODEL.items() if name != "README.md"}


@pytest.mark.parametrize(
    ("files", "beside", "is_same"),
    [
        (SIGNED, UNSIGNED, True),
        (SIGNED, {"LICENSE": b"y"}, True),
        (SIGNED, {**UNSIGNED, "NOTICE": b"z"}, True),
        ({**SIGNED, "config.json": b"{}"}, UNSIGNED, False),
        ({**SIGNED, "added.json": b"{}"}, UNSIGNED, False),
        ({n: d for n, d in SIGNED.items() if n != "tokenizer.json"}, UNSIGNED, False),
    ],
)
@pytest.mark.parametrize("stamps", [(), (NOW - 300 * DAY,), (NOW - DAY,)], ids=["no", "old", "new"])
def test_the_same_release_needs_no_date_and_another_needs_one_that_was_signed(
    tmp_path: Path,
    files: Mapping[str, bytes],
    beside: Mapping[str, bytes],
    is_same: bool,
    stamps: tuple[datetime, ...],
) -> None:
    locked = entry(signed(tmp_path / "before", SIGNED, UNSIGNED))
    after = signed(tmp_path / "after", files, beside)
    rules = found(after, locked, Moments(not_later_than=stamps))
    assert rules.keys() == (set() if is_same else {"signature/rollback"})


@pytest.mark.parametrize(
    ("earliest", "latest", "outcome"),
    [(-20, -19, "fail"), (-20, -5, "unknown"), (-10, -9, None), (-5, -4, None)],
)
def test_another_release_is_dated_by_its_certificate(
    tmp_path: Path, earliest: int, latest: int, outcome: str | None
) -> None:
    """By days from now, where the locked one was signed ten days ago."""
    locked = entry(signed(tmp_path / "before", SIGNED, {}))
    after = signed(tmp_path / "after", {**SIGNED, "config.json": b"{}"}, {})
    window = Window(earliest=NOW + earliest * DAY, latest=NOW + latest * DAY)
    expected = {"signature/rollback": outcome} if outcome else {}
    assert found(after, locked, Moments(validity=window)) == expected


def test_where_the_lock_has_no_time_nothing_has_to_be_newer(tmp_path: Path) -> None:
    locked = entry(signed(tmp_path / "before", SIGNED, {}))
    undated = replace(locked, signers=tuple(replace(s, time=None) for s in locked.signers))
    after = signed(tmp_path / "after", {**SIGNED, "config.json": b"{}"}, {})
    assert found(after, undated, Moments()) == {}
