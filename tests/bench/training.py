"""What the callback adds to a training: `"$PROVENANCE_TRAINERS/python" -m tests.bench.training`.

The same training of a small model runs with and without it, in turns. It is to add less than a
second to a run beyond hashing what came of it, and less than a hundredth to the time of a step.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import tomli_w

from provenance.model import Ref
from provenance.source import directory
from tests import forge

ROUNDS = 3
FEW = 10
SETTINGS: dict[str, Any] = {
    "per_device_train_batch_size": 8,
    "report_to": [],
    "save_strategy": "no",
    "use_cpu": True,
    "disable_tqdm": True,
    "logging_strategy": "no",
}
SHAPE = {
    "vocab_size": 4096,
    "hidden_size": 128,
    "intermediate_size": 512,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
}
WORDS = 64
"""Of each row."""


def furnished(folder: Path) -> None:
    """A signed base, a registry that knows who signed it, and the key of a trainer."""
    library = import_module("transformers")
    library.LlamaForCausalLM(library.LlamaConfig(**SHAPE)).save_pretrained(folder / "base")
    forge.sign(folder / "base", forge.TufKey(key=forge.key("release")))
    root = {"repo": "acme/base", "manifest": forge.digested(folder / "base").manifest}
    parties = (forge.signer("release"), forge.signer("trainer", ["trainer"]))
    (folder / "trust.toml").write_text(
        tomli_w.dumps(forge.registry(forge.org("Acme", *parties, root=[root])))
    )
    (folder / "key.pem").write_bytes(forge.pem(forge.key("trainer")))
    settings = {
        "policy": {"profile": "signed", "registry": ["trust.toml"]},
        "models": [{"name": "base", "repo": "acme/base", "path": "base"}],
    }
    (folder / "provenance.toml").write_text(tomli_w.dumps(settings))


def seconds(steps: int, *, attested: bool) -> float:
    """How long a training of so many steps takes, with what it saves."""
    library = import_module("transformers")
    rows = [{"input_ids": list(range(WORDS)), "labels": list(range(WORDS))}] * 8
    trainer = library.Trainer(
        model=library.AutoModelForCausalLM.from_pretrained("base"),
        args=library.TrainingArguments("out", max_steps=steps, **SETTINGS),
        train_dataset=rows,
    )
    if attested:
        own = import_module("provenance.train").AttestationCallback("acme/out", key="key.pem")
        trainer.add_callback(own)
    begun = time.perf_counter()
    trainer.train()
    trainer.save_model()
    taken = time.perf_counter() - begun
    assert Path("out/claims.jsonl").exists() == attested
    Path("out/claims.jsonl").unlink(missing_ok=True)
    return taken


def best(steps: int) -> tuple[float, float]:
    """The best time of so many steps without the callback and with it, taken in turns."""
    rounds = [
        (seconds(steps, attested=False), seconds(steps, attested=True)) for _ in range(ROUNDS)
    ]
    plain, attested = zip(*rounds, strict=True)
    return min(plain), min(attested)


@contextlib.contextmanager
def studio() -> Iterator[None]:
    """In a folder that has what a training needs, with nothing but figures printed."""
    with tempfile.TemporaryDirectory() as place, contextlib.chdir(place):
        os.environ["HF_HUB_OFFLINE"] = "1"
        furnished(Path(place))
        import_module("torch").set_num_threads(1)
        with contextlib.redirect_stdout(sys.stderr):
            yield


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=200)
    steps = parser.parse_args().steps
    with studio():
        seconds(FEW, attested=True)
        few, many = best(FEW), best(FEW + steps)
        begun = time.perf_counter()
        directory.collect(Path("out"), ref=Ref(text="out"), at=forge.NOW)
        hashed = time.perf_counter() - begun
    added = few[1] - few[0] - hashed
    plain, attested = ((many[n] - few[n]) / steps for n in (0, 1))
    print(f"a run: {added:.2f} s beyond hashing what came of it ({few[0]:.2f} s without)")
    print(f"a step: {attested / plain:.3f} of one without ({plain * 1000:.1f} ms)")


if __name__ == "__main__":
    main()
