"""Configurations that name a Python callable, which their loader imports and calls.

hydra and NeMo (`_target_`), latent-diffusion (`target`), Lightning (`class_path`), jsonpickle
(`py/…`), Keras (a Lambda, `module`), pyannote (`pipeline.name`), HyperPyYAML (`!apply:` and its
like, run without any flag) and PyYAML's own `!!python/…`. A class of the library that loads the
model is what such a configuration is for; anything else that Python can import is code of somebody
else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from provenance.claims.claim import CodeClaim
from provenance.formats.index import is_plain
from provenance.formats.outline import Outline, Tag


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


RULE = "callable"
TARGETS = frozenset({"_target_", "__target__", "class_path"})
PICKLED = ("py/object", "py/reduce", "py/function", "py/type", "py/repr", "py/method", "py/newargs")
DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)+")
LAMBDAS = frozenset({"Lambda", "__lambda__"})
STANDARD = "tag:yaml.org,2002:"
DATA = _words("binary bool float int map merge null omap pairs seq set str timestamp value yaml")
PYTHON = _words("none bool str unicode bytes int long float complex list tuple dict")
OF_HYPERPYYAML = frozenset({"!ref", "!copy", "!tuple", "!PLACEHOLDER"})
CALLS = re.compile(r"!(?:apply|applyref|new|name|module):(?P<name>.*)", re.DOTALL)
INCLUDES = "!include:"
OWN = re.compile(
    r"(?:speechbrain|nemo|pyannote\.\w+|ldm|sgm|diffusers|transformers|torchaudio|torch\.(?:nn|optim))"
    r"(?:\.[A-Za-z]\w*)*\.[A-Z]\w*"
)
"""A class of a library that loads models. Its functions are not: some run what they are given."""

OF_KERAS = re.compile(r"(?:keras|keras_\w+|tf_keras|tensorflow\.keras|tensorflow)(?:\.\w+)*")
"""Modules of Keras and of its own libraries, as a stored model names them."""

REACHES = _words(
    "asyncio base64 builtins code codecs commands concurrent ctypes dill fileinput functools glob"
    " hub importlib inspect io joblib logging marshal multiprocessing nt os pathlib pdb pickle"
    " pickletools pkgutil platform posix pty requests runpy shelve shutil signal site smtplib"
    " socket subprocess superpowers sys tarfile tempfile threading timeit torch trace types urllib"
    " webbrowser yaml zipfile"
)
"""Modules that a library's module holds as attributes, and through which everything is reached."""


def in_table(
    path: str, pairs: Iterable[tuple[str, object]], *, keys: tuple[str, ...] = ()
) -> Iterator[CodeClaim]:
    """What the pairs of one table name; `keys` are those that lead to it."""
    every = list(pairs)
    table = dict(every)
    if named := _of_keras(table.get("module"), table.get("class_name")):
        yield _claim(path, f"class_name makes an object of {named[:200]!r}")
    for key, value in every:
        text = value if isinstance(value, str) else ""
        if _names_callable(keys, key, text) and not is_own(text):
            yield _claim(path, f"{key} calls {text[:200]!r}")
        elif key.startswith(PICKLED):
            yield _claim(path, f"{key} makes an object of {value!r:.200}")
        elif key == "class_name" and text in LAMBDAS:
            yield _claim(path, f"class_name {text!r} is a function stored as code")


def _of_keras(module: object, name: object) -> str:
    """What Keras imports for a stored object, if that is of another library than its own."""
    if not isinstance(module, str) or not isinstance(name, str) or OF_KERAS.fullmatch(module):
        return ""
    return "" if (module, name) == ("builtins", "function") else f"{module}.{name}"


def _names_callable(keys: tuple[str, ...], key: str, text: str) -> bool:
    if key in TARGETS:
        return bool(text)
    pyannote = key == "name" and (keys == ("pipeline",) or keys[:1] == ("preprocessors",))
    return (key == "target" or pyannote) and DOTTED.fullmatch(text) is not None


def in_outline(path: str, found: Outline) -> Iterator[CodeClaim]:
    """What the tags and tables of a YAML text name."""
    for tag in found.tags:
        yield from _tagged(path, tag)
    for table in found.tables:
        yield from in_table(path, table.pairs, keys=table.path)


def _tagged(path: str, tag: Tag) -> Iterator[CodeClaim]:
    kind = tag.name.removeprefix(STANDARD)
    if kind in DATA | OF_HYPERPYYAML | {"!"} or kind.removeprefix("python/") in PYTHON:
        return
    called = CALLS.fullmatch(kind)
    if called and is_own(called["name"]):
        return
    if called or kind.startswith("python/"):
        yield _claim(path, f"line {tag.line}: the tag {tag.name[:200]!r} calls what it names")
    elif kind.startswith(INCLUDES):
        name = kind.removeprefix(INCLUDES)
        if not is_plain(name) or not name.lower().endswith((".yaml", ".yml")):
            yield _claim(path, f"line {tag.line}: includes {name[:200]!r}, which was not read")
    else:
        detail = f"line {tag.line}: only its loader knows what the tag {tag.name[:200]!r} does"
        yield CodeClaim(path=path, code="unreadable", detail=detail)


def is_own(name: str) -> bool:
    """Whether a dotted name is that of a class of a loader's own library, by a straight way."""
    return OWN.fullmatch(name) is not None and not REACHES & set(name.split(".")[1:])


def _claim(path: str, detail: str) -> CodeClaim:
    return CodeClaim(path=path, code=RULE, detail=detail)
