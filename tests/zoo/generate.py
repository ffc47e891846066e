"""A zoo for calibration: small Llama-shaped models of several seeds and what people make of them.

`python -m tests.zoo.generate FOLDER [BASES]` in an environment with torch for the processor and
safetensors. All bases learn the same language by the same steps and differ in their seed alone; of
the first one there is each kind of derivative; the `.json` beside each file says how it was made.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch.nn import functional as F

VOCABULARY, WIDTH, HIDDEN, LAYERS, HEADS = 512, 96, 192, 4, 4
STEPS, BATCH, LENGTH, BASES = 80, 8, 24, 8
EPSILON = 1e-6
Model = dict[str, torch.Tensor]
NF4 = (
    *(-1.0, -0.6962, -0.5251, -0.3949, -0.2844, -0.1848, -0.0911, 0.0),
    *(0.0796, 0.1609, 0.2461, 0.3379, 0.4407, 0.5626, 0.7230, 1.0),
)


def initial(seed: int) -> Model:
    """A model that has learned nothing."""
    made = torch.Generator().manual_seed(seed)
    shapes = {"model.embed_tokens": (VOCABULARY, WIDTH), "lm_head": (VOCABULARY, WIDTH)}
    for layer in range(LAYERS):
        at = f"model.layers.{layer}"
        shapes |= {f"{at}.self_attn.{name}_proj": (WIDTH, WIDTH) for name in "qkvo"}
        shapes |= {f"{at}.mlp.{name}_proj": (HIDDEN, WIDTH) for name in ("gate", "up")}
        shapes[f"{at}.mlp.down_proj"] = (WIDTH, HIDDEN)
    model = {
        f"{name}.weight": torch.randn(shape, generator=made) * 0.05
        for name, shape in shapes.items()
    }
    norms = [f"model.layers.{n}.{word}_layernorm" for n in range(LAYERS) for word in NORMS]
    return model | {f"{name}.weight": torch.ones(WIDTH) for name in (*norms, "model.norm")}


NORMS = ("input", "post_attention")


def answers(model: Model, tokens: torch.Tensor) -> torch.Tensor:
    """The logits for the next token at each place."""
    state = model["model.embed_tokens.weight"][tokens]
    for layer in range(sum("up_proj" in name for name in model)):
        at = f"model.layers.{layer}"
        read = _norm(state, model[f"{at}.input_layernorm.weight"])
        q, k, v = (
            (read @ model[f"{at}.self_attn.{name}_proj.weight"].T).unflatten(-1, (HEADS, -1))
            for name in "qkv"
        )
        seen = F.scaled_dot_product_attention(
            q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), is_causal=True
        )
        state = state + seen.transpose(1, 2).flatten(2) @ model[f"{at}.self_attn.o_proj.weight"].T
        read = _norm(state, model[f"{at}.post_attention_layernorm.weight"])
        gate, up = (read @ model[f"{at}.mlp.{name}_proj.weight"].T for name in ("gate", "up"))
        state = state + (F.silu(gate) * up) @ model[f"{at}.mlp.down_proj.weight"].T
    return _norm(state, model["model.norm.weight"]) @ model["lm_head.weight"].T


def _norm(state: torch.Tensor, gain: torch.Tensor) -> torch.Tensor:
    return state * torch.rsqrt(state.pow(2).mean(-1, keepdim=True) + EPSILON) * gain


def trained(model: Model, language: int, steps: int, rate: float, seed: int = 0) -> Model:
    """The model after so many steps on a language: which tokens follow which."""
    follow = torch.randint(
        VOCABULARY, (VOCABULARY, 4), generator=torch.Generator().manual_seed(language)
    )
    drawn = torch.Generator().manual_seed(seed)
    own = {name: one.clone().requires_grad_() for name, one in model.items()}
    optimiser = torch.optim.Adam(own.values(), lr=rate)
    for _ in range(steps):
        text = [torch.randint(VOCABULARY, (BATCH,), generator=drawn)]
        for _ in range(LENGTH):
            text.append(follow[text[-1], torch.randint(4, (BATCH,), generator=drawn)])
        tokens = torch.stack(text, dim=1)
        logits = answers(own, tokens[:, :-1])
        loss = F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return {name: one.detach() for name, one in own.items()}


def each(model: Model, change: Callable[[torch.Tensor], torch.Tensor], word: str = "") -> Model:
    """The model with its matrices changed, or those that are called so."""
    return {
        name: change(one) if one.dim() == 2 and word in name else one for name, one in model.items()
    }


def low_rank(one: torch.Tensor) -> torch.Tensor:
    made = torch.Generator().manual_seed(len(one))
    left, right = (torch.randn(n, 4, generator=made) for n in one.shape)
    product = left @ right.T
    return one + 0.1 * one.norm() / product.norm() * product


def integers(bits: int, group: int) -> Callable[[torch.Tensor], torch.Tensor]:
    def change(one: torch.Tensor) -> torch.Tensor:
        rows = one.reshape(-1, group)
        scale = rows.abs().amax(1, keepdim=True).clamp_min(1e-12) / (2 ** (bits - 1) - 1)
        return ((rows / scale).round() * scale).reshape(one.shape)

    return change


def nf4(one: torch.Tensor) -> torch.Tensor:
    rows, levels = one.reshape(-1, 32), torch.tensor(NF4)
    scale = rows.abs().amax(1, keepdim=True).clamp_min(1e-12)
    nearest = ((rows / scale)[..., None] - levels).abs().argmin(-1)
    return (levels[nearest] * scale).reshape(one.shape)


def fp8(one: torch.Tensor) -> torch.Tensor:
    return one.to(torch.float8_e4m3fn).float()


def pruned(one: torch.Tensor) -> torch.Tensor:
    return one * (one.abs() >= one.abs().flatten().kthvalue(one.numel() // 2).values)


def larger(model: Model) -> Model:
    return each(each(model, _more, "embed_tokens"), _more, "lm_head")


def _more(one: torch.Tensor) -> torch.Tensor:
    return torch.cat([one, one.mean(0).expand(64, -1)])


def without(model: Model, layer: int) -> Model:
    found = {}
    for name, one in model.items():
        words = name.split(".")
        if words[1] == "layers" and int(words[2]) >= layer:
            if int(words[2]) == layer:
                continue
            words[2] = str(int(words[2]) - 1)
        found[".".join(words)] = one
    return found


def sum_of(one: Model, other: Model, share: float) -> Model:
    return {name: share * one[name] + (1 - share) * other[name] for name in one}


def turned(model: Model, by: torch.Tensor) -> Model:
    """The same model in a residual stream that is turned; the gains go into what reads it."""
    found = {name: one.clone() for name, one in model.items()}
    for name, one in model.items():
        if name.endswith(("o_proj.weight", "down_proj.weight")):
            found[name] = by.T @ one
        elif one.dim() == 2:
            found[name] = (one * _gain(model, name)) @ by
        else:
            found[name] = torch.ones_like(one)
    return found


def _gain(model: Model, name: str) -> torch.Tensor:
    layer = ".".join(name.split(".")[:3])
    if "embed" in name:
        return torch.ones(WIDTH)
    norm = "model.norm" if "lm_head" in name else f"{layer}.{NORMS['mlp' in name]}_layernorm"
    return model[f"{norm}.weight"]


def reordered(model: Model) -> Model:
    made = torch.Generator().manual_seed(7)
    found = turned(model, torch.eye(WIDTH)[torch.randperm(WIDTH, generator=made)])
    order = torch.randperm(HIDDEN, generator=made)
    found = each(each(found, lambda one: one[order], "up_proj"), lambda one: one[order], "gate_p")
    return each(found, lambda one: one[:, order], "down_proj")


def rotation() -> torch.Tensor:
    drawn = torch.randn(WIDTH, WIDTH, generator=torch.Generator().manual_seed(8))
    return torch.linalg.qr(drawn).Q


DERIVED: dict[str, Callable[[Model, Model], Model]] = {
    "ft": lambda base, _: trained(base, 2, 30, 5e-4),
    "cpt": lambda base, _: trained(base, 3, 100, 1e-3),
    "lora": lambda base, _: each(each(base, low_rank, "q_proj"), low_rank, "v_proj"),
    "int8": lambda base, _: each(base, integers(8, WIDTH)),
    "int4": lambda base, _: each(base, integers(4, 32)),
    "nf4": lambda base, _: each(base, nf4),
    "fp8": lambda base, _: each(base, fp8),
    "prune50": lambda base, _: each(base, pruned),
    "vocabulary": lambda base, _: larger(base),
    "layerdrop": lambda base, _: without(base, 1),
    "merge50": lambda base, other: sum_of(base, other, 0.5),
    "xmerge90": lambda base, other: sum_of(base, other, 0.9),
    "perm_all": lambda base, _: reordered(base),
    "rotate_all": lambda base, _: turned(base, rotation()),
    "ft_rotate_all": lambda base, _: turned(trained(base, 2, 30, 5e-4), rotation()),
}
MERGES = ("merge50", "xmerge90")


def main(folder: Path, count: int) -> None:
    """The bases and the derivatives of the first, each as bfloat16."""
    torch.set_num_threads(1)
    folder.mkdir(parents=True, exist_ok=True)
    bases = [trained(initial(n), 1, STEPS, 2e-3, seed=n) for n in range(count)]
    for n, base in enumerate(bases):
        _saved(folder / f"B{n}", base, {"kind": "base", "parents": []})
    for kind, make in DERIVED.items():
        parents = ["B0", "B1"] if kind in MERGES else ["B0"]
        _saved(folder / f"B0.{kind}", make(*bases[:2]), {"kind": kind, "parents": parents})
    vocabulary = {
        "a" * (n % 9 + 2) + chr(97 + n // 9 % 26) * (n // 9): n for n in range(VOCABULARY)
    }
    text = json.dumps({"model": {"type": "BPE", "vocab": vocabulary}})
    (folder / "tokenizer.json").write_text(text)


def _saved(path: Path, model: Model, how: dict[str, object]) -> None:
    tensors = {name: one.to(torch.bfloat16).contiguous() for name, one in model.items()}
    save_file(tensors, f"{path}.safetensors")
    Path(f"{path}.json").write_text(json.dumps({"name": path.name, **how}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else BASES)
