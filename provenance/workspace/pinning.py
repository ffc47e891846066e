"""A published registry trusted by its root from now on: asked, verified, and only then written."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import ConfigError, RegistryRefused, SourceError
from provenance.formats import toml
from provenance.policy import BUILTIN, Settings
from provenance.registry.editing import Edit, check_same, rewritten
from provenance.registry.file import read_text
from provenance.registry.starter import starter
from provenance.registry.store import parsed
from provenance.source.files import write_bytes
from provenance.trust import Registry
from provenance.trust.reading import is_url
from provenance.workspace import settings as files
from provenance.workspace.registries import short

if TYPE_CHECKING:
    from provenance.workspace.workspace import Workspace

ROOT_FILE = "trust-root.json"
NOTHING = "; nothing was written"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """What `pin` wrote: `before` and `after` are the texts of provenance.toml.

    `registries` are those that judge from now on and `dropped` those that do not any more;
    `unknown` are repositories of [[models]] that only the starter registry, now dropped, knew.
    `name` and `version` are those that the server states, empty and None where it was not asked.
    `lists_models` says that there is something to judge by them.
    """

    file: Path
    before: str
    after: str
    root_version: int
    registries: tuple[str, ...]
    dropped: tuple[str, ...]
    unknown: tuple[str, ...]
    name: str = ""
    version: int | None = None
    lists_models: bool = False

    @property
    def edit(self) -> Edit:
        """What became of provenance.toml."""
        return Edit(file=Path(self.file.name), old=self.before, new=self.after)

    def done(self, url: str) -> str:
        """What was pinned, and what is to be committed."""
        release = f" ({self.name} version {self.version})" if self.name else ""
        return (
            f"pinned {url}{release} by its root version {self.root_version}: "
            f"commit {self.file.name} and {ROOT_FILE}"
        )

    def effects(self) -> Iterator[str]:
        """What changes, and what does not, one line each."""
        if not self.name:
            yield "not asked: nobody has checked yet that this root and the server fit"
        yield (
            f"judged by {', '.join(map(short_name, self.registries))}: a revocation of any of them "
            "counts, and of two that name one namespace the first speaks"
        )
        if self.dropped:
            yield f"not asked any more: {', '.join(map(short_name, self.dropped))}"
        if self.unknown:
            yield (
                f"without builtin nobody is registered for {', '.join(self.unknown)}: "
                "identity/unknown-publisher from now on"
            )
        elif BUILTIN in self.registries:
            yield "builtin stays, for publishers that the others do not name; --only leaves it out"


def short_name(name: str) -> str:
    """A registry as provenance.toml may name it."""
    return name if name == BUILTIN or is_url(name) else short(name)


def pinned(workspace: Workspace, url: str, root: Path, *, only: bool = False) -> Pinned:
    """The registry at `url` is trusted by `root` from now on: a copy of it, and its name, are
    written to trust-root.json and provenance.toml.

    It is fetched and verified first, unless the workspace is offline. With `only` the registries
    that were named until now are not. Nothing is written where anything is raised: ConfigError for
    words or files that cannot be used, RegistryRefused for a root that does not vouch for what the
    server has, SourceError where it could not be asked.
    """
    from provenance.registry.remote import read_root

    if not is_url(url):
        raise ConfigError(f"expected an https URL, found {url[:200]!r}")
    data = read_text(root).encode()
    version = read_root(data, str(root)).signed.version
    file = _settings_file(workspace)
    text = read_text(file) if os.path.lexists(file) else ""
    own = Settings.from_table(parsed(text, file.name), source=file.name)
    names = (url,) if only else (url, *(name for name in own.registry if name != url))
    new = _with_root(text, url, names, own, file)
    after = Settings.from_table(parsed(new, file.name), source=file.name)
    _check_root_file(file.parent / ROOT_FILE, data, own)
    found = _asked(workspace, url, data)
    _put(file, text, new, data)
    dropped = tuple(name for name in own.registry if name not in names)
    return Pinned(
        file=file,
        before=text,
        after=new,
        root_version=version,
        registries=names,
        dropped=dropped,
        unknown=tuple(_unknown(after, found)) if BUILTIN in dropped else (),
        name=found.name if found else "",
        version=found.releases[0].version if found else None,
        lists_models=bool(after.models),
    )


def _put(file: Path, before: str, new: str, root: bytes) -> None:
    """Both files, where the settings are still those that were read before the server was asked."""

    def change(now: str) -> str:
        check_same(file, before, now)
        write_bytes(file.parent / ROOT_FILE, root)
        return new

    rewritten(file, change, new=True)


def _asked(workspace: Workspace, url: str, root: bytes) -> Registry | None:
    """The registry as its server has it, verified from this root; None where it is not asked."""
    from provenance.registry.remote import Location, open_published
    from provenance.source.hub.cache import is_offline

    if workspace.options.offline or is_offline():
        return None
    environment = workspace.environment
    place = Location(
        url=url, root=root, cache=environment.cache, authorities=environment.authorities
    )
    try:
        return open_published(place).registry
    except RegistryRefused as error:
        said = f"{error}: is this the root that its maintainers handed out?{NOTHING}"
        raise RegistryRefused(said) from None
    except SourceError as error:
        said = f"{error}{NOTHING}: try again, or pin without asking by --offline"
        raise SourceError(said) from None
    except ConfigError as error:
        raise ConfigError(f"{error}{NOTHING}") from None


def _settings_file(workspace: Workspace) -> Path:
    folder = workspace.folder.absolute()
    found = files.find(folder, (), home=workspace.environment.home).path
    if found and found.name != files.FILE_NAME:
        raise ConfigError(
            f"has your settings: add registry and registry_root by hand{NOTHING}", path=str(found)
        )
    return found or folder / files.FILE_NAME


def _check_root_file(place: Path, data: bytes, own: Settings) -> None:
    """What lies there may be replaced: the root that is named already, or nothing."""
    named = {file for _, file in own.registry_roots}
    if place.is_symlink():
        raise ConfigError(f"is a link, and links are not followed{NOTHING}", path=str(place))
    if place.exists() and ROOT_FILE not in named and place.read_bytes() != data:
        message = f"is there already, is another file, and no registry_root names it{NOTHING}"
        raise ConfigError(message, path=str(place))


def _with_root(text: str, url: str, names: Sequence[str], own: Settings, file: Path) -> str:
    """The text with the registries named, and the root of the one at `url`."""
    others = [name for name in names if is_url(name) and name != url]
    roots = {known for name, known in own.registry_roots if name in (url, "")}
    if others or roots - {ROOT_FILE}:
        message = f"names another root already: change it by hand{NOTHING}"
        raise ConfigError(message, path=f"{file}: policy")
    try:
        text = toml.with_value(text, "policy", "registry", list(names))
        return toml.with_value(text, "policy", "registry_root", ROOT_FILE)
    except toml.Unspliced as error:
        lines = toml.pair("registry", list(names)) + toml.pair("registry_root", ROOT_FILE)
        message = f"{error}: under [policy] put these lines, and copy the root{NOTHING}:\n{lines}"
        raise ConfigError(message.rstrip(), path=str(file)) from None


def _unknown(own: Settings, found: Registry | None) -> Iterator[str]:
    """The repositories for which the starter registry alone has an owner."""
    known = starter()
    for repo in dict.fromkeys(model.repo for model in own.models if model.repo):
        if known.owner(repo) and not (found and found.owner(repo)):
            yield repo
