"""Logs of Inspect (inspect.aisi.org.uk): `.eval` archives, and `.json`.

A log is read as far as its results; samples are looked at only as far as JSON goes. Its scores are
numbers: what is good enough is for whoever reads it to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import BinaryIO

from provenance.errors import Malformed
from provenance.evaluations.report import Measure, Report, moment, number, suite
from provenance.formats import archive, json_members
from provenance.formats.fields import Fields
from provenance.wire.descriptor import Note

HEADER = "header.json"
MAX_HEADER = 16 << 20
VERSIONS = (2,)
READ = frozenset({"version", "status", "eval", "results", "stats", "invalidated"})
LONG = frozenset({"samples", "reductions"})
BEGINS = re.compile(rb'\s*\{\s*"(?:version|status|eval)"\s*:')
FINISHED = "success"
UNSCORED = "unscored_samples"
SHOWN = 80
INSTALL = (
    "pip install 'hf-provenance[evaluations]', or "
    "`inspect log convert LOG --to json --output-dir DIR` and use what it writes"
)


def is_one(head: bytes) -> bool:
    """Whether a file that begins so is perhaps a log."""
    return head.startswith(b"PK") or bool(BEGINS.match(head))


def read(stream: BinaryIO) -> Report:
    """What a log reports, or Malformed: for one that is not of a finished run, too."""
    zipped = stream.read(2) == b"PK"
    stream.seek(0)
    fields = Fields(_header(BytesIO(_unpacked(stream)) if zipped else stream))
    _check_finished(fields)
    ran, results = fields.table("eval"), fields.optional_table("results")
    task, samples = ran.filled("task"), _samples(results)
    scores = tuple(results.tables("scores"))
    return Report(
        tool=f"Inspect {ran.optional_table('packages').text('inspect_ai', '')}".strip(),
        suites={task: suite(task, version=_short(ran, "task_version"))},
        measures=tuple(_measures(scores, task)),
        model=ran.text("model"),
        finished=moment(fields.optional_table("stats").text("completed_at", ""), "completed_at"),
        notes=(("samples", samples), *_reservations(ran.optional_table("config"), results, scores)),
    )


def _unpacked(stream: BinaryIO) -> bytes:
    """The header of an archive, which is written when a run has ended."""
    members = archive.Members(stream)
    if HEADER not in members.names:
        raise Malformed(
            f"no {HEADER} in the archive: the run has not ended, or this is another archive"
        )
    try:
        return members.whole(HEADER, MAX_HEADER)
    except Malformed as error:
        if error.slug == "missing":
            raise Malformed(f"{HEADER} {error}: {INSTALL}") from None
        raise


def _header(stream: BinaryIO) -> dict[str, object]:
    every = json_members.members(stream, apart=LONG)
    return {key: value for key, value in every if key in READ and value is not None}


def _check_finished(fields: Fields) -> None:
    if (version := fields.whole("version")) not in VERSIONS:
        raise fields.wrong("version", f"expected {VERSIONS[0]}, found {version}")
    if (status := fields.text("status")) != FINISHED:
        raise fields.wrong("status", f"expected {FINISHED!r}, found {status!r}: run it to its end")
    if fields.flag("invalidated", False):
        raise fields.wrong("invalidated", "expected false, found true: use a log that holds")


def _samples(results: Fields) -> int:
    """Of how many samples the results are: of all that were planned, or Malformed."""
    total, completed = results.whole("total_samples", 0), results.whole("completed_samples", 0)
    if not total or completed != total:
        message = f"expected every sample to be completed, found {completed} of {total}"
        raise results.wrong("completed_samples", message)
    return total


def _measures(scores: Iterable[Fields], task: str) -> Iterator[Measure]:
    """Every metric of every score, called `score/metric`, with the reducer where there are two."""
    seen: set[str] = set()
    for score in scores:
        name, reducer = score.filled("name"), _short(score, "reducer")
        for key, metric in score.table("metrics").items():
            value = number(Fields(metric, score.where(f"metrics.{key}")).take("value"))
            called = f"{name}/{key}"
            if called in seen and reducer:
                called = f"{name}/{reducer}/{key}"
            if called in seen:
                raise score.wrong("name", f"{called!r} stands twice")
            seen.add(called)
            if value is not None:
                yield Measure(name=called, suite=task, value=value)


def _reservations(
    asked: Fields, results: Fields, scores: Iterable[Fields]
) -> Iterator[tuple[str, Note]]:
    """What kept the samples from being all of the suite, and all from being scored."""
    for name in ("limit", "sample_id"):
        if found := _short(asked, name):
            yield name, found
    if _short(results, "early_stopping"):
        yield "early_stopping", True
    left = [one.whole(UNSCORED) for one in scores if one.holds(UNSCORED, int)]
    if any(left):
        yield "unscored", max(left)


def _short(fields: Fields, name: str) -> str:
    """What stands there in a few words; empty for nothing."""
    found = fields.take(name) if name in fields else None
    return "" if found is None else str(found)[:SHOWN]
