"""What programs leave beside a model that they trained, and no loader opens unless it is told to.

Trainers write the arguments and the state of a run, their figures, and whole checkpoints in folders
of their own: often after the model was saved, and after somebody attested it. What is listed here
is what Trainer, TRL and their like write, by its very name; whatever else lies there is read.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet

from provenance.claims.leading import led_to
from provenance.claims.loader import KINDS, is_called_unread
from provenance.formats.names import is_weight_name, suffix_of, words
from provenance.formats.parsed import Parsed
from provenance.model import Evidence

FIGURES = words(
    "all_results.json eval_results.json train_results.json trainer_log.jsonl trainer_state.json"
)
PICKLES = words("optimizer.bin optimizer.pt scaler.pt scheduler.pt training_args.bin")
"""Those that vLLM and SGLang leave out where they take every `*.bin` and `*.pt`."""
LEFT = re.compile(
    "|".join(map(re.escape, sorted(FIGURES | PICKLES)))
    + r"|rng_state(?:_\d+)?\.pth|completions/completions_\d+\.parquet"
)
CHECKPOINT = re.compile(r"((?:tmp-)?checkpoint-[\w-]+)/.+")
OF_A_CHECKPOINT = words(
    ".bin .distcp .jinja .json .md .model .pkl .pt .pth .safetensors .tiktoken .txt .vocab"
)
"""What a checkpoint has in its folder. GGUF, ONNX and code are looked for in any folder."""
BY_DEEPSPEED = words("latest zero_to_fp32.py")
TRACKED = re.compile(r"(mlruns|runs|wandb)/.+")
OF_A_TRACKER = words(".csv .json .jsonl .log .patch .txt .wandb .yaml .yml")
FIRST_SUFFIXES = (".safetensors", ".gguf")
FIRST_TAKEN = ("pytorch_model", "adapter_model", "diffusion_pytorch_model", "open_clip")
"""How weights are called that loaders look for by name before they take every `*.bin`."""

IN_PARTS = words("model_index.json modules.json")
"""What names the folders of a model's parts."""


def is_left(path: str) -> bool:
    """Whether a file of this path is one that trainers leave beside a model; letter case counts."""
    return LEFT.fullmatch(path) is not None or bool(_folder(path))


def left_beside(
    evidence: Evidence, files: Mapping[str, Parsed], read: AbstractSet[str]
) -> frozenset[str]:
    """The selected files that trainers left and that nothing in the model leads a loader to.

    None where there are no weights that a loader would take before all of those, or where a figure
    is something else by its content. `files` are those of the evidence, `read` the paths of
    those that a loader reads.
    """
    listed = evidence.manifest.by_path
    named = {path for path in listed if is_left(path) and not _is_other(path, evidence)}
    if not named or not has_weights_of_its_own(listed.keys() - named):
        return frozenset()
    return frozenset(named - led_to(files, (read & listed.keys()) - named, named))


def has_weights_of_its_own(paths: Collection[str]) -> bool:
    """Whether there are weights among these files which loaders look for by name or suffix before
    they take any `*.bin` at all: at the top, or in the folders of a model that is in parts."""
    parts = bool(IN_PARTS & set(paths))
    names = (path.rpartition("/")[2] for path in paths if parts or "/" not in path)
    return any(
        name.endswith(FIRST_SUFFIXES) or (is_weight_name(name) and name.startswith(FIRST_TAKEN))
        for name in names
    )


def read_by_name(paths: Iterable[str]) -> frozenset[str]:
    """Of the files of a model that is not here those that a loader reads, as far as names tell."""
    read = {path for path in paths if not is_called_unread(path)}
    own = {path for path in read if not is_left(path)}
    return frozenset(own if has_weights_of_its_own(own) else read)


def _folder(path: str) -> str:
    """The folder at the top in which a checkpoint or a tracker of runs has such a file, if any."""
    suffix = suffix_of(path)
    if found := CHECKPOINT.fullmatch(path):
        own = suffix in OF_A_CHECKPOINT or not suffix or path.rpartition("/")[2] in BY_DEEPSPEED
        return found[1] if own else ""
    found = TRACKED.fullmatch(path)
    return found[1] if found and (suffix in OF_A_TRACKER or not suffix) else ""


def _is_other(path: str, evidence: Evidence) -> bool:
    """Whether what should be words or figures is weights, a pickle or an archive."""
    content = evidence.by_path.get(path)
    return content is not None and content.kind in KINDS and not is_weight_name(path)
