"""What config.json, or the header of a GGUF, makes of weights: layers, heads, positions.

The same weights are another function under another of these. Forms that say the same are one form:
`rope_parameters` as `rope_theta` and `rope_scaling`, the part of a text as the whole, an empty
value as none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import isclose

from provenance.claims.files import ModelFiles
from provenance.drift.settings import CONFIG, Settings, document
from provenance.errors import Malformed
from provenance.model import Kind

DECIDING = re.compile(
    r"(?:\w+\.)?(?:num_(?:hidden_layers|attention_heads|key_value_heads|experts_per_tok)|n_(?:layers?|heads?)"
    r"|head_dim|model_type|hidden_act(?:ivation)?|activation_function|rope_.*|rope\..*|rotary_.*"
    r"|partial_rotary_factor|(?:rms_|layer_)?norm_eps(?:ilon)?|layer_norm_eps|sliding_window"
    r"|query_pre_attn_scalar|.*_logit_softcapping|(?:embedding|residual|attention|logits)_multiplier"
    r"|logits?_scal(?:e|ing)|scale_attn_weights|tie_word_embeddings)"
)
"""Keys that make another function of the same weights."""
OF_PROGRAMS = re.compile(
    r"_.*|torch_dtype|dtype|.*_version|quantization_config|compression_config|use_cache|vocab_size"
    r"|unsloth_.*|(?:bos|eos|pad|decoder_start)_token_id"
)
"""Keys that honest programs change, or that are told elsewhere."""
ENDS = re.compile(r"(?:bos|eos)_token_id")
OF_GGUF = {
    "rope.freq_base": "rope_theta",
    "attention.layer_norm_rms_epsilon": "rms_norm_eps",
    "attention.head_count": "num_attention_heads",
}
"""How a GGUF calls what every program writes there as the configuration has it."""
ROUNDED = 1e-5
"""Of a number by itself: a header has 32 bits of it."""
PARTS = 3
"""How deep tables in a configuration are looked into."""


def architecture(child: ModelFiles, parent: ModelFiles) -> tuple[Settings, Settings]:
    """What both say that makes a function of weights, by key; only what both state where one of
    them is a header, or has no configuration."""
    ours, theirs = _of_config(child), _of_config(parent)
    if ours and theirs:
        return _alike(ours, theirs)
    ours, theirs = ours or _of_header(child), theirs or _of_header(parent)
    shared = ours.keys() & theirs.keys()
    return _alike(*({key: one[key] for key in one if key in shared} for one in (ours, theirs)))


def ends(child: ModelFiles, parent: ModelFiles) -> tuple[Settings, Settings]:
    """The numbers of the tokens that begin and end a text, of which the two have none in common."""
    ours, theirs = (_ends(one) for one in (child, parent))
    other = [key for key in ours if key in theirs and not set(ours[key]) & set(theirs[key])]
    return {key: [*ours[key]] for key in other}, {key: [*theirs[key]] for key in other}


def _alike(ours: Settings, theirs: Settings) -> tuple[Settings, Settings]:
    """Both, with the parent's value in place of one that is the same number but for rounding, and
    without what one says to be none and the other does not say."""
    alike = {k: theirs.get(k) if _is_same(v, theirs.get(k)) else v for k, v in ours.items()}
    return _said(alike, theirs), _said(theirs, alike)


def _said(table: Settings, other: Settings) -> Settings:
    return {key: value for key, value in table.items() if value is not None or key in other}


def _is_same(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return isclose(one, other, rel_tol=ROUNDED)
    return one == other


def _of_config(files: ModelFiles) -> Settings:
    found = dict(_flat(document(files, CONFIG), PARTS))
    if found.get("rope.rope_type") == "default":
        del found["rope.rope_type"]
    if found.get("use_sliding_window") is False:
        found.pop("sliding_window", None)
    return {key: value for key, value in found.items() if not OF_PROGRAMS.fullmatch(key)}


def _flat(
    table: Mapping[str, object], depth: int, prefix: str = ""
) -> Iterator[tuple[str, object]]:
    """Each value by its key, those of a part after those of the whole."""
    parts = {key: value for key, value in table.items() if isinstance(value, dict)}
    for key, value in table.items():
        if key not in parts:
            yield f"{prefix}{key}", value
    for key, part in parts.items() if depth else ():
        if key in ("rope_scaling", "rope_parameters"):
            yield from _rope(part, depth - 1, prefix)
        elif not OF_PROGRAMS.fullmatch(key):
            yield from _flat(part, depth - 1, prefix if key == "text_config" else f"{prefix}{key}.")


def _rope(table: Mapping[str, object], depth: int, prefix: str) -> Iterator[tuple[str, object]]:
    for key, value in _flat(table, depth):
        own = key if key == "rope_theta" else f"rope.{'rope_type' if key == 'type' else key}"
        yield f"{prefix}{own}", value


def _of_header(files: ModelFiles) -> Settings:
    found: dict[str, object] = {}
    for file in files.by_path.values():
        if file.content.kind is not Kind.GGUF or isinstance(file.gguf, Malformed):
            continue
        metadata = dict(file.gguf.metadata)
        kind = metadata.get("general.architecture")
        named = ((own, metadata.get(f"{kind}.{key}")) for key, own in OF_GGUF.items())
        found |= {own: value for own, value in named if isinstance(value, int | float)}
    return found


def _ends(files: ModelFiles) -> Mapping[str, tuple[int, ...]]:
    found = dict(_flat(document(files, CONFIG), PARTS))
    tables = {key: value for key, value in found.items() if ENDS.fullmatch(key)}
    lists = {key: value if isinstance(value, list) else [value] for key, value in tables.items()}
    numbers = {key: [n for n in value if isinstance(n, int)] for key, value in lists.items()}
    return {key: tuple(value) for key, value in numbers.items() if value}
