"""What a caller's folder means, and everything that is done with it: the library's front door."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import ConfigError
from provenance.model import Evidence
from provenance.policy import Settings
from provenance.registry.editing import Edit
from provenance.source.ahead import Ahead
from provenance.source.progress import Progress, Silent
from provenance.status import Status
from provenance.workspace.adding import Added, Addition, added, begun, own_file, policy_lines
from provenance.workspace.environment import Environment
from provenance.workspace.exempting import Setting, check_rule, exempted, renewed, waived
from provenance.workspace.fetching import Fetched, Fetcher, chosen_entries
from provenance.workspace.gathering import Gathering
from provenance.workspace.locking import Locked, LockOptions, check_listed, locked
from provenance.workspace.registries import with_registry_here
from provenance.workspace.removing import removed
from provenance.workspace.request import Request
from provenance.workspace.session import Session, opened
from provenance.workspace.settings import find
from provenance.workspace.source_options import SourceOptions
from provenance.workspace.status import status_of
from provenance.workspace.subjects import Here
from provenance.workspace.updating import Updated, updated
from provenance.workspace.verifying import Verification, Verifier, verified

if TYPE_CHECKING:
    from provenance.drift.comparison import Comparison
    from provenance.inventory import Inventory
    from provenance.weights.compared import Traced

GIVEN = "the settings were given as values, and there is no file to edit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A folder with its provenance.toml, registries and provenance.lock, or the like as values.

    `settings` stand in place of the provenance.toml that would be looked for from `folder`
    upwards. `progress` is told how far long work has come, from several threads at once. `ahead`
    has files whose hashing has begun. Nothing is printed, no variable is read but those of
    `environment`, and no method exits.
    """

    folder: Path = Path()
    environment: Environment = field(default_factory=Environment)
    options: SourceOptions = field(default_factory=SourceOptions)
    progress: Progress = field(default_factory=Silent)
    settings: Settings | None = None
    ahead: Ahead | None = None

    @classmethod
    def open(
        cls,
        folder: str | Path = ".",
        *,
        environment: Mapping[str, str] | None = None,
        options: SourceOptions | None = None,
        progress: Progress | None = None,
        settings: Settings | None = None,
    ) -> Workspace:
        """The workspace of a folder.

        `environment` are the variables that may be read (HOME, XDG_CACHE_HOME, HF_ENDPOINT, …;
        `os.environ` for those of this process), none where none are given. Raises ConfigError for
        a folder that is not there, and for variables that cannot be used.
        """
        place = Path(folder)
        if not place.is_dir():
            raise ConfigError("expected a folder, found nothing", path=str(place))
        known = Environment(dict(environment or {}))
        known.check()
        return cls(
            folder=place,
            environment=known,
            options=_asking(options or SourceOptions(), known),
            progress=progress or Silent(),
            settings=settings,
        )

    def now(self) -> datetime:
        """The present moment in UTC, as of which models are judged and signed. Raises nothing."""
        return datetime.now(UTC)

    def session(
        self, request: Request, *, replayed: Evidence | None = None, needs_models: bool = True
    ) -> Session:
        """The models, rules, registries and lockfile that a request means.

        Raises ConfigError for words or files that mean nothing, and for registries what `verify`
        raises.
        `replayed` is the evidence that is judged in place of any model on disk.
        """
        return opened(
            request,
            Here(folder=self.folder, endpoint=self.environment.endpoint),
            self.environment,
            offline=self.options.offline,
            settings=self.settings,
            replayed=replayed.ref if replayed else None,
            needs_models=needs_models,
        )

    def gathering(
        self, session: Session, *, signature: Path | None = None, ask_owner: bool = False
    ) -> Gathering:
        """What evidence is gathered with for the models of a session, as of now.

        `signature` is the one that counts, wherever it lies. Raises ConfigError for options that
        cannot be used.
        """
        return Gathering.begun(
            session,
            self.options,
            progress=self.progress,
            signature=signature,
            ask_owner=ask_owner,
            ahead=self.ahead,
        )

    def verify(self, *refs: str, exact: bool = False) -> Verification:
        """The verdicts on models: names of provenance.toml, directories, `org/name@revision`.

        All of provenance.toml where none is named; with `exact` the files must be those of the
        lockfile. A model that could not be asked for is among `unjudged`, and nothing is written.
        Raises ConfigError for words or files that mean nothing, RegistryRefused for a published
        registry that does not hold, SourceError for one that cannot be had, and TrustError for a
        trust root that cannot be used.
        """
        session = self.session(self._request(refs))
        return verified(Verifier(gathering=self.gathering(session), exact=exact))

    def lock(
        self,
        *refs: str,
        options: LockOptions | None = None,
        exclude_newer: datetime | None = None,
    ) -> Locked:
        """The models judged and the lockfile written: what passes is in it, and nothing else.

        A model that does not pass keeps the entry it had. `exclude_newer`, with a time zone, lets
        only releases pass whose verified signature time is before it. Raises what `verify` does
        (ConfigError also where a Hub is needed and may not be asked), and SourceError where
        another run changed the lockfile meanwhile: nothing is written then.
        """
        session = self.session(self._request(refs, exclude_newer))
        return locked(self.gathering(session), options or LockOptions())

    def fetch(
        self,
        *names: str,
        local_dir: str | Path | None = None,
        replace: bool = False,
        frozen: bool = False,
    ) -> tuple[Fetched, ...]:
        """Exactly what is locked and passes is downloaded: one result for each entry.

        To `local_dir` (one model; with `replace` in the place of an earlier release that was
        fetched there), else to the Hub's cache. What was refused or could not be had is a result
        too, with its reason. Raises ConfigError for a name that is not locked, OutOfDate where
        provenance.toml asks for something else, unless `frozen`, and for the registries what
        `verify` raises.
        """
        session = self.session(self._request(()), needs_models=False)
        folder = Path(local_dir) if local_dir else None
        entries = chosen_entries(session, names, local_dir=folder, frozen=frozen)
        fetcher = Fetcher.of(self, session, local_dir=folder, replacing=replace)
        return tuple(fetcher.fetch(entry) for entry in entries)

    def update(self, *refs: str) -> Updated:
        """Branches and tags followed anew, what passes locked, and what changed as values.

        A model that does not pass keeps the entry it had. Raises what `lock` does: ConfigError,
        SourceError, RegistryRefused, TrustError.
        """
        return updated(self.gathering(self.session(self._request(refs))))

    def init(self, *refs: str, expires: date | None = None, registry: Sequence[str] = ()) -> Added:
        """A provenance.toml in `folder` that names the models, and what fails today set aside.

        A trust.toml that lies beside it is its registry, where `registry` names none.

        Each exemption and waiver holds for the bytes of today, but for documents and pictures, and
        until `expires` (in 90 days). Where there are settings already it is `add`. Nothing that is
        there is overwritten. Raises ConfigError, SourceError where it cannot be written.
        """
        return self.begin(Request(refs=refs, registry=tuple(registry)), expires)

    def begin(self, request: Request, expires: date | None = None) -> Added:
        """`init` for a request. Raises what it does: ConfigError, SourceError."""
        session = self.session(request, needs_models=False)
        if session.settings_path:
            return self.adding(request, Addition())
        meant = with_registry_here(request, self.folder, os.geteuid())
        session = self.session(meant, needs_models=False) if meant != request else session
        file, own = own_file(self.folder), policy_lines(meant.policy, meant.registry)
        return begun(self.gathering(session), file, expires, tuple(own))

    def add(self, *refs: str, addition: Addition | None = None) -> Added:
        """The models named under [[models]], with `include`, `exclude`, profile and name of
        `addition`, and judged; nothing is set aside.

        A model that is named already gets those in the place of its own. What is written keeps
        every other byte of the file. Raises ConfigError where there are no settings, or in a form
        that cannot be edited (with the block to put in), and what `verify` does.
        """
        return self.adding(self._request(refs), addition or Addition())

    def adding(self, request: Request, addition: Addition) -> Added:
        """`add` for a request. Raises ConfigError, SourceError."""
        given = replace(request, include=addition.include, exclude=addition.exclude)
        session = self.session(given)
        # What is said of a model beside its name stands in no words of `init`.
        refs = () if addition != Addition() else request.refs
        then = ", and then this can be typed again" if request.refs and not refs else ""
        file = self._file(session, shlex.join(["provenance", "init", *refs]), then)
        if not request.refs:
            raise ConfigError(f"name a model to add; {file.name} is there already")
        return added(self.gathering(session), file, addition)

    def exempt(self, name: str, setting: Setting) -> Added:
        """An exemption of the model's locked bytes in the settings, and the verdict with it; of
        today's where none are locked, or as `NAME@main`.

        It is bound to all files but documents and pictures, to every one if `setting.whole`, and
        ends on `setting.expires` (in 90 days). Raises ConfigError where it would set nothing
        aside, SourceError where the model could not be asked for.
        """
        return self.exempting(self._request((name,)), setting)

    def exempting(self, request: Request, setting: Setting) -> Added:
        """`exempt` for a request of one model. Raises ConfigError, SourceError."""
        return exempted(self.gathering(self.session(request)), setting)

    def waive(self, name: str, *rules: str, setting: Setting) -> Added:
        """A waiver for each finding of the rules that keeps the model from passing; as `exempt`.

        Raises ConfigError, SourceError.
        """
        return self.waiving(self._request((name,)), rules, setting)

    def waiving(self, request: Request, rules: Sequence[str], setting: Setting) -> Added:
        """`waive` for a request of one model. Raises ConfigError, SourceError."""
        for rule in rules:
            check_rule(rule)
        return waived(self.gathering(self.session(request)), rules, setting)

    def remove(self, name: str) -> Edit:
        """The settings without the model, and without what was set aside for it alone.

        Nothing is asked of the network. Raises ConfigError for a name that is not there.
        """
        if self.settings is not None:
            raise ConfigError(GIVEN)
        found = find(self.folder.absolute(), (), home=self.environment.home).path
        if found is None:
            raise ConfigError("there is no provenance.toml: `provenance init` writes one")
        return removed(found, name)

    def renew(self, request: Request, names: Sequence[str]) -> tuple[Edit, ...]:
        """The exemptions of these models, which `request` means too, bound to today's bytes.

        Raises ConfigError for a model without one, SourceError.
        """
        session = self.session(request)
        for name in names:
            check_listed(session, [name])
        meant = [s for s in session.subjects if {s.name, s.ref.repo} & set(names)]
        return renewed(self.gathering(replace(session, subjects=tuple(meant))), names)

    def _file(self, session: Session, line: str, then: str = "") -> Path:
        """The file of the settings, or ConfigError with the line that makes one."""
        if self.settings is not None:
            raise ConfigError(GIVEN)
        if session.settings_path is None:
            raise ConfigError(f"there is no provenance.toml: `{line}` writes one{then}")
        return session.settings_path

    def status(self) -> Status:
        """What applies in this folder and why, what is locked, what moved, ends or does nothing.

        Nothing is judged or written. Raises ConfigError for files that cannot be used; a registry
        or Hub that does not answer, or may not be asked, is among `unknown`.
        """
        return status_of(self, self._request(()))

    def inventory(self, *folders: str | Path) -> Inventory:
        """Every model in the Hub's cache, in Ollama's store and below `folders`: known by digest,
        unknown, changed or revoked.

        Nothing is asked of the network, judged or written. Raises ConfigError for a folder in which
        no model lies, and for the registries what `verify` raises.
        """
        from provenance.workspace.inventory import inventory_of

        return inventory_of(self, self._request(()), tuple(map(Path, folders)))

    def compare(
        self, base: str, derived: str, *others: str, deep: bool = False, key: Path | None = None
    ) -> Comparison:
        """How the weights of `derived` are kin to those of `base`, and what was changed in them.

        `others` are further parents that may have been merged. With `deep` hidden units that were
        re-ordered are looked for too, which is experimental; with the secret in the file `key`
        nobody can know where values are compared. All models lie on this machine. Raises
        ConfigError for what was named, SourceError for weights that cannot be read.
        """
        from provenance.workspace.relating import Looking, check_each, compared
        from provenance.workspace.secret import secret_in

        refs = (base, derived, *others)
        session = self.session(self._request(refs))
        check_each(session, refs)
        looking = Looking(deep=deep, key=secret_in(key) if key else None)
        return compared(self.gathering(session), looking)

    def trace(self, ref: str) -> Traced:
        """Of which registered or locked model the weights of one are, the nearest kin first.

        Of a model on a Hub some ranges are read. Raises ConfigError where nothing is known to
        compare with, SourceError for a model that cannot be had.
        """
        from provenance.workspace.tracing import traced

        return traced(self.gathering(self.session(self._request((ref,)))))

    def _request(self, refs: tuple[str, ...], exclude_newer: datetime | None = None) -> Request:
        return Request(refs=refs, exclude_newer=exclude_newer)


def _asking(options: SourceOptions, environment: Environment) -> SourceOptions:
    """The options with the variables, and the Hub that these name if the options name none."""
    endpoint = options.endpoint or environment.endpoint or None
    return replace(options, endpoint=endpoint, variables=environment.variables)
