"""What a writer leaves where it is ended, where the bytes change under it, and where two write."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest

from provenance.errors import ConfigError, SourceError
from provenance.formats.json import on_one_line
from provenance.produce.sign import KeySigner
from provenance.source.oci.writing import BUNDLE
from provenance.source.oci.writing import Registry as OciWriter
from provenance.source.progress import Silent
from provenance.source.remote.store import StoreOptions
from provenance.source.remote.writer import Delivered, Item, Parcel, writer
from provenance.wire.imported import Imported, Place, statement
from tests import forge
from tests.oci.server import INDEX, MANIFEST, PATH, Answer, Request
from tests.promoting.docks import DOCKS, TAG, Dock
from tests.promoting.registry import Writable

SIZE = 20 << 20
FILES: Mapping[str, bytes] = {
    "config.json": b"{}",
    "empty.txt": b"",
    "inner/model.safetensors": forge.safetensors(bytes(SIZE)),
    "model.safetensors": forge.safetensors(b"1" * SIZE),
}
EVIDENCE = "model.sig"


@pytest.fixture(params=DOCKS)
def dock(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Dock]:
    """Each place that is written to."""
    with DOCKS[request.param](tmp_path) as found:
        yield found


def parcel(
    folder: Path, dock: Dock, files: Mapping[str, bytes] = FILES, *, replacing: bool = False
) -> Parcel:
    """Files that were admitted in a folder."""
    forge.write(folder, files)
    if not (folder / EVIDENCE).exists():
        forge.sign(folder, forge.TufKey(key=forge.key("release")))
    items = tuple(
        Item(path=path, size=len(data), sha256=sha256(data).hexdigest(), place=folder / path)
        for path, data in files.items()
    )
    said = Imported(
        subjects={item.path: item.sha256 for item in items},
        origin=Place(repo="acme/bot", revision="c" * 40),
        destination="" if dock.to.startswith("file:") else dock.to,
    )
    payload = statement(said, builder="urn:tests")
    return Parcel(
        name="bot",
        files=items,
        evidence={EVIDENCE: (folder / EVIDENCE).read_bytes()},
        said=said,
        sign=lambda: on_one_line(KeySigner(key=forge.key("gate")).sign(payload)),
        counts=lambda opened: True,
        tag=TAG,
        replacing=replacing,
    )


class Ended(SourceError):
    """Somebody ended the work."""


class Ending(Silent):
    """Ends the work once so many bytes were read, as whoever interrupts it does."""

    def __init__(self, after: int) -> None:
        self.left = after

    def advance(self, count: int) -> None:
        """Nothing, or the end."""
        self.left -= count
        if self.left <= 0:
            raise Ended("ended")


def deliver(dock: Dock, one: Parcel, progress: Silent | None = None) -> Delivered:
    options = StoreOptions(variables=dock.variables, progress=progress or Silent())
    return writer(dock.to, options).deliver(one)


def usable(dock: Dock) -> bool:
    """Whether what lies there passes for a promoted model: a tag, or an import attestation."""
    found = dock.read()
    return bool(found) if dock.tagged else "import.intoto.jsonl" in found


def whole(dock: Dock, files: Mapping[str, bytes] = FILES) -> bool:
    """Whether exactly these files lie there, with their evidence."""
    found = dict(dock.read())
    evidence = {EVIDENCE, "import.intoto.jsonl"}
    return {p: d for p, d in found.items() if p not in evidence} == dict(files)


@pytest.mark.parametrize("after", [1, SIZE + 1, 2 * SIZE])
def test_who_is_ended_in_the_middle_leaves_nothing_usable_and_completes_it(
    dock: Dock, tmp_path: Path, after: int
) -> None:
    one = parcel(tmp_path / "m", dock)
    with pytest.raises(Ended):
        deliver(dock, one, Ending(after))
    assert not usable(dock)
    assert not deliver(dock, one).already
    assert usable(dock)
    assert whole(dock)
    assert deliver(dock, one).already


CHANGES: Mapping[str, tuple[str, bytes]] = {
    "a byte": ("model.safetensors", forge.safetensors(b"1" * (SIZE - 1) + b"2")),
    "cut": ("model.safetensors", FILES["model.safetensors"][:-1]),
    "longer": ("model.safetensors", FILES["model.safetensors"] + b"1"),
    "emptied": ("config.json", b""),
    "filled": ("empty.txt", b"x"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_changed_since_it_was_admitted_is_refused(
    dock: Dock, tmp_path: Path, change: str
) -> None:
    one = parcel(tmp_path / "m", dock)
    path, data = CHANGES[change]
    (tmp_path / "m" / path).write_bytes(data)
    with pytest.raises(SourceError, match="it changed since it was admitted"):
        deliver(dock, one)
    assert not usable(dock)


def attempt(dock: Dock, one: Parcel) -> str:
    """The revision, or what went wrong."""
    try:
        return deliver(dock, one).revision
    except (ConfigError, SourceError) as error:
        return str(error)


def test_two_who_write_the_same_model_leave_it_whole(dock: Dock, tmp_path: Path) -> None:
    one = parcel(tmp_path / "m", dock)
    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(lambda _: attempt(dock, one), range(2)))
    # moto takes an ETag of what another thread is reading: a writer may have to run again.
    assert [text for text in told if text.startswith("sha256:") or "run it again" in text] == told
    deliver(dock, one)
    assert usable(dock)
    assert whole(dock)
    assert deliver(dock, one).already


def test_who_comes_while_another_model_is_written_is_refused(dock: Dock, tmp_path: Path) -> None:
    if not dock.to.startswith("s3:"):
        pytest.skip("a folder waits for its lock, and a registry's blobs are nobody's")
    first = parcel(tmp_path / "m", dock)
    other = parcel(tmp_path / "n", dock, {**FILES, "config.json": b'{"a": 1}'})
    with pytest.raises(Ended):
        deliver(dock, first, Ending(1))
    with pytest.raises(ConfigError, match="has not ended"):
        deliver(dock, other)
    deliver(dock, parcel(tmp_path / "n", dock, {"config.json": b'{"a": 1}'}, replacing=True))
    assert whole(dock, {"config.json": b'{"a": 1}'})


def test_of_two_writers_at_once_one_bucket_holds_one_model(tmp_path: Path) -> None:
    with DOCKS["S3"](tmp_path) as dock:
        models = [{**FILES, "config.json": b"%d" % n} for n in range(2)]
        parcels = [parcel(tmp_path / f"m{n}", dock, files) for n, files in enumerate(models)]

        with ThreadPoolExecutor(2) as pool:
            told = list(pool.map(lambda one: attempt(dock, one), parcels))
        done = [n for n, one in enumerate(told) if one.startswith("sha256:")]
        assert len(done) == 1, told
        assert whole(dock, models[done[0]])


def test_what_kill_9_leaves_is_completed(tmp_path: Path) -> None:
    with DOCKS["S3"](tmp_path) as dock:
        one = parcel(tmp_path / "m", dock)
        script = (
            "import sys, time\n"
            "from pathlib import Path\n"
            "from tests.promoting import test_writers as t\n"
            "from tests.promoting.docks import Dock\n"
            "to, variables, place = sys.argv[1], eval(sys.argv[2]), Path(sys.argv[3])\n"
            "dock = Dock(to=to, read=dict, put=print, foreign=print, variables=variables)\n"
            "class Slow(t.Silent):\n"
            "    def advance(self, count):\n"
            "        print('moved', flush=True)\n"
            "        time.sleep(60)\n"
            "t.deliver(dock, t.parcel(place, dock), Slow())\n"
        )
        words = [sys.executable, "-c", script, dock.to, repr(dict(dock.variables))]
        child = subprocess.Popen(
            [*words, str(tmp_path / "m")],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
            text=True,
        )
        assert child.stdout
        assert child.stdout.readline() == "moved\n"
        os.kill(child.pid, signal.SIGKILL)
        child.wait(30)
        child.stdout.close()
        assert not usable(dock)
        assert not deliver(dock, one).already
        assert whole(dock)


class Meanwhile(Silent):
    """Does something once, when the first bytes move."""

    def __init__(self, what: Callable[[], object]) -> None:
        self.todo: list[Callable[[], object]] = [what]

    def advance(self, count: int) -> None:
        """What is to be done, the first time."""
        if self.todo:
            self.todo.pop()()


@pytest.mark.parametrize("name", ["a registry", "a registry without referrers"])
@pytest.mark.parametrize("replacing", [False, True])
def test_what_others_tag_while_blobs_are_sent_stays(
    tmp_path: Path, name: str, replacing: bool
) -> None:
    with DOCKS[name](tmp_path) as dock:
        one = parcel(tmp_path / "m", dock, replacing=replacing)
        with pytest.raises(ConfigError, match="the artifact sha256:"):
            deliver(dock, one, Meanwhile(dock.foreign))
        with pytest.raises(ConfigError, match="the artifact sha256:"):
            deliver(dock, one)


@pytest.mark.parametrize(("times", "stays"), [(1, True), (3, True), (9, False)])
def test_a_list_that_others_write_too_has_all_rows_in_the_end(
    tmp_path: Path, times: int, stays: bool
) -> None:
    theirs = [{"mediaType": MANIFEST, "digest": f"sha256:{n:064x}", "size": 1} for n in range(9)]
    left = theirs[:times]
    with Writable(knows_subjects=False) as registry:

        def bend(request: Request, answer: Answer) -> Answer:
            found = PATH.fullmatch(request.path)
            if request.method == "PUT" and found and found["reference"].startswith("sha256-"):
                rows = json.loads(request.body)["manifests"]
                if left:
                    rows = [*rows[:-1], left.pop(0)]
                index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": rows}
                registry.manifest(index, found["reference"], media_type=INDEX)
            return answer

        registry.bend = bend
        dock = Dock(
            to=registry.source(), read=dict, put=print, foreign=print, tagged=("--tag", TAG)
        )
        found = writer(dock.to, StoreOptions())
        assert isinstance(found, OciWriter)
        found.repository.wait = lambda seconds: None
        one = parcel(tmp_path / "m", dock, {"config.json": b"{}"})
        if not stays:
            with pytest.raises(SourceError, match="does not stay in this list"):
                found.deliver(one)
            return
        digest = found.deliver(one).revision
        data = registry.manifests["models/bot", digest.replace(":", "-")][0]
        rows = json.loads(data)["manifests"]
    assert rows[:-1] == theirs[:times]
    assert rows[-1]["artifactType"] == BUNDLE
