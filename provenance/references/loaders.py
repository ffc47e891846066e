"""What in Python loads from a Hub by name, in which argument, and how each takes a revision.

Recorded or read in the wheels of transformers 5.24, peft 0.21, sentence-transformers 6.2, diffusers
0.42, huggingface_hub 2.4, timm 1.0, open_clip 3.3, faster-whisper 1.2, speechbrain 1.1, vLLM 0.33.
"""

from __future__ import annotations

from dataclasses import dataclass

from provenance.references.reference import COMMIT

REVISION = f'revision="{COMMIT}"'
FOLDER = "it takes no revision: `provenance fetch --local-dir FOLDER`, and give it "


@dataclass(frozen=True, slots=True, kw_only=True)
class Loader:
    """A function, class or method that loads what an argument of it names.

    `words` are the keywords of that argument and `place` its position, if it has one. `packages`
    are those that it is known of: of another origin, it counts only if its name is `distinct`.
    `within` is how the name of its class begins. `revision` is the keyword that pins, empty where
    there is none, `nested` an argument that may hold the revision, and `inside` says that it stands
    behind the name. `others` are further arguments that name a repository, and the keyword that
    pins each. `prefix` are beginnings without which an argument names nothing on a Hub. An argument
    that may be an `objects` is none of a name where it is one.
    """

    names: tuple[str, ...]
    words: tuple[str, ...]
    packages: frozenset[str]
    place: int | None = 0
    distinct: bool = True
    within: str = ""
    revision: str = "revision"
    inside: bool = False
    nested: str = ""
    others: tuple[tuple[str, str], ...] = ()
    prefix: tuple[str, ...] = ()
    hand: str = REVISION
    objects: bool = False
    dataset: bool = False


HUB = frozenset({"huggingface_hub", "transformers", "diffusers"})
TAKES_REVISION = frozenset(
    {"transformers", "diffusers", "peft", "optimum", "trl", "tokenizers", "huggingface_hub"}
    | {"sentence_transformers", "setfit"}
)
FOREIGN = frozenset({"modelscope"})
"""Packages whose loaders have the same names, and ask another hub."""

LOADERS = (
    Loader(
        names=("from_pretrained",),
        within="PeftM",
        place=1,
        words=("model_id",),
        packages=frozenset({"peft"}),
    ),
    Loader(
        names=("from_pretrained",),
        within="Llama",
        words=("repo_id",),
        packages=frozenset({"llama_cpp"}),
        distinct=False,
        revision="",
        hand=f"hf_hub_download(…, {REVISION}) and Llama(model_path=…): it takes no revision",
    ),
    Loader(
        names=("from_pretrained", "from_quantized"),
        words=(
            "pretrained_model_name_or_path",
            "model_name_or_path",
            "model_id",
            "model_name",
            "repo_id",
            "checkpoint",
            "checkpoint_path",
            "pretrained_name",
            "identifier",
        ),
        packages=TAKES_REVISION,
    ),
    Loader(
        names=("load_adapter",),
        words=("peft_model_id", "model_id"),
        packages=TAKES_REVISION,
    ),
    Loader(
        names=("load_lora_weights", "load_textual_inversion", "load_ip_adapter"),
        words=(
            "pretrained_model_name_or_path_or_dict",
            "pretrained_model_name_or_path",
        ),
        packages=TAKES_REVISION,
    ),
    Loader(
        names=("pipeline",),
        place=1,
        words=("model",),
        packages=frozenset({"transformers", "optimum"}),
        distinct=False,
        objects=True,
        others=(
            ("tokenizer", ""),
            ("config", ""),
            ("feature_extractor", ""),
            ("image_processor", ""),
            ("processor", ""),
        ),
    ),
    Loader(names=("snapshot_download", "hf_hub_download"), words=("repo_id",), packages=HUB),
    Loader(
        names=("SentenceTransformer", "CrossEncoder", "SparseEncoder"),
        words=("model_name_or_path", "model_name"),
        packages=frozenset({"sentence_transformers"}),
    ),
    Loader(
        names=("WhisperModel",),
        words=("model_size_or_path",),
        packages=frozenset({"faster_whisper"}),
        distinct=False,
    ),
    Loader(
        names=("from_hparams",),
        words=("source",),
        packages=frozenset({"speechbrain"}),
        revision="",
        nested="fetch_config",
        hand=f"fetch_config=FetchConfig({REVISION})",
    ),
    Loader(
        names=("LLM", "EngineArgs", "AsyncEngineArgs"),
        words=("model",),
        packages=frozenset({"vllm"}),
        distinct=False,
        others=(("tokenizer", "tokenizer_revision"),),
    ),
    Loader(
        names=("Engine",),
        place=None,
        words=("model_path",),
        packages=frozenset({"sglang"}),
        distinct=False,
    ),
    Loader(
        names=("create_model",),
        words=("model_name",),
        packages=frozenset({"timm"}),
        distinct=False,
        revision="",
        inside=True,
        prefix=("hf_hub:", "hf-hub:"),
        hand=f"@{COMMIT} behind the name",
    ),
    Loader(
        names=(
            "create_model",
            "create_model_and_transforms",
            "create_model_from_pretrained",
            "get_tokenizer",
        ),
        words=("model_name",),
        packages=frozenset({"open_clip"}),
        distinct=False,
        revision="",
        prefix=("hf-hub:",),
        hand=f"{FOLDER}local-dir:FOLDER",
    ),
    Loader(
        names=("load", "stream_load"),
        words=("path_or_hf_repo",),
        packages=frozenset({"mlx_lm"}),
        distinct=False,
        revision="",
        hand=f"{FOLDER}FOLDER",
    ),
    Loader(
        names=(
            "HuggingFaceEmbeddings",
            "HuggingFaceInstructEmbeddings",
            "HuggingFaceBgeEmbeddings",
        ),
        place=None,
        words=("model_name", "model"),
        packages=frozenset({"langchain_huggingface", "langchain_community", "langchain"}),
        revision="",
        nested="model_kwargs",
        hand=f'model_kwargs={{"revision": "{COMMIT}"}}',
    ),
    Loader(
        names=("from_model_id",),
        place=None,
        words=("model_id",),
        packages=frozenset({"langchain_huggingface", "langchain_community", "langchain"}),
        revision="",
        nested="model_kwargs",
        hand=f'model_kwargs={{"revision": "{COMMIT}"}}',
    ),
    Loader(
        names=("load_dataset",),
        words=("path",),
        packages=frozenset({"datasets"}),
        dataset=True,
    ),
)
"""The first row that fits a call is the one that holds."""
FUNCTIONS = frozenset(
    {"from_pretrained", "from_quantized", "from_hparams", "snapshot_download", "hf_hub_download"}
)
"""Loaders that are functions or methods, with names that nothing else has."""


def loader_of(dotted: str, origin: str, *, seen: bool) -> Loader | None:
    """The loader that a call of `dotted` is, if it is one.

    `origin` is the package that it is imported from, empty where that is not known, and `seen`
    whether the file itself says what the first name of `dotted` is.
    """
    *classes, name = dotted.split(".")
    for loader in LOADERS:
        if name not in loader.names or not _is_of(loader, classes):
            continue
        if origin in loader.packages or (loader.distinct and origin not in FOREIGN):
            return loader
        if not origin and not seen and (not classes or classes[0] in loader.packages):
            return loader
    return None


def _is_of(loader: Loader, classes: list[str]) -> bool:
    return not loader.within or bool(classes and classes[-1].startswith(loader.within))
