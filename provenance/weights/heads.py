"""Rows of queries and keys that llama.cpp keeps in another order than who trained them.

Rotary positions turn pairs of values. In the layout of transformers the values of a pair stand half
a head apart, in GGUF files of some architectures beside each other: `permute` of llama.cpp's
convert_hf_to_gguf.py. They are put back where models are compared.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from provenance.formats.gguf import Header

if TYPE_CHECKING:
    from provenance.weights.values import Floats

RAISED = ("gemma", "gemma2", "gemma3", "gemma-embedding", "nemotron", "qwen3next")
"""Those of whose norms the converter adds 1 to each value."""
NORM = re.compile(r"(?<!ssm_)norm\.weight$")
ARCHITECTURES = ("llama", "granite", "deci", "minicpm", "internlm2", "baichuan", "xverse")
"""Those whose rows the converter re-orders."""
ROWS = re.compile(r"blk\.[0-9]+\.attn_([qk])\.(?:weight|bias)")


def heads_of(header: Header, name: str, shape: tuple[int, ...]) -> int:
    """How many heads the rows of a tensor are of, if the converter re-ordered them; else 0."""
    found = ROWS.fullmatch(name)
    metadata = dict(header.metadata) if found else {}
    architecture = metadata.get("general.architecture")
    if found is None or architecture not in ARCHITECTURES:
        return 0
    count = metadata.get(f"{architecture}.attention.head_count", 0)
    if found[1] == "k":
        count = metadata.get(f"{architecture}.attention.head_count_kv", count)
    if type(count) is not int or count <= 0 or not shape or shape[0] % (2 * count):
        return 0
    return count


def raised_of(header: Header, name: str) -> int:
    """What the converter added to each value of a tensor."""
    if not NORM.search(name):
        return 0
    return int(dict(header.metadata).get("general.architecture") in RAISED)


def put_back(read: Callable[[int, int], Floats], begin: int, end: int, length: int) -> Floats:
    """Rows `begin` to `end` in the order of transformers, of heads that are `length` rows long;
    `read` gives rows as they are stored."""
    first, last = begin // length, -(-end // length)
    stored = read(first * length, last * length)
    halves = stored.reshape(last - first, length // 2, 2, -1).swapaxes(1, 2)
    return halves.reshape(stored.shape)[begin - first * length : end - first * length]
