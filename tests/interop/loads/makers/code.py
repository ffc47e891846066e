"""Python that repositories hold for their models."""

from __future__ import annotations

from pathlib import Path

from tests.interop.loads.makers.common import maker

FILES = {
    "named.py": """
NAME = "own"
""",
    "configuration_own.py": """
from transformers import LlamaConfig
from .named import NAME

class Config(LlamaConfig):
    model_type = NAME
""",
    "modeling_own.py": """
from transformers import LlamaForCausalLM
from .configuration_own import Config

class Model(LlamaForCausalLM):
    config_class = Config
""",
    "tokenization_own.py": """
from transformers import PreTrainedTokenizerFast

class Tokenizer(PreTrainedTokenizerFast):
    pass
""",
    "processing_own.py": """
from transformers import ProcessorMixin

class Processor(ProcessorMixin):
    def __init__(self, feature_extractor, tokenizer):
        super().__init__(feature_extractor, tokenizer)
""",
    "pipeline_own.py": """
from transformers import Pipeline

class Own(Pipeline):
    def _sanitize_parameters(self, **words): return {}, {}, {}
    def preprocess(self, inputs): return inputs
    def _forward(self, inputs): return inputs
    def postprocess(self, outputs): return outputs
""",
    "module_own.py": """
import torch
from .beside import SCALE

class Own(torch.nn.Module):
    def forward(self, features): return features
    def save(self, *words, **more): pass
    @classmethod
    def load(cls, *words, **more): return cls()
""",
    "beside.py": """
SCALE = 1
""",
}


@maker
def code(folder: Path) -> None:
    """Code of each kind that transformers and its like run."""
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text.lstrip())
