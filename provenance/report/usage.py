"""How a fetched model is loaded: the lines to type, each pinned to what was judged."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from provenance.report.common import printable

DOCUMENTS = ("config.json", "adapter_config.json", "modules.json", "model_index.json")
"""The files that say which library a model is for."""
TASKS = {
    "ForCausalLM": "AutoModelForCausalLM",
    "LMHeadModel": "AutoModelForCausalLM",
    "ForMaskedLM": "AutoModelForMaskedLM",
    "ForSequenceClassification": "AutoModelForSequenceClassification",
    "ForTokenClassification": "AutoModelForTokenClassification",
    "ForQuestionAnswering": "AutoModelForQuestionAnswering",
    "ForImageClassification": "AutoModelForImageClassification",
}
ADAPTED = {
    "CAUSAL_LM": "AutoModelForCausalLM",
    "SEQ_2_SEQ_LM": "AutoModelForSeq2SeqLM",
    "SEQ_CLS": "AutoModelForSequenceClassification",
    "TOKEN_CLS": "AutoModelForTokenClassification",
    "QUESTION_ANS": "AutoModelForQuestionAnswering",
}
GENERATES = "AutoModelForCausalLM"
ANY = "AutoModel"
CLASS = re.compile(r"[A-Z][A-Za-z0-9]{1,80}(For[A-Z][A-Za-z0-9]{1,60}|Model)")
WEIGHTS = (".safetensors", ".bin")
FIRST_OF = re.compile(r"-(\d{5})-of-\d{5}\.gguf$")
SHOWN = 3
OFFLINE = "HF_HUB_OFFLINE=1 "


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A model that was fetched: to a folder of the caller's (`local`), or into a cache.

    `cache` is that cache where it is not the usual one. `documents` are those of `DOCUMENTS` that
    it has, as JSON, and `locked` the commits of all repositories that are locked.
    """

    repo: str
    commit: str
    place: Path
    local: bool = False
    cache: Path | None = None
    files: tuple[str, ...] = ()
    documents: Mapping[str, object] = field(default_factory=dict)
    locked: Mapping[str, str] = field(default_factory=dict)

    @property
    def before(self) -> str:
        """The variables under which a library finds these files, and asks nobody for others."""
        cache = f"HF_HUB_CACHE={shlex.quote(str(self.cache))} " if self.cache else ""
        return f"{OFFLINE}{cache}"

    @property
    def named(self) -> str:
        """What Python is given to load it: the folder, or repository and commit."""
        return _python(str(self.place)) if self.local else pinned(self.repo, self.commit)

    @property
    def served(self) -> str:
        """The same for a server's command line."""
        place = shlex.quote(str(self.place))
        return place if self.local else f"{self.repo} --revision {self.commit}"

    def table(self, name: str) -> Mapping[str, object]:
        """A document that is a table; nothing where there is no such document."""
        found = self.documents.get(name)
        return found if isinstance(found, dict) and name in self.files else {}


def usage(loaded: Loaded) -> tuple[tuple[str, str], ...]:
    """A library or server each, and the line to type for it; nothing for a model of no known
    kind. Pure: nothing is looked up."""
    return tuple(_ways(loaded))


def _ways(loaded: Loaded) -> Iterator[tuple[str, str]]:
    yield from _gguf(loaded)
    if "model_index.json" in loaded.files:
        code = "from diffusers import DiffusionPipeline; DiffusionPipeline.from_pretrained"
        yield "diffusers", _typed(loaded, f"{code}({loaded.named})")
    elif "adapter_config.json" in loaded.files:
        yield from _peft(loaded)
    elif "modules.json" in loaded.files:
        code = "from sentence_transformers import SentenceTransformer; SentenceTransformer"
        yield "sentence-transformers", _typed(loaded, f"{code}({loaded.named})")
    elif "config.json" in loaded.files and _has_weights(loaded):
        yield from _transformers(loaded)


