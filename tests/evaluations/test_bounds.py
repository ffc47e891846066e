"""What hostile and very long reports cost: little memory, and a refusal in words."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest

from provenance.errors import ConfigError, Malformed
from provenance.evaluations import KINDS
from provenance.evaluations.inspect import MAX_HEADER
from provenance.workspace import Workspace
from provenance.workspace.evaluating import MOST, Reported, proposed
from tests.evaluations import reports

SAMPLES = 100_000
ALLOWED = 300 << 20
PEAK = """
import sys
from provenance.cli import cli
cli.main(sys.argv[1:], standalone_mode=False)
status = open("/proc/self/status").read()
print(next(line for line in status.splitlines() if line.startswith("VmHWM")), file=sys.stderr)
"""


def finished(table: reports.Table) -> None:
    table["results"].update(total_samples=SAMPLES, completed_samples=SAMPLES)


def inspect_log() -> Iterator[bytes]:
    text = reports.log(finished)
    sample = json.dumps({"id": 1, "input": "day", "messages": ["x" * 100] * 8}).encode()
    yield text[:-1] + b', "samples": [' + sample
    for _ in range(SAMPLES - 1):
        yield b"," + sample
    yield b"]}"


def garak_report() -> Iterator[bytes]:
    *head, tail, last = reports.garak(reports.GOOD).splitlines(keepends=True)
    attempt = json.dumps({**reports.ATTEMPT, "outputs": [{"text": "x" * 600}]}).encode() + b"\n"
    yield from head
    yield from (attempt for _ in range(SAMPLES))
    yield from (tail, last)


def junit_report() -> Iterator[bytes]:
    yield b'<testsuite name="all">'
    for number in range(SAMPLES):
        case = f'<testcase classname="tests.test_bot.TestBot" name="test_answer[{number}]">'
        yield f"{case}<system-out><![CDATA[{'x' * 400}]]></system-out></testcase>".encode()
    yield b"</testsuite>"


def inspect_archive() -> Iterator[bytes]:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for number in range(SAMPLES):
            archive.writestr(f"samples/{number}_epoch_1.json", b"{}")
        archive.writestr("header.json", reports.log(finished))
    yield stream.getvalue()


LONG: dict[str, tuple[Callable[[], Iterator[bytes]], tuple[str, ...]]] = {
    "an archive": (inspect_archive, ("--passes", "includes/accuracy>=0.5")),
    "inspect": (inspect_log, ("--passes", "includes/accuracy>=0.5")),
    "garak": (garak_report, ()),
    "junit": (junit_report, ()),
}


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("an archive", marks=pytest.mark.exhaustive),
        *(kind for kind in LONG if kind != "an archive"),
    ],
)
@pytest.mark.skipif(
    sys.platform != "linux", reason="/proc tells the peak of memory, on Linux alone"
)
def test_a_report_of_many_samples_is_read_in_little_memory(kind: str, tmp_path: Path) -> None:
    made, words = LONG[kind]
    report, model = tmp_path / "report", tmp_path / "model"
    with report.open("wb") as stream:
        stream.writelines(made())
    assert report.stat().st_size > 100 * SAMPLES
    model.mkdir()
    (model / "config.json").write_text("{}")
    command = [sys.executable, "-c", PEAK, "attest-result", str(model), "--from", str(report)]
    ended = subprocess.run(
        [*command, *words, "--dry-run", "-q"], capture_output=True, text=True, check=False
    )
    assert '"result": "PASSED"' in ended.stdout, ended.stderr
    peak = int(ended.stderr.split("VmHWM:")[1].split()[0]) << 10
    assert peak < ALLOWED


def test_a_report_of_a_gigabyte_is_refused(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    report.touch()
    os.truncate(report, MOST)
    with pytest.raises(ConfigError, match="expected fewer than 1,000,000,000 bytes"):
        proposed(Workspace(), tmp_path, Reported(report=report))


def zipped(content: bytes, method: int = zipfile.ZIP_DEFLATED, name: str = "header.json") -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr(name, content)
    return stream.getvalue()


def lying(data: bytes, size: int) -> bytes:
    """The zip, whose directory and header state another size."""
    at = data.index(b"PK\x01\x02")
    data = data[: at + 24] + size.to_bytes(4, "little") + data[at + 28 :]
    return data[:22] + size.to_bytes(4, "little") + data[26:]


GOOD = json.dumps(json.loads(reports.LOG)).encode()
BOMB = zipped(b"0" * (4 * MAX_HEADER))
ZIPS: dict[str, tuple[bytes, str]] = {
    "a bomb": (BOMB, "and no more than 16,777,216 are read"),
    "a bomb that states few bytes": (lying(BOMB, 100), "other than the directory states"),
    "a header that states more than it has": (
        lying(zipped(GOOD), len(GOOD) + 1),
        "other than the directory states",
    ),
    "another byte": (zipped(GOOD, zipfile.ZIP_STORED).replace(b"dates", b"datez", 1), "other than"),
    "packed otherwise": (
        zipped(GOOD, zipfile.ZIP_BZIP2),
        "packed by method 12, expected 0, 8 or 93",
    ),
    "no header": (zipped(GOOD, name="_journal/start.json"), "no header.json in the archive"),
    "an empty archive": (zipped(b"", name="x")[-22:-12] + b"\0" * 12, "header.json"),
    "cut": (zipped(GOOD)[:60], "unreadable zip"),
}


@pytest.mark.parametrize("what", ZIPS)
def test_an_archive_that_lies_is_refused(what: str) -> None:
    data, message = ZIPS[what]
    with pytest.raises(Malformed) as refused:
        KINDS["inspect"].read(BytesIO(data))
    assert message in str(refused.value)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_an_archive_packed_as_older_versions_did_is_read(method: int) -> None:
    found = KINDS["inspect"].read(BytesIO(zipped(GOOD, method)))
    assert found == KINDS["inspect"].read(BytesIO(reports.LOG))


@pytest.mark.parametrize("at", range(0, len(reports.EVAL), 37))
def test_no_byte_of_an_archive_makes_a_reader_fail_otherwise(at: int) -> None:
    data = reports.EVAL[:at] + bytes([reports.EVAL[at] ^ 0xFF]) + reports.EVAL[at + 1 :]
    with suppress(Malformed):
        KINDS["inspect"].read(BytesIO(data))


def test_where_nothing_reads_zstandard_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("backports", "compression"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(
        Malformed, match=r"pip install 'hf-provenance\[evaluations\]', or `inspect log"
    ):
        KINDS["inspect"].read(BytesIO(reports.EVAL))


def test_a_tag_without_an_end_is_not_kept() -> None:
    with pytest.raises(Malformed, match="a tag longer than"):
        KINDS["junit"].read(BytesIO(b'<testsuite name="' + b"x" * (8 << 20)))


def test_a_line_without_an_end_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provenance.evaluations.garak.LONGEST", 1000)
    with pytest.raises(Malformed, match="line 4: more than 1,000 bytes"):
        KINDS["garak"].read(BytesIO(reports.garak({**reports.ATTEMPT, "notes": "x" * 2000})))
