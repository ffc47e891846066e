"""Results of lm-eval, the Language Model Evaluation Harness (`results_….json`).

They have numbers for each task and each group of tasks: what is good enough is for whoever reads
them to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import BinaryIO

from provenance.errors import Malformed
from provenance.evaluations.report import Measure, Report, number, suite
from provenance.formats import json_members
from provenance.formats.fields import Fields
from provenance.wire.descriptor import Note

BEGINS = re.compile(rb'\s*\{\s*"(?:results|groups|group_subtasks|configs|versions|config)"\s*:')
READ = frozenset(
    {"results", "groups", "versions", "n-samples", "config", "date", "lm_eval_version"}
)
LONG = frozenset({"samples"})
TABLES = ("results", "groups")
MODELS = ("pretrained", "model", "path", "engine")
"""Arguments that say which model was evaluated; `peft` and `delta` name what lies upon it."""
UPON = ("peft", "delta")
LIMIT = "limit"


def is_one(head: bytes) -> bool:
    """Whether a file that begins so is perhaps one of results."""
    return bool(BEGINS.match(head))


def read(stream: BinaryIO) -> Report:
    """What results report, or Malformed."""
    every = json_members.members(stream, apart=LONG)
    fields = Fields({key: value for key, value in every if key in READ and value is not None})
    config, versions = fields.optional_table("config"), fields.optional_table("versions")
    measures = tuple(_measures(fields))
    said = {name: str(version)[:80] for name, version in versions.items() if version is not None}
    tool = fields.text("lm_eval_version", "")
    return Report(
        tool=f"lm-eval {tool}".strip(),
        suites={
            one: suite(one, version=said.get(one, ""))
            for one in dict.fromkeys(measure.suite for measure in measures)
        },
        measures=measures,
        model=_model(config),
        finished=_date(fields),
        notes=tuple(_notes(config, fields.optional_table("n-samples"))),
    )


def _measures(fields: Fields) -> Iterator[Measure]:
    """Every number of every task, called `task/metric,filter` as the harness does."""
    seen: set[str] = set()
    for table in TABLES:
        for task, metrics in fields.optional_table(table).items():
            for key, value in Fields(metrics, f"{table}.{task[:80]}").items():
                found, called = number(value), f"{task}/{key}"
                if found is not None and called not in seen and key != "sample_len":
                    seen.add(called)
                    yield Measure(name=called, suite=task, value=found)


def _model(config: Fields) -> str:
    """The model by its arguments, `pretrained=org/name,…` or a table of them."""
    if not config.holds("model_args", dict):
        pairs = (part.partition("=") for part in _text(config, "model_args").split(","))
        given = {name.strip(): value.strip() for name, _, value in pairs}
    else:
        given = {name: str(value) for name, value in config.table("model_args").items()}
    below = next((given[name] for name in MODELS if given.get(name)), "")
    upon = next((given[name] for name in UPON if given.get(name)), "")
    return upon or below or _text(config, "model")


def _text(fields: Fields, name: str) -> str:
    return fields.text(name, "") if fields.holds(name, str) else ""


def _date(fields: Fields) -> datetime | None:
    """When it began, in seconds since 1970."""
    if (seconds := number(fields.take("date") if "date" in fields else None)) is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise Malformed(f"date: expected seconds since 1970, found {seconds}") from None


def _notes(config: Fields, samples: Fields) -> Iterator[tuple[str, Note]]:
    """How many samples there were, and what kept them from being all of the suite."""
    asked = whole = 0
    for task, counts in samples.items():
        own = Fields(counts, f"n-samples.{task[:80]}")
        effective, original = own.whole("effective"), own.whole("original", -1)
        if not effective:
            raise own.wrong("effective", "expected samples, found none")
        asked, whole = asked + effective, whole + max(original, effective)
    if asked:
        yield "samples", asked
    limit = config.take(LIMIT) if LIMIT in config else None
    if limit is not None or asked < whole:
        yield LIMIT, str(limit)[:80] if limit is not None else f"{asked} of {whole}"
