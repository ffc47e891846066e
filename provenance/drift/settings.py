"""Settings that change what comes out of the same weights: how to generate, how they are packed."""

from __future__ import annotations

import re
from collections.abc import Mapping

from provenance.claims.files import ModelFiles
from provenance.errors import Malformed
from provenance.formats.parsed import Parsed

Settings = Mapping[str, object]
GENERATION = "generation_config.json"
CONFIG = "config.json"
QUANTISED = ("quantization_config", "compression_config")
OF_PROGRAMS = frozenset({"_from_model_config", "transformers_version", "_commit_hash"})
"""Keys that programs write and that say nothing of how to generate."""

FORCING = re.compile(r"forced_|suppress_tokens|sequence_bias|bad_words_ids|force_words_ids")
"""Keys by which certain tokens must come, or may not."""

NUMBERS = re.compile(r"do_(?:normalize|rescale)|image_(?:mean|std)|rescale_factor")
"""Keys of how the values of a picture become those that a model is given."""


def generation(child: ModelFiles, parent: ModelFiles) -> tuple[Settings, Settings]:
    """What both say of how to generate, by key; where one of them says nothing only what forces
    tokens, or keeps them away."""
    ours, theirs = (_generation(one) for one in (child, parent))
    if ours and theirs:
        return ours, theirs
    return {key: ours[key] for key in ours if FORCING.search(key)}, {}


def _generation(files: ModelFiles) -> Settings:
    table = document(files, GENERATION)
    return {key: value for key, value in table.items() if key not in OF_PROGRAMS}


def quantisation(files: ModelFiles) -> Settings:
    """What its configuration says of how its weights are packed, by key."""
    config = document(files, CONFIG)
    tables = (config.get(key) for key in QUANTISED)
    return next((table for table in tables if isinstance(table, dict)), {})


def images(files: ModelFiles) -> Settings:
    """What it says of how an image becomes numbers, by key."""
    whole = document(files, "processor_config.json").get("image_processor")
    own = document(files, "preprocessor_config.json") or (whole if isinstance(whole, dict) else {})
    return {key: value for key, value in own.items() if NUMBERS.fullmatch(key)}


def document(files: ModelFiles, path: str) -> Mapping[str, object]:
    """The table in a file at the top of the model; empty where there is none that can be read."""
    file = files.by_path.get(path)
    return table_of(file) if file else {}


def table_of(file: Parsed) -> Mapping[str, object]:
    """The table in a JSON document; empty where it is none, or is not here whole."""
    try:
        table = file.json() if file.is_whole else None
    except Malformed:
        return {}
    return table if isinstance(table, dict) else {}
