"""What the Python of a repository loads by name: by syntax tree, nothing is imported or executed.

A name that only a run could tell is unknown, but for one that stands in the configuration beside
the code: `config.vision_tower` is looked up there.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from provenance.claims.files import ModelFiles
from provenance.closure.claim import MemberClaim
from provenance.errors import Malformed
from provenance.formats.names import folder_of, is_weight_name, suffix_of
from provenance.formats.parsed import Parsed
from provenance.loaders.readers import Matches, matcher
from provenance.loaders.table import loaders

if TYPE_CHECKING:
    from provenance.references.naming import Named
    from provenance.references.reference import Reference

PYTHON = ".py"
MAX_TEXT = 200
CONFIGURED = re.compile(
    r"(?:\w+\.)*\w*(?:config|cfg)\.(?P<key>\w+)"
    r"|getattr\((?:\w+\.)*\w*(?:config|cfg), ['\"](?P<word>\w+)['\"](?:, None)?\)"
)
"""An attribute of a configuration, however it is reached."""
OTHERWISE = frozenset(
    [
        "HfFileSystem",
        "LayerRepository",
        "cached_download",
        "cached_file",
        "download_url_to_file",
        "from_single_file",
        "get_class_from_dynamic_module",
        "get_kernel",
        "hf_hub_url",
        "load_state_dict_from_url",
        "urlopen",
        "urlretrieve",
        "wget",
    ]
)
"""Functions that fetch by other words than a repository and its revision, whoever has them."""
OTHERWISE_OF = frozenset({"hub.load", "requests.get", "requests.post", "requests.request"})
OF_ITSELF = frozenset({"python-file", "script", "native", "template", "callable"})
"""Claims about code that make no loader import a module of the model's own."""


def of_python(files: ModelFiles, *, imported: bool) -> Iterator[MemberClaim]:
    """What the modules load that a loader imports: all where a configuration names one, or another
    model does (`imported`), else those whose very names a loader looks for."""
    every = imported or any(
        claim.code not in OF_ITSELF and not claim.elsewhere for claim in files.code_claims
    )
    for file in files.by_path.values():
        if suffix_of(file.path) == PYTHON and file.size and (every or _looked_for()(file.path)):
            yield from _of_module(file, files)


@cache
def _looked_for() -> Matches:
    """Whether a loader runs a file of this path without being told its name."""
    rows = (row for loader in loaders() for row in loader.executes if not row.key)
    return matcher((name for row in rows for name in row.files if name.endswith(PYTHON)), "runs")


def _of_module(file: Parsed, files: ModelFiles) -> Iterator[MemberClaim]:
    # Most models bring no Python, and its readers take long to import.
    from provenance.references.python import references
    from provenance.references.tree import decoded

    try:
        if not file.is_whole:
            raise Malformed(f"{file.size} bytes of Python were not read")
        text = decoded(file.content.head)[0]
        found = references(text)
        otherwise = tuple(_otherwise(file, text))
    except Malformed as error:
        reason = f"{error}, and it may name what a loader fetches"
        yield MemberClaim.unread(file.path, reason)
        return
    yield from otherwise
    for one in found:
        if not one.aside:
            yield from _claims(file, one, files)


def _otherwise(file: Parsed, text: str) -> Iterator[MemberClaim]:
    """The calls that fetch something and name no repository in a way that is followed here."""
    from provenance.references.tree import parse

    for node in ast.walk(parse(text)):
        if isinstance(node, ast.Call):
            parts = ast.unparse(node.func).split(".")
            if parts[-1] in OTHERWISE or ".".join(parts[-2:]) in OTHERWISE_OF:
                said = ".".join(parts[-2:])[:MAX_TEXT]
                claim = MemberClaim.unread(file.path, f"its code fetches by {said}")
                yield replace(claim, line=node.lineno)


def _claims(file: Parsed, one: Reference, files: ModelFiles) -> Iterator[MemberClaim]:
    if one.repo or not one.built:
        yield _claim(file, one, one.repo, one.revision)
        return
    looked_up = _configured(one.built, _configuration(file, files))
    if looked_up is None:
        yield _claim(file, one, "", "")
    for name in looked_up or ():
        yield _claim(file, one, name.repo, name.revision or one.revision)


def _claim(file: Parsed, one: Reference, repo: str, revision: str) -> MemberClaim:
    return MemberClaim(
        path=file.path,
        line=one.line,
        key=one.by[:MAX_TEXT],
        text=(one.built or repo)[:MAX_TEXT],
        loader="its code",
        brings="weights",
        repo=repo or None,
        revision=revision or None,
        reason="" if repo else one.unknown,
    )


def _configuration(file: Parsed, files: ModelFiles) -> Mapping[str, object]:
    """The configuration beside a module, else that at the top."""
    for path in (f"{folder_of(file.path)}config.json", "config.json"):
        found = files.by_path.get(path)
        if found is not None and found.is_whole:
            try:
                value = found.json()
            except Malformed:
                return {}
            return value if isinstance(value, dict) else {}
    return {}


def _configured(built: str, table: Mapping[str, object]) -> tuple[Named, ...] | None:
    """The repository that a key of the configuration holds; none where that is no name of one, and
    None where it is not known what stands there."""
    from provenance.references.naming import named

    match = CONFIGURED.fullmatch(built)
    value = table.get(match["key"] or match["word"]) if match else None
    if not isinstance(value, str) or is_weight_name(value):
        return None
    found = named(value)
    return (found,) if found else ()
