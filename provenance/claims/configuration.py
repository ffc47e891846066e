"""Which code a JSON configuration makes a loader import or fetch.

transformers (auto_map, custom_pipelines, kernels), diffusers (model_index.json), PEFT
(auto_mapping) and sentence-transformers (modules.json) each name classes in their own way. Keys
are looked for at any depth: composite models nest the configurations of their parts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from provenance.claims.callables import TRUST, Named, in_table
from provenance.claims.claim import CodeClaim
from provenance.claims.libraries import is_own
from provenance.errors import Malformed
from provenance.formats.names import folder_of, name_of

CONFIGURATION = re.compile(
    r"(config([._].+)?|.+_config|(modular_)?model_index|modules|chat_template)\.json"
)
MLX = re.compile(r"config([._].+)?\.json")
SPEAKS_OF_CODE = re.compile(
    rb"auto_map|custom_pipeline|trust_remote_code|_implementation|chat_template|type_hint"
    rb"|_target_|class_path|py/|Lambda|model_file|class_name|activation_f|default_activation"
    rb"|\"target\"|pyref|__fn_or_cls__|megatron_core"
    rb"|\\u00(?:2f|5f|[46][1-9a-f]|[57][0-9a])",
    re.IGNORECASE,
)
"""Also an escape that spells a letter of such a key; those of control characters spell none."""
ACTIVATIONS = frozenset(
    {"activation_fn", "activation_function", "sbert_ce_default_activation_function"}
)
PLAIN = re.compile(r"torch\.(?:relu|sigmoid|softmax|tanh)")
OFF = (None, False)
MEGATRON = "megatron.core"
SENTENCE_MODULES = "sentence_transformers."
MODULE_NAMES = frozenset({"modules.json", "router_config.json"})
PIPELINE_NAMES = frozenset({"model_index.json", "modular_model_index.json"})
PARENTS = frozenset({"diffusers", "peft", "timm", "torch", "transformers"})
LIBRARIES = frozenset({"diffusers", "flax", "onnxruntime.training", "transformers"})
PIPELINES = frozenset(
    {
        "alt_diffusion",
        "audioldm",
        "audioldm2",
        "blip_diffusion",
        "deepfloyd_if",
        "kandinsky",
        "kandinsky2_2",
        "latent_diffusion",
        "musicldm",
        "paint_by_example",
        "semantic_stable_diffusion",
        "stable_diffusion",
        "stable_diffusion_safe",
        "stable_diffusion_xl",
        "unclip",
        "versatile_diffusion",
        "wuerstchen",
    }
)
"""The pipelines of diffusers that bring components of their own, as `safety_checker`."""

MAX_VALUES = 200_000


def is_configuration(path: str) -> bool:
    """Whether a loader would take the file for a configuration by its name."""
    return CONFIGURATION.fullmatch(name_of(path)) is not None


def speaks_of_code(data: bytes) -> bool:
    """Whether a text that could not be read as JSON may hold one of the keys read here.

    Python's own reader takes UTF-16 and UTF-32 as well: those are the same bytes between zeros.
    """
    return SPEAKS_OF_CODE.search(data.replace(b"\0", b"")) is not None


def configured(path: str, value: object) -> Iterator[Named]:
    """The code that the configuration `value` of the file `path` names.

    Raises Malformed for more than 200,000 values.
    """
    if name_of(path) in MODULE_NAMES:
        yield from _modules(path, value)
    if name_of(path) in PIPELINE_NAMES and isinstance(value, dict):
        yield from _pipeline(path, value)
    for node in values(value):
        if isinstance(node, dict):
            yield from in_table(path, node.items())
            for key, found in node.items():
                yield from _named(path, key, found)


def _model_file(path: str, found: object) -> Iterator[CodeClaim]:
    """mlx-lm runs the file that its configuration names so, whatever its suffix."""
    if isinstance(found, str) and found:
        target = folder_of(path) + found.removeprefix("./")
        detail = f"model_file runs {found[:200]!r}"
        yield CodeClaim(path=path, code="auto-map", detail=detail, target=target)


def templates(value: object) -> Iterator[str]:
    """Each chat template that a configuration holds: one, several by name, or a list of them."""
    for key, found in pairs(value):
        if "chat_template" in key:
            yield from texts(found)


def texts(value: object) -> Iterator[str]:
    """Every text among the values of `value`, however deep."""
    return (node for node in values(value) if isinstance(node, str))


def values(value: object, most: int = MAX_VALUES) -> Iterator[object]:
    """Every value in `value`, itself first, however deep; Malformed for more than `most`."""
    waiting, count = [value], 0
    while waiting:
        node = waiting.pop()
        count += 1
        if count > most:
            raise Malformed(f"more than {most} values")
        yield node
        if isinstance(node, dict):
            waiting.extend(reversed(node.values()))
        elif isinstance(node, list):
            waiting.extend(reversed(node))


def pairs(value: object) -> Iterator[tuple[str, object]]:
    """Every key of every table in `value`, however deep, with what it holds."""
    for node in values(value):
        if isinstance(node, dict):
            yield from node.items()


def _named(path: str, key: str, found: object) -> Iterator[CodeClaim]:
    """What one key of any table names."""
    if key == "auto_map":
        yield from _references(path, key, "auto-map", texts(found))
    elif key == "custom_pipelines":
        yield from _references(path, key, "pipeline", _implementations(found))
    elif key == "custom_pipeline":
        yield from _custom_pipeline(path, found)
    elif key == "auto_mapping":
        yield from _parents(path, found)
    elif key == "megatron_core" and isinstance(found, str) and found != MEGATRON:
        yield _imported(path, key, found)
    elif key == TRUST and found not in OFF:
        yield _fetched(path, "asks to trust remote code")
    elif key.endswith(("_implementation", "_implementation_internal")):
        yield from _kernels(path, key, found)
    elif key in ACTIVATIONS:
        yield from _activation(path, key, found)
    elif key == "model_file" and MLX.fullmatch(name_of(path)):
        yield from _model_file(path, found)


def _fetched(path: str, detail: str, repo: str = "", module: str = "") -> CodeClaim:
    """Code of another repository, as it is that day; `module` is its file, if one is named."""
    return CodeClaim(path=path, code="remote-code", detail=detail, elsewhere=repo, module=module)


def _module_of(name: str) -> str:
    """The module that `org/name--module.Class` means."""
    return name.partition("--")[2].rpartition(".")[0]


def _imported(path: str, key: str, name: str) -> CodeClaim:
    """PEFT imports a module by its name."""
    return CodeClaim(path=path, code="auto-map", detail=f"{key} imports {name[:200]!r}")


def _references(path: str, key: str, code: str, names: Iterator[str]) -> Iterator[CodeClaim]:
    """`module.Class` is a file beside, `org/name--module.Class` another repository's."""
    for name in names:
        repository, elsewhere, _ = name.partition("--")
        if elsewhere:
            detail = f"{key} fetches {name[:200]!r} from {repository[:200]!r} as it is that day"
            yield _fetched(path, detail, repository, _beside("", _module_of(name)))
        else:
            detail = f"{key} runs {name[:200]!r}"
            target = _beside(path, name.rpartition(".")[0])
            yield CodeClaim(path=path, code=code, detail=detail, target=target)


