"""A store of which something was spoiled answers nothing from what is left, and is made good by the
command that is said."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from provenance.errors import SourceError
from provenance.fleet import tables
from provenance.fleet.desk import Question, query
from provenance.fleet.running import Work, judged
from provenance.fleet.store import EDGES, EVIDENCE, FILES, RUN, VERDICTS, FleetStore
from provenance.source.progress import Silent
from tests import forge
from tests.fleet import models
from tests.hub import Hub
from tests.hubs import Desk, card, desk, trust

LONG = b"It answers. " * 1000
CHILD = {**forge.MODEL, "README.md": card("base_model: acme-free/base") + LONG}
KINDS = (EVIDENCE, EDGES, FILES, VERDICTS)


def half(place: Path) -> None:
    os.truncate(place, place.stat().st_size // 2)


def flipped(place: Path) -> None:
    data = bytearray(place.read_bytes())
    data[len(data) // 2] ^= 1
    place.write_bytes(data)


def flipped_at_the_end(place: Path) -> None:
    """In the footer, where Parquet says what it has."""
    data = bytearray(place.read_bytes())
    data[-60] ^= 1
    place.write_bytes(data)


def noise(place: Path) -> None:
    place.write_bytes(bytes(range(256)) * (place.stat().st_size // 256 + 1))


def without_rows(place: Path) -> None:
    """Another whole file of Parquet, in which there is nothing."""
    place.write_bytes(tables.packed([], {"ref": tables.TEXT}))


HOW: dict[str, Callable[[Path], None]] = {
    "cut short": half,
    "another bit": flipped,
    "another bit at the end": flipped_at_the_end,
    "other bytes": noise,
    "no byte": lambda place: os.truncate(place, 0),
    "gone": Path.unlink,
    "another's rows": without_rows,
}
QUESTIONS = {
    "an ancestor": Question(descends_from="lab1/base"),
    "SQL": Question(sql="SELECT count(*) FROM models"),
}


@pytest.fixture(scope="module")
def judged_once(tmp_path_factory: pytest.TempPathFactory) -> FleetStore:
    store = models.filled(tmp_path_factory.mktemp("whole") / "fleet", models.mix(6, 4), 3)
    judged(store, models.rules(), Work(), Silent())
    return store


@pytest.fixture
def fleet(judged_once: FleetStore, tmp_path: Path) -> FleetStore:
    shutil.copytree(judged_once.root, tmp_path / "fleet")
    return FleetStore(root=tmp_path / "fleet")


def part(store: FleetStore, kind: str, number: int = 0) -> Path:
    """A file of the kind that a part has."""
    folder = (kind, models.rules().key) if kind == VERDICTS else (kind,)
    return store.place(*folder, store.named()[number].name)


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", HOW)
def test_no_question_is_answered_from_fewer_files_than_there_are(
    how: str, kind: str, question: str, fleet: FleetStore
) -> None:
    place = part(fleet, kind)
    HOW[how](place)
    if (how, kind) == ("gone", VERDICTS):
        found = query(fleet.root, Question(sql="SELECT result FROM verdicts"))
        assert found.gaps == 3
        assert found.step == f"provenance fleet judge --store {fleet.root}"
        assert [row[0] for row in found.rows].count("not judged") == 3
        return
    with pytest.raises(SourceError, match="provenance fleet") as error:
        query(fleet.root, QUESTIONS[question])
    assert str(place) in str(error.value)


@pytest.mark.parametrize("kind", [EDGES, FILES, VERDICTS])
def test_what_was_made_of_another_part_is_not_taken_for_what_was_made_of_this_one(
    kind: str, fleet: FleetStore
) -> None:
    place = part(fleet, kind)
    shutil.copyfile(part(fleet, kind, 1), place)
    with pytest.raises(SourceError, match=place.name):
        query(fleet.root, QUESTIONS["SQL"])


def another_day(place: Path) -> None:
    place.write_text(place.read_text().replace("2026-", "2025-"))


RUNS: dict[str, Callable[[Path], None]] = {
    **{how: HOW[how] for how in ("cut short", "other bytes", "no byte", "gone")},
    "another day": another_day,
}


@pytest.mark.parametrize("how", RUNS)
def test_a_run_of_which_nobody_knows_by_what_it_was_judged_is_told(
    how: str, fleet: FleetStore
) -> None:
    place = fleet.run(models.rules().key) / RUN
    RUNS[how](place)
    with pytest.raises(SourceError, match="rm -r") as error:
        query(fleet.root, QUESTIONS["SQL"])
    assert str(place) in str(error.value)
    judged(fleet, models.rules(), Work(), Silent())
    assert query(fleet.root, Question(sql="SELECT run FROM runs")).rows == ((models.rules().key,),)


def test_a_run_as_an_older_version_wrote_it_is_known(fleet: FleetStore) -> None:
    place = fleet.run(models.rules().key) / RUN
    text, count = re.subn(r',\s*"sha256": "[0-9a-f]{64}"', "", place.read_text())
    assert count == 1
    place.write_text(text)
    assert query(fleet.root, QUESTIONS["SQL"]).rows == ((6,),)


def test_a_model_of_which_the_run_has_no_verdict_has_its_row(fleet: FleetStore) -> None:
    models.added(fleet, [models.small(99)])
    found = query(fleet.root, Question(sql="SELECT result FROM verdicts WHERE ref = 'free/s99'"))
    assert (found.rows, found.gaps) == ((("not judged",),), 1)
    assert not query(fleet.root, QUESTIONS["SQL"]).gaps
    judged(fleet, models.rules(), Work(), Silent())
    assert not query(fleet.root, Question(sql="SELECT * FROM signers")).gaps


def test_what_is_being_gathered_is_not_waited_for_and_not_missed(fleet: FleetStore) -> None:
    models.added(fleet, [models.small(99)])
    part(fleet, FILES, -1).unlink()
    with fleet.gathering():
        assert query(fleet.root, QUESTIONS["SQL"]).rows == ((6,),)
        part(fleet, FILES).unlink()
        with pytest.raises(SourceError, match="fleet gather"):
            query(fleet.root, QUESTIONS["SQL"])
    with pytest.raises(SourceError, match="fleet gather"):
        query(fleet.root, QUESTIONS["SQL"])


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Desk]:
    """Two models that lie here, gathered and judged; no Hub has them."""
    with Hub(tmp_path) as hub:
        own = desk(tmp_path, hub)
        own.trust(trust())
        for number in range(2):
            weights = forge.safetensors(str(number).encode().ljust(16, b"."))
            forge.write(own.folder / f"m{number}", {**CHILD, "model.safetensors": weights})
        assert run(own, "gather", "m0", "m1 as acme/m1")[0] == 0
        run(own, "judge")
        yield own


def run(office: Desk, verb: str, *words: str) -> tuple[int, str]:
    rules = () if verb == "query" else ("--registry", "trust.toml")
    ended = office.run("fleet", verb, "--store", "fleet", *rules, *words)
    return ended.returncode, ended.stdout + ended.stderr


ASKED = ("query", "--descends-from", "acme-free/base")
COUNTED = ("query", "SELECT path, sha256 FROM files ORDER BY ALL")


def typed(office: Desk, said: str) -> None:
    """What a message says in backquotes is typed, one after the other."""
    found = re.findall("`([^`]+)`", said) or said.splitlines()[-1:]
    lines = [shlex.split(words) for words in found]
    assert lines
    for program, *words in lines:
        if program == "rm":
            *flags, name = words
            place = office.folder / name
            shutil.rmtree(place) if "-r" in flags else place.unlink()
        else:
            assert (program, *words[:1]) == ("provenance", "fleet")
            office.run(*words, "--registry", "trust.toml")


@pytest.mark.parametrize("kind", [*KINDS, RUN])
@pytest.mark.parametrize("how", ["cut short", "another bit", "gone"])
def test_what_is_said_makes_the_store_good_again(how: str, kind: str, office: Desk) -> None:
    answers = [run(office, *words) for words in (ASKED, COUNTED)]
    assert answers[0][1].count("acme-free/base") == 2
    folder = office.folder / "fleet" / (VERDICTS if kind == RUN else kind)
    (place,) = folder.rglob(RUN if kind == RUN else "part-*.parquet")
    HOW[how](place)
    verdicts = ("query", "SELECT * FROM verdicts LIMIT 0")
    code, said = run(office, *verdicts)
    assert (code, "provenance fleet " in said) == (5, True), said
    typed(office, said)
    run(office, "judge")
    assert run(office, *verdicts)[0] == 0
    assert [run(office, *words) for words in (ASKED, COUNTED)] == answers


@pytest.mark.parametrize("how", ["cut short", "another bit", "gone"])
def test_a_content_that_was_spoiled_is_gathered_again(how: str, office: Desk) -> None:
    before = run(office, "judge")
    (place,) = (one for one in (office.folder / "fleet" / "heads").rglob("*") if one.is_file())
    data = place.read_bytes()
    HOW[how](place)
    assert run(office, "gather") == (0, "2 gathered, 0 there already\n")
    assert place.read_bytes() == data
    assert run(office, "gather") == (0, "0 gathered, 2 there already\n")
    assert run(office, "judge")[0] == before[0]


def test_an_index_is_made_again_from_the_evidence_alone(office: Desk) -> None:
    answers = [run(office, *words) for words in (ASKED, COUNTED)]
    for number in range(2):
        shutil.rmtree(office.folder / f"m{number}")
    for kind in (EDGES, FILES):
        shutil.rmtree(office.folder / "fleet" / kind)
    expected = "0 gathered, 2 there already, parts indexed again: 1\n"
    assert run(office, "gather") == (0, expected)
    assert [run(office, *words) for words in (ASKED, COUNTED)] == answers


def test_where_nothing_names_the_models_of_a_part_it_stays_until_somebody_does(
    office: Desk,
) -> None:
    store = FleetStore.opened(office.folder / "fleet")
    for place in [*store.root.rglob("part-*.parquet")]:
        half(place)
    code, said = run(office, "gather")
    assert (code, "with a list of all models" in said) == (5, True), said
    for name in re.findall(r"fleet/\S+\.parquet", said.partition("rm -f")[2]):
        (office.folder / name).unlink()
    assert run(office, "gather", "m0", "m1 as acme/m1")[0] == 0
