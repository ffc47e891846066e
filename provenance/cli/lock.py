"""`provenance lock`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from provenance import locking
from provenance.checks.ratchet import ACCEPTABLE
from provenance.cli import terminal
from provenance.cli.gathering import Gathering, Means
from provenance.cli.locker import Judged, Locker, unasked
from provenance.cli.options import BASE, LOCKFILE, OUTPUT, RULES, with_means, with_options
from provenance.cli.outcome import OUT_OF_DATE, combined
from provenance.cli.reporting import check_reports, show, summary, with_reports, written
from provenance.cli.subjects import Bench, Request, Subject, bench
from provenance.errors import ConfigError
from provenance.lock import Change, difference, dumps
from provenance.lockfile import save
from provenance.locking import out_of_step
from provenance.report import FORMATS

ACCEPT = re.compile(r"([a-z]+/[a-z-]+)@(.+)")


@click.command(name="lock")
@click.argument("refs", nargs=-1, metavar="[NAME]...")
@click.option("--check", is_flag=True, help="Write nothing; exit 4 if the lock would change.")
@click.option("--in-step", is_flag=True, help="Judge nothing; exit 4 if a model is not locked so.")
@click.option("--upgrade", is_flag=True, help="Follow every branch and tag anew.")
@click.option("--upgrade-model", multiple=True, metavar="NAME", help="Follow those of one model.")
@click.option(
    "--exclude-newer",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z"]),
    metavar="DATE",
    help="Refuse what nobody vouches to be older.",
)
@click.option("--measure", is_flag=True, help="Download and hash what the Hub does not state.")
@click.option(
    "--accept", multiple=True, metavar="RULE@REPO", help="Take a change against the old lock."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["human", *FORMATS, "sha256sum"]),
    default="human",
    help="sha256sum prints what is locked, for `sha256sum -c`, and judges nothing.",
)
@with_reports
@with_options(*RULES, *LOCKFILE, *BASE)
@with_means
@with_options(*OUTPUT)
def command(
    refs: tuple[str, ...],
    check: bool,
    in_step: bool,
    upgrade: bool,
    upgrade_model: tuple[str, ...],
    exclude_newer: datetime | None,
    measure: bool,
    accept: tuple[str, ...],
    form: str,
    reports: tuple[str, ...],
    policy: str | None,
    registry: tuple[str, ...],
    lockfile: Path | None,
    base: str | None,
    means: Means,
    output: str | None,
    quiet: bool,
) -> int:
    """Judge what provenance.toml names and write provenance.lock.

    What is locked already stays at its commit. A model that does not pass keeps the entry it had,
    and gets none if it had none.
    """
    also = check_reports(reports)
    setting = bench(
        Request(
            refs=refs,
            policy=policy,
            registry=registry,
            lockfile=lockfile,
            offline=means.offline,
            base=base,
            outputs=written(output, also),
            exclude_newer=_in_utc(exclude_newer),
        )
    )
    _check_listed(setting, refs)
    if in_step:
        return _in_step(setting)
    if base and not check:
        raise ConfigError("goes with --check: a pull request is judged, not locked", path="--base")
    if form == "sha256sum":
        terminal.emit(_sums(setting, refs), output)
        return 0
    gathering = Gathering.begun(setting, means, quiet=quiet)
    if gathering.hub is None and setting.away:
        raise ConfigError("asks a Hub, and nothing may be asked for offline", path="lock")
    locker = Locker(
        gathering=gathering,
        upgrade=_upgraded(setting, upgrade, upgrade_model),
        accepted=_accepted(setting, accept),
        measure=measure,
        known=setting.lock,
    )
    found, new = locker.locked(setting.subjects)
    standing = setting.proposed if base else setting.lock
    if base:
        new = locking.as_proposed(new, standing, setting.base.locks if setting.base else ())
    changes = difference(standing, new)
    _report(setting, found, form, output, also)
    for line in unasked(found, standing, ("lock", *_flags(check, base))):
        click.echo(line, err=True)
    for line in _nothing_accepted(found, locker.accepted):
        click.echo(line, err=True)
    codes = [item.code for item in found]
    if not check:
        if save(setting.lock_path, new, known=setting.lock):
            _say(changes, setting.lock_path.name, quiet)
    elif standing is None or dumps(standing) != dumps(new):
        _say(changes, f"{setting.lock_path.name} would change", quiet)
        codes.append(OUT_OF_DATE)
    return combined(codes)


def _flags(check: bool, base: str | None) -> tuple[str, ...]:
    return ("--check",) * check + (("--base", base) if base else ())


def _in_step(setting: Bench) -> int:
    """Whether every model of provenance.toml is locked as it is asked for, and no other is."""
    entries = setting.lock.models() if setting.lock else ()
    locked = {entry.name for entry in entries}
    listed = setting.settings.models
    late = [f"{model.name} is not locked" for model in listed if model.name not in locked]
    late += [text for entry in entries for text in out_of_step(setting.settings, entry)]
    for text in late:
        click.echo(f"error: {text}: run `provenance lock`", err=True)
    return OUT_OF_DATE if late else 0


def _in_utc(moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _check_listed(setting: Bench, refs: Sequence[str]) -> None:
    for ref in refs:
        if not setting.settings.named(ref):
            raise ConfigError(
                f"{ref} is not in provenance.toml: add it under [[models]], or "
                f"`provenance init {ref}`"
            )


def _upgraded(setting: Bench, every: bool, names: Sequence[str]) -> Callable[[Subject], bool]:
    for name in names:
        if not setting.settings.named(name):
            raise ConfigError(f"{name} is not in provenance.toml", path="--upgrade-model")
    return lambda subject: every or subject.name in names or subject.ref.repo in names


def _accepted(setting: Bench, words: Sequence[str]) -> dict[str, frozenset[str]]:
    """By the name of a model, the rules whose change is accepted for it."""
    found: dict[str, set[str]] = {}
    for word in words:
        match = ACCEPT.fullmatch(word)
        if not match or match[1] not in ACCEPTABLE:
            known = ", ".join(sorted(ACCEPTABLE))
            raise ConfigError(
                f"expected RULE@REPO with one of {known}; found {word!r}", path="--accept"
            )
        models = setting.settings.named(match[2])
        if not models:
            raise ConfigError(f"{match[2]} is not in provenance.toml", path="--accept")
        for model in models:
            found.setdefault(model.name, set()).add(match[1])
    return {name: frozenset(rules) for name, rules in found.items()}


def _nothing_accepted(
    found: Sequence[Judged], accepted: Mapping[str, frozenset[str]]
) -> Iterator[str]:
    """A line for each rule that was to be accepted of a model which was judged without it."""
    for item in found:
        if item.trial:
            name, findings = item.subject.name, item.trial.verdict.findings
            for rule in sorted(accepted.get(name, frozenset()) - {f.rule for f in findings}):
                commit = item.trial.verdict.commit
                at = f" at {commit}" if commit else ""
                yield (
                    f"note: --accept: {name}{at} has no {rule}, and nothing was accepted; "
                    f"a newer commit is judged with --upgrade-model {shlex.quote(name)}"
                )


def _report(
    setting: Bench,
    found: Sequence[Judged],
    form: str,
    output: str | None,
    also: Sequence[tuple[str, str]],
) -> None:
    trials = tuple(item.trial for item in found if item.trial)
    unjudged = tuple(item.unjudged for item in found if item.unjudged)
    report = summary(setting, trials, unjudged, {form, *dict(also)})
    show(report, form, output)
    for other, file in also:
        show(report, other, file)


def _say(changes: Sequence[Change], what: str, quiet: bool) -> None:
    """What changed, on stderr."""
    if quiet:
        return
    click.echo(f"{what}:", err=True)
    for change in changes:
        click.echo(f"  {terminal.described(change)}", err=True)


def _sums(setting: Bench, refs: Sequence[str]) -> str:
    """The selected files of one locked model in the form of sha256sum(1)."""
    models = setting.lock.models() if setting.lock else ()
    chosen = [entry for entry in models if not refs or {entry.name, entry.repo} & set(refs)]
    if len(chosen) != 1:
        names = ", ".join(entry.name for entry in models) or "nothing"
        raise ConfigError(f"name one locked model; {setting.lock_path.name} has {names}")
    return "\n".join(f"{file.sha256}  {file.path}" for file in chosen[0].files.files)
