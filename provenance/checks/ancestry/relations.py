"""Whether the files are what the card calls them: an adapter, a quantisation.

Part of the ancestry check; its rules are on that check's page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from provenance.case.case import Case
from provenance.checks.ancestry.conflicts import DECLARED, whole_claims
from provenance.claims.files import ModelFiles
from provenance.errors import Malformed
from provenance.formats.names import is_by_product, is_weight_name, name_of, suffix_of
from provenance.lineage.consistency import FLOATS, dtypes
from provenance.verdict import Finding, failed

ADAPTERS = frozenset({"adapter_model.safetensors", "adapter_model.bin"})
WHOLE = re.compile(r"(?:model|pytorch_model)(?:-\d+-of-\d+)?\.(?:safetensors|bin)")
"""How transformers calls the weights of a whole model."""

QUANTIZED = ("quantization_config", "quantization")
SIDE_FILES = frozenset({"hf_quant_config.json", "quant_config.json", "quantize_config.json"})
"""Where quantizers other than transformers write what they did."""


def relations(case: Case) -> Iterator[Finding]:
    """A relation that the card states, and that its files are not; what a recipe was run for may
    have been merged or extracted since."""
    claims = [claim for _, claim in whole_claims(case)]
    told = [claim for claim in claims if claim.key in DECLARED and claim.relation]
    stated = {claim.relation: claim for claim in told if not claim.recipe}
    adapts, is_quantized = is_adapter(case.files), _is_quantized(case.files)
    trained = {claim.relation for claim in told}
    for relation, claim in stated.items():
        seen = ""
        if adapts and not trained & {"adapter", "merge"}:
            seen = "its weights are an adapter"
        elif adapts is False and relation == "adapter":
            seen = "its weights are a whole model"
        elif is_quantized is False and relation == "quantized":
            seen = "none of its weights is quantized"
        if seen:
            message = f"{claim.place} says {relation}, and {seen}"
            yield failed("ancestry/relation", message, claim.path)


def is_adapter(files: ModelFiles) -> bool | None:
    """Whether the weights are an adapter's; None where there are both, none, or other ones."""
    held = files.evidence.manifest
    weights = (file.path for file in held.files if is_weight_name(file.path))
    names = {name_of(path) for path in weights if not is_by_product(path)}
    if names and names <= ADAPTERS:
        return True
    whole = names and all(map(WHOLE.fullmatch, names))
    if not whole or "adapter_config.json" in held.by_path:
        return None
    table = _table(files, "config.json")
    # What diffusers makes has its class there: a ControlNet is both a model and an adapter.
    return False if table is not None and "_class_name" not in table else None


def _is_quantized(files: ModelFiles) -> bool | None:
    """Whether a configuration or the tensors say so; None where nothing tells."""
    table, found = _table(files, "config.json"), dtypes(files)
    names = [file.path for file in files.evidence.manifest.files if is_weight_name(file.path)]
    if table is None or not found or any(suffix_of(n) != ".safetensors" for n in names):
        return None
    configured = any(key in table for key in QUANTIZED)
    beside = SIDE_FILES & files.evidence.manifest.by_path.keys()
    return bool(configured or beside) or not found <= FLOATS


def _table(files: ModelFiles, path: str) -> dict[object, object] | None:
    """A configuration; None where there is none that can be read."""
    file = files.by_path.get(path)
    try:
        table = file.json() if file else None
    except Malformed:
        return None
    return table if isinstance(table, dict) else None
