"""The command line that attests what a run has saved, where the run itself did not."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from provenance.keystore import without_pin
from provenance.recording.terms import AnyPath, Terms
from provenance.wire.training import MOMENT
from provenance.workspace.attesting import ParentRefused

Moments = tuple[datetime | None, datetime]
"""When a run began, and when it ended."""


def line(
    terms: Terms,
    folder: str,
    method: str,
    *,
    parents: Iterable[str],
    datasets: Iterable[str],
    moments: Moments,
    code: AnyPath | None = None,
    builder: str | None = None,
) -> str:
    """`provenance attest` of the folder, by the rules and signer of the run; no token is shown."""
    started, finished = moments
    registry = (terms.registry,) if isinstance(terms.registry, str) else terms.registry
    words = ["provenance", "attest", folder, "--as", terms.model, "--method", method]
    for option, values in (
        ("--parent", parents),
        ("--dataset", datasets),
        ("--code", (code,)),
        ("--builder", (builder,)),
        ("--started", (started.strftime(MOMENT) if started else None,)),
        ("--finished", (finished.strftime(MOMENT),)),
        ("--key", (terms.key and without_pin(os.fspath(terms.key)),)),
        ("--certificate", (terms.certificate,)),
        ("--chain", (terms.chain,)),
        ("--trust-config", (terms.trust_config,)),
        ("--timestamp", terms.timestamps),
        ("--policy", (terms.policy,)),
        ("--registry", registry),
        ("-o", (terms.output,)),
    ):
        words += [word for one in values if one is not None for word in (option, os.fspath(one))]
    return shlex.join([*words, *(["--unverified-parent"] if terms.unverified_parent else [])])


def refused(
    why: ParentRefused,
    terms: Terms,
    folder: Path,
    method: str,
    places: Sequence[Path],
    moments: Moments,
) -> ParentRefused:
    """The same, with the line that attests what was saved all the same; `places` are the parents,
    where the caller did not name them all."""
    named = [one for one in terms.parents if isinstance(one, str)]
    if not named or len(named) < len(terms.parents):
        named = [shown(place, terms) for place in places]
    command = line(
        terms,
        shown(folder, terms),
        method,
        parents=named,
        datasets=[os.fspath(one) for one in terms.datasets if isinstance(one, str | os.PathLike)],
        moments=moments,
        code=terms.code,
    )
    found = ParentRefused(why.verdicts)
    found.add_note(
        f"What was saved stays. To attest it all the same: {command} --unverified-parent"
    )
    return found


def shown(place: Path, terms: Terms) -> str:
    """A path from the caller's folder on, where it lies there."""
    whole, top = place.absolute(), terms.workspace.folder.absolute()
    return str(whole.relative_to(top)) if whole.is_relative_to(top) else str(whole)
