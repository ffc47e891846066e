"""What names promise."""

from __future__ import annotations

import pytest

from provenance.formats import names


@pytest.mark.parametrize(
    "path",
    [
        "model.safetensors",
        "a/b/pytorch_model.bin",
        "MODEL.SAFETENSORS",
        "pytorch_model.bin.1",
        "model.gguf",
        "tf_model.h5",
        "model.keras",
        "flax_model.msgpack",
        "model.onnx",
        "model.joblib",
        "a.npz",
    ],
)
def test_weight_names(path: str) -> None:
    assert names.is_weight_name(path)


@pytest.mark.parametrize("path", ["README.md", "config.json", "bin", "x.bin/README", ".gitignore"])
def test_other_names(path: str) -> None:
    assert not names.is_weight_name(path)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("model.safetensors.index.json", True),
        ("unet/model.safetensors.index.fp16.json", True),
        ("pytorch_model.bin.index.json", True),
        ("index.json", False),
        ("model_index.json", False),
    ],
)
def test_indexes(path: str, expected: bool) -> None:
    assert names.is_safetensors_index(path) is expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("training_args.bin", True),
        ("checkpoint-5/optimizer.pt", True),
        ("rng_state_3.pth", True),
        ("pytorch_model.bin", False),
        ("training_args.bin.safetensors", False),
    ],
)
def test_by_products(path: str, expected: bool) -> None:
    assert names.is_by_product(path) is expected