def _has_weights(loaded: Loaded) -> bool:
    return any(path.endswith(WEIGHTS) and "/" not in path for path in loaded.files)


def _gguf(loaded: Loaded) -> Iterator[tuple[str, str]]:
    """One line a file; of one in several parts the first, which leads to the others."""
    parts = [path for path in loaded.files if path.endswith(".gguf")]
    first = [path for path in parts if not (n := FIRST_OF.search(path)) or int(n[1]) == 1]
    for path in sorted(first)[:SHOWN]:
        yield "llama.cpp", f"llama-server -m {shlex.quote(str(loaded.place / path))}"


def _transformers(loaded: Loaded) -> Iterator[tuple[str, str]]:
    config = loaded.table("config.json")
    own = _own_code(config)
    if own is None:
        yield (
            "transformers",
            "none: its code lies in another repository: `provenance run`",
        )
        return
    kind = _class(config)
    trust = ", trust_remote_code=True" if own else ""
    code = f"from transformers import {kind}; {kind}.from_pretrained({loaded.named}{trust})"
    yield "transformers", _typed(loaded, code)
    if kind == GENERATES:
        flag = " --trust-remote-code" * own
        yield "vLLM", f"{loaded.before}vllm serve {loaded.served}{flag}"
        yield "TGI", f"{loaded.before}text-generation-launcher --model-id {loaded.served}{flag}"


def _own_code(config: Mapping[str, object]) -> bool | None:
    """Whether it brings its own code; None where that code lies in another repository."""
    mapped = config.get("auto_map")
    if not isinstance(mapped, dict):
        return False
    names = [name for value in mapped.values() for name in _texts(value)]
    return None if any("--" in name for name in names) else bool(names)


def _class(config: Mapping[str, object]) -> str:
    """The class that reads it: the task's, else the very one that wrote it, else any."""
    name = next(_texts(config.get("architectures")), "")
    task = next((auto for suffix, auto in TASKS.items() if name.endswith(suffix)), "")
    if task or not CLASS.fullmatch(name) or not name.partition("For")[2]:
        return task or ANY
    return name


def _peft(loaded: Loaded) -> Iterator[tuple[str, str]]:
    """The adapter upon its base, which has to be locked: else any bytes might be loaded."""
    config = loaded.table("adapter_config.json")
    base = next(_texts(config.get("base_model_name_or_path")), "")
    commit = loaded.locked.get(base)
    if commit is None:
        words = printable(base[:80]) or "which its configuration does not name"
        yield "peft", f"none yet: lock and fetch its base too: {words}"
        return
    kind = ADAPTED.get(str(config.get("task_type")), ANY)
    code = (
        f"from transformers import {kind}; from peft import PeftModel; "
        f"base = {kind}.from_pretrained({pinned(base, commit)}); "
        f"PeftModel.from_pretrained(base, {loaded.named})"
    )
    yield "peft", _typed(loaded, code)
    if kind == GENERATES:
        lora = shlex.quote(f"{loaded.repo.rpartition('/')[2]}={loaded.place}")
        served = f"vllm serve {base} --revision {commit} --enable-lora --lora-modules {lora}"
        yield "vLLM", f"{loaded.before}{served}"


def _texts(value: object) -> Iterator[str]:
    """The texts of a value that is one, or a list of them."""
    items = value if isinstance(value, list) else [value]
    yield from (item for item in items if isinstance(item, str))


def pinned(repo: str, commit: str) -> str:
    """The arguments by which a library of Hugging Face loads exactly this commit."""
    return f'"{repo}", revision="{commit}"'


def _python(text: str) -> str:
    """A text as Python writes it, in double quotes where that is the same."""
    plain = text.isprintable() and '"' not in text and "\\" not in text
    return f'"{text}"' if plain else repr(text)


def _typed(loaded: Loaded, code: str) -> str:
    return f"{loaded.before}python -c {shlex.quote(code)}"
