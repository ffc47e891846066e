"""Recipes: what mergekit merged, and the settings of axolotl, LLaMA-Factory and their like.

mergekit names a model `path[@revision][+lora[@revision]]`, or as a mapping of the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from provenance.claims.claim import Claim, MethodClaim, ParentClaim
from provenance.claims.configuration import values
from provenance.claims.named import MAX_PARENTS, named, told
from provenance.claims.places import rows, stated
from provenance.errors import Malformed
from provenance.formats import yaml_tree
from provenance.formats.names import words
from provenance.formats.parsed import Parsed
from provenance.model import Content

MERGES = frozenset({"merge_method", "slices", "experts", "merges"})
SURE_MERGES = frozenset({"merge_method", "gate_mode", "merges"})
"""Those that only mergekit has, for a file of any name."""
RUNS = words(
    "adapter dataset dataset_mixer dataset_mixture dataset_name datasets finetuning_type "
    "pretraining_dataset stage"
)
"""What the settings of a training run have beside the model: one of these at least."""
MODEL_KEYS = frozenset({"base_model", "model", "source_model"})
SPEAKS = re.compile(rb"merge_method|gate_mode|merges|base_model|model_name_or_path")
"""Without one of these, in whatever file, nobody names a model."""

RUN_FILES = ("axolotl.yaml", "training_args.yaml")
"""What a card quotes is read as the file is."""

TRAINED_BY = ("rl", "stage", "train.training_stage")


def merge(file: Parsed) -> Iterator[Claim]:
    """Each model of a mergekit recipe, in whatever document of it."""
    for value in yaml_tree.documents(file.content.head):
        if value is not None:
            yield from of_merge(file.content, value)


def methods(file: Parsed) -> Iterator[Claim]:
    """What the settings of a training run say of its method."""
    value = yaml_tree.value(file.content.head)
    if isinstance(value, dict):
        yield from told(file.content, value, TRAINED_BY)


def by_its_keys(file: Parsed) -> Iterator[Claim]:
    """What YAML of any name says, where its keys are those of a recipe; one that cannot be read is
    the matter of other checks."""
    if not SPEAKS.search(file.content.head):
        return
    try:
        yield from quoted(file.content, merges=SURE_MERGES)
    except Malformed:
        return


def quoted(content: Content, merges: frozenset[str] = MERGES) -> Iterator[Claim]:
    """What a text says, if it is a recipe of one kind or the other; one of the keys `merges` tells
    that of a merge."""
    for value in yaml_tree.documents(content.head):
        if not isinstance(value, dict):
            continue
        if merges & value.keys():
            yield from of_merge(content, value)
        elif RUNS & value.keys():
            yield from stated(
                content, value, tuple(row for path in RUN_FILES for row in rows(path))
            )
            yield from told(content, value, TRAINED_BY)


def moved(claim: Claim, lines: int) -> Claim:
    """The same claim, so many lines further down."""
    if isinstance(claim, ParentClaim | MethodClaim) and claim.line:
        return replace(claim, line=claim.line + lines)
    return claim


def of_merge(content: Content, value: object) -> Iterator[ParentClaim]:
    """Each model that a recipe of mergekit names, however deep; Malformed for more than 1,000."""
    found: dict[str, None] = {}
    for node in values(value):
        if isinstance(node, dict):
            found |= dict.fromkeys(_models(node))
    if len(found) > MAX_PARENTS:
        raise Malformed(f"{len(found)} models, at most {MAX_PARENTS} are read")
    for text in found:
        yield named(content, "recipe", text, relation="merge")


def _models(table: Mapping[object, object]) -> Iterator[str]:
    """The models that the keys of one table name, an adapter beside its base."""
    for key in MODEL_KEYS & table.keys():
        yield from _names(table[key])
    tokenizer = table.get("models") if "merge_method" not in table else None
    for item in tokenizer if isinstance(tokenizer, list) else ():
        if isinstance(item, str):
            yield from _names(item)


def _names(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield from (part for part in value.split("+") if part.strip())
    elif isinstance(value, dict):
        inner = value.get("model", value.get("path"))
        if isinstance(inner, dict):
            yield from _names(inner)
        elif isinstance(inner, str):
            revision = value.get("revision")
            yield f"{inner}@{revision}" if isinstance(revision, str) and revision else inner
        if "lora" in value:
            yield from _names(value["lora"])
