"""A registry of 2,000 organisations and 10,000 signers: to read, to judge by, to check, to compare.

Prints the seconds of each, and their ratio to tomllib reading the same text.

usage: python -m tests.bench.registry [--orgs N] [--signers M]
"""

from __future__ import annotations

import argparse
import tempfile
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import tomli_w

from provenance.judgement import judge
from provenance.model import Ref
from provenance.policy import Model, Policy, Settings
from provenance.registry import load
from provenance.source import directory
from provenance.trust.lint import lint
from provenance.trust.powers import shifts
from tests import forge

T = TypeVar("T")
ISSUER = "https://token.actions.githubusercontent.com"
DISTINCT_KEYS = 200
"""Keys that are made: the rest of the signers are identities and these keys again."""


def text(orgs: int, signers: int) -> str:
    """The trust.toml: a third of the signers are keys, two thirds are workflows."""
    each = signers // orgs
    rows = []
    for number in range(orgs):
        own = [_signer(number, n) for n in range(each)]
        rows.append(forge.org(f"Org {number}", *own, namespaces=[f"org-{number}"]))
    rows[0] = forge.org("Acme", forge.signer("release"))
    return tomli_w.dumps(forge.registry(*rows), multiline_strings=True)


def _signer(org: int, number: int) -> dict[str, object]:
    name = f"signer {number}"
    if number % 3 == 0:
        return forge.signer(name, key=forge.key(str(org % DISTINCT_KEYS)).public.pem)
    source = f"https://github.com/org-{org}/train-{number}"
    identity = f"{source}/.github/workflows/release.yml@refs/tags/*"
    return forge.signer(
        name, identity=identity, issuer=ISSUER, source_repository=source, owner_id=str(org)
    )


def timed(what: str, work: Callable[[], T], peer: float | None = None) -> tuple[float, T]:
    """How long `work` took, printed, and what it gave."""
    begun = time.perf_counter()
    found = work()
    took = time.perf_counter() - begun
    ratio = f"  {took / peer:6.1f} x tomllib" if peer else ""
    print(f"{what:34} {took:6.2f} s{ratio}")
    return took, found


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orgs", type=int, default=2_000)
    parser.add_argument("--signers", type=int, default=10_000)
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "trust.toml"
        file.write_text(text(words.orgs, words.signers))
        model = forge.sign(forge.write(folder / "bot"), forge.TufKey(key=forge.key("release")))
        evidence = directory.collect(model, ref=Ref(text="m", repo="acme/bot"), at=forge.NOW)
        policy = Policy.of(Settings(), Model(name="acme/bot", repo="acme/bot"))
        print(f"{words.orgs} organisations, {words.signers} signers, {file.stat().st_size} bytes")
        peer, _ = timed("tomllib alone", lambda: tomllib.loads(file.read_text()))
        _, registry = timed("parse", lambda: load(file), peer)
        _, verdict = timed("one verdict", lambda: judge(evidence, policy, registry), peer)
        timed("another", lambda: judge(evidence, policy, registry), peer)
        _, remarks = timed("check", lambda: lint(registry, forge.NOW), peer)
        file.write_text(file.read_text().replace("publisher", "trainer"))
        other = load(file)
        _, changed = timed("diff", lambda: shifts(registry, other), peer)
        print(f"{verdict.result}: {verdict.reason}; {len(remarks)} remarks, {len(changed)} changes")


if __name__ == "__main__":
    main()
