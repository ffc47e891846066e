"""`provenance diff`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import click

from provenance import lockfile
from provenance.bump import Bump, Side, bump, bumps_of_locks, models_of, of_entry, of_trial
from provenance.cli import terminal
from provenance.cli.gathering import Gathering, Means
from provenance.cli.git import Repository
from provenance.cli.options import OUTPUT, RULES, with_means, with_options
from provenance.cli.proposed import refuse_link, refuse_linked_rules
from provenance.cli.subjects import Bench, Request, Subject, bench
from provenance.errors import ConfigError, SourceError
from provenance.judgement import tried
from provenance.lock import Entry, Lock
from provenance.lock import loads as read_lock
from provenance.report.review import review, review_json, review_markdown
from provenance.source.tensors import tensor_digests
from provenance.source.together import side_by_side

FORMATS = {"markdown": review_markdown, "json": review_json}


@click.command(name="diff")
@click.argument("old", required=False)
@click.argument("new", required=False)
@click.option("--git", "base", metavar="REV", help="Compare the lockfile with that of REV.")
@click.option("--contents", is_flag=True, help="With lockfiles: look at the models themselves.")
@with_options(*RULES)
@with_means
@click.option("--format", "form", type=click.Choice(["human", *FORMATS]), default="human")
@with_options(*OUTPUT)
def command(
    old: str | None,
    new: str | None,
    base: str | None,
    contents: bool,
    policy: str | None,
    registry: tuple[str, ...],
    means: Means,
    form: str,
    output: str | None,
    quiet: bool,
) -> int:
    """Show what changes between two models, two lockfiles, or since a git revision.

    In a reviewer's order: verdict, identity, signer, ancestors, code, templates and settings,
    weights, licence, other files. Models are org/name@revision or directories.
    """
    comparing = Comparing(policy, registry, means, base, quiet)
    if base is not None or (old and old.endswith(".lock")):
        bumps = comparing.locks(old, new, contents=contents)
    elif old and new:
        bumps = (comparing.models(old, new),)
    else:
        raise ConfigError("expected two models, two lockfiles, or --git REV")
    if form != "human":
        terminal.emit(FORMATS[form](bumps).rstrip("\n"), output)
        return 0
    colour = output is None and terminal.wants_colour()
    terminal.emit(terminal.styled(review(bumps), colour=colour), output)
    return 0


class Comparing:
    """Everything that two sides are had by."""

    def __init__(
        self,
        policy: str | None,
        registry: tuple[str, ...],
        means: Means,
        base: str | None,
        quiet: bool,
    ) -> None:
        self._policy, self._registry, self._means = policy, registry, means
        self._base, self._quiet = base, quiet

    def models(self, old: str, new: str) -> Bump:
        """What changes from one model to another."""
        sides = side_by_side(self._side, (old, new))
        return bump(new, sides[0], sides[1])

    def locks(self, old: str | None, new: str | None, *, contents: bool) -> tuple[Bump, ...]:
        """What changes from one lockfile to another; with `contents`, in the models too."""
        before, after = (models_of(lock.entries) for lock in self._two(old, new))
        if not contents:
            return bumps_of_locks(before, after)
        return bumps_of_locks(before, after, self._looked_at)

    def _two(self, old: str | None, new: str | None) -> tuple[Lock, Lock]:
        if self._base is None:
            if not (old and new):
                raise ConfigError("expected two lockfiles")
            return lockfile.load(Path(old)), lockfile.load(Path(new))
        home = os.environ.get("HOME")
        refuse_linked_rules(Path.cwd(), Path(home) if home else None)
        file = Path(old) if old else self._bench(()).lock_path
        repository = Repository.around(file.absolute().parent)
        refuse_link(file.absolute(), repository.top)
        name = file.absolute().relative_to(repository.top).as_posix()
        fork = repository.merge_base(repository.commit(self._base))
        text = repository.file(fork, name)
        before = read_lock(text.decode("utf-8", "replace"), source=name) if text else Lock()
        return before, lockfile.load(file) if file.exists() else Lock()

    def _looked_at(self, old: Entry | None, new: Entry | None) -> tuple[Side | None, Side | None]:
        before, after = side_by_side(self._of_entry, (old, new))
        return before, after

    def _of_entry(self, entry: Entry | None) -> Side | None:
        """The model of an entry at its commit, or as the lockfile has it where nobody has more."""
        if entry is None:
            return None
        if entry.repo is None or entry.commit is None or entry.path:
            return of_entry(entry)
        try:
            return self._side(f"{entry.repo}@{entry.commit}")
        except SourceError as error:
            click.echo(f"note: {entry.name} as the lockfile has it: {error}", err=True)
            return of_entry(entry)

    def _side(self, ref: str) -> Side:
        setting = self._bench((ref,))
        if len(setting.subjects) != 1:
            raise ConfigError(f"{ref} means {len(setting.subjects)} models: name one")
        (subject,) = setting.subjects
        gathering = Gathering.begun(setting, self._means, quiet=self._quiet)
        evidence = gathering.of(subject)
        trial = tried(evidence, subject.policy, setting.registry, name=subject.name)
        return of_trial(trial, self._tensors(subject, evidence.manifest.by_path))

    def _tensors(self, subject: Subject, paths: Mapping[str, object]) -> Mapping[str, str]:
        if subject.place is None or not subject.place.is_dir():
            return {}
        return tensor_digests(subject.place, paths)

    def _bench(self, refs: tuple[str, ...]) -> Bench:
        return bench(
            Request(
                refs=refs,
                policy=self._policy,
                registry=self._registry,
                offline=self._means.offline,
                base=self._base if refs else None,
            ),
            needs_models=bool(refs),
        )
