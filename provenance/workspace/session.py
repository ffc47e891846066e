"""What judging takes besides the evidence: models, rules, registries and the lockfile, read."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from provenance import registry as registries
from provenance.errors import ConfigError
from provenance.formats.near import near
from provenance.lock import Entry, Lock, Part
from provenance.manual import rules
from provenance.model import Document, Ref
from provenance.names import namespace_of
from provenance.policy import CHECKS, Model, Policy, Settings
from provenance.registry import Loaded
from provenance.trust import PUBLIC_GOOD, Registry, Sigstore
from provenance.verdict import Finding, failed
from provenance.workspace import foreign, lockfile
from provenance.workspace import settings as files
from provenance.workspace.bases import NO_BASES, Bases, empty, with_own
from provenance.workspace.environment import Environment
from provenance.workspace.registries import place_of, policy_source, registry_source
from provenance.workspace.request import Request
from provenance.workspace.subjects import Here, Subject, chosen, of_evidence, subject_of

if TYPE_CHECKING:
    from provenance.registry.remote import Published
    from provenance.workspace.merge_base import Base


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Everything that judging takes but the evidence; `policy` and `registry` are how to say it.

    `lock` is the caller's lockfile and `lock_path` where it lies, or would. `namespaces` are those
    whose repositories the caller named, and which may be asked for with a token. `rules_path` is
    the provenance.toml whose rules hold: for a pull request that of its base, as `lock` is;
    `policy_path` the file, of --policy or else that one, whose `[policy]` does;
    `proposed` is the lockfile that it brings.
    """

    subjects: tuple[Subject, ...]
    settings: Settings
    registry: Registry
    policy_source: str
    registry_source: str
    findings: tuple[Finding, ...]
    lock: Lock | None
    lock_path: Path
    namespaces: frozenset[str]
    profile: str | None
    settings_path: Path | None
    published: tuple[Published, ...] = ()
    rules_path: Path | None = None
    policy_path: Path | None = None
    proposed: Lock | None = None
    base: Base | None = None
    bases: Bases = NO_BASES

    def fingerprints(self) -> tuple[Document, ...]:
        """The fingerprints of other models' weights that registries and the caller have, each once,
        an earlier registry's first; the path of each is `org/name@` and its coordinates' name.

        Raises ConfigError, RegistryRefused, SourceError.
        """
        return self.bases.documents

    @property
    def away(self) -> bool:
        """Whether any of the models lies on a Hub."""
        return any(subject.is_on_hub for subject in self.subjects)

    @property
    def standing(self) -> Lock | None:
        """The lockfile as it stands here: of a pull request, the one that it brings."""
        return self.proposed if self.base else self.lock

    @property
    def one(self) -> Subject:
        """The only model, or ConfigError where a name means several."""
        if len(self.subjects) != 1:
            names = ", ".join(subject.name for subject in self.subjects)
            raise ConfigError(f"expected one model, and {len(self.subjects)} are meant: {names}")
        return self.subjects[0]

    def with_public_good(self, authorities: str | None) -> Session:
        """The same, with the public-good root as its TUF repository has it now.

        `authorities` are those who may vouch for a server. Raises SourceError.
        """
        from provenance.registry.refresh import public_good

        instance = Sigstore(name=PUBLIC_GOOD, trusted_root=public_good(authorities))
        return replace(self, registry=self.registry.with_sigstore(instance))

    def pinned(self, subject: Subject) -> Entry | None:
        """The entry at whose commit a model of a Hub is looked at: what is locked of it, unless
        another revision is asked for. Of a pull request, what it locks."""
        return lockfile.answering(self.standing, subject)

    def unchanged(self, subject: Subject) -> Entry | None:
        """The entry of a model that a pull request leaves as its base has it, if it does."""
        if self.base is None or self.lock is None or self.proposed is None:
            return None
        old, new = (lock.named(subject.name) for lock in (self.lock, self.proposed))
        same = old and (old.repo, old.revision) == (subject.ref.repo, subject.ref.revision)
        return old if same and old == new else None

    def policy_of(self, entry: Entry) -> Policy:
        """What is asked of a locked model; of what loaders fetch, as of the model it is for."""
        if entry.part is Part.CLOSURE:
            locked = self.lock.models() if self.lock else ()
            key = (entry.repo, entry.commit)
            fors = (one for one in locked if key in {(m.repo, m.commit) for m in one.members})
            asking = next(fors, None)
            return self.policy_of(asking or replace(entry, part=Part.MODEL)).for_member()
        listed = self.settings.named(entry.name)
        return self.policy_for(listed[0] if listed else Model(name=entry.name, repo=entry.repo))

    def policy_for(self, model: Model, *, exclude_newer: datetime | None = None) -> Policy:
        """What is asked of a model."""
        policy = Policy.of(self.settings, model, profile=self.profile)
        return replace(policy, exclude_newer=exclude_newer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The settings that apply, and where they were found; `policy` is the file whose policy does.

    `profile` is the one that the caller named instead, and `foreign` what was not used.
    """

    own: Settings
    path: Path | None = None
    policy: Path | None = None
    profile: str | None = None
    foreign: tuple[Path, ...] = ()
    base: Base | None = None

    @property
    def rules_path(self) -> Path | None:
        """The provenance.toml whose rules hold."""
        return self.base.path if self.base else self.path

    @property
    def folder(self) -> Path | None:
        """Where the caller's own provenance.toml lies, or would."""
        return self.path.parent if self.path else None


def opened(
    request: Request,
    here: Here,
    environment: Environment,
    *,
    offline: bool = False,
    settings: Settings | None = None,
    replayed: Ref | None = None,
    needs_models: bool = True,
) -> Session:
    """The session that a request asks for, or ConfigError.

    `settings` stand in place of those that would be looked for, and `replayed`, the one model of
    an evidence file, in place of any on disk.
    """
    found = _found(request, here, environment, settings)
    own = found.own
    meant = (
        [of_evidence(replayed, request, own)]
        if replayed
        else chosen(request, own, here, needed=needs_models)
    )
    places = [Path(one.model.path) for one in meant if one.model.path]
    own, fingerprints = with_own(own, here.folder.absolute(), places)
    subjects = tuple(subject_of(one, request, own, found.profile) for one in meant)
    _check(own, found.path, places)
    findings = (*map(foreign.finding, found.foreign), *(found.base.findings if found.base else ()))
    findings += tuple(empty(own, here.folder.absolute()))
    if needs_models and not (request.refs or replayed):
        findings += tuple(_needless(own))
    names = request.registry or own.registry
    loaded = _loaded(request, here, environment, own, places, offline=offline)
    lock_path = _lock_path(request, here, environment, found)
    lock = lockfile.load(lock_path) if lock_path.exists() else None
    return Session(
        subjects=subjects,
        settings=own,
        registry=loaded.registry,
        policy_source=policy_source(own, found.base),
        registry_source=registry_source(names, loaded, found.base),
        published=loaded.published,
        findings=findings,
        lock=found.base.memory(lock) if found.base else lock,
        proposed=lock if found.base else None,
        policy_path=found.policy or found.path,
        rules_path=found.rules_path,
        base=found.base,
        lock_path=lock_path,
        namespaces=_namespaces(subjects, own),
        profile=found.profile,
        settings_path=found.path,
        bases=Bases(
            loaded=loaded,
            own=fingerprints,
            secret=Path(own.weighing.key) if own.weighing.key else None,
        ),
    )


def _found(request: Request, here: Here, environment: Environment, given: Settings | None) -> Found:
    if given is not None:
        return Found(own=given, profile=request.policy)
    folder = here.folder.absolute()
    if request.base is not None:
        _refuse_links(folder, environment)
    looked = files.find(folder, _judged(request, here), home=environment.home)
    own = files.load(looked.path) if looked.path else Settings()
    policy = request.policy_file
    if looked.path is None and looked.foreign and not (policy or request.refs):
        raise foreign.refused(looked.foreign[0])
    if policy:
        own = own.under(files.load(policy))
    based = _based(request, looked.path, own, environment)
    return Found(
        own=based.settings if based else own,
        path=looked.path,
        policy=policy,
        profile=None if policy else request.policy,
        foreign=() if policy else looked.foreign,
        base=based,
    )


def _judged(request: Request, here: Here) -> list[Path]:
    """The directories that are judged, in which nothing is looked for."""
    return [here.folder / ref for ref in request.refs if (here.folder / ref).is_dir()]


def _loaded(
    request: Request,
    here: Here,
    environment: Environment,
    own: Settings,
    places: Sequence[Path],
    *,
    offline: bool,
) -> Loaded:
    return registries.load_all(
        request.registry or own.registry,
        here.folder.absolute(),
        judged=() if request.registry else places,
        place=lambda url: place_of(url, own.registry_roots, places, environment, offline=offline),
    )


def _lock_path(request: Request, here: Here, environment: Environment, found: Found) -> Path:
    folder = here.folder.absolute()
    looked = request.lockfile or lockfile.find(
        folder, _judged(request, here), home=environment.home, settings=found.path
    )
    return looked or (found.folder or folder) / lockfile.FILE_NAME


def _refuse_links(folder: Path, environment: Environment) -> None:
    from provenance.workspace.proposed import refuse_linked_rules

    refuse_linked_rules(folder, environment)


def _based(
    request: Request, file: Path | None, own: Settings, environment: Environment
) -> Base | None:
    if request.base is None:
        return None
    if file is None or request.policy_file:
        message = "needs a committed provenance.toml: run it in the repository that has one"
        raise ConfigError(message, path="--base")
    from provenance.workspace.merge_base import base_of

    return base_of(file, own, request.base, environment, request.lockfile, request.outputs)


def _namespaces(subjects: Sequence[Subject], own: Settings) -> frozenset[str]:
    repos = [subject.ref.repo for subject in subjects] + [model.repo for model in own.models]
    named = {namespace_of(repo) for repo in repos if repo}
    return frozenset(named | set(own.token_namespaces))


def _check(own: Settings, file: Path | None, judged: Sequence[Path]) -> None:
    """The settings come from outside every model they judge, and name rules that exist."""
    for place in judged:
        if file and Path(os.path.realpath(file)).is_relative_to(os.path.realpath(place)):
            raise ConfigError(
                f"lies inside the model {place}, which may not judge itself", path=str(file)
            )
    known = rules()
    for rule in (*(rule for rule, _ in own.levels), *(waiver.rule for waiver in own.waivers)):
        check, slash, _ = rule.partition("/")
        if slash and check in CHECKS and rule not in known:
            said = f"there is no rule {rule}{near(rule, known)}"
            raise ConfigError(said, path=f"{own.source}: policy")


def _needless(own: Settings) -> Iterator[Finding]:
    """Waivers and exemptions for repositories that no model names, where all models are judged."""
    named = {model.repo for model in own.models}
    named |= {text.partition("@")[0] for model in own.models for text in model.members}
    entries = [(f"the waiver of {w.rule} for {w.subject}", w.repo) for w in own.waivers]
    entries += [("the exemption", exemption.repo) for exemption in own.exemptions]
    for what, repo in entries:
        if repo not in named:
            message = f"{what} is for {repo}, which no [[models]] names: remove it, or add {repo}"
            yield failed("policy/unused-waiver", message, repo)
