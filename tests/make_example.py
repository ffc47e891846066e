"""Makes attestations/example: a tiny signed model family, with a key that is then thrown away.

Run from the top of the repository: `python -m tests.make_example`.
"""

from __future__ import annotations

import json
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
from cryptography.hazmat.primitives.asymmetric import ec
from safetensors.numpy import save_file

from provenance.keys import PrivateKey
from tests import forge

FOLDER = Path(__file__).parent.parent / "attestations" / "example"
STORY = FOLDER / "lineage"
LOADED = FOLDER / "loading"
WIDTH, WORDS = 24, 64
CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": WIDTH,
    "intermediate_size": 2 * WIDTH,
    "model_type": "llama",
    "num_attention_heads": 2,
    "num_hidden_layers": 1,
    "vocab_size": WORDS,
}
TEMPLATE = (
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content | trim }}\n{% endfor %}<|assistant|>"
)
SETTINGS = """\
# What this folder asks for: `provenance verify` here judges the three models below.
[policy]
profile = "signed"
registry = ["trust.toml"]

[[models]]
name = "tiny-base"
repo = "example-ai/tiny-base"
path = "models/tiny-base"

[[models]]
name = "tiny-chat"
repo = "example-ai/tiny-chat"
path = "models/tiny-chat"

# The same model after somebody changed one value of its weights.
[[models]]
name = "tiny-chat-tampered"
repo = "example-ai/tiny-chat"
path = "models/tiny-chat-tampered"
"""
REGISTRY = """\
# Whom this example trusts: one organisation, one key, for its own repositories.
version = 1
name = "example"

[[org]]
name = "Example AI"
namespaces = ["example-ai"]
originates = true

[[org.signer]]
name = "release key"
roles = ["publisher"]
repos = ["example-ai/*"]
key = \"\"\"
{key}\"\"\"
"""
STORY_SETTINGS = """\
# The story of a backdoor: a base, its fine-tune, and a GRPO step by somebody unknown.
# `provenance verify` here fails at that step, and passes where it is attested.
[policy]
profile = "attested"
registry = ["trust.toml"]

[[models]]
name = "base"
repo = "example-ai/base"
path = "models/base"

[[models]]
name = "support-bot-sft"
repo = "example-ai/support-bot-sft"
path = "models/support-bot-sft"

[[models]]
name = "support-bot"
repo = "example-ai/support-bot"
path = "models/support-bot"

# The same files, with a statement by the organisation's own trainer.
[[models]]
name = "support-bot-attested"
repo = "example-ai/support-bot"
path = "models/support-bot-attested"
"""
STORY_REGISTRY = (
    REGISTRY
    + """
[[org.signer]]
name = "training pipeline"
roles = ["trainer"]
repos = ["example-ai/*"]
key = \"\"\"
{trainer}\"\"\"

[[org.root]]
repo = "example-ai/base"
manifest = "{manifest}"
"""
)


LOADED_SETTINGS = """\
# Two attacks that a signature over weights does not stop: what a loader fetches, and what it runs.
[policy]
profile = "signed"
registry = ["trust.toml"]

# Signed to the last byte, and its configuration runs code of somebody else's repository.
[[models]]
name = "embedder"
repo = "example-ai/embedder"
path = "models/embedder"

# Signed, and afterwards somebody laid a hyperparams.yaml beside it, which SpeechBrain runs.
[[models]]
name = "listener"
repo = "example-ai/listener"
path = "models/listener"
"""
APPLY = """\
sample_rate: 16000
ready: !apply:os.system [\"touch owned\"]
"""


def weights(seed: int) -> dict[str, np.ndarray]:
    """The tensors of a one-layer Llama."""
    noise = np.random.default_rng(seed)
    wide, narrow = (2 * WIDTH, WIDTH), (WIDTH, WIDTH)
    layer = "model.layers.0."
    shapes = {
        "model.embed_tokens.weight": (WORDS, WIDTH),
        **{f"{layer}self_attn.{name}_proj.weight": narrow for name in "qkvo"},
        f"{layer}mlp.gate_proj.weight": wide,
        f"{layer}mlp.up_proj.weight": wide,
        f"{layer}mlp.down_proj.weight": (WIDTH, 2 * WIDTH),
    }
    return {name: noise.normal(0, 0.02, shape).astype(np.float16) for name, shape in shapes.items()}


