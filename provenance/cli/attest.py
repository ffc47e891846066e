"""`provenance attest`."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import click

from provenance.cli import terminal
from provenance.cli.gathering import Gathering, Means
from provenance.cli.hand import Hand, with_hand
from provenance.cli.options import RULES, with_means, with_options
from provenance.cli.outcome import FAIL
from provenance.cli.subjects import Bench, Request, Subject, bench
from provenance.errors import ConfigError, Malformed
from provenance.formats import yaml
from provenance.judgement import tried
from provenance.model import Evidence, Ref
from provenance.produce.attest import Making, earlier, parent, statement
from provenance.source import directory
from provenance.source.evidence_files import read, split
from provenance.source.files import write
from provenance.source.limits import DEFAULT
from provenance.training import Material, Method, Parent
from provenance.trust.names import is_repo
from provenance.verdict import Result, Verdict

CLAIMS = "claims.jsonl"
MAX_CLAIMS = 64 << 20
MAX_CONFIG = 1 << 20
COMMIT = re.compile(r"@([0-9a-f]{40})$")
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])


@click.command(name="attest")
@click.argument("path", metavar="DIR", type=FOLDER)
@click.option("--as", "model", required=True, metavar="ORG/NAME", help="What was made.")
@click.option("--method", required=True, type=click.Choice([m.value for m in Method]))
@click.option("--parent", "parents", multiple=True, metavar="REF", help="What it was made from.")
@click.option("--dataset", "datasets", multiple=True, metavar="URI", help="Data that went in.")
@click.option("--code", multiple=True, metavar="URI", help="Code that ran, with @commit.")
@click.option("--config", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--builder", metavar="URI", help="What ran the training.")
@click.option("--started", type=MOMENT, help="When it began, UTC.")
@click.option("--finished", type=MOMENT, help="When it ended, UTC; else now.")
@click.option("--unverified-parent", is_flag=True, help="Attest although a parent does not pass.")
@with_hand
@with_options(*RULES)
@with_means
@click.option("-o", "--output", metavar="FILE", help="Where to add it, if not DIR/claims.jsonl.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def command(
    path: Path,
    model: str,
    method: str,
    parents: tuple[str, ...],
    datasets: tuple[str, ...],
    code: tuple[str, ...],
    config: Path | None,
    builder: str | None,
    started: datetime | None,
    finished: datetime | None,
    unverified_parent: bool,
    hand: Hand,
    policy: str | None,
    registry: tuple[str, ...],
    means: Means,
    output: str | None,
    quiet: bool,
) -> int:
    """Attest how the model in DIR was made; add the statement to DIR/claims.jsonl.

    It covers every file of DIR and names its parents by digest. REF is a model on a Hub or on this
    machine; it is judged first, and must pass. The statements that a parent carries are carried on.
    """
    if not is_repo(model):
        raise ConfigError(f"expected org/name, found {model!r}", path="--as")
    now = datetime.now(UTC)
    signer = hand.signer(now)
    request = Request(refs=parents, policy=policy, registry=registry, offline=means.offline)
    setting = bench(request, needs_models=False)
    setting = replace(setting, subjects=setting.subjects if parents else ())
    gathering = Gathering.begun(setting, means, quiet=quiet)
    known = [(subject, gathering.of(subject)) for subject in setting.subjects]
    verdicts = [_verdict(setting, *pair) for pair in known]
    refused = [verdict for verdict in verdicts if verdict.result is not Result.PASS]
    if refused and not unverified_parent:
        _complain(refused)
        return FAIL
    evidence = directory.collect(
        path, ref=Ref(text=str(path)), at=now, progress=terminal.progress(quiet=quiet)
    )
    making = Making(
        model=model,
        method=Method(method),
        parents=_parents([pair[1] for pair in known], verdicts),
        materials=[*_materials("dataset", datasets), *_materials("code", code), *_config(config)],
        parameters=_parameters(config),
        builder=builder or f"pkg:pypi/hf-provenance@{version('hf-provenance')}",
        started=started.replace(tzinfo=UTC) if started else None,
        finished=finished.replace(tzinfo=UTC) if finished else now,
    )
    target = Path(output) if output else path / CLAIMS
    before = _present(target)
    line = signer.sign(statement(evidence, making)).encode()
    lines = dict.fromkeys([*before, *earlier([pair[1] for pair in known]), line])
    write(target, _readable([line.decode() for line in lines], target))
    if not quiet:
        click.echo(f"attested: {target}", err=True)
    return 0


def _verdict(setting: Bench, subject: Subject, evidence: Evidence) -> Verdict:
    """The verdict on a parent, of whatever release: the lockfile says which one is deployed."""
    trial = tried(
        evidence,
        subject.policy,
        setting.registry,
        name=subject.name,
        lock=setting.lock,
        remembered=(),
    )
    return trial.verdict


def _complain(refused: Sequence[Verdict]) -> None:
    for verdict in refused:
        said = f"{verdict.name}: {verdict.result}: {verdict.reason}"
        click.echo(f"error: the parent {said}", err=True)
    click.echo("nothing was attested; --unverified-parent does it all the same", err=True)


def _parents(known: Sequence[Evidence], verdicts: Sequence[Verdict]) -> tuple[Parent, ...]:
    return tuple(
        parent(evidence, verified=verdict.result is Result.PASS)
        for evidence, verdict in zip(known, verdicts, strict=True)
    )


def _materials(kind: str, uris: Sequence[str]) -> list[Material]:
    found = []
    for uri in uris:
        commit = COMMIT.search(uri)
        digest = (("gitCommit", commit[1]),) if commit else ()
        found.append(Material(kind=kind, uri=uri, digest=digest))
    return found


def _config(config: Path | None) -> list[Material]:
    if config is None:
        return []
    digest = hashlib.sha256(read(str(config), MAX_CONFIG)).hexdigest()
    return [Material(kind="config", uri=config.name, digest=(("sha256", digest),))]


def _parameters(config: Path | None) -> dict[str, object]:
    """What the configuration says, where it is a table of YAML or JSON."""
    if config is None:
        return {}
    try:
        value = yaml.loads(read(str(config), MAX_CONFIG))
    except Malformed as error:
        raise ConfigError(str(error), path=str(config)) from None
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else {}


def _readable(lines: Sequence[str], target: Path) -> str:
    """The text of these lines, if a verifier reads as many and as much, or ConfigError."""
    text = "".join(f"{line}\n" for line in lines)
    size, most = len(text.encode()), f"{DEFAULT.bundles} lines of {DEFAULT.bundle:,} bytes together"
    if len(lines) > DEFAULT.bundles or size > DEFAULT.bundle:
        message = f"would hold {len(lines)} statements of {size:,} bytes, and no more than {most} "
        raise ConfigError(f"{message}are read: write another file with -o", path=str(target))
    return text


def _present(target: Path) -> list[bytes]:
    """The lines that are there already, all of them bundles, or ConfigError."""
    if not os.path.lexists(target):
        return []
    data = read(str(target), MAX_CLAIMS)
    found = split(CLAIMS, data)
    if data.strip() and not found:
        raise ConfigError("holds something else than bundles: remove it", path=str(target))
    return [document.data for document in found]
