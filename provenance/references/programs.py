"""The programs that load models by name when they are started, and how each takes a revision.

Of vLLM 0.33, SGLang 0.5, text-generation-inference 3, text-embeddings-inference 1, huggingface_hub
2.4, llama.cpp, Ollama and mlx-lm 0.32: read in their sources or documentation.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from provenance.references.reference import COMMIT

REVISION = "--revision"
FOLDER = "it takes no revision: `provenance fetch --local-dir FOLDER`, and give it the "
ANY_FLAG = ("--model", "--model-id", "--model-path", "--model-name-or-path", "--hf-model")


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What loads models by name when it is started.

    `mark` is found in a word of its command line, or in the name of its image. `flags` name a
    model, each with the flag that pins it, empty where nothing does; behind one of `verbs` the name
    stands without a flag. `certain` says that the revision's flag is known, and what follows `tag`
    in a name is a revision only where that is @.
    """

    name: str
    mark: re.Pattern[str]
    flags: tuple[tuple[str, str], ...] = ()
    verbs: tuple[str, ...] = ()
    certain: bool = True
    tag: str = "@"
    hand: str = f"{REVISION} {COMMIT}"


PROGRAMS = (
    Program(
        name="vllm serve",
        mark=re.compile(r"(?:^|/)vllm(?:$|[-.:/@])"),
        flags=(("--model", REVISION), ("--tokenizer", "--tokenizer-revision")),
        verbs=("serve",),
    ),
    Program(
        name="sglang",
        mark=re.compile(r"(?:^|/)sglang(?:$|[-.:/@])"),
        flags=(("--model-path", REVISION), ("--model", REVISION)),
    ),
    Program(
        name="text-generation-inference",
        mark=re.compile(r"text-generation-(?:launcher|server|inference)"),
        flags=(("--model-id", REVISION),),
    ),
    Program(
        name="text-embeddings-inference",
        mark=re.compile(r"text-embeddings-(?:router|inference)"),
        flags=(("--model-id", REVISION),),
    ),
    Program(
        name="hf download",
        mark=re.compile(r"(?:^|/)(?:hf|huggingface-cli)$"),
        verbs=("download",),
    ),
    Program(
        name="llama.cpp",
        mark=re.compile(r"(?:^|/)llama(?:-[a-z-]+|\.cpp(?:$|[:@]).*)?$"),
        flags=tuple(
            (flag, "") for flag in ("-hf", "-hfr", "--hf-repo", "-hfd", "-hfrd", "--hf-repo-draft")
        ),
        tag=":",
        hand=f"{FOLDER}file: -m FOLDER/FILE.gguf",
    ),
    Program(
        name="ollama",
        mark=re.compile(r"(?:^|/)ollama$"),
        verbs=("run", "pull"),
        tag=":",
        certain=False,
        hand=f"{FOLDER}file in a Modelfile: FROM FOLDER/FILE.gguf",
    ),
    Program(
        name="mlx_lm",
        mark=re.compile(r"(?:^|/)mlx_lm(?:$|\.)"),
        flags=(("--model", ""),),
        hand=f"{FOLDER}folder: --model FOLDER",
    ),
)
OTHER = Program(
    name="--model",
    mark=re.compile(r"(?!)"),
    flags=tuple((flag, REVISION) for flag in ANY_FLAG),
    certain=False,
    hand=f"the option of this program that takes a revision, with {COMMIT}",
)