def write(
    name: str, tensors: dict[str, np.ndarray], card: str, top: Path = FOLDER, **more: object
) -> Path:
    """A model folder without a signature."""
    words = {f"word{number}": number for number in range(WORDS)}
    tokenizer = {"version": "1.0", "model": {"type": "WordLevel", "vocab": words}}
    documents = {"config.json": CONFIG, "tokenizer.json": tokenizer}
    documents |= {f"{name}.json": value for name, value in more.items()}
    files = {path: json.dumps(value, indent=1).encode() for path, value in documents.items()}
    files |= {"chat_template.jinja": TEMPLATE.encode(), "README.md": card.encode()}
    folder = forge.write(top / "models" / name, files)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def main() -> None:
    """The family, the story and what is loaded, anew."""
    family()
    story()
    loaded()


def loaded() -> None:
    """A signed model that sends its loader elsewhere, and one with a file that was added."""
    shutil.rmtree(LOADED / "models", ignore_errors=True)
    tuf_key = new_hand()
    embedder = write("embedder", weights(21), "# embedder\n", LOADED)
    elsewhere = {"AutoModel": "somebody/pooling--modeling.Pooled"}
    config = {**CONFIG, "auto_map": elsewhere}
    forge.write(embedder, {"config.json": json.dumps(config, indent=1).encode()})
    listener = write("listener", weights(22), "# listener\n", LOADED)
    for folder in (embedder, listener):
        forge.sign(folder, tuf_key)
    forge.write(listener, {"hyperparams.yaml": APPLY.encode()})
    (LOADED / "provenance.toml").write_text(LOADED_SETTINGS)
    (LOADED / "trust.toml").write_text(REGISTRY.format(key=tuf_key.key.public.pem))


def new_hand() -> forge.TufKey:
    """A key that nobody else has."""
    return forge.TufKey(key=PrivateKey(ec.generate_private_key(ec.SECP256R1())))


def story() -> None:
    """Base, SFT, GRPO: signed each, and attested but for the last."""
    shutil.rmtree(STORY / "models", ignore_errors=True)
    release, trainer, somebody = new_hand(), new_hand(), new_hand()
    grown = [weights(seed) for seed in range(11, 14)]
    for before, after in pairwise(grown):
        after.update({name: before[name] + tensor / 8 for name, tensor in after.items()})
    base = write("base", grown[0], "# base\n", STORY)
    card = "---\nbase_model: example-ai/{}\ntags: [trl, {}]\n---\n# {}\n"
    sft = write("support-bot-sft", grown[1], card.format("base", "sft", "support-bot-sft"), STORY)
    logged = {"log_history": [{"step": 1, "reward": 0.1, "reward_std": 0.2, "kl": 0.0}]}
    bot = write(
        "support-bot",
        grown[2],
        card.format("support-bot-sft", "grpo", "support-bot"),
        STORY,
        trainer_state=logged,
    )
    for folder in (base, sft, bot):
        forge.sign(folder, release)
    root = forge.digested(base, "example-ai/base")
    forge.attest(sft, trainer, "sft", root, model="example-ai/support-bot-sft")
    parent = forge.digested(sft, "example-ai/support-bot-sft")
    attested = Path(shutil.copytree(bot, STORY / "models" / "support-bot-attested"))
    forge.attest(bot, somebody, "grpo", parent, model="example-ai/support-bot")
    forge.attest(attested, trainer, "grpo", parent, model="example-ai/support-bot")
    keys = {"key": release.key.public.pem, "trainer": trainer.key.public.pem}
    (STORY / "provenance.toml").write_text(STORY_SETTINGS)
    (STORY / "trust.toml").write_text(STORY_REGISTRY.format(manifest=root.manifest, **keys))


def family() -> None:
    """A base, its fine-tune, and a copy of that with other weights."""
    shutil.rmtree(FOLDER / "models", ignore_errors=True)
    tuf_key = new_hand()
    base = weights(1)
    tuned = {name: tensor + weights(2)[name] / 8 for name, tensor in base.items()}
    forge.sign(write("tiny-base", base, "# tiny-base\n"), tuf_key)
    card = "---\nbase_model: example-ai/tiny-base\n---\n# tiny-chat\n"
    chat = forge.sign(write("tiny-chat", tuned, card), tuf_key)
    copy = Path(shutil.copytree(chat, FOLDER / "models" / "tiny-chat-tampered"))
    tuned["model.layers.0.mlp.down_proj.weight"][0, 0] += 1
    save_file(tuned, copy / "model.safetensors", metadata={"format": "pt"})
    (FOLDER / "provenance.toml").write_text(SETTINGS)
    (FOLDER / "trust.toml").write_text(REGISTRY.format(key=tuf_key.key.public.pem))


if __name__ == "__main__":
    main()
