"""Where a repository brings, or names, code that a loader would run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from provenance.errors import Malformed
from provenance.formats import gguf, json
from provenance.formats.names import name_of, suffix_of
from provenance.model import Content, Evidence, Kind

CONFIGURATIONS = frozenset(
    {
        "adapter_config.json",
        "chat_template.json",
        "config.json",
        "config_sentence_transformers.json",
        "feature_extractor_config.json",
        "generation_config.json",
        "image_processor_config.json",
        "model_index.json",
        "modules.json",
        "preprocessor_config.json",
        "processor_config.json",
        "tokenizer_config.json",
        "video_preprocessor_config.json",
    }
)
NATIVE = frozenset({".so", ".dll", ".dylib", ".exe", ".pyd", ".cubin", ".ptx"})
SCRIPTS = frozenset({".sh", ".bash", ".bat", ".cmd", ".ps1"})
TEMPLATES = frozenset({".jinja", ".jinja2", ".j2"})
MAPS = ("auto_map", "auto_mapping", "custom_pipelines")
KERNELS = ("_attn_implementation_internal", "_attn_implementation", "attn_implementation")
TEMPLATE_KEY = "tokenizer.chat_template"
KNOWN_MODULES = "sentence_transformers."
KNOWN_LIBRARIES = frozenset({"diffusers", "transformers", "flax", "onnxruntime"})
MAX_NODES = 200_000
SHOWN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeClaim:
    """One place that makes a loader run code: `code` is the rule's slug, `target` a local file."""

    path: str
    code: str
    detail: str
    target: str = ""


Reader = Callable[[str, bytes], Iterator[CodeClaim]]


def code_claims(evidence: Evidence) -> tuple[CodeClaim, ...]:
    """Everything in the selection that a loader would run, or fetch to run, in path order."""
    return tuple(claim for content in evidence.contents for claim in _claims(content, evidence))


def _claims(content: Content, evidence: Evidence) -> Iterator[CodeClaim]:
    path, suffix = content.path, suffix_of(content.path)
    if content.kind is Kind.EXECUTABLE or suffix in NATIVE:
        yield CodeClaim(path=path, code="native", detail="a program or library")
    elif suffix == ".py":
        yield CodeClaim(path=path, code="python-file", detail="Python code", target=path)
    elif content.kind is Kind.SCRIPT or suffix in SCRIPTS:
        yield CodeClaim(path=path, code="script", detail="a script", target=path)
    elif suffix in TEMPLATES:
        yield from _document(content, evidence, _jinja)
    elif name_of(path) in CONFIGURATIONS or _looks_configured(content):
        yield from _document(content, evidence, _configuration)
    elif content.kind is Kind.GGUF:
        yield from _gguf(content, evidence)


def _looks_configured(content: Content) -> bool:
    """A JSON document of another name that speaks of code all the same."""
    words = (*MAPS, *KERNELS, "chat_template")
    return content.kind is Kind.JSON and any(f'"{w}"'.encode() in content.head for w in words)


def _document(content: Content, evidence: Evidence, reader: Reader) -> Iterator[CodeClaim]:
    if len(content.head) != evidence.manifest.by_path[content.path].size:
        yield _unreadable(content.path, "too large to be read")
        return
    try:
        yield from reader(content.path, content.head)
    except Malformed as error:
        yield _unreadable(content.path, str(error))


def _unreadable(path: str, detail: str) -> CodeClaim:
    return CodeClaim(path=path, code="unreadable", detail=detail)


def _jinja(path: str, data: bytes) -> Iterator[CodeClaim]:
    try:
        yield from _template(path, data.decode("utf-8"))
    except UnicodeDecodeError:
        raise Malformed("not UTF-8") from None


def _template(path: str, source: str) -> Iterator[CodeClaim]:
    # Its grammar takes as long to import as all the rest; most models bring no template.
    from provenance.formats.template import UNPARSED, unsafe

    phrases = unsafe(source)
    if phrases:
        code = "template-unparsed" if phrases[0].startswith(UNPARSED) else "template"
        more = f", and {len(phrases) - SHOWN} more" if len(phrases) > SHOWN else ""
        yield CodeClaim(path=path, code=code, detail="; ".join(phrases[:SHOWN]) + more)


