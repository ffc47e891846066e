"""The index of a sharded model: which shard holds which tensor."""

from __future__ import annotations

import re

from provenance.errors import Malformed
from provenance.formats import json
from provenance.formats.unseen import shows

DRIVE = re.compile(r"[A-Za-z]:")
SLUG = "index"


def parse(data: bytes) -> tuple[tuple[str, str], ...]:
    """The pairs of tensor and shard of a `*.index.json`, in its order; at least one.

    Afterwards every shard is a plain relative POSIX path that stays below the index's folder.
    Raises Malformed: slug `index-path` for a path that does not, `index` for all else.
    """
    try:
        value = json.loads(data)
    except Malformed as error:
        raise Malformed(str(error), slug=SLUG) from None
    return pairs(value)


def pairs(value: object) -> tuple[tuple[str, str], ...]:
    """As `parse`, of the JSON value that the file holds."""
    weights = value.get("weight_map") if isinstance(value, dict) else None
    if not isinstance(weights, dict) or not weights:
        raise Malformed("weight_map is missing, empty or not an object", slug=SLUG)
    return tuple((tensor, _shard(tensor, shard)) for tensor, shard in weights.items())


def is_plain(path: str) -> bool:
    """Whether `path` is relative, POSIX, normalised, without control or invisible characters."""
    return not (
        path.startswith("/")
        or "\\" in path
        or DRIVE.match(path)
        or not shows(path)
        or any(part in {"", ".", ".."} for part in path.split("/"))
    )


def _shard(tensor: str, shard: object) -> str:
    if not tensor:
        raise Malformed("a tensor without a name", slug=SLUG)
    if not isinstance(shard, str) or not shard:
        raise Malformed(f"{tensor[:80]!r} names no shard", slug=SLUG)
    if not is_plain(shard):
        raise Malformed(
            f"{tensor[:80]!r} lies in {shard[:80]!r}, not a plain relative path", slug="index-path"
        )
    return shard