def _beside(path: str, module: str) -> str:
    return f"{folder_of(path)}{module.replace('.', '/')}.py" if module else ""


def _implementations(value: object) -> Iterator[str]:
    """Of each pipeline the class; the models and frameworks beside it are data."""
    tables = value.values() if isinstance(value, dict) else ()
    for table in tables:
        yield from texts(table.get("impl") if isinstance(table, dict) else table)


def _custom_pipeline(path: str, found: object) -> Iterator[CodeClaim]:
    for name in texts(found):
        if "/" in name:
            detail = f"custom_pipeline fetches {name[:200]!r} as it is that day"
            yield _fetched(path, detail, name)
        else:
            module = name.removesuffix(".py")
            detail = f"custom_pipeline runs {name[:200]!r}"
            yield CodeClaim(path=path, code="pipeline", detail=detail, target=_beside(path, module))


def _parents(path: str, found: object) -> Iterator[CodeClaim]:
    """PEFT imports the module that `parent_library` names."""
    library = found.get("parent_library") if isinstance(found, dict) else None
    if isinstance(library, str) and library.partition(".")[0] not in PARENTS:
        yield _imported(path, "auto_mapping", library)


def _kernels(path: str, key: str, found: object) -> Iterator[CodeClaim]:
    for name in texts(found):
        if "/" in name:
            detail = f"{key} fetches {name[:200]!r}"
            kernel = name.rpartition("|")[2].partition(":")[0].partition("@")[0]
            yield CodeClaim(path=path, code="kernel", detail=detail, elsewhere=kernel)


def _activation(path: str, key: str, found: object) -> Iterator[CodeClaim]:
    """sentence-transformers imports an activation by its dotted name, others look it up."""
    for name in texts(found):
        own = is_own(name) or PLAIN.fullmatch(name) or name.startswith(SENTENCE_MODULES)
        if "." in name and not own:
            yield CodeClaim(path=path, code="module", detail=f"{key} imports {name[:200]!r}")


def _modules(path: str, value: object) -> Iterator[CodeClaim]:
    """sentence-transformers imports whatever class a module or a route names."""
    kinds = [found for key, found in pairs(value) if key in {"type", "types"}]
    for kind in texts(kinds):
        if not kind.startswith(SENTENCE_MODULES):
            yield from _references(path, "type", "module", iter([kind]))


def _pipeline(path: str, table: dict[str, object]) -> Iterator[CodeClaim]:
    """diffusers: `[library, class]` for each component; a library it does not know is code."""
    hints = [found for key, found in pairs(table) if key == "type_hint"]
    for name, value in (*table.items(), *(("type_hint", found) for found in hints)):
        match value:
            case [str(module), *_] if name in {"_class_name", "_blocks_class_name"}:
                detail = f"the pipeline is {value!r:.200}"
                yield CodeClaim(
                    path=path, code="pipeline", detail=detail, target=_beside(path, module)
                )
            case [str(library), str(kind), *_] if library not in LIBRARIES | PIPELINES:
                detail = f"{name[:80]!r} is {kind[:80]!r} of {library[:80]!r}"
                target = _beside(f"{folder_of(path)}{name}/", library)
                yield CodeClaim(path=path, code="pipeline", detail=detail, target=target)
