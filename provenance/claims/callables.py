"""Configurations that name a Python callable, which their loader imports and calls.

hydra and NeMo (`_target_`), latent-diffusion (`target`), Lightning (`class_path`), MLflow
(`loader_module`), jsonpickle (`py/…`), Keras (a Lambda, `module`), fiddle (`pyref`,
`__fn_or_cls__`), pyannote (`pipeline.name`), HyperPyYAML (`!apply:` and its like, run without any
flag) and PyYAML's own `!!python/…`. A class of the library that loads the model is what such a
configuration is for; anything else that Python can import is code of somebody else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from provenance.claims.claim import CodeClaim, LibraryClass
from provenance.claims.libraries import LAMBDAS, is_of_keras, is_own
from provenance.formats.index import is_plain
from provenance.formats.names import words
from provenance.formats.outline import Outline, Tag

Named = CodeClaim | LibraryClass

RULE = "callable"
TARGETS = frozenset({"_target_", "__target__", "class_path"})
PICKLED = ("py/object", "py/reduce", "py/function", "py/type", "py/repr", "py/method", "py/newargs")
OF_MLFLOW = re.compile(r"mlflow\.\w+(?:\.\w+)?")
DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)+")
FIDDLE = "__fn_or_cls__"
PLACED = frozenset({"pipeline", "preprocessors", FIDDLE})
ANYWHERE = ("preprocessors", FIDDLE)
"""The way to a table that an alias may put behind one of those keys."""
STANDARD = "tag:yaml.org,2002:"
DATA = words("binary bool float int map merge null omap pairs seq set str timestamp value yaml")
PYTHON = words("none bool str unicode bytes int long float complex list tuple dict")
OF_LOADERS = frozenset(
    {"!ref", "!copy", "!tuple", "!PLACEHOLDER", "!fdl.Config", "!fdl.Partial", "!fdl.TaggedValue"}
)
"""Tags of HyperPyYAML and fiddle that call nothing by themselves."""
CALLS = re.compile(r"!(?:apply|applyref|new|name|module):(?P<name>.*)", re.DOTALL)
INCLUDES = "!include:"
TRUST = "trust_remote_code"
NO = frozenset({None, "", "false", "no", "off", "null", "none", "~", "0"})


def in_table(
    path: str, pairs: Iterable[tuple[str, object]], *, keys: tuple[str, ...] = ()
) -> Iterator[Named]:
    """What the pairs of one table name; `keys` are those that lead to it."""
    every = list(pairs)
    table = dict(every)
    yield from _of_keras(path, table)
    yield from _of_fiddle(path, table, keys)
    for key, value in every:
        text = value if isinstance(value, str) else ""
        if _names_callable(keys, key, text):
            yield _called(path, text, f"{key} calls {text[:200]!r}")
        elif key == "loader_module" and text and not OF_MLFLOW.fullmatch(text):
            yield _claim(path, f"loader_module imports {text[:200]!r}")
        elif key.startswith(PICKLED):
            yield _claim(path, f"{key} makes an object of {value!r:.200}")
        elif key == "class_name" and text in LAMBDAS:
            yield _claim(path, f"class_name {text!r} is code, or loads it")


def _of_keras(path: str, table: Mapping[str, object]) -> Iterator[CodeClaim]:
    """What Keras imports for a stored object, if that is of another library than its own."""
    module, name, config = table.get("module"), table.get("class_name"), table.get("config")
    if not isinstance(module, str) or not isinstance(name, str):
        return
    if name == "function":
        name = config if isinstance(config, str) else name
        if module == "builtins":
            return
    if not is_of_keras(module, name):
        yield _claim(path, f"class_name makes an object of {f'{module}.{name}'[:200]!r}")


def _of_fiddle(path: str, table: Mapping[str, object], keys: tuple[str, ...]) -> Iterator[Named]:
    """What fiddle imports: a table of module and name, which another points at."""
    inner = table.get(FIDDLE)
    points = table.get("type") == "pyref" or keys[-1:] == (FIDDLE,)
    for one in (table if points else None, inner):
        if isinstance(one, Mapping) and (module := one.get("module")):
            name = f"{module}.{one.get('name')}"
            yield _called(path, name, f"fiddle imports {name[:200]!r}")


def _names_callable(keys: tuple[str, ...], key: str, text: str) -> bool:
    if key in TARGETS:
        return bool(text)
    pyannote = key == "name" and (keys == ("pipeline",) or keys[:1] == ("preprocessors",))
    named = DOTTED.fullmatch(text) is not None or "${" in text
    return (key == "target" or pyannote) and named


def in_outline(path: str, found: Outline) -> Iterator[Named]:
    """What the tags and tables of a YAML text name."""
    named = [claim for tag in found.tags for claim in _tagged(path, tag)]
    placed = any(PLACED & {key for key, _ in table.pairs} for table in found.tables)
    for table in found.tables:
        anywhere = placed and table.reused
        named += in_table(path, table.pairs, keys=ANYWHERE if anywhere else table.path)
    yield from named
    if named and any(_trusts(key, text) for table in found.tables for key, text in table.pairs):
        detail = "asks to trust remote code for what it builds"
        yield CodeClaim(path=path, code="remote-code", detail=detail)


def _trusts(key: str, text: str | None) -> bool:
    return key == TRUST and (text and text.casefold()) not in NO


def _tagged(path: str, tag: Tag) -> Iterator[Named]:
    kind = tag.name.removeprefix(STANDARD)
    if kind in DATA | OF_LOADERS | {"!"} or kind.removeprefix("python/") in PYTHON:
        return
    called = CALLS.fullmatch(kind)
    if called or kind.startswith("python/"):
        detail = f"line {tag.line}: the tag {tag.name[:200]!r} calls what it names"
        yield _called(path, called["name"] if called else "", detail)
    elif kind.startswith(INCLUDES):
        name = kind.removeprefix(INCLUDES)
        if not is_plain(name) or not name.lower().endswith((".yaml", ".yml")):
            yield _claim(path, f"line {tag.line}: includes {name[:200]!r}, which was not read")
    else:
        detail = f"line {tag.line}: only its loader knows what the tag {tag.name[:200]!r} does"
        yield CodeClaim(path=path, code="unreadable", detail=detail)


def _called(path: str, name: str, detail: str) -> Named:
    return LibraryClass(path=path, name=name) if is_own(name) else _claim(path, detail)


def _claim(path: str, detail: str) -> CodeClaim:
    return CodeClaim(path=path, code=RULE, detail=detail)
