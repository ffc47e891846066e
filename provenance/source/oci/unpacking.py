"""The files in a layer that is a tar: read in order to its end, hashed, and nothing on disk."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field

from provenance.errors import Malformed, SourceError
from provenance.formats.sniff import TAIL
from provenance.model import LONG
from provenance.source.oci.client import Repository
from provenance.source.oci.gunzip import Gunzip
from provenance.source.oci.manifest import Descriptor
from provenance.source.oci.rootfs import MODELS, OPAQUE, TOPS, WHITEOUT, Links, cleaned
from provenance.source.oci.tar import Member, Stream, Type, members
from provenance.source.oci.tree import Piece, Tree
from provenance.source.progress import Step
from provenance.source.remote.listed import SMALL, Listed
from provenance.source.remote.ranged import BLOCK

MEMBERS = 1_000_000
"""Files, folders and links that are looked at in all layers of one artifact."""
FIRST = 1 << 20
"""What is kept of a large file of no known form."""
ENDING = TAIL + BLOCK
"""What is kept of the end of a large file: archives say there what they hold."""
LINK = ("symlink", "a link to {target!r}: put the file itself in its place")
ODD = {
    Type.LINK: LINK,
    Type.HARD_LINK: LINK,
    Type.DEVICE: ("special-file", "a device or pipe: remove it"),
}
HOLES = "a file with holes, which not every reader unpacks: pack it whole"
STRANGE = (
    "its pax header says {keys}, by which some programs unpack another file or folder than this: "
    "pack it without (tar --no-xattrs, or a newer tool)"
)


class Hashed:
    """The bytes of a blob as they come, hashed as they pass."""

    def __init__(self, chunks: Iterator[bytes], step: Step) -> None:
        self._chunks, self._step = chunks, step
        self.digest, self.count = hashlib.sha256(), 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self.digest.update(chunk)
            self.count += len(chunk)
            self._step.advance(len(chunk))
            yield chunk

    def check(self, layer: Descriptor, source: str) -> None:
        """All of it came, and is what the manifest says; else SourceError."""
        for _ in self:
            pass
        found = self.digest.hexdigest()
        if (found, self.count) != (layer.sha256, layer.size):
            raise SourceError(
                f"{source}: the registry sent other bytes than the manifest names: expected "
                f"{layer.digest}, {layer.size} bytes; found sha256:{found}, {self.count} bytes"
            )


@dataclass(kw_only=True)
class Unpacking:
    """Layer after layer of one artifact, into one tree; `room` is what may still be kept."""

    repository: Repository
    tree: Tree
    room: int
    links: Links = field(default_factory=Links)
    members: int = 0

    def read(self, layer: Descriptor, number: int, *, packed: bool, image: bool) -> None:
        """The layer's files are in the tree, and its digest holds; SourceError where it does not.

        What is no tar, or ends early, is an observation.
        """
        options, source = self.repository.options, self.repository.address.source
        step = options.progress.step(f"{source}: reading {layer.digest[:19]}", layer.size)
        hashed = Hashed(self.repository.chunks(layer.digest, 0, layer.size), step)
        unzip = Gunzip(size=layer.size) if packed else None
        plain = unzip.read(iter(hashed), marking=True) if unzip else iter(hashed)
        stream = Stream(plain)
        own = _Layer(self, layer, number, unzip, image)
        try:
            for member in members(stream):
                self.members += 1
                if self.members > MEMBERS:
                    raise Malformed(f"more than {MEMBERS} members of layers", slug="limit")
                own.take(member, stream)
        except Malformed as error:
            code = "limit" if error.slug == "limit" else "unreadable"
            detail = f"layer {layer.digest[:19]}…: {error}; what else it holds is not known"
            self.tree.see(code, "", detail)
        finally:
            step.end()
        hashed.check(layer, source)
        options.deadline.renew()


@dataclass(frozen=True)
class _Layer:
    """One layer that is being unpacked."""

    whole: Unpacking
    layer: Descriptor
    number: int
    unzip: Gunzip | None
    image: bool

    def take(self, member: Member, stream: Stream) -> None:
        """The member is in the tree, or what is odd about it is said."""
        written = member.name.decode("utf-8", "backslashreplace")
        tree = self.whole.tree
        if tree.is_too_long(written):
            return
        self._say_strange(written, member)
        path = self._named(written, member)
        if path is None or member.type is Type.SPARSE:
            return
        if written.encode() != member.name:
            tree.see("name", path, f"the name '{path}' is not UTF-8: rename or remove it")
        if self.image and posixpath.basename(path).startswith(WHITEOUT):
            self._take_back(self._inner(written))
        elif member.type in ODD:
            code, words = ODD[member.type]
            tree.see(code, path[:LONG], words.format(target=_target(member)[:LONG]))
        elif member.type is Type.FOLDER:
            tree.put_folder(self._inner(written), self.number, over=self.image)
        else:
            entry, piece = self._measured(path, member, stream)
            tree.put(entry, piece, self.number, over=self.image)

    def _say_strange(self, written: str, member: Member) -> None:
        """What may be another member for another reader, wherever it seems to lie."""
        if member.type is Type.SPARSE:
            self.whole.tree.see("unreadable", written[:LONG], HOLES)
        if member.strange:
            keys = ", ".join(repr(key[:80]) for key in member.strange[:4])
            self.whole.tree.see("unreadable", written[:LONG], STRANGE.format(keys=keys))

    def _named(self, written: str, member: Member) -> str | None:
        """The path in the model; None for what is not of it."""
        path = written
        while path.startswith("./"):
            path = path[2:]
        if not self.image:
            return path if path.strip("/.") or member.type is not Type.FOLDER else None
        clean = cleaned(path)
        if clean == MODELS:
            return path if member.type is not Type.FOLDER else None
        if clean.startswith(f"{MODELS}/"):
            return path.removeprefix(f"{MODELS}/") if path.startswith(f"{MODELS}/") else path
        if clean in TOPS:
            return OPAQUE
        self._outside(clean, member)
        return None

    def _inner(self, written: str) -> str:
        """The path in the model as a container runtime reads it."""
        clean = cleaned(written)
        if not self.image:
            return clean
        return OPAQUE if clean in TOPS else clean.removeprefix(f"{MODELS}/")

    def _outside(self, clean: str, member: Member) -> None:
        """Of an image's other files only what leads into the model matters."""
        links, is_link = self.whole.links, member.type in (Type.LINK, Type.HARD_LINK)
        through = not is_link and member.type is not Type.FOLDER
        if links.leads_in(clean, through=through):
            detail = f"lies behind a link that leads to /{MODELS}: whoever unpacks it follows"
            self.whole.tree.see("symlink", clean[:LONG], f"{detail}; remove the link")
        if member.type is Type.LINK:
            links.lay(clean, _target(member))
        elif member.type is Type.HARD_LINK:
            links.double(clean, _target(member))

    def _take_back(self, path: str) -> None:
        folder, _, name = path.rpartition("/")
        gone = name.removeprefix(WHITEOUT)
        if name == OPAQUE:
            self.whole.tree.remove(folder, self.number, below=True)
        elif gone in ("", ".", ".."):
            self.whole.tree.see("name", path[:LONG], "takes a folder back by no name: remove it")
        else:
            self.whole.tree.remove(posixpath.join(folder, gone), self.number, below=False)

    def _measured(self, path: str, member: Member, stream: Stream) -> tuple[Listed, Piece]:
        """The file by every byte of it, and of them what will be asked for."""
        digest, size = hashlib.sha256(), member.size
        head, tail, want = bytearray(), b"", min(size, SMALL)
        for data in stream.pieces(size):
            digest.update(data)
            if len(head) < want:
                head += data[: want - len(head)]
                want = self._wanted(head, size)
            if member.offset + size - stream.at < ENDING:
                tail = (tail + data)[-ENDING:]
        if stream.at != member.offset + size:
            raise Malformed(f"it ends early, after {stream.at} bytes: the layer was cut")
        kept, end = bytes(head[:want]), tail if size > want else b""
        if len(kept) + len(end) > self.whole.room:
            kept, end = b"", b""
        self.whole.room -= len(kept) + len(end)
        piece = Piece(
            blob=self.layer.digest,
            whole=self.layer.size,
            offset=member.offset,
            size=size,
            packed=self.unzip,
            head=kept,
            tail=end,
        )
        return Listed(path=path, size=size, sha256=digest.hexdigest()), piece

    def _wanted(self, head: bytearray, size: int) -> int:
        """How much of a file is kept, by how it begins: what its readers ask for."""
        most = min(size, self.whole.room)
        if size < SMALL or head.startswith((b"{", b"[")):
            return most
        if head[:4] == b"GGUF":
            return min(most, self.whole.tree.limits.head + BLOCK)
        count = int.from_bytes(head[:8], "little")
        if head[8:9] == b"{" and count <= self.whole.tree.limits.head:
            return min(most, 8 + count + 2 * BLOCK)
        return min(most, FIRST)


def _target(member: Member) -> str:
    return member.target.decode("utf-8", "backslashreplace")
