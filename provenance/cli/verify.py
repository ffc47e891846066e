"""`provenance verify`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from provenance import locking, replay
from provenance.cli import terminal
from provenance.cli.gathering import Gathering, Means
from provenance.cli.options import BASE, EVIDENCE, LOCKFILE, OUTPUT, RULES, with_means, with_options
from provenance.cli.outcome import RESULTS, code_of, combined, not_judged
from provenance.cli.reporting import (
    check_reports,
    show,
    summary,
    with_format,
    with_reports,
    written,
)
from provenance.cli.subjects import Bench, Request, Subject, bench
from provenance.cli.summarising import summariser
from provenance.errors import ConfigError, SourceError, Unselected
from provenance.judgement import Trial, tried
from provenance.lock import Entry, Lock, remembered
from provenance.model import Evidence
from provenance.policy import Model
from provenance.source.evidence_files import read
from provenance.source.together import side_by_side
from provenance.trust import PUBLIC_GOOD, Sigstore
from provenance.verdict import Unjudged

MAX_EVIDENCE = 512 << 20


@click.command(name="verify")
@click.argument("refs", nargs=-1, metavar="[REF]...")
@click.option("--revision", metavar="REV", help="A branch, tag or commit, if not behind @.")
@with_options(*EVIDENCE, *RULES)
@click.option("--lock", "exact", is_flag=True, help="The files must be those of the lockfile.")
@with_options(*LOCKFILE, *BASE)
@click.option("--strict-expiry", is_flag=True, help="With --lock: what has expired fails.")
@click.option("--refresh-roots", is_flag=True, help="Fetch the public-good Sigstore root now.")
@click.option(
    "--evidence",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Judge what `inspect --format json` wrote.",
)
@with_format
@with_reports
@click.option(
    "--sign-key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="With --format vsa: PEM private key that signs the summaries.",
)
@with_means
@with_options(*OUTPUT)
def command(
    refs: tuple[str, ...],
    revision: str | None,
    named: str | None,
    signature: Path | None,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    policy: str | None,
    registry: tuple[str, ...],
    exact: bool,
    lockfile: Path | None,
    base: str | None,
    strict_expiry: bool,
    refresh_roots: bool,
    evidence: Path | None,
    form: str,
    reports: tuple[str, ...],
    sign_key: Path | None,
    means: Means,
    output: str | None,
    quiet: bool,
) -> int:
    """Judge models on a Hub or on this machine.

    REF is org/name[@revision], a directory, a file, or the name of a model in provenance.toml;
    without one, all of them. Of a model on a Hub some kilobytes are read, and no weights; nothing
    in a model is run, and nothing is written.
    """
    also, summarising = check_reports(reports), summariser(form, sign_key)
    request = Request(
        refs=refs,
        named=named,
        revision=revision,
        policy=policy,
        registry=registry,
        include=include,
        exclude=exclude,
        lockfile=lockfile,
        offline=means.offline,
        base=base,
        outputs=written(output, also),
    )
    replayed = _replayed(evidence, alone=not (refs or signature or exact or revision))
    setting = bench(request, replayed=replayed.ref if replayed else None)
    if refresh_roots:
        setting = _refreshed(setting, means.offline)
    gathering = Gathering.begun(setting, means, quiet=quiet, signature=signature)
    judging = Judging(gathering, exact or lockfile is not None, strict_expiry)
    found = side_by_side(lambda subject: judging.of(subject, replayed), setting.subjects)
    trials = tuple(item for item in found if isinstance(item, Trial))
    unjudged = tuple(item for item in found if isinstance(item, Unjudged))
    report = summary(setting, trials, unjudged, {form, *dict(also)})
    if not summarising:
        show(report, form, output)
    elif not unjudged:
        terminal.emit(summarising.bundles(setting, trials), output)
    for other, file in also:
        show(report, other, file)
    codes = [RESULTS[trial.verdict.result] for trial in trials]
    return combined([*map(code_of, unjudged), *codes])


def _replayed(evidence: Path | None, *, alone: bool) -> Evidence | None:
    if evidence is None:
        return None
    if not alone:
        raise ConfigError("--evidence stands alone: it holds the model and its signatures")
    return replay.loads(read(str(evidence), MAX_EVIDENCE))


def _refreshed(setting: Bench, offline: bool) -> Bench:
    """The same, with the public-good root as its TUF repository has it now."""
    from provenance.cli.environment import authorities
    from provenance.registry.refresh import public_good

    if offline:
        raise ConfigError("asks for the network, and --offline forbids it", path="--refresh-roots")
    instance = Sigstore(name=PUBLIC_GOOD, trusted_root=public_good(authorities()))
    return replace(setting, registry=setting.registry.with_sigstore(instance))


class Judging:
    """One verdict after another, by the same rules."""

    def __init__(self, gathering: Gathering, exact: bool, strict_expiry: bool) -> None:
        self._gathering, self._bench = gathering, gathering.bench
        self._exact, self._strict = exact, strict_expiry
        if exact and self._bench.lock is None:
            raise ConfigError("there is no lockfile: run `provenance lock`", path="--lock")

    def of(self, subject: Subject, replayed: Evidence | None) -> Trial | Unjudged:
        """The verdict on one model, or why it could not be judged."""
        if replayed:
            return self._judged(subject, replayed, None)
        try:
            subject, evidence = self._gathering.evidence_on(subject, self._pinned(subject))
        except (SourceError, Unselected) as error:
            return not_judged(subject.name, subject.ref.text, error)
        lock = self._bench.lock
        if lock and self._exact:
            return self._against(subject, evidence, lock)
        locked = lock.named(subject.name) if lock and subject.place is None else None
        # A directory that is looked at by the way may be of any release.
        by_the_way = subject.place is not None and subject.model not in self._bench.settings.models
        past = () if by_the_way else remembered(lock, subject.name, subject.ref.repo)
        return self._judged(subject, evidence, locked, past=past)

    def _pinned(self, subject: Subject) -> Entry | None:
        """The entry whose files are meant, unless another revision was asked for."""
        lock = self._bench.lock if self._exact else None
        entry = lock.named(subject.name) if lock and subject.place is None else None
        same = entry and subject.ref.revision in (entry.revision, entry.commit)
        return entry if same else None

    def _against(self, subject: Subject, evidence: Evidence, lock: Lock) -> Trial:
        """The verdict where the files must be those of the lockfile: of the entry they match, else
        of the one that was named."""
        entry = locking.matching(lock, evidence, subject.name)
        meant = entry or lock.named(subject.name)
        if entry:
            subject = self._named(subject, entry)
            evidence = locking.narrowed(evidence, entry)
            evidence = locking.with_locked(evidence, lock, entry)
        return self._judged(subject, evidence, meant, lenient=not self._strict)

    def _named(self, subject: Subject, entry: Entry) -> Subject:
        """The subject by the name, and under the policy, that the matching entry has."""
        listed = self._bench.settings.named(entry.name)
        model = listed[0] if listed else Model(name=entry.name, repo=entry.repo)
        return replace(subject, name=entry.name, policy=self._bench.policy_for(model))

    def _judged(
        self,
        subject: Subject,
        evidence: Evidence,
        locked: Entry | None,
        *,
        past: Sequence[Entry] = (),
        lenient: bool = False,
    ) -> Trial:
        return tried(
            evidence,
            replace(subject.policy, lenient_expiry=lenient),
            self._bench.registry,
            name=subject.name,
            findings=self._bench.findings,
            lock=self._bench.lock,
            locked=locked,
            remembered=past,
            exact=self._exact,
        )
