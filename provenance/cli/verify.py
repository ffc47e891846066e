"""`provenance verify`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click

from provenance import replay
from provenance.cli import terminal
from provenance.cli.options import EVIDENCE, OUTPUT, with_options
from provenance.cli.outcome import RESULTS, combined
from provenance.cli.subjects import Bench, Request, Subject, bench
from provenance.errors import ConfigError
from provenance.judgement import judge
from provenance.model import Evidence
from provenance.report import Summary, human, machine
from provenance.source import directory
from provenance.source.evidence_files import read
from provenance.trust import PUBLIC_GOOD, Sigstore
from provenance.verdict import Verdict

MAX_EVIDENCE = 512 << 20


@click.command(name="verify")
@click.argument("refs", nargs=-1, metavar="[REF]...")
@with_options(*EVIDENCE)
@click.option(
    "--policy",
    metavar="NAME|FILE",
    envvar="PROVENANCE_POLICY",
    help="A profile, or a file like provenance.toml.",
)
@click.option(
    "--registry",
    multiple=True,
    type=click.Path(),
    metavar="FILE",
    envvar="PROVENANCE_REGISTRY",
    help="Whom to trust: a trust.toml, or builtin.",
)
@click.option("--refresh-roots", is_flag=True, help="Fetch the public-good Sigstore root now.")
@click.option("--offline", is_flag=True, envvar="PROVENANCE_OFFLINE", help="Refuse to.")
@click.option(
    "--evidence",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Judge what `inspect --format json` wrote.",
)
@click.option("--format", "form", type=click.Choice(["human", "json"]), default="human")
@with_options(*OUTPUT)
def command(
    refs: tuple[str, ...],
    named: str | None,
    signature: Path | None,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    policy: str | None,
    registry: tuple[str, ...],
    refresh_roots: bool,
    offline: bool,
    evidence: Path | None,
    form: str,
    output: str | None,
    quiet: bool,
) -> int:
    """Judge models on this machine.

    REF is a directory, a file, or the name of a model in provenance.toml; without one, all of
    them. Nothing is fetched, nothing in a model is run, and nothing is written.
    """
    request = Request(
        refs=refs,
        named=named,
        policy=policy,
        registry=registry,
        include=include,
        exclude=exclude,
    )
    if evidence:
        if refs or signature:
            raise ConfigError("--evidence stands alone: it holds the model and its signatures")
        replayed = replay.loads(read(str(evidence), MAX_EVIDENCE))
        setting = bench(request, replayed=replayed.ref)
    else:
        replayed = None
        setting = bench(request)
    if refresh_roots:
        if offline:
            raise ConfigError(
                "asks for the network, and --offline forbids it", path="--refresh-roots"
            )
        setting = _refreshed(setting)
    now = datetime.now(UTC)
    verdicts = [
        _judged(subject, setting, replayed or _gathered(subject, signature, now, quiet))
        for subject in setting.subjects
    ]
    summary = Summary(
        verdicts=tuple(verdicts),
        policy=setting.policy_source,
        registry=setting.registry_source,
    )
    if form == "json":
        terminal.emit(machine(summary), output)
    else:
        colour = output is None and terminal.wants_colour()
        lines = human(summary, width=terminal.width())
        terminal.emit(terminal.styled(lines, colour=colour), output)
    return combined(RESULTS[verdict.result] for verdict in verdicts)


def _refreshed(setting: Bench) -> Bench:
    """The same, with the public-good root as its TUF repository has it now."""
    from provenance.registry.refresh import public_good

    instance = Sigstore(name=PUBLIC_GOOD, trusted_root=public_good())
    registry = setting.registry
    return replace(setting, registry=replace(registry, sigstores=(instance, *registry.sigstores)))


def _gathered(subject: Subject, signature: Path | None, now: datetime, quiet: bool) -> Evidence:
    return directory.collect(
        subject.path,
        ref=subject.ref,
        at=now,
        include=subject.include,
        exclude=subject.exclude,
        signature=signature,
        progress=terminal.progress(quiet=quiet),
    )


def _judged(subject: Subject, setting: Bench, evidence: Evidence) -> Verdict:
    return judge(
        evidence,
        subject.policy,
        setting.registry,
        name=subject.name,
        findings=setting.findings,
    )
