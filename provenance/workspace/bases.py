"""The fingerprints that a model is compared with: those of the registries, and the caller's own."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from provenance.errors import ConfigError, RegistryRefused, SourceError
from provenance.model import Document
from provenance.policy import Settings
from provenance.registry import Loaded
from provenance.registry.file import read_data
from provenance.registry.fingerprints import MOST, SUFFIX, digest_of, is_keyed, opened
from provenance.registry.starter import STARTER
from provenance.trust import Registry
from provenance.verdict import Finding, failed
from provenance.workspace.secret import secret_in

MOST_OWN = 256
"""Files of the caller's own."""
Own = tuple[tuple[Path, bytes], ...]


@dataclass(frozen=True, kw_only=True)
class Bases:
    """What there is to compare weights with; the registries' files are read once, when asked for.

    `own` are the caller's fingerprints, and `secret` the file of the key of those that are keyed.
    """

    loaded: Loaded
    own: Own = ()
    secret: Path | None = None

    @cached_property
    def documents(self) -> tuple[Document, ...]:
        """Every fingerprint once, a registry's before the caller's own; the path of each is
        `org/name@` and the name of its coordinates.

        ConfigError for what the caller or a registry's maintainers have wrong, RegistryRefused,
        SourceError. What is wrong with a section's is among `left`.
        """
        found: dict[bytes, Document] = {}
        for document in (*self._registered[0], *self._of_caller):
            found.setdefault(document.data, document)
        return tuple(found.values())

    @property
    def left(self) -> Mapping[str, str]:
        """Of each root whose section's fingerprint cannot be used a sentence that says why. Raises
        as `documents`."""
        return self._registered[1]

    @cached_property
    def key(self) -> bytes | None:
        """The secret key of keyed coordinates, None where the caller names none; ConfigError."""
        return secret_in(self.secret) if self.secret else None

    @cached_property
    def _registered(self) -> tuple[tuple[Document, ...], Mapping[str, str]]:

        documents: list[Document] = []
        left: dict[str, str] = {}
        for root, keeper in self.loaded.fingerprinted():
            try:
                data = keeper.fingerprint(root)
            except (ConfigError, RegistryRefused, SourceError) as error:
                if not root.section:
                    raise
                left[root.repo] = f"the fingerprint of {root.repo} cannot be used: {error}"
                continue
            documents.append(_public(root.repo, data))
        return tuple(documents), left

    @cached_property
    def _of_caller(self) -> tuple[Document, ...]:
        return tuple(self._document(place, data) for place, data in self.own)

    def _document(self, place: Path, data: bytes) -> Document:
        """One of the caller's own, called as the root with its files is, or as it says itself."""
        found = opened(data, str(place))
        coordinates = found.sample.coordinates
        if is_keyed(found):
            self._check_key(place, coordinates)
        roots = self.loaded.registry.roots_with(found.manifest)
        repo = roots[0].repo if roots else found.repo
        if not repo:
            again = f"`provenance fingerprint DIR --as ORG/NAME -o {place.name}`"
            message = f"names no model, and no root has its files: make it again, {again}"
            raise ConfigError(message, path=str(place))
        return Document(path=f"{repo}@{coordinates}", data=data)

    def _check_key(self, place: Path, coordinates: str) -> None:
        from provenance.weights.coordinates import Coordinates

        if self.key is None:
            message = 'has secret coordinates: name their key, [policy.weights] key = "FILE"'
            raise ConfigError(message, path=str(place))
        known = Coordinates.keyed(self.key).name
        if coordinates != known:
            said = f"was made with another key: found {coordinates}, expected {known} of"
            raise ConfigError(f"{said} {self.secret}", path=str(place))


NO_BASES = Bases(loaded=Loaded(registry=Registry(name="none"), keepers=(STARTER,)))


def _public(repo: str, data: bytes) -> Document:
    """A registry's fingerprint of a repository; here, so that NumPy waits until there is one."""
    from provenance.weights.coordinates import PUBLIC

    return Document(path=f"{repo}@{PUBLIC}", data=data)


def with_own(settings: Settings, folder: Path, judged: Sequence[Path]) -> tuple[Settings, Own]:
    """The settings with the digests of the caller's fingerprints, and those files.

    ConfigError for what cannot be read, and for what lies inside a `judged` directory.
    """
    weighing = settings.weighing
    named = [*weighing.fingerprints, *((weighing.key,) if weighing.key else ())]
    within = [os.path.realpath(place) for place in judged]
    for name in named:
        if any(Path(os.path.realpath(folder / name)).is_relative_to(place) for place in within):
            raise ConfigError("lies inside the model that is judged", path=name)
    files = [file for name in weighing.fingerprints for file in _files(folder / name)]
    if len(files) > MOST_OWN:
        message = f"{len(files)} fingerprints, and no more than {MOST_OWN} are compared with"
        raise ConfigError(message, path="policy.weights.fingerprints")
    own = tuple((file, read_data(file, MOST)) for file in files)
    digests = tuple(digest_of(data) for _, data in own)
    return replace(settings, weighing=replace(weighing, digests=digests)), own


def empty(settings: Settings, folder: Path) -> Iterator[Finding]:
    """The folders of fingerprints that hold none."""
    for name in settings.weighing.fingerprints:
        place = folder / name
        if place.is_dir() and not any(_files(place)):
            file = shlex.quote(str(Path(name) / f"base{SUFFIX}"))
            line = f"`provenance fingerprint DIR --as ORG/NAME -o {file}`"
            message = f"it holds no fingerprint, *{SUFFIX}: {line} makes one of a base in DIR"
            yield failed("policy/no-fingerprint", message, name)


def _files(place: Path) -> Iterator[Path]:
    """A file, or those in a folder; none of one that is still to be filled."""
    if not place.is_dir():
        yield place
        return
    yield from sorted(file for file in place.iterdir() if file.suffix == SUFFIX)
