"""What a lockfile keeps over the next judgement: when it was signed, and who found it wanting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from provenance.entries import entry_of
from provenance.errors import ConfigError
from provenance.judgement import Evaluation, evaluate
from provenance.lock import Entry, Lock, LockedFailure, dumps, loads
from provenance.lock.update import relocked
from provenance.model import Ref
from provenance.policy import Model, Policy, Settings
from provenance.policy.required import TEST_RESULT
from provenance.source import directory
from provenance.trust import Registry
from tests import forge

REPO = "acme/bot"
NOW, DAY = forge.NOW, forge.DAY
REGISTRY = Registry.from_table(
    forge.registry(forge.org("Acme", forge.signer("release"), originates=True)), source="trust.toml"
)


def evaluation(folder: Path, files: dict[str, bytes], stamps: Sequence[datetime]) -> Evaluation:
    """A signed model whose signature was stamped then."""
    forge.sign(
        forge.write(folder, {**forge.MODEL, **files}), forge.TufKey(key=forge.key("release"))
    )
    evidence = directory.collect(folder, ref=Ref(text=REPO, repo=REPO), at=NOW)
    policy = Policy.of(Settings(), Model(name=REPO, repo=REPO))
    found = evaluate(evidence, policy, REGISTRY)
    times = tuple(moment.isoformat() for moment in stamps)
    (signer,) = found.verdict.signers
    return replace(found, verdict=replace(found.verdict, signers=(replace(signer, times=times),)))


def date_of(entry: Entry) -> datetime | None:
    (signer,) = entry.signers
    return signer.time


@pytest.mark.parametrize("files", [{}, {"config.json": b"{}"}], ids=["same", "others"])
@pytest.mark.parametrize(
    ("stamps", "of_same", "of_others"),
    [
        ([], NOW - 9 * DAY, NOW - 9 * DAY),
        ([NOW - 2 * DAY], NOW - 9 * DAY, NOW - 2 * DAY),
        ([NOW - 9 * DAY, NOW - 2 * DAY], NOW - 9 * DAY, NOW - 9 * DAY),
        ([NOW - 20 * DAY], NOW - 20 * DAY, NOW - 20 * DAY),
    ],
)
def test_the_time_of_a_signature_outlives_its_stamp(
    tmp_path: Path,
    files: dict[str, bytes],
    stamps: Sequence[datetime],
    of_same: datetime,
    of_others: datetime,
) -> None:
    before = entry_of(REPO, evaluation(tmp_path / "before", {}, [NOW - 9 * DAY]))
    after = entry_of(REPO, evaluation(tmp_path / "after", files, stamps), before=before)
    assert date_of(after) == (of_others if files else of_same)


FAILURE = LockedFailure(
    repo=REPO,
    manifest=f"sha256:{'1' * 64}",
    predicate=TEST_RESULT,
    organisation="Audit",
    name="red",
    key=f"sha256:{'2' * 64}",
    files=("3" * 64, "4" * 64),
    time=NOW - DAY,
)
OLD = replace(FAILURE, key="", files=())


@pytest.mark.parametrize(
    ("new", "count"),
    [
        (FAILURE, 1),
        (replace(FAILURE, manifest=f"sha256:{'5' * 64}"), 1),
        (replace(FAILURE, organisation="Review", name="scarlet"), 1),
        (replace(FAILURE, repo="acme/copy"), 1),
        (replace(FAILURE, key=f"sha256:{'6' * 64}"), 2),
        (replace(FAILURE, files=("3" * 64,)), 2),
        (replace(FAILURE, time=NOW), 2),
        (replace(FAILURE, suites=("dates", "x\n\u202e")), 2),
        (OLD, 2),
    ],
)
def test_a_failure_stands_once_whatever_it_is_called(new: LockedFailure, count: int) -> None:
    lock = relocked(Lock(failures=(FAILURE,)), REGISTRY, [], [new])
    assert lock.failures[0] == FAILURE
    assert len(lock.failures) == count
    assert set(loads(dumps(lock), source="provenance.lock").failures) == set(lock.failures)


def test_a_lockfile_of_old_reads_as_it_was_written() -> None:
    text = dumps(Lock(failures=(OLD,)))
    assert "key" not in text
    assert dumps(loads(text, source="provenance.lock")) == text


@pytest.mark.parametrize("digest", ["3" * 63, "G" * 64, ""])
def test_files_that_are_no_digests_are_named(digest: str) -> None:
    text = dumps(Lock(failures=(FAILURE,))).replace("4" * 64, digest)
    with pytest.raises(ConfigError, match=r"failures\[0\].files\[1\]"):
        loads(text, source="provenance.lock")
