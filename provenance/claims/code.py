"""Where a repository brings, or names, code that a loader would run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from provenance.claims.claim import CodeClaim, LibraryClass
from provenance.claims.configuration import (
    configured,
    is_configuration,
    speaks_of_code,
    templates,
)
from provenance.claims.running import by_itself, requirements
from provenance.errors import Malformed
from provenance.formats.inside import holds
from provenance.formats.names import is_safetensors_index, name_of, suffix_of
from provenance.formats.parsed import Parsed, parsed
from provenance.formats.template.allowed import UNFOLLOWED, UNPARSED
from provenance.model import Content, Evidence, File, Kind

TEMPLATES = frozenset({".jinja", ".jinja2", ".j2"})
YAML = frozenset({".yaml", ".yml"})
OF_MLFLOW = "mlmodel"
INI = frozenset({".cfg", ".ini"})
TOML = ".toml"
SHOWN = 4
MAX_TEMPLATES = 2 << 20
TOO_MANY = f"{UNPARSED}: the templates of this model are longer than {MAX_TEMPLATES} in all"

__all__ = ["CodeClaim", "code_claims"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A chat template, found and not yet judged."""

    path: str
    source: str


Item = CodeClaim | LibraryClass | Template
Reader = Callable[[Parsed], Iterator[Item]]


def code_claims(
    evidence: Evidence, files: Mapping[str, Parsed] | None = None
) -> tuple[CodeClaim, ...]:
    """Everything in the selection that a loader would run, or fetch to run, in path order.

    A file that nobody looked into is judged by its name. What a loader reads and could not be read
    here is a claim too, with the code `unreadable`; the classes of loaders' own libraries that a
    file has built are one, `library-class`. `files` are those of the evidence, if somebody has
    begun to parse them.
    """
    known = parsed(evidence) if files is None else files
    every = {file.path: known.get(file.path) or _unknown(file) for file in evidence.manifest.files}
    found = dict.fromkeys(_weighed(_all(every)))
    return tuple(sorted(found, key=lambda claim: claim.path))


def _unknown(file: File) -> Parsed:
    return Parsed(content=Content(path=file.path, kind=Kind.BINARY), size=file.size)


def _all(files: Mapping[str, Parsed]) -> Iterator[Item]:
    """What is found in each of some files that belong together, and what it needs beside it."""
    items = [item for file in files.values() for item in _claims(file)]
    yield from items
    yield from requirements(files, (item for item in items if isinstance(item, CodeClaim)))


def _weighed(found: Iterable[Item]) -> Iterator[CodeClaim]:
    """The claims as they are, each template once as what it does, so many characters in all, and
    the classes of libraries once for each file."""
    left = MAX_TEMPLATES
    known: dict[str, tuple[str, ...]] = {}
    built: dict[str, dict[str, None]] = {}
    for item in found:
        match item:
            case CodeClaim():
                yield item
            case LibraryClass(path=path, name=name):
                built.setdefault(path, {})[name] = None
            case Template(path=path, source=source):
                if source not in known:
                    left -= len(source)
                    known[source] = _phrases(source) if left >= 0 else (TOO_MANY,)
                yield from _told(path, known[source])
    yield from (_built(path, tuple(names)) for path, names in built.items())


def _built(path: str, names: Sequence[str]) -> CodeClaim:
    shown = ", ".join(name[:80] for name in names[:SHOWN])
    more = f", and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    detail = f"builds what a loader's own library holds: {shown}{more}"
    return CodeClaim(path=path, code="library-class", detail=detail)


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
    if own := by_itself(file):
        yield own
    elif reader := _reader(path, suffix):
        yield from _document(file, reader)
    elif kind is Kind.GGUF:
        yield from _gguf(file)
    elif file.content.inside or holds(path, kind):
        yield from _archive(file)
    elif _is_other_json(file.content) and file.is_whole:
        yield from _other(file)


def _reader(path: str, suffix: str) -> Reader | None:
    """What reads a document of this name, which must be readable."""
    if suffix in TEMPLATES:
        return _jinja
    if suffix in YAML or name_of(path) == OF_MLFLOW:
        return _yaml
    if suffix in INI:
        return _ini
    if suffix == TOML:
        return _toml
    return _configuration if is_configuration(path) else None


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


def _ini(file: Parsed) -> Iterator[Item]:
    from provenance.claims.registered import in_ini

    yield from in_ini(file.path, file.content.head)


def _toml(file: Parsed) -> Iterator[Item]:
    from provenance.claims.registered import in_toml

    yield from in_toml(file.path, file.content.head)


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


def _archive(file: Parsed) -> Iterator[Item]:
    """What the members of an archive hold: whoever allows that allows the whole of it."""
    path, kind = file.path, file.content.kind
    if not file.content.inside:
        why = "in another archive, too many, too large, or broken"
        yield _unreadable(path, f"an archive ({kind}) whose members were not read: {why}")
    files = {one.path: Parsed(content=one, size=len(one.head)) for one in file.content.inside}
    for member in file.content.inside:
        if member.kind is Kind.COMPRESSED and not holds(member.path, member.kind):
            yield _unreadable(path, f"{member.path[:200]!r} in it is compressed")
    for item in _all(files):
        yield _placed(item, path)


def _placed(item: Item, archive: str) -> Item:
    match item:
        case CodeClaim(path=path, detail=detail):
            told = f"{path[:200]!r} in it: {detail}"
            return replace(item, path=archive, detail=told, target=archive)
        case _:
            return replace(item, path=archive)
