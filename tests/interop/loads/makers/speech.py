"""Models of speech and sound."""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch

from tests.interop.loads.makers.common import WORDS, maker, tokenizer


def small_whisper(folder: Path) -> None:
    """A model of speech as transformers has it."""
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    size = {"d_model": 8, "encoder_layers": 1, "decoder_layers": 1, "num_mel_bins": 80}
    heads = {"encoder_attention_heads": 1, "decoder_attention_heads": 1}
    wide = {"encoder_ffn_dim": 8, "decoder_ffn_dim": 8}
    ids = {"pad_token_id": 3, "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1}
    config = WhisperConfig(**size, **heads, **wide, **ids, vocab_size=len(WORDS))
    WhisperForConditionalGeneration(config).save_pretrained(folder)


@maker
def speech(folder: Path) -> None:
    """A model of speech, with what prepares its input in a file of its own."""
    from transformers import WhisperFeatureExtractor

    small_whisper(folder)
    tokenizer(folder)
    WhisperFeatureExtractor().save_pretrained(folder)


@maker
def codec(folder: Path) -> None:
    """A tokenizer of sound."""
    from transformers import DacConfig, DacModel

    size = {"encoder_hidden_size": 8, "decoder_hidden_size": 16, "codebook_dim": 2}
    few = {
        "n_codebooks": 1,
        "codebook_size": 4,
        "downsampling_ratios": [2, 2],
        "upsampling_ratios": [2, 2],
    }
    DacModel(DacConfig(**size, **few)).save_pretrained(folder)


@maker
def whisper(folder: Path) -> None:
    """A model of speech as CTranslate2 has it."""
    from ctranslate2.converters import TransformersConverter

    with tempfile.TemporaryDirectory() as inside:
        small_whisper(Path(inside))
        fast = tokenizer(Path(inside))
        fast.backend_tokenizer.save(str(Path(inside) / "tokenizer.json"))
        TransformersConverter(inside).convert(str(folder))
        (folder / "tokenizer.json").write_bytes((Path(inside) / "tokenizer.json").read_bytes())


SPEECHBRAIN = """
size: 4
pretrained_path: acme/speaker
embedding: !new:torch.nn.Linear
  in_features: !ref <size>
  out_features: !ref <size>
modules:
  embedding: !ref <embedding>
labels: !new:speechbrain.dataio.encoder.CategoricalEncoder
pretrainer: !new:speechbrain.utils.parameter_transfer.Pretrainer
  loadables:
    embedding: !ref <embedding>
    labels: !ref <labels>
  paths:
    embedding: !ref <pretrained_path>/embedding.ckpt
    labels: !ref <pretrained_path>/label_encoder.txt
"""


@maker
def speaker(folder: Path) -> None:
    """A model of SpeechBrain."""
    folder.mkdir()
    (folder / "hyperparams.yaml").write_text(SPEECHBRAIN)
    torch.save(torch.nn.Linear(4, 4).state_dict(), folder / "embedding.ckpt")
    (folder / "label_encoder.txt").write_text("'a' => 0\n================\n'starting_index' => 0\n")


@maker
def wave(folder: Path) -> None:
    """A model of sound waves, as SpeechBrain takes it from transformers."""
    from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2Model

    size = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1}
    layers = {"conv_dim": [4], "conv_stride": [2], "conv_kernel": [3], "num_feat_extract_layers": 1}
    config = Wav2Vec2Config(
        **size,
        **layers,
        num_attention_heads=1,
        num_conv_pos_embeddings=2,
        num_conv_pos_embedding_groups=1,
    )
    Wav2Vec2Model(config).save_pretrained(folder)
    Wav2Vec2FeatureExtractor().save_pretrained(folder)
