"""Where a repository brings, or names, code that a loader would run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from provenance.claims.claim import CodeClaim
from provenance.claims.configuration import (
    configured,
    is_configuration,
    speaks_of_code,
    templates,
)
from provenance.errors import Malformed
from provenance.formats.names import is_safetensors_index, name_of, suffix_of
from provenance.formats.parsed import Parsed, parsed
from provenance.formats.template.allowed import UNFOLLOWED, UNPARSED
from provenance.model import Content, Evidence, File, Kind

NATIVE = frozenset(
    {
        ".so",
        ".dll",
        ".dylib",
        ".exe",
        ".pyd",
        ".pyc",
        ".pyo",
        ".pyz",
        ".whl",
        ".egg",
        ".jar",
        ".node",
        ".wasm",
        ".ko",
        ".cubin",
        ".ptx",
        ".hsaco",
        ".metallib",
    }
)
VERSIONED = re.compile(r".+\.so(\.\d+)+")
PYTHON = frozenset({".py", ".pyw"})
SCRIPTS = frozenset({".sh", ".bash", ".bat", ".cmd", ".ps1"})
TEMPLATES = frozenset({".jinja", ".jinja2", ".j2"})
YAML = frozenset({".yaml", ".yml"})
SHOWN = 4
MAX_TEMPLATES = 2 << 20
TOO_MANY = f"{UNPARSED}: the templates of this model are longer than {MAX_TEMPLATES} in all"

__all__ = ["CodeClaim", "code_claims"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A chat template, found and not yet judged."""

    path: str
    source: str


Item = CodeClaim | Template
Reader = Callable[[Parsed], Iterator[Item]]


def code_claims(
    evidence: Evidence, files: Mapping[str, Parsed] | None = None
) -> tuple[CodeClaim, ...]:
    """Everything in the selection that a loader would run, or fetch to run, in path order.

    A file that nobody looked into is judged by its name. What a loader reads and could not be read
    here is a claim too, with the code `unreadable`. `files` are those of the evidence, if somebody
    has begun to parse them.
    """
    known = parsed(evidence) if files is None else files
    every = (known.get(file.path) or _unknown(file) for file in evidence.manifest.files)
    return tuple(_weighed(item for file in every for item in _claims(file)))


def _unknown(file: File) -> Parsed:
    return Parsed(content=Content(path=file.path, kind=Kind.BINARY), size=file.size)


def _weighed(found: Iterable[Item]) -> Iterator[CodeClaim]:
    """The claims as they are, and each template once as what it does; so many characters in all."""
    left = MAX_TEMPLATES
    known: dict[str, tuple[str, ...]] = {}
    for item in found:
        if isinstance(item, CodeClaim):
            yield item
            continue
        if item.source not in known:
            left -= len(item.source)
            known[item.source] = _phrases(item.source) if left >= 0 else (TOO_MANY,)
        yield from _told(item.path, known[item.source])


def _phrases(source: str) -> tuple[str, ...]:
    # Its grammar takes as long to import as all the rest; most models bring no template.
    from provenance.formats.template.reading import unsafe

    return unsafe(source)


def _told(path: str, phrases: Sequence[str]) -> Iterator[CodeClaim]:
    if phrases:
        code = "template"
        if phrases[0].startswith(UNPARSED):
            code = "template-unparsed"
        elif all(UNFOLLOWED in phrase for phrase in phrases):
            code = "template-unclear"
        more = f", and {len(phrases) - SHOWN} more" if len(phrases) > SHOWN else ""
        yield CodeClaim(path=path, code=code, detail="; ".join(phrases[:SHOWN]) + more)


def _claims(file: Parsed) -> Iterator[Item]:
    path, suffix, kind = file.path, suffix_of(file.path), file.content.kind
    if kind is Kind.EXECUTABLE or suffix in NATIVE or VERSIONED.fullmatch(name_of(path)):
        yield CodeClaim(path=path, code="native", detail="a program, library or compiled code")
    elif suffix in PYTHON:
        yield CodeClaim(path=path, code="python-file", detail="Python code", target=path)
    elif kind is Kind.SCRIPT or suffix in SCRIPTS:
        yield CodeClaim(path=path, code="script", detail="a script", target=path)
    elif suffix in TEMPLATES:
        yield from _document(file, _jinja)
    elif suffix in YAML:
        yield from _document(file, _yaml)
    elif is_configuration(path):
        yield from _document(file, _configuration)
    elif kind is Kind.GGUF:
        yield from _gguf(file)
    elif _is_other_json(file.content) and file.is_whole:
        yield from _other(file)


def _is_other_json(content: Content) -> bool:
    named = suffix_of(content.path) == ".json" or content.kind is Kind.JSON
    return named and not is_safetensors_index(content.path)


def _other(file: Parsed) -> Iterator[Item]:
    """JSON of any other name: a configuration may send a loader to it."""
    try:
        yield from _configuration(file)
    except Malformed as error:
        if speaks_of_code(file.content.head):
            yield _unreadable(file.path, str(error))


def _document(file: Parsed, reader: Reader) -> Iterator[Item]:
    if not file.is_whole:
        yield _unreadable(file.path, f"{file.size} bytes of {file.content.kind} were not read")
        return
    try:
        yield from reader(file)
    except Malformed as error:
        yield _unreadable(file.path, str(error))


def _unreadable(path: str, detail: str) -> CodeClaim:
    return CodeClaim(path=path, code="unreadable", detail=detail)


def _configuration(file: Parsed) -> Iterator[Item]:
    value = file.json()
    yield from configured(file.path, value)
    for source in templates(value):
        yield Template(path=file.path, source=source)


def _yaml(file: Parsed) -> Iterator[Item]:
    # PyYAML takes as long to import as all the rest; most models bring no YAML.
    from provenance.claims.callables import in_outline
    from provenance.formats.outline import outline

    yield from in_outline(file.path, outline(file.content.head))


def _jinja(file: Parsed) -> Iterator[Item]:
    try:
        source = file.content.head.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("not UTF-8") from None
    yield Template(path=file.path, source=source)


def _gguf(file: Parsed) -> Iterator[Item]:
    header = file.gguf
    if isinstance(header, Malformed):
        yield _unreadable(file.path, f"its header: {header}")
        return
    for key, value in header.metadata:
        if "chat_template" in key.casefold():
            for source in value if isinstance(value, tuple) else (value,):
                if isinstance(source, str):
                    yield Template(path=file.path, source=source)
