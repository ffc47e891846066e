"""Makes attestations/example: a tiny signed model family, with a key that is then thrown away.

Run from the top of the repository: `python -m tests.make_example`, or with the names of parts.
"""

from __future__ import annotations

import json
import shutil
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
from cryptography.hazmat.primitives.asymmetric import ec
from safetensors.numpy import save_file

from provenance.keys import PrivateKey
from provenance.registry.fingerprints import digest_of
from tests import forge, weighed

FOLDER = Path(__file__).parent.parent / "attestations" / "example"
STORY = FOLDER / "lineage"
LOADED = FOLDER / "loading"
WEIGHED = FOLDER / "weights"
WIDTH, WORDS, TALL = 24, 64, 64
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


WEIGHED_SETTINGS = """\
# What weights say of a stated parent: the registry has the fingerprint of `base`.
[policy]
profile = "signed"
registry = ["trust.toml"]

[[models]]
name = "base"
repo = "example-ai/base"
path = "models/base"

# A LoRA of q and v, rank 2, merged into the base: what its trainer declares.
[[models]]
name = "honest"
repo = "example-ai/honest"
path = "models/honest"

# The same words, and one matrix more was edited.
[[models]]
name = "edited"
repo = "example-ai/edited"
path = "models/edited"

# A card that names the base, over weights that have nothing of it.
[[models]]
name = "foreign"
repo = "example-ai/foreign"
path = "models/foreign"
"""
WEIGHED_ROOT = 'fingerprint = "{fingerprint}"\n'
LORA = {"target_modules": ["q_proj", "v_proj"], "r": 2}


def weights(seed: int, width: int = WIDTH) -> dict[str, np.ndarray]:
    """The tensors of a one-layer Llama."""
    noise = np.random.default_rng(seed)
    wide, narrow = (2 * width, width), (width, width)
    layer = "model.layers.0."
    shapes = {
        "model.embed_tokens.weight": (WORDS, width),
        **{f"{layer}self_attn.{name}_proj.weight": narrow for name in "qkvo"},
        f"{layer}mlp.gate_proj.weight": wide,
        f"{layer}mlp.up_proj.weight": wide,
        f"{layer}mlp.down_proj.weight": (width, 2 * width),
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
    """The family, the story, what is loaded and what is weighed, anew; or those that are named."""
    parts = {"family": family, "story": story, "loaded": loaded, "compared": compared}
    for name in sys.argv[1:] or parts:
        parts[name]()


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


def compared() -> None:
    """A base whose fingerprint is registered, and three that are said to be made from it."""
    shutil.rmtree(WEIGHED, ignore_errors=True)
    release, trainer = new_hand(), new_hand()
    base = wider(31)
    tuned = lora(base, ["q_proj", "v_proj"])
    edited = lora(tuned, ["mlp.down_proj"])
    card = "---\nbase_model: example-ai/base\n---\n# {}\n"
    signed = forge.sign(tall("base", base, "# base\n"), release)
    root = forge.digested(signed, "example-ai/base")
    for name, tensors in {"honest": tuned, "edited": edited, "foreign": wider(32)}.items():
        child = forge.sign(tall(name, tensors, card.format(name)), release)
        if name != "foreign":
            repo, said = f"example-ai/{name}", json.dumps(LORA)
            forge.attest(child, trainer, "lora", root, model=repo, parameters=said)
    mark = weighed.fingerprint(signed, "example-ai/base")
    digest = digest_of(mark)
    forge.write(WEIGHED, {f"fingerprints/{digest.removeprefix('sha256:')}.wlf": mark})
    (WEIGHED / "provenance.toml").write_text(WEIGHED_SETTINGS)
    keys = {"key": release.key.public.pem, "trainer": trainer.key.public.pem}
    text = STORY_REGISTRY.format(manifest=root.manifest, **keys)
    (WEIGHED / "trust.toml").write_text(text + WEIGHED_ROOT.format(fingerprint=digest))


def wider(seed: int) -> dict[str, np.ndarray]:
    """The tensors of a Llama that is wide enough to be compared."""
    return weights(seed, TALL)


def tall(name: str, tensors: dict[str, np.ndarray], card: str) -> Path:
    """The folder of a model of that width."""
    folder = write(name, tensors, card, WEIGHED)
    config = {**CONFIG, "hidden_size": TALL, "intermediate_size": 2 * TALL}
    return forge.write(folder, {"config.json": json.dumps(config, indent=1).encode()})


def lora(before: dict[str, np.ndarray], modules: list[str]) -> dict[str, np.ndarray]:
    """The tensors with a product of rank 2 added to those of some modules."""
    noise = np.random.default_rng(33)
    after = dict(before)
    for name, tensor in before.items():
        if any(module in name for module in modules):
            rows, columns = tensor.shape
            added = noise.normal(0, 0.03, (rows, 2)) @ noise.normal(0, 0.03, (2, columns))
            after[name] = (tensor + added).astype(np.float16)
    return after


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
