"""What JSON settings say of parents: of a model, an adapter, a quantisation, a training run."""

from __future__ import annotations

from collections.abc import Iterator

from provenance.claims.claim import Claim, MethodClaim
from provenance.claims.configuration import pairs
from provenance.claims.methods import LOGGED
from provenance.claims.named import named
from provenance.errors import Malformed
from provenance.formats.parsed import Parsed

LOADED_FROM = "_name_or_path"
MAX_ROWS = 1_000


def configuration(file: Parsed) -> Iterator[Claim]:
    """Where transformers or diffusers loaded a model, or a part of it, from.

    Within a table it is where that part came from, which the outermost key names.
    """
    value = file.json()
    own = value.items() if isinstance(value, dict) else ()
    found = dict.fromkeys(("", text) for key, text in own if _is_name(key, text))
    for part, held in own:
        found |= dict.fromkeys((part, text) for key, text in pairs(held) if _is_name(key, text))
    for part, text in found:
        yield named(file.content, LOADED_FROM, str(text), hint=True, part=part)


def _is_name(key: str, text: object) -> bool:
    return key == LOADED_FROM and isinstance(text, str) and bool(text.strip())


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
