"""What a loader is given, as far as ours looks at it."""

from dataclasses import dataclass

from vllm.config.load import LoadConfig

__all__ = ["LoadConfig", "ModelConfig", "VllmConfig"]


@dataclass
class ModelConfig:
    """The model that is to be loaded."""

    model: str
    revision: str | None = None
    tokenizer: str | None = None
    hf_config_path: str | None = None


@dataclass
class VllmConfig:
    """All of it."""

    load_config: LoadConfig
    model_config: ModelConfig
