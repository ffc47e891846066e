"""What a registry writes to refuse a model: its whole listing, and each file of its weights. Pure.

A listing is another one as soon as a file is added or left out; weights are known by their digests
wherever they lie.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from provenance.formats.names import is_by_product, is_weight_name
from provenance.lock import Entry
from provenance.model import Evidence, File, Kind, Manifest

WEIGHTS = frozenset(
    {
        Kind.SAFETENSORS,
        Kind.GGUF,
        Kind.NPY,
        Kind.NPZ,
        Kind.ONNX,
        Kind.HDF5,
        Kind.TORCH_ZIP,
        Kind.KERAS_ZIP,
    }
)
"""What is weights by its content, whatever its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """How a model is named in a `[[revoked]]` entry: digests as `sha256:<hex>`, in order.

    `unknown` are the paths of weights whose digest nobody states.
    """

    manifest: str
    files: tuple[str, ...]
    unknown: tuple[str, ...] = ()


def of_entry(entry: Entry) -> Named:
    """A locked model."""
    return _named(entry.manifest, [f for f in entry.files.files if _is_weights(f)])


def of_evidence(evidence: Evidence) -> Named:
    """A model in a directory or on a Hub, selected or not."""
    return _named(evidence.listing.digest, weights(evidence))


def weights(evidence: Evidence) -> list[File]:
    """Every file of weights, by its name or content, in the order of the paths."""
    kinds = {content.path: content.kind for content in evidence.contents}
    files = Manifest.of({*evidence.listing.files, *evidence.manifest.files}).files
    return [file for file in files if _is_weights(file) or kinds.get(file.path) in WEIGHTS]


def _is_weights(file: File) -> bool:
    return is_weight_name(file.path) and not is_by_product(file.path)


def _named(manifest: str, files: list[File]) -> Named:
    # An empty file is no model's own: refusing it would refuse honest models.
    full = [file for file in files if file.size]
    return Named(
        manifest=manifest,
        files=tuple(dict.fromkeys(f"sha256:{file.sha256}" for file in full if file.sha256)),
        unknown=tuple(file.path for file in full if not file.sha256),
    )


def standing(rows: Iterable[Mapping[str, object]], entry: Mapping[str, object]) -> str | None:
    """The reason of the row that refuses just what `entry` would, since when it would; else None.

    Why something is refused makes no other entry of it, nor does the order of its files.
    """
    wanted = _refused(entry)
    for row in rows:
        if _refused(row) == wanted:
            return str(row.get("reason", ""))
    return None


def _refused(entry: Mapping[str, object]) -> dict[str, object]:
    return {key: _same(value) for key, value in entry.items() if key != "reason"}


def _same(value: object) -> object:
    if isinstance(value, list):
        return frozenset(map(str, value))
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return value
