"""How long a verdict on a graph of ancestors takes, and that it grows with its edges.

`python -m tests.bench.lineage` prints the time of `provenance verify` for a history of ten steps,
each attested with data, code and parameters, which is to stay below a second; then ratios: twice
the ancestors against twice the time.
"""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import tomli_w

from provenance.claims.files import ModelFiles
from provenance.judgement import judge
from provenance.lineage import Claimed, Graph, TrainingStep, build
from provenance.model import Ancestor, Evidence, Facts, File, Manifest, Reach
from provenance.policy import Demand, Policy
from provenance.signature import Attestation, Moments, Party
from provenance.trust import Registry
from provenance.wire.intoto import Statement
from provenance.wire.training import Method, Parent, Step
from tests import forge
from tests.bench.figures import OURS, running
from tests.bench.run import Taken, Watch
from tests.claims.models import evidence
from tests.hubs import card
from tests.lineage.test_demanded import FULL

STEPS = 10
COUNTS = (2_500, 5_000, 10_000)
POLICY = Policy(profile="attested", checks=("ancestry", "lineage"), signature=Demand.REGISTERED)
ORG = forge.org("Acme", forge.signer("trainer", ["trainer"]), originates=True)
Shape = Callable[[int, int], list[int]]
SHAPES: dict[str, Shape] = {
    "a chain": lambda n, count: [n + 1] if n + 1 < count else [],
    "all beside each other": lambda n, count: list(range(1, count)) if n == 0 else [],
    "diamonds": lambda n, count: [m for m in (2 * (n // 2) + 2, 2 * (n // 2) + 3) if m < count],
}


def name(number: int) -> str:
    """The repository of a node."""
    return f"acme/m{number}"


def claimed(count: int, shape: Shape) -> Evidence:
    """A model with so many ancestors, by what their cards say."""
    own = ", ".join(map(name, shape(0, count)[:1_000]))
    given = evidence({"README.md": card(f"base_model: [{own}]"), "config.json": b"{}"})
    ancestors = tuple(
        Ancestor(
            claimed=name(n),
            commit=f"{n:040x}",
            facts=Facts(id=name(n), parents=tuple(map(name, shape(n, count))), reach=Reach.BRANCH),
        )
        for n in range(1, count)
    )
    return replace(given, ref=replace(given.ref, repo=name(0)), ancestors=ancestors)


def attested(count: int, shape: Shape, registry: Registry) -> Iterator[TrainingStep]:
    """A statement about every node, as if each signature had been verified already."""
    party = Party(org=registry.orgs[0], signer=registry.orgs[0].signers[0])
    files = [(File(path="model.safetensors", size=1, digest=f"{n:064x}"),) for n in range(count)]
    for n in range(count):
        parents = tuple(
            Parent(
                repo=name(p),
                commit=f"{p:040x}",
                manifest=Manifest.of(files[p]).digest,
                files=files[p],
            )
            for p in shape(n, count)[:1_000]
        )
        step = Step(
            model=name(n),
            method=Method.SFT if parents else Method.PRETRAIN,
            subjects={file.path: file.digest for file in files[n]},
            parents=parents,
        )
        step_of = Statement(subjects=(), predicate_type="", predicate=None)
        attestation = Attestation(
            bundle=str(n), statement=step_of, identity="", moments=Moments(), parties=(party,)
        )
        yield TrainingStep(bundle=str(n), step=step, attestation=attestation)


def attest(own: Evidence, registry: Registry, steps: Sequence[TrainingStep]) -> Graph:
    """The graph by statements alone."""
    files = ModelFiles(evidence=own)
    return build(Claimed.of(files), files, registry, steps)


def took(function: Callable[[], object]) -> float:
    """Seconds, the best of three."""
    best = float("inf")
    for _ in range(3):
        begin = time.perf_counter()
        function()
        best = min(best, time.perf_counter() - begin)
    return best


def history(top: Path) -> None:
    """A model that brings the statements of ten steps, in a folder with settings that ask much."""
    trainer, above = forge.TufKey(key=forge.key("trainer")), b""
    for number in range(STEPS + 1):
        weights = forge.safetensors(f"{number}".encode().ljust(16, b"."))
        folder = forge.write(top / f"m{number}", {**forge.MODEL, "model.safetensors": weights})
        if number:
            (folder / "claims.jsonl").write_bytes(above)
            parent = forge.digested(top / f"m{number - 1}", name(number - 1))
            forge.attest(folder, trainer, "sft", parent, model=name(number), **FULL)
            above = (folder / "claims.jsonl").read_bytes()
    forge.sign(top / f"m{STEPS}", forge.TufKey(key=forge.key("release")))
    root = {"repo": name(0), "manifest": forge.digested(top / "m0").manifest}
    signers = (forge.signer("release"), forge.signer("trainer", ["trainer"]))
    registry = forge.registry(forge.org("Acme", *signers, root=[root]))
    (top / "trust.toml").write_text(tomli_w.dumps(registry))
    asked = {"data_pinned": True, "code_clean": True, "parameters": True, "environment": True}
    policy = {"profile": "attested", "registry": ["trust.toml"], "training": asked}
    (top / "provenance.toml").write_text(tomli_w.dumps({"policy": policy}))


def of_ten_steps() -> None:
    """The whole program on it, and the verdict alone."""
    with tempfile.TemporaryDirectory() as place:
        history(Path(place))
        last, policy = Path(place) / f"m{STEPS}", Path(place) / "provenance.toml"
        words: list[str | Path] = [
            *OURS,
            "verify",
            last,
            "--as",
            name(STEPS),
            "--policy",
            policy,
            "--offline",
        ]
        program = running(words)
        program()
        taken = min(_taken(program) for _ in range(3))
    print(f"a history of {STEPS} steps: `provenance verify` takes {taken}")


def _taken(work: Callable[[], None]) -> Taken:
    watch = Watch()
    work()
    return watch.taken()


def main() -> None:
    """A history as it is verified, then every shape at every size."""
    of_ten_steps()
    registry = Registry.from_table(forge.registry(ORG), source="trust.toml")
    for title, shape in SHAPES.items():
        before = 0.0
        for count in COUNTS:
            given = claimed(count, shape)
            seconds = took(partial(judge, given, POLICY, registry))
            steps = list(attested(count, shape, registry))
            files = Manifest.of((File(path="model.safetensors", size=1, digest=f"{0:064x}"),))
            own = replace(given, manifest=files, listing=files, contents=(), ancestors=())
            walk = took(partial(attest, own, registry, steps))
            graph = attest(own, registry, steps)
            ratio = f", {seconds / before / 2:.2f} of twice the time" if before else ""
            print(
                f"{title}: {count} claimed, judged in {seconds:.2f} s{ratio}; "
                f"{len(graph.edges)} attested edges in {walk:.2f} s",
                flush=True,
            )
            before = seconds
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"memory: {peak} MB at most")


if __name__ == "__main__":
    main()
