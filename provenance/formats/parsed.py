"""Each file of a model as its format says: parsed when somebody first asks, and once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from provenance.errors import Malformed
from provenance.formats import gguf, index, json, safetensors
from provenance.formats.names import is_safetensors_index
from provenance.formats.shared import Shared, or_defect
from provenance.model import Content, Evidence

Pairs = tuple[tuple[str, str], ...]
HEADERS: Shared[safetensors.Header] = Shared()
INDEXES: Shared[Pairs] = Shared()
"""What was read of the heads of shards, and of their indexes: many models have the same."""


@dataclass(frozen=True, kw_only=True)
class Parsed:
    """One file, `size` bytes long, and what was kept of it as the readers of formats see it.

    Whoever asks again is given the same value, or the same defect, and must not change it.
    """

    content: Content
    size: int

    @property
    def path(self) -> str:
        """Its path in the model."""
        return self.content.path

    @cached_property
    def mark(self) -> bytes:
        """By what equal files are known: the digest of what was kept of them, not their own."""
        return mark_of(self.content.head)

    @property
    def is_whole(self) -> bool:
        """Whether all of its bytes were kept."""
        return len(self.content.head) == self.size

    def json(self) -> object:
        """Its value as JSON that may hold NaN and infinities, or Malformed."""
        value = self._json
        if isinstance(value, Malformed):
            raise value.with_traceback(None)
        return value

    @cached_property
    def safetensors(self) -> safetensors.Header | Malformed:
        """Its header as safetensors, or what is wrong with it."""
        return or_defect(lambda: header_of(self.content, self.size))

    @cached_property
    def gguf(self) -> gguf.Header | Malformed:
        """Its header as GGUF, or what is wrong with it."""
        return or_defect(lambda: gguf.parse(self.content.head, self.size))

    @cached_property
    def index(self) -> Pairs | Malformed:
        """Its pairs of tensor and shard as the index of a sharded model, or what is wrong."""
        head = self.content.head
        return or_defect(lambda: INDEXES.of(self.mark, len(head), self._pairs))

    def _pairs(self) -> Pairs:
        if isinstance(self._strict, Malformed):
            raise Malformed(str(self._strict), slug=index.SLUG)
        return index.pairs(self._strict)

    @cached_property
    def _json(self) -> object:
        # What stands in strict JSON means the same where NaN is allowed beside it.
        if is_safetensors_index(self.path) and not isinstance(self._strict, Malformed):
            return self._strict
        return or_defect(lambda: json.loads(self.content.head, constants=True))

    @cached_property
    def _strict(self) -> object:
        return or_defect(lambda: json.loads(self.content.head))


def parsed(evidence: Evidence) -> dict[str, Parsed]:
    """The files of `evidence` that were looked into, by their path and in their order."""
    sizes = evidence.manifest.by_path
    return {
        content.path: Parsed(
            content=content,
            size=sizes[content.path].size if content.path in sizes else len(content.head),
        )
        for content in evidence.contents
    }


def header_of(content: Content, size: int) -> safetensors.Header:
    """The header of a safetensors file of that size, or Malformed; equal heads are read once."""
    head = content.head
    return HEADERS.of((mark_of(head), size), len(head), lambda: safetensors.parse(head, size))


def mark_of(head: bytes) -> bytes:
    """By what equal files are known."""
    return sha256(head).digest()
