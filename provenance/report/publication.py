"""What a publisher of a registry reads once something was published, prepared or signed."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from provenance.registry.publication import Countersigned, Publication
from provenance.report.human import Line, Span


def publication_lines(made: Publication) -> Iterator[Line]:
    """What clients see from now on, and until when; or what is to be done before they do."""
    if made.fingerprints:
        yield _line(
            f"with {made.fingerprints} fingerprint{'s' * (made.fingerprints != 1)} of roots"
        )
    if made.waits:
        yield _line(_said(made.versions, f"prepared in {made.folder}, to be signed"))
        yield _next("sign", made.folder, "--key", "KEY")
        return
    if made.listed is None:
        yield _line(_said(made.versions, f"published in {made.folder}"))
        yield _line("clients see it once the registry is refreshed")
        yield _next("refresh", made.folder, "--online-key", "KEY")
        return
    seen = made.listed
    yield _line(f"published {seen.name} version {seen.version} in {made.folder}")
    yield _line(f"  expires  {', '.join(f'{role} {day:%Y-%m-%d}' for role, day in seen.expires)}")
    yield _line(f"  root     {seen.root}  sha256:{seen.digest}")
    yield _line("  for users who have not pinned it: provenance registry pin URL --root root.json")
    yield _line("  for the others: provenance verify")
    yield _line("  by their lockfiles alone: provenance registry affected")


def countersigned_lines(made: Countersigned) -> Iterator[Line]:
    """What was signed of what, and what is still missing."""
    yield _line(_said(made.versions, f"signed {', '.join(made.roles) or 'nothing'} of"))
    if made.missing:
        yield _line(f"still missing: {made.missing}")
        yield _next("sign", made.folder, "--key", "KEY")
    else:
        yield _next("publish", made.folder, "--finish", "--online-key", "KEY")


def _said(versions: Sequence[tuple[str, int]], what: str) -> str:
    """The new versions in one line."""
    listed = ", ".join(f"{role} version {number}" for role, number in versions)
    return f"{what}: {listed}" if listed else what


def _next(name: str, folder: Path, *words: str) -> Line:
    line = shlex.join(["provenance", "registry", name, "--to", str(folder), *words])
    return _line(f"next: {line}")


def _line(text: str) -> Line:
    return (Span(text),)
