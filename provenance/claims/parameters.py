"""What the parameters of a training step say of its parents and its method.

They are the recipe or the settings that ran, so that the rows and readers of such files read them,
in whatever table they stand. What a step learnt by, a teacher, a reward model, a judge or data, is
no parent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from itertools import islice, pairwise

from provenance.claims.claim import MethodClaim, ParentClaim
from provenance.claims.named import named, told
from provenance.claims.places import Place, rows, stated
from provenance.claims.recipe import MERGES, RUN_FILES, TRAINED_BY, of_merge
from provenance.errors import Malformed
from provenance.model import Content, Kind

PLACE = "its parameters"
BESIDE = re.compile(
    r"(?:.*[_-])?(?:assistant|critic|data|datasets?|draft|embeddings?|eval|evaluation|judge|ref"
    r"|reference|reward|rm|score|scorer|teacher|tokenizer|value|vllm)(?:[_-].*)?",
    re.IGNORECASE,
)
"""The keys of what a step uses and does not begin with."""
WORDS = {f"--{key}": key for key in ("base_model", "model_id_or_path", "model_name_or_path")}
"""What a command line says before the model that it trains."""
SHORT = {f"--{key}": key for key in ("model", "model_id", "pretrained_model_name_or_path")}
"""What it says too, and is no key that means a parent in whatever table it stands."""
FLAGS = {**WORDS, **SHORT}
REVISION = "model_revision"
ADAPTER = "adapter_config.json"
CERTAIN = frozenset((key,) for key in (*WORDS.values(), "base_model_name_or_path"))
METHODS = (*TRAINED_BY, "rlhf_type", "trainer")
MERGE = frozenset({"merge"})
MAX_TABLES = 10_000
MAX_CLAIMS = 2_000


def of_parameters(text: str) -> tuple[ParentClaim | MethodClaim, ...]:
    """What a JSON text of parameters says, each once; nothing where it cannot be read.

    Of one text 2,000 claims are read.
    """
    if not text:
        return ()
    content = Content(path=PLACE, kind=Kind.JSON)
    try:
        found = islice(_claims(content, json.loads(text)), MAX_CLAIMS)
        return tuple(dict.fromkeys(found))
    except (Malformed, ValueError, RecursionError):
        return ()


def _claims(content: Content, value: object) -> Iterator[ParentClaim | MethodClaim]:
    waiting: list[object] = [value]
    for _ in range(MAX_TABLES):
        if not waiting:
            return
        node = waiting.pop()
        if isinstance(node, list):
            waiting.extend(v for v in reversed(node) if isinstance(v, dict | list))
            yield from _of_words(content, node)
        elif isinstance(node, dict) and _is_merge(node):
            yield from of_merge(content, node)
            yield MethodClaim(path=PLACE, key="merge_method", methods=MERGE)
        elif isinstance(node, dict):
            yield from _of_run(content, node)
            own = (v for key, v in reversed(node.items()) if not BESIDE.fullmatch(str(key)))
            waiting.extend(v for v in own if isinstance(v, dict | list))


def _is_merge(table: Mapping[object, object]) -> bool:
    """Whether it is a recipe of mergekit: the word for how, or lists of what."""
    return any(isinstance(table.get(key), str | list) for key in MERGES)


def _of_run(content: Content, table: dict[object, object]) -> Iterator[ParentClaim | MethodClaim]:
    """What the rows of settings and of adapters find in one table."""
    for claim in stated(content, table, _rows()):
        if isinstance(claim, ParentClaim):
            yield claim
    yield from told(content, table, METHODS)


@cache
def _rows() -> tuple[Place, ...]:
    """Those whose keys mean a parent wherever they stand."""
    every = (row for path in (*RUN_FILES, ADAPTER) for row in rows(path))
    certain = (row for row in every if row.keys in CERTAIN)
    return tuple(replace(row, revision=row.revision or REVISION) for row in certain)


def _of_words(content: Content, words: list[object]) -> Iterator[ParentClaim]:
    """What a command line names: `--model_name_or_path org/name`, or with an equals sign."""
    for word, following in pairwise((*words, None)):
        if not isinstance(word, str):
            continue
        flag, equals, value = word.partition("=")
        given = value if equals else following
        if flag in FLAGS and isinstance(given, str):
            yield named(content, FLAGS[flag], given)
