"""What JSON settings say of parents: of a model, an adapter, a quantisation, a training run."""

from __future__ import annotations

from collections.abc import Iterator

from provenance.claims.claim import Claim, MethodClaim
from provenance.claims.configuration import pairs
from provenance.claims.methods import LOGGED
from provenance.claims.named import named, texts
from provenance.errors import Malformed
from provenance.formats.parsed import Parsed

LOADED_FROM = "_name_or_path"
MAX_ROWS = 1_000


def adapter(file: Parsed) -> Iterator[Claim]:
    """A PEFT adapter is loaded onto its base."""
    table = _table(file)
    key = "base_model_name_or_path"
    revision = table.get("revision")
    stated = revision if isinstance(revision, str) and revision else None
    for text in texts(table.get(key), key):
        yield named(file.content, key, text, relation="adapter", revision=stated)


def configuration(file: Parsed) -> Iterator[Claim]:
    """Where transformers or diffusers loaded a model, or a part of it, from."""
    found: dict[str, None] = {}
    for key, value in pairs(file.json()):
        if key == LOADED_FROM and isinstance(value, str) and value.strip():
            found[value] = None
    for text in found:
        yield named(file.content, LOADED_FROM, text, hint=True)


def quantisation(file: Parsed) -> Iterator[Claim]:
    """What GPTQ and its like quantised."""
    key = "model_name_or_path"
    for text in texts(_table(file).get(key), key):
        yield named(file.content, key, text, relation="quantized", hint=True)


def trainer_state(file: Parsed) -> Iterator[Claim]:
    """What a trainer logged, which tells its kind."""
    rows = _table(file).get("log_history")
    kept = rows[:MAX_ROWS] if isinstance(rows, list) else []
    for key, methods in LOGGED:
        if any(isinstance(row, dict) and key in row for row in kept):
            yield MethodClaim(path=file.path, key=key, methods=methods, trace=True)
            return


def _table(file: Parsed) -> dict[str, object]:
    value = file.json()
    if not isinstance(value, dict):
        raise Malformed("no table")
    return value
