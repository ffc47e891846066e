"""Models that Ollama has pulled, as a store: `ollama://name:tag`, measured where they lie."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from provenance.errors import NO_REVISION, Absent, SourceError
from provenance.names import DIGEST
from provenance.source.folder import Files, stamp_of
from provenance.source.local import ollama
from provenance.source.local.ollama import Image, Tag
from provenance.source.remote.budget import RequestBudget
from provenance.source.remote.listed import Listed
from provenance.source.remote.store import Opened, StoreOptions
from provenance.source.remote.stored import StoredRelease


@dataclass(frozen=True, slots=True, kw_only=True)
class PulledStore:
    """A model by its name, in the first of these folders that has it."""

    source: str
    folders: tuple[Path, ...]
    options: StoreOptions

    def opened(self, revision: str | None) -> Opened:
        """What lies there at a tag (`latest`, where none is said), or at the digest of a manifest;
        the revision is that digest."""
        folder, found = self._image(revision)
        lying = found.lying(folder)
        entries = tuple(
            Listed(path=layer.path, size=layer.size, sha256=layer.digest) for layer in found.layers
        )
        places = {layer.path: str(folder / ollama.BLOBS / layer.blob) for layer in found.layers}
        here = {entry.path: stamp_of(entry.place) for entry in lying.entries}
        release = StoredRelease(
            name=self.source,
            options=self.options,
            entries={entry.path: entry for entry in entries},
            content=Files(places=places, stamps=here),
            account=RequestBudget(self.options.limits),
        )
        return Opened(
            release=release,
            revision=found.revision,
            entries=entries,
            observations=found.observations,
            lying=lying,
        )

    def _image(self, revision: str | None) -> tuple[Path, Image]:
        if revision and DIGEST.fullmatch(revision):
            return self._at(revision)
        tag = ollama.named(self.source, revision)
        kept = [folder for folder in self.folders if tag.is_in(folder)]
        folder = next(iter(kept), self.folders[0])
        return folder, ollama.image(folder, tag)

    def _at(self, revision: str) -> tuple[Path, Image]:
        """The model of this name whose manifest has that digest, under whatever tag."""
        own = ollama.named(self.source, None)
        for folder in self.folders:
            for tag in _tags(folder, own):
                found = ollama.image(folder, tag)
                if found.revision == revision:
                    return folder, found
        raise Absent(
            f"{self.source}: it was pulled again (`provenance update` shows what changed): "
            f"something else lies there now in place of {revision}",
            code=NO_REVISION,
        )


def _tags(folder: Path, own: Tag) -> Iterator[Tag]:
    """The tags of a model in a store."""
    try:
        names = sorted(place.name for place in own.place(folder).parent.iterdir())
    except FileNotFoundError:
        return
    except OSError as error:
        raise SourceError(f"{folder}: {error.strerror or error}") from None
    yield from (replace(own, tag=name) for name in names)


def opened(source: str, options: StoreOptions) -> PulledStore:
    """The model that `ollama://[[host/]namespace/]name` means; SourceError for another form."""
    ollama.named(source, None)
    return PulledStore(source=source, folders=ollama.folders(options.variables), options=options)
