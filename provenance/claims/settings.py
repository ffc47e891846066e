"""What JSON settings say of parents: of a model, an adapter, a quantisation, a training run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from provenance.claims.claim import Claim, MethodClaim
from provenance.claims.configuration import pairs
from provenance.claims.methods import LOGGED
from provenance.claims.named import named, told
from provenance.claims.reference import reference
from provenance.errors import Malformed
from provenance.formats.names import folder_of
from provenance.formats.parsed import Parsed

LOADED_FROM = "_name_or_path"
TRAINED_BY = ("rlhf_type", "trainer")


def configuration(file: Parsed) -> Iterator[Claim]:
    """Where transformers or diffusers loaded a model, or a part of it, from.

    Within a table it is where that part came from, which the outermost key names.
    """
    value = file.json()
    own = value.items() if isinstance(value, dict) else ()
    found = dict.fromkeys(("", str(text)) for key, text in own if _is_name(key, text))
    for part, held in own:
        inner = [str(text) for key, text in pairs(held) if _is_name(key, text)]
        found |= dict.fromkeys((part, text) for text in inner)
    for part, text in found:
        yield named(file.content, LOADED_FROM, _whole(file.path, text), hint=True, part=part)


def _whole(path: str, text: str) -> str:
    """The repository of which a component was loaded by its folder, else the text as it is."""
    folder = folder_of(path).rstrip("/")
    whole = text.removesuffix(f"/{folder}") if folder else text
    return whole if reference(whole).repo else text


def _is_name(key: str, text: object) -> bool:
    return key == LOADED_FROM and isinstance(text, str) and bool(text.strip())


def trainer_state(file: Parsed) -> Iterator[Claim]:
    """What a trainer logged, which tells its kind."""
    rows = _table(file).get("log_history")
    kept = rows if isinstance(rows, list) else []
    logged = {key for row in kept if isinstance(row, dict) for key in row}
    for key, methods in LOGGED:
        if key in logged:
            yield MethodClaim(path=file.path, key=key, methods=methods, trace=True)
            return


def run(file: Parsed) -> Iterator[Claim]:
    """How ms-swift or AutoTrain was told to train."""
    try:
        table = _table(file)
    except Malformed:
        return
    yield from told(file.content, table, TRAINED_BY)


def _table(file: Parsed) -> Mapping[object, object]:
    value = file.json()
    if not isinstance(value, dict):
        raise Malformed("no table")
    return value