def _gguf(content: Content, evidence: Evidence) -> Iterator[CodeClaim]:
    size = evidence.manifest.by_path[content.path].size
    try:
        metadata = gguf.parse(content.head, size).metadata
    except Malformed as error:
        yield _unreadable(content.path, f"its header: {error}")
        return
    for key, value in metadata:
        if key.startswith(TEMPLATE_KEY) and isinstance(value, str):
            yield from _template(content.path, value)


def _configuration(path: str, data: bytes) -> Iterator[CodeClaim]:
    value = json.loads(data)
    if name_of(path) == "modules.json":
        yield from _modules(path, value)
    if name_of(path) == "model_index.json" and isinstance(value, dict):
        yield from _pipeline(path, value)
    for key, found in _pairs(value):
        if key in MAPS:
            yield from _mapped(path, key, found)
        elif key in KERNELS and isinstance(found, str) and "/" in found:
            yield CodeClaim(path=path, code="kernel", detail=f"{key} fetches {found[:200]}")
        elif key == "trust_remote_code" and found is True:
            yield CodeClaim(path=path, code="remote-code", detail="asks to trust remote code")
        elif key == "custom_pipeline" and isinstance(found, str):
            yield CodeClaim(path=path, code="pipeline", detail=f"{key} is {found[:200]}")
        elif key == "chat_template":
            yield from _templates(path, found)


def _pairs(value: object) -> Iterator[tuple[str, object]]:
    """Every key of every table, however deep."""
    waiting, count = [value], 0
    while waiting:
        node = waiting.pop()
        count += 1
        if count > MAX_NODES:
            raise Malformed(f"more than {MAX_NODES} values")
        if isinstance(node, dict):
            yield from node.items()
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def _templates(path: str, value: object) -> Iterator[CodeClaim]:
    match value:
        case str():
            yield from _template(path, value)
        case list():
            for item in value:
                if isinstance(item, dict) and isinstance(item.get("template"), str):
                    yield from _template(path, item["template"])
        case dict():
            for item in value.values():
                if isinstance(item, str):
                    yield from _template(path, item)


def _mapped(path: str, key: str, value: object) -> Iterator[CodeClaim]:
    """`module.Class` is a file beside, `org/name--module.Class` is another repository's."""
    for name in _texts(value):
        repository, elsewhere, inner = name.partition("--")
        module = (inner if elsewhere else name).rpartition(".")[0]
        if elsewhere:
            detail = f"{key} fetches {module}.py from {repository[:200]}, at its newest commit"
            yield CodeClaim(path=path, code="remote-code", detail=detail)
        elif module:
            folder = path[: path.rfind("/") + 1]
            target = folder + module.replace(".", "/") + ".py"
            code = "pipeline" if key == "custom_pipelines" else "auto-map"
            yield CodeClaim(path=path, code=code, detail=f"{key} runs {name[:200]}", target=target)


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for item in value:
                yield from _texts(item)
        case dict():
            for item in value.values():
                yield from _texts(item)


def _modules(path: str, value: object) -> Iterator[CodeClaim]:
    """sentence-transformers imports whatever class a module names."""
    for item in value if isinstance(value, list) else ():
        kind = item.get("type") if isinstance(item, dict) else None
        if isinstance(kind, str) and not kind.startswith(KNOWN_MODULES):
            yield CodeClaim(path=path, code="module", detail=f"a module of type {kind[:200]}")


def _pipeline(path: str, table: dict[str, object]) -> Iterator[CodeClaim]:
    """diffusers: a pipeline or component whose class is not of a known library is custom code."""
    for name, value in table.items():
        if name == "_class_name" and isinstance(value, list):
            yield CodeClaim(path=path, code="pipeline", detail=f"the pipeline is {value!r:.200}")
        elif isinstance(value, list) and len(value) == 2 and isinstance(value[0], str):
            library, kind = value
            if library not in KNOWN_LIBRARIES:
                detail = f"{name} is {kind!r:.80} of {library!r:.80}"
                yield CodeClaim(path=path, code="pipeline", detail=detail)
