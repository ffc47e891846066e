"""`fetch` into a volume of its own, as an init container's: nothing can be renamed to it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests import forge
from tests.hub import Hub
from tests.hubs import FILES, REPO, Desk, desk, signed

MINE = ["unshare", "--mount", "--map-root-user"]
"""A mount that nobody else sees, and that ends with its process."""
WHOLE = {*FILES, "model.sig"}
STAGING = ".volume.provenance"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Desk]:
    if shutil.which("unshare") is None or subprocess.run([*MINE, "true"], check=False).returncode:
        pytest.skip("no mounts of one's own here")
    with Hub(tmp_path) as hub:
        hub.commit(REPO, signed(tmp_path / "m"))
        made = desk(tmp_path, hub)
        made.locked({"repo": REPO})
        yield made


FETCH = "fetch --local-dir volume"


def fetched(
    bench: Desk, before: Mapping[str, str], times: int = 1, words: str = FETCH
) -> tuple[int, str, set[str]]:
    """The exit code, what was said, and the files in a volume that held these before."""
    lines = ["mkdir volume kept", "mount -t tmpfs tmpfs volume"]
    for path, text in before.items():
        folder, _, name = path.rpartition("/")
        lines += [f"mkdir -p volume/{folder}"]
        lines += [f"printf '{text}' > volume/{path}"] if name else []
    line = f"{sys.executable} -m provenance {words}"
    lines += ["; ".join([line] * times), "code=$?; cp -a volume/. kept; exit $code"]
    ended = subprocess.run(
        [*MINE, "sh", "-c", "\n".join(lines)],
        cwd=bench.folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(bench.home), "HF_ENDPOINT": bench.hub.url},
        capture_output=True,
        text=True,
        check=False,
    )
    kept = bench.folder / "kept"
    found = {p.relative_to(kept).as_posix() for p in kept.rglob("*") if not p.is_dir()}
    assert "Traceback" not in ended.stderr, ended.stderr
    return ended.returncode, ended.stdout + ended.stderr, found


@pytest.mark.parametrize(
    ("before", "times", "code", "said", "after"),
    [
        pytest.param({}, 1, 0, "", WHOLE, id="empty"),
        pytest.param({"lost+found/": ""}, 2, 0, "was there already", WHOLE, id="one of ext4"),
        pytest.param(
            {"lost+found/x": "x"},
            1,
            2,
            "holds something else",
            {"lost+found/x"},
            id="what ext4 found",
        ),
        pytest.param({}, 2, 0, "was there already", WHOLE, id="a second start"),
        pytest.param(
            {f"{STAGING}/files/config.json": "{"}, 1, 0, "", WHOLE, id="a download cut short"
        ),
        pytest.param(
            {"mine.txt": "x"}, 1, 2, "holds something else", {"mine.txt"}, id="others' files"
        ),
        pytest.param(
            {f"{STAGING}/files/a": "x", "config.json": "x"},
            1,
            2,
            "empty the volume",
            {f"{STAGING}/files/a", "config.json"},
            id="a delivery cut short",
        ),
    ],
)
def test_a_volume_holds_the_locked_model_or_what_it_held(
    bench: Desk, before: Mapping[str, str], times: int, code: int, said: str, after: set[str]
) -> None:
    found = fetched(bench, before, times)
    assert found[0] == code, found[1]
    assert said in " ".join(found[1].split())
    assert found[2] == after


def test_a_volume_is_no_place_to_promote_to_before_anything_is_written(bench: Desk) -> None:
    (bench.folder / "gate.pem").write_bytes(forge.pem(forge.key("gate")))
    place = f"file://{bench.folder}/volume"
    code, said, found = fetched(bench, {}, words=promoting(place))
    assert (code, found) == (2, set()), said
    assert f"--to {place}/NAME" in " ".join(said.split())


def promoting(place: str) -> str:
    return f"promote {REPO} --to {place} --sign-key gate.pem"
