"""`fetch` into a volume of its own, as an init container's: nothing can be renamed to it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

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


def fetched(bench: Desk, before: Mapping[str, str], times: int = 1) -> tuple[int, str, set[str]]:
    """The exit code, what was said, and the files in a volume that held others before."""
    lines = ["mkdir volume kept", "mount -t tmpfs tmpfs volume"]
    for path, text in before.items():
        lines += [f"mkdir -p volume/{Path(path).parent}", f"printf '{text}' > volume/{path}"]
    line = f"{sys.executable} -m provenance fetch --local-dir volume"
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
