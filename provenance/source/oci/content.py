"""The bytes of files that lie in the blobs of a registry, whole or in layers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from provenance.errors import Malformed, SourceError
from provenance.source.oci.client import Repository
from provenance.source.oci.gunzip import Gunzip
from provenance.source.oci.tar import Stream
from provenance.source.oci.tree import Piece
from provenance.source.remote.listed import Listed, is_small
from provenance.source.remote.ranged import Unranged

PACKED = (
    "{!r} is in a layer that is compressed, of which only its beginning and end were kept: "
    "`provenance lock --measure` reads all of it"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """The files by their paths."""

    repository: Repository
    pieces: Mapping[str, Piece]

    def kept(self, entry: Listed, start: int, end: int) -> bytes | None:
        """What was kept as the layer was read, and what lies behind a file's end: nothing."""
        piece = self.pieces[entry.path]
        end = self._end(piece, end)
        if end <= start:
            return b""
        found = piece.kept(start, end)
        return found if found is not None and len(found) == end - start else None

    def span(self, entry: Listed, start: int, end: int) -> bytes:
        """What was kept, else by range; Unranged where that cannot be."""
        piece = self.pieces[entry.path]
        if (kept := self.kept(entry, start, end)) is not None:
            return kept
        end = self._end(piece, end)
        if piece.packed is None:
            at = piece.offset
            return self.repository.span(piece.blob, at + start, at + end, piece.whole)
        if is_small(entry):
            return b"".join(self.chunks(entry))[start:end]
        raise Unranged(PACKED.format(entry.path))

    def _end(self, piece: Piece, end: int) -> int:
        """Of a blob of its own more is asked for than is stated, to see whether there is more."""
        is_blob = piece.packed is None and piece.size == piece.whole
        return end if is_blob else min(end, piece.size)

    def chunks(self, entry: Listed) -> Iterator[bytes]:
        """From where it begins in its blob, unpacked from the last mark before."""
        piece = self.pieces[entry.path]
        if piece.packed is None:
            end = piece.offset + piece.size
            yield from self.repository.chunks(piece.blob, piece.offset, end)
            return
        try:
            yield from _unpacked(self.repository, piece, piece.packed.again(piece.offset))
        except Malformed as error:
            source = self.repository.address.source
            raise SourceError(f"{source}: {entry.path}: {error}") from None


def _unpacked(repository: Repository, piece: Piece, unzip: Gunzip) -> Iterator[bytes]:
    skipped = piece.offset - unzip.plain
    stream = Stream(unzip.read(repository.chunks(piece.blob, unzip.packed, piece.whole)))
    stream.skip(skipped)
    yield from stream.pieces(piece.size)
