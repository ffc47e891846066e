"""What JSON settings say of parents: of a model, an adapter, a quantisation, a training run."""

from __future__ import annotations

from collections.abc import Iterator

from provenance.claims.claim import Claim, MethodClaim
from provenance.claims.configuration import pairs
from provenance.claims.methods import LOGGED
from provenance.claims.named import named, texts
from provenance.errors import Malformed
from provenance.formats import json
from provenance.model import Content

LOADED_FROM = "_name_or_path"
MAX_ROWS = 1_000


def adapter(content: Content) -> Iterator[Claim]:
    """A PEFT adapter is loaded onto its base."""
    table = _table(content)
    key = "base_model_name_or_path"
    revision = table.get("revision")
    stated = revision if isinstance(revision, str) and revision else None
    for text in texts(table.get(key), key):
        yield named(content, key, text, relation="adapter", revision=stated)


def configuration(content: Content) -> Iterator[Claim]:
    """Where transformers or diffusers loaded a model, or a part of it, from."""
    found: dict[str, None] = {}
    for key, value in pairs(json.loads(content.head, constants=True)):
        if key == LOADED_FROM and isinstance(value, str) and value.strip():
            found[value] = None
    for text in found:
        yield named(content, LOADED_FROM, text, hint=True)


def quantisation(content: Content) -> Iterator[Claim]:
    """What GPTQ and its like quantised."""
    key = "model_name_or_path"
    for text in texts(_table(content).get(key), key):
        yield named(content, key, text, relation="quantized", hint=True)


def trainer_state(content: Content) -> Iterator[Claim]:
    """What a trainer logged, which tells its kind."""
    rows = _table(content).get("log_history")
    kept = rows[:MAX_ROWS] if isinstance(rows, list) else []
    for key, method in LOGGED:
        if any(isinstance(row, dict) and key in row for row in kept):
            yield MethodClaim(path=content.path, key=key, method=method, trace=True)
            return


def _table(content: Content) -> dict[str, object]:
    value = json.loads(content.head, constants=True)
    if not isinstance(value, dict):
        raise Malformed("no table")
    return value
