"""What a caller's folder means, and everything that is done with it: the library's front door."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from provenance.errors import ConfigError
from provenance.model import Evidence
from provenance.policy import Settings
from provenance.source.ahead import Ahead
from provenance.source.progress import Progress, Silent
from provenance.workspace.environment import Environment
from provenance.workspace.fetching import Fetched, Fetcher, chosen_entries
from provenance.workspace.gathering import Gathering, SourceOptions
from provenance.workspace.locking import Locked, LockOptions, locked
from provenance.workspace.request import Request
from provenance.workspace.session import Session, opened
from provenance.workspace.subjects import Here
from provenance.workspace.updating import Updated, updated
from provenance.workspace.verifying import Verification, Verifier, verified


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
        fetcher = Fetcher(
            session=session,
            options=self.options,
            progress=self.progress,
            local_dir=folder,
            replacing=replace,
        )
        return tuple(fetcher.fetch(entry) for entry in entries)

    def update(self, *refs: str) -> Updated:
        """Branches and tags followed anew, what passes locked, and what changed as values.

        A model that does not pass keeps the entry it had. Raises what `lock` does: ConfigError,
        SourceError, RegistryRefused, TrustError.
        """
        return updated(self.gathering(self.session(self._request(refs))))

    def _request(self, refs: tuple[str, ...], exclude_newer: datetime | None = None) -> Request:
        return Request(refs=refs, exclude_newer=exclude_newer)


def _asking(options: SourceOptions, environment: Environment) -> SourceOptions:
    """The options with the Hub that the variables name, if the options name none."""
    return replace(options, endpoint=options.endpoint or environment.endpoint or None)
