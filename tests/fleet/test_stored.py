"""What lies in a store: what its owner gathered, judged as such, and good for a judgement alone."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from provenance import replay
from provenance.errors import ConfigError, SourceError
from provenance.fleet import engines, tables
from provenance.fleet.changes import Terms
from provenance.fleet.desk import judge
from provenance.fleet.engines import Certificates
from provenance.fleet.evidence import as_stored, gathered, stored
from provenance.fleet.heads import Heads
from provenance.fleet.judging import Task, done, every
from provenance.fleet.options import JudgeOptions
from provenance.fleet.running import Work, judged, shard_of
from provenance.fleet.store import EVIDENCE, HEADS, RUN, VERDICTS, FleetStore
from provenance.fleet.store import Part as Piece
from provenance.gate.judging import judged as judged_by_the_gate
from provenance.gate.values import Rules
from provenance.judgement import evaluate
from provenance.judgement import judge as verdict_on
from provenance.lock import Entry, Lock
from provenance.lock.model import Part
from provenance.model import Basis, Evidence, Manifest
from provenance.policy import Policy, Settings
from provenance.produce import vsa
from provenance.source.progress import Silent
from provenance.verdict import Result
from provenance.workspace import Request, Workspace
from tests import forge
from tests.fleet import models
from tests.fleet.certificates import issued

POLICY = Policy.of(Settings())
TUNED, SIGNED, SMALL = models.Lab(layers=4).tuned(1, 2), models.signed(3), models.small(4)


@pytest.mark.parametrize("evidence", [TUNED, SIGNED, SMALL], ids=["tuned", "signed", "small"])
def test_what_is_stored_is_what_was_gathered(evidence: Evidence, tmp_path: Path) -> None:
    heads = Heads(store=FleetStore.made(tmp_path / "fleet"))
    row = gathered("m", "m", evidence, heads)
    found = stored(row, heads, models.NOW)
    assert replay.dumps(replace(found, basis=evidence.basis)).replace("stored", "declared") == (
        replay.dumps(evidence)
    )
    assert {one.basis for one in every(found)} == {Basis.STORED}
    assert {one.judged_as for one in every(found)} == {Basis.DECLARED}
    assert found.today == models.NOW


def test_a_large_content_is_kept_once_for_all_models(tmp_path: Path) -> None:
    lab = models.Lab(layers=models.LAYERS)
    store = models.filled(tmp_path / "fleet", [lab.tuned(1), lab.tuned(11), lab.tuned(21)])
    kept = [place for place in store.place(HEADS).rglob("*") if place.is_file()]
    alike = {
        content.head
        for one in every(lab.tuned(1))
        for content in one.contents
        if len(content.head) > 4096
    }
    assert len(kept) == len(alike)
    assert {place.read_bytes() for place in kept} == alike


BASES = {
    "declared": ("declared", Basis.STORED),
    "measured": ("measured", Basis.STORED),
    "what was only replayed": ("replayed", Basis.REPLAYED),
    "what was only stored": ("stored", Basis.REPLAYED),
    "no basis": ("admitted", Basis.REPLAYED),
}


@pytest.mark.parametrize("named", BASES)
def test_the_store_says_how_it_was_gathered_and_the_document_says_nothing(
    named: str, tmp_path: Path
) -> None:
    basis, kept = BASES[named]
    heads = Heads(store=FleetStore.made(tmp_path / "fleet"))
    row = gathered("m", "m", SMALL, heads)
    for said in ("declared", "measured"):
        text = row["evidence"].replace('"basis":"declared"', f'"basis":"{said}"')
        assert stored({**row, "basis": basis, "evidence": text}, heads, models.NOW).basis is kept


def test_an_unsigned_model_that_passed_still_passes_and_a_replayed_one_does_not() -> None:
    policy = Policy.of(Settings(profile="files"))
    own = as_stored(replay.loads(replay.dumps(SMALL).encode(), now=models.NOW), Basis.DECLARED)
    registry = models.registry()
    live, kept = verdict_on(SMALL, policy, registry), verdict_on(own, policy, registry)
    assert (live.result, live.findings) == (kept.result, kept.findings)
    assert kept.basis is Basis.STORED


ENTRY = Entry(name="free/s4", part=Part.MODEL, repo="free/s4", files=Manifest(files=()))


def admission(entry: Entry = ENTRY) -> Rules:
    return Rules(
        entry=entry,
        lock=Lock(entries=(entry,)),
        policy=POLICY,
        registry=models.registry(),
        at=models.NOW,
    )


@pytest.mark.parametrize("basis", [Basis.DECLARED, Basis.MEASURED, Basis.LOCKED])
def test_what_is_stored_is_never_admitted(basis: Basis) -> None:
    with pytest.raises(ConfigError, match="only what is gathered now is admitted"):
        judged_by_the_gate(as_stored(SMALL, basis), admission())


def test_no_summary_is_written_of_what_is_stored() -> None:
    found = evaluate(as_stored(SIGNED, Basis.MEASURED), POLICY, models.registry())
    assert found.verdict.result is Result.PASS
    with pytest.raises(ConfigError, match="is judged by stored digests"):
        vsa.statement(found, rules=vsa.Rules.built_in("baseline"), at=models.NOW)


def cut(place: Path, size: int) -> None:
    os.truncate(place, size)


def other(place: Path, size: int) -> None:
    data = place.read_bytes()
    place.write_bytes(data[: size // 2] + b"?" + data[size // 2 + 1 :])


BROKEN: dict[str, Callable[[Path, int], None]] = {
    "cut short": lambda place, size: cut(place, size // 2),
    "cut short by a byte": lambda place, size: cut(place, size - 1),
    "empty": lambda place, size: cut(place, 0),
    "another byte": other,
}


@pytest.mark.parametrize("how", BROKEN)
def test_evidence_that_was_spoiled_is_told_and_the_rest_is_judged(how: str, tmp_path: Path) -> None:
    store = models.filled(tmp_path / "fleet", models.mix(6, 4), 3)
    place = store.place(EVIDENCE, store.parts()[0].name)
    BROKEN[how](place, place.stat().st_size)
    found = judged(store, models.rules(), Work(), Silent())
    assert found.judged == 3
    ((said),) = found.unread
    assert place.name in said
    assert "gather" in said


@pytest.mark.parametrize("how", BROKEN)
def test_verdicts_that_were_spoiled_are_made_again(how: str, tmp_path: Path) -> None:
    store, rules = models.filled(tmp_path / "fleet", models.mix(6, 4), 3), models.rules()
    judged(store, rules, Work(), Silent())
    before = models.verdicts(store, rules.key)
    part = store.parts()[0]
    place = store.place(VERDICTS, rules.key, part.name)
    BROKEN[how](place, place.stat().st_size)
    assert not store.stands(part, VERDICTS, rules.key)
    assert judged(store, rules, Work(), Silent()).judged == 3
    assert models.verdicts(store, rules.key) == before


@pytest.mark.parametrize("how", [*BROKEN, "gone"])
def test_a_content_that_was_spoiled_is_a_model_that_is_not_judged(how: str, tmp_path: Path) -> None:
    store, rules = models.filled(tmp_path / "fleet", models.mix(5), 5), models.rules()
    place = next(place for place in store.place(HEADS).rglob("*") if place.is_file())
    if how == "gone":
        place.unlink()
    else:
        BROKEN[how](place, place.stat().st_size)
    judged(store, rules, Work(), Silent())
    results = {ref: row["result"] for ref, row in models.verdicts(store, rules.key).items()}
    assert results.pop("acme/bot3") == "pass"
    assert "not judged" in results.values()


HOSTILE = {
    "no JSON": "{",
    "another version": '{"version": 9}',
    "a list": "[]",
    "nothing": "",
    "half of a pair": '{"version": 1, "ref": "\\ud800"}',
    "a digest of nothing": '{"version":1,"head":"sha256:' + "0" * 64 + '"}',
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_document_that_is_no_evidence_is_a_model_that_is_not_judged(
    text: str, tmp_path: Path
) -> None:
    store, rules = FleetStore.made(tmp_path / "fleet"), models.rules()
    row = {**gathered("m", "m", SMALL, Heads(store=store)), "evidence": text}
    data = tables.packed([row], tables.EVIDENCE)
    store.write(data, EVIDENCE, Piece.of(1, data).name)
    judged(store, rules, Work(), Silent())
    assert models.verdicts(store, rules.key)["m"]["result"] == "not judged"


@pytest.mark.parametrize(
    ("text", "meant"), [("1/1", (1, 1)), ("3/64", (3, 64)), ("64/64", (64, 64))]
)
def test_a_shard_is_one_of_so_many(text: str, meant: tuple[int, int]) -> None:
    assert shard_of(text) == meant


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "a/b", "1/0", "-1/3", "1/3/5"])
def test_no_other_shard_is_meant(text: str) -> None:
    with pytest.raises(ConfigError, match="3/64"):
        shard_of(text)


def test_the_shards_together_are_the_whole_and_none_is_judged_twice(tmp_path: Path) -> None:
    store, rules = models.filled(tmp_path / "fleet", models.mix(10, 4), 2), models.rules()
    counts = [judged(store, rules, Work(shard=(n, 3)), Silent()).judged for n in (1, 2, 3)]
    assert sum(counts) == len(models.verdicts(store, rules.key)) == 10


WRONG = {
    "another word": ("ray", Certificates(), "processes or dask=tls://"),
    "another machine without TLS": ("dask=tcp://10.0.0.1:1", Certificates(), "dask=tls://"),
    "no scheme": ("dask=scheduler:1", Certificates(), "dask=tls://"),
    "no certificates": ("dask=tls://10.0.0.1:1", Certificates(), "--tls-ca"),
}


@pytest.mark.parametrize("what", WRONG)
def test_an_engine_that_cannot_be_used_is_refused_before_anything_is_sent(
    what: str, tmp_path: Path
) -> None:
    engine, certificates, expected = WRONG[what]
    store = models.filled(tmp_path / "fleet", [SMALL])
    work, rules = Work(engine=engine, certificates=certificates), models.rules()
    for _ in ("when there is work", "when there is none"):
        with pytest.raises(ConfigError, match=expected):
            judged(store, rules, work, Silent())
        judged(store, rules, Work(), Silent())


@pytest.mark.parametrize("option", ["tls_ca", "tls_cert", "tls_key"])
def test_a_file_that_is_no_certificate_is_named_before_anybody_is_asked(
    option: str, tmp_path: Path
) -> None:
    made = issued(tmp_path)
    good = Certificates(tls_ca=made.ca, tls_cert=made.cert, tls_key=made.key)
    engines.check("dask=tls://10.0.0.1:1", good)
    text = tmp_path / "words.txt"
    text.write_text("words")
    with pytest.raises(ConfigError, match=f"--tls-c.*{text}"):
        engines.check("dask=tls://10.0.0.1:1", replace(good, **{option: text}))


def test_a_folder_without_a_store_is_told_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="fleet gather"):
        judge(tmp_path, Workspace(folder=tmp_path), Request(), JudgeOptions())
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    with pytest.raises(ConfigError, match="holds other things"):
        FleetStore.made(tmp_path / "other")


def test_nobody_else_gathers_meanwhile(tmp_path: Path) -> None:
    store = FleetStore.made(tmp_path / "fleet")
    with store.gathering(), pytest.raises(ConfigError, match="wait for it"), store.gathering():
        pass
    with store.gathering():
        pass


def test_what_was_written_aside_long_ago_goes(tmp_path: Path) -> None:
    store = FleetStore.made(tmp_path / "fleet")
    old, new = store.place(EVIDENCE, ".part-1.old"), store.place(EVIDENCE, ".part-2.new")
    for place in (old, new):
        place.touch()
    long_ago = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    os.utime(old, (long_ago, long_ago))
    store.sweep(EVIDENCE)
    assert (old.exists(), new.exists()) == (False, True)


def test_a_part_that_cannot_be_written_is_an_error_with_its_place(tmp_path: Path) -> None:
    store = FleetStore.made(tmp_path / "fleet")
    store.place(EVIDENCE, "x").touch()
    with pytest.raises(SourceError, match="cannot be written"):
        store.write(b"", EVIDENCE, "x", "y")


KEYED = """
from datetime import UTC, datetime
from provenance.fleet.rules import Rules
from provenance.policy import Settings
from provenance.registry.starter import starter
rules = Rules(settings=Settings(), registry=starter(), at=datetime(2026, 11, 2, tzinfo=UTC))
print(rules.key, rules.terms.rest)
"""


def test_a_run_is_called_the_same_in_every_process() -> None:
    said = {
        subprocess.run(
            [sys.executable, "-c", KEYED],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


def test_rules_reach_a_worker_as_they_are() -> None:
    signed_by = forge.org(
        "Acme",
        forge.signer("release"),
        forge.signer(
            "authority",
            certificate_authority=forge.certificate_pem(forge.certificate("ca", ca=True)),
            subject="CN=leaf",
        ),
    )
    rules = models.rules(org=[signed_by])
    found = pickle.loads(pickle.dumps(rules))
    assert found.registry == rules.registry
    assert (found.key, found.terms) == (rules.key, rules.terms)


def test_the_terms_of_a_run_are_read_as_they_were_written() -> None:
    terms = models.rules({"repo": "a/b", "reason": "EX-1"}).terms
    assert Terms.read(terms.text().encode()) == terms


TERMS = json.loads(models.rules().terms.text())
SPOILED = {
    "nothing": b"",
    "a list": b"[]",
    "a field too few": json.dumps({n: v for n, v in TERMS.items() if n != "rest"}).encode(),
    "a field too many": json.dumps({**TERMS, "more": 1}).encode(),
    "no time": json.dumps({**TERMS, "at": "yesterday"}).encode(),
    "no table": json.dumps({**TERMS, "signers": [1]}).encode(),
}


@pytest.mark.parametrize("what", SPOILED)
def test_a_run_whose_terms_were_spoiled_is_no_run_to_go_by(what: str, tmp_path: Path) -> None:
    store, rules = models.filled(tmp_path / "fleet", [SMALL]), models.rules(name="before")
    judged(store, rules, Work(), Silent())
    (store.run(rules.key) / RUN).write_bytes(SPOILED[what])
    again = judged(store, models.rules(), Work(only="affected"), Silent())
    assert (again.judged, again.why) == (1, "there is no run before")


def test_a_worker_of_another_version_judges_nothing(tmp_path: Path) -> None:
    store, rules = models.filled(tmp_path / "fleet", [SMALL]), models.rules()
    task = Task(store=store.root, part=store.parts()[0], run=rules.key, version="0.0")
    with pytest.raises(SourceError, match="install the same"):
        done(task, rules)
