"""`provenance fetch`."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from provenance.cli import terminal
from provenance.cli.gathering import Means
from provenance.cli.options import LOCKFILE, RULES, with_means, with_options
from provenance.cli.outcome import CANNOT_JUDGE, FAIL, OUT_OF_DATE, RESULTS, combined
from provenance.cli.reporting import show
from provenance.cli.subjects import Bench, Request, bench
from provenance.errors import ConfigError, SourceError
from provenance.lock import Entry, Lock
from provenance.locking import out_of_step
from provenance.policy import Model
from provenance.report import Summary
from provenance.report.common import aside, printable

SHOWN = 5


@click.command(name="fetch")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--local-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the model is to lie; else the Hub's cache.",
)
@click.option(
    "--replace",
    is_flag=True,
    help="Put it in the place of an earlier release that was fetched to --local-dir.",
)
@click.option("--frozen", is_flag=True, help="Do not ask whether provenance.toml has changed.")
@with_options(*RULES, *LOCKFILE)
@with_means
@click.option("-q", "--quiet", is_flag=True, help="No progress, no hints.")
def command(
    names: tuple[str, ...],
    local_dir: Path | None,
    replace: bool,
    frozen: bool,
    policy: str | None,
    registry: tuple[str, ...],
    lockfile: Path | None,
    means: Means,
    quiet: bool,
) -> int:
    """Download exactly what is locked and passes, or nothing.

    NAME is a model of provenance.lock; without one, all that come from a Hub. Each is judged again
    with today's registry, before the download and by the downloaded bytes.
    """
    setting = bench(
        Request(policy=policy, registry=registry, lockfile=lockfile, offline=means.offline),
        needs_models=False,
    )
    if setting.lock is None:
        raise ConfigError("there is none: run `provenance lock`", path=setting.lock_path.name)
    entries = _chosen(setting, setting.lock, names)
    if local_dir and len(entries) != 1:
        raise ConfigError(f"takes one model, and {len(entries)} are meant", path="--local-dir")
    if replace and not local_dir:
        raise ConfigError(
            "goes with --local-dir: nothing in the cache is replaced", path="--replace"
        )
    stale = (
        []
        if frozen
        else [text for entry in entries for text in out_of_step(setting.settings, entry)]
    )
    if stale:
        for text in stale:
            click.echo(f"error: {text}: run `provenance lock`, or add --frozen", err=True)
        return OUT_OF_DATE
    fetching = Fetching(
        setting=setting,
        lock=setting.lock,
        means=means,
        local_dir=local_dir,
        replacing=replace,
        quiet=quiet,
    )
    return combined([fetching.fetch(entry) for entry in entries])


def _chosen(setting: Bench, lock: Lock, names: Sequence[str]) -> tuple[Entry, ...]:
    """The entries that are meant, or ConfigError for a name that has none."""
    if not names:
        found = tuple(entry for entry in lock.models() if entry.path is None)
        if not found:
            raise ConfigError("has no model of a Hub", path=setting.lock_path.name)
        return found
    return tuple(_entry(setting, lock, name) for name in dict.fromkeys(names))


def _entry(setting: Bench, lock: Lock, name: str) -> Entry:
    entry = lock.named(name)
    if entry is None:
        known = ", ".join(entry.name for entry in lock.models()) or "nothing"
        listed = " (it is in provenance.toml: run `provenance lock`)" * bool(
            setting.settings.named(name)
        )
        raise ConfigError(
            f"has no model {name!r}{listed}; it has {known}", path=setting.lock_path.name
        )
    if entry.path is not None:
        raise ConfigError(f"{name} lies on disk at {entry.path}: there is nothing to fetch")
    return entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetching:
    """One entry after the other, by the same rules."""

    setting: Bench
    lock: Lock
    means: Means
    local_dir: Path | None
    replacing: bool
    quiet: bool

    def fetch(self, entry: Entry) -> int:
        """The exit code of one entry; where it was admitted, how to load it is printed."""
        from provenance.gate import Refused, Rules, Target, admit

        rules = Rules(
            entry=entry,
            lock=self.lock,
            policy=self.setting.policy_for(self._model(entry)),
            registry=self.setting.registry,
            at=datetime.now(UTC),
            attestations=self.means.documents(self.setting),
        )
        cache = self.means.cache_dir
        target = (
            Target.folder(self.local_dir, cache=cache, replacing=self.replacing)
            if self.local_dir
            else Target.snapshot(entry, cache)
        )
        hub = self.means.hub(self.setting, terminal.progress(quiet=self.quiet))
        try:
            admitted = admit(hub, rules, target)
        except Refused as refused:
            summary = Summary(
                verdicts=(refused.verdict,),
                unjudged=(),
                policy=self.setting.policy_source,
                registry=self.setting.registry_source,
            )
            show(summary, "human", None)
            click.echo(f"error: {entry.name} was not fetched: {refused}", err=True)
            return max(FAIL, RESULTS[refused.verdict.result])
        except (SourceError, OSError) as error:
            click.echo(f"error: {entry.name} was not fetched: {error}", err=True)
            return CANNOT_JUDGE
        done = "was there already, and is" if admitted.already else "fetched:"
        verdict = admitted.verdict
        said = f"{verdict.result} ({verdict.profile}){aside(verdict)}"
        click.echo(f"{terminal.mark(verdict)} {entry.name} {done} {said}")
        click.echo(f"  {verdict.reason}")
        click.echo(f"  {admitted.place}")
        if admitted.beside:
            click.echo(f"  {_beside(admitted.beside)}")
        if not self.quiet:
            for line in _usage(entry, admitted.place, local=self.local_dir is not None):
                click.echo(f"  {line}")
        return 0

    def _model(self, entry: Entry) -> Model:
        listed = self.setting.settings.named(entry.name)
        return listed[0] if listed else Model(name=entry.name, repo=entry.repo)


def _beside(paths: Sequence[str]) -> str:
    """What lies in the same snapshot, in one line."""
    shown = ", ".join(map(printable, paths[:SHOWN]))
    more = f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else ""
    return f"not judged, and in the same snapshot, where a loader may read it: {shown}{more}"


def _usage(entry: Entry, place: Path, *, local: bool) -> Iterator[str]:
    """The lines to type for the loaders people use, each pinned to what was judged."""
    commit, repo = entry.commit or "", entry.repo or ""
    load = f'"{place}"' if local else f'"{repo}", revision="{commit}"'
    serve = shlex.quote(str(place)) if local else f"{repo} --revision {commit}"
    python = f"from transformers import AutoModel; AutoModel.from_pretrained({load})"
    yield f"transformers  HF_HUB_OFFLINE=1 python -c {shlex.quote(python)}"
    yield f"vLLM          HF_HUB_OFFLINE=1 vllm serve {serve}"
    yield f"TGI           HF_HUB_OFFLINE=1 text-generation-launcher --model-id {serve}"
