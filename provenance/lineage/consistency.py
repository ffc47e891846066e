"""What headers say of a claimed parent without any weights: names, shapes, dtypes, settings.

Agreement proves little: every fine-tune of a base has its shapes. It is shown and never required.
Disagreement convicts: an edge that it contradicts has no better tier.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from provenance.claims.files import ModelFiles
from provenance.errors import Malformed
from provenance.formats.names import is_weight_name
from provenance.model import Evidence, Kind, Manifest

SAME_SETTINGS = ("model_type", "hidden_size", "num_hidden_layers", "num_attention_heads")
MERGED_SETTINGS = ("hidden_size",)
NESTED = ("text_config", "llm_config", "language_config")
FLOATS = frozenset({"F64", "F32", "F16", "BF16"})
VOCABULARY = re.compile(r"embed|lm_head|wte|shared\.weight|output\.weight")
OPTIONAL = re.compile(r"lm_head|inv_freq|masked_bias|attn\.bias$|position_ids|embed_out")
LORA = re.compile(r"(?:base_model\.model\.)?(.+)\.lora_([AB])(?:\.[\w-]+)?\.weight")
WORDS = frozenset({Kind.EMPTY, Kind.JSON, Kind.TEXT, Kind.SCRIPT, Kind.LFS_POINTER})
"""What holds no weights, whatever it is called."""
SHOWN = 3
Shape = tuple[str, tuple[int, ...]]
Shapes = Mapping[str, Shape]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Whether headers agree with a claimed parent; None where they do not tell."""

    holds: bool | None = None
    detail: str = ""


def compare(child: ModelFiles, parent: ModelFiles, relation: str | None) -> Agreement:
    """What the headers of both say of the edge between them."""
    if relation == "distilled":
        return Agreement()
    equal = _equal_files(child.evidence, parent.evidence)
    here, there = shapes(child), shapes(parent)
    against = list(_against(child, parent, here, there, relation))
    if against:
        more = f", and {len(against) - SHOWN} more" if len(against) > SHOWN else ""
        return Agreement(holds=False, detail="; ".join(against[:SHOWN]) + more)
    if equal:
        return Agreement(holds=True, detail=f"{equal} of its weight files are the parent's own")
    if here and there:
        return Agreement(holds=True, detail=f"{len(here)} tensors fit the parent's {len(there)}")
    return Agreement()


def shapes(files: ModelFiles) -> Shapes:
    """The tensors of all safetensors files by name, each with its dtype and shape."""
    found: dict[str, Shape] = {}
    for file in files.by_path.values():
        if file.content.kind is Kind.SAFETENSORS and file.content.head:
            header = file.safetensors
            if not isinstance(header, Malformed):
                found |= {t.name: (t.dtype, tuple(t.shape)) for t in header.tensors}
    return found


def _equal_files(child: Evidence, parent: Evidence) -> int:
    theirs = {f.sha256 for f in parent.listing.files if is_weight_name(f.path) and f.sha256}
    return sum(f.sha256 in theirs for f in child.listing.files if is_weight_name(f.path))


def _against(
    child: ModelFiles, parent: ModelFiles, here: Shapes, there: Shapes, relation: str | None
) -> Iterator[str]:
    if any(LORA.fullmatch(name) for name in here):
        yield from _adapter(here, there)
        return
    if relation == "adapter":
        return
    yield from _settings(child, parent, MERGED_SETTINGS if relation == "merge" else SAME_SETTINGS)
    if here and there and relation != "merge":
        yield from _tensors(here, there)


def _settings(child: ModelFiles, parent: ModelFiles, names: tuple[str, ...]) -> Iterator[str]:
    here, there = _configuration(child), _configuration(parent)
    for name in names:
        ours, theirs = here.get(name), there.get(name)
        if ours is not None and theirs is not None and ours != theirs:
            yield f"config.json has {name} {ours!r:.40}, the parent's {theirs!r:.40}"


def _configuration(files: ModelFiles) -> Mapping[str, object]:
    """config.json at the top, or the part of it that is about text."""
    file = files.by_path.get("config.json")
    try:
        table = file.json() if file and file.content.head else {}
    except Malformed:
        return {}
    if not isinstance(table, dict):
        return {}
    nested = next((table[key] for key in NESTED if isinstance(table.get(key), dict)), None)
    return nested if isinstance(nested, dict) else table


def _adapter(here: Shapes, there: Shapes) -> Iterator[str]:
    """Every pair of low-rank factors must fit the weight it is added to."""
    for name, (_, shape) in here.items():
        found = LORA.fullmatch(name)
        target = there.get(f"{found[1]}.weight") if found else None
        if found is None or target is None or target[0] not in FLOATS:
            continue
        side, wanted = (1, 1) if found[2] == "A" else (0, 0)
        if len(shape) == len(target[1]) == 2 and shape[side] != target[1][wanted]:
            yield f"{name} is {list(shape)}, the parent's {found[1]}.weight {list(target[1])}"


def _tensors(here: Shapes, there: Shapes) -> Iterator[str]:
    """Every tensor must come from one of the parent's, and every one of those go somewhere."""
    if not any(_source(name, there) for name in here):
        return
    used = {_source(name, there) for name in here}
    for name, (dtype, shape) in here.items():
        source = _source(name, there)
        if source is None:
            if not OPTIONAL.search(name):
                yield f"the parent has nothing that {name} could come from"
        elif source == name and not _fits(name, (dtype, shape), there[source]):
            yield f"{name} is {list(shape)}, the parent's {list(there[source][1])}"
    for name in there:
        if name not in used and not OPTIONAL.search(name):
            yield f"nothing here comes from the parent's {name}"


def _source(name: str, there: Shapes) -> str | None:
    """The parent's tensor that one of this name comes from: itself, or what it packs or scales."""
    module = name.rpartition(".")[0]
    return next((n for n in (name, module, f"{module}.weight") if n in there), None)


def _fits(name: str, here: Shape, there: Shape) -> bool:
    """Whether two shapes are one; a vocabulary may have grown, and what is packed has its own."""
    ours, theirs = here[1], there[1]
    if not {here[0], there[0]} <= FLOATS:
        return True
    if VOCABULARY.search(name) and len(ours) == len(theirs) and ours:
        return ours[1:] == theirs[1:]
    return ours == theirs


def identical_weights(child: ModelFiles, other: Manifest) -> bool:
    """Whether all weight files of `child` are among others, and there are any.

    Where nothing is called like weights, they are among what a loader reads: all of that then, if
    any of it is more than text.
    """
    files = child.evidence.manifest.files
    mine = [f.sha256 for f in files if is_weight_name(f.path)]
    if not mine and any(_may_be_weights(child, path) for path in child.read):
        mine = [f.sha256 for f in files if f.path in child.read]
    theirs = {f.sha256 for f in other.files if f.sha256}
    return bool(mine) and all(digest in theirs for digest in mine)


def _may_be_weights(child: ModelFiles, path: str) -> bool:
    content = child.evidence.by_path.get(path)
    return content is None or content.kind not in WORDS
