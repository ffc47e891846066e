"""Each file of a model as its format says: parsed when somebody first asks, and once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from provenance.errors import Malformed
from provenance.formats import gguf, index, json, safetensors
from provenance.formats.names import is_safetensors_index
from provenance.model import Content, Evidence

T = TypeVar("T")


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
        return _or_defect(lambda: safetensors.parse(self.content.head, self.size))

    @cached_property
    def gguf(self) -> gguf.Header | Malformed:
        """Its header as GGUF, or what is wrong with it."""
        return _or_defect(lambda: gguf.parse(self.content.head, self.size))

    @cached_property
    def index(self) -> tuple[tuple[str, str], ...] | Malformed:
        """Its pairs of tensor and shard as the index of a sharded model, or what is wrong."""
        value = self._strict
        if isinstance(value, Malformed):
            return Malformed(str(value), slug=index.SLUG)
        return _or_defect(lambda: index.pairs(value))

    @cached_property
    def _json(self) -> object:
        # What stands in strict JSON means the same where NaN is allowed beside it.
        if is_safetensors_index(self.path) and not isinstance(self._strict, Malformed):
            return self._strict
        return _or_defect(lambda: json.loads(self.content.head, constants=True))

    @cached_property
    def _strict(self) -> object:
        return _or_defect(lambda: json.loads(self.content.head))


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


def _or_defect(parse: Callable[[], T]) -> T | Malformed:
    try:
        return parse()
    except Malformed as error:
        return error
