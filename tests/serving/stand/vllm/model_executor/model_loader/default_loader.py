"""The loader that ours leaves the loading to: like vLLM's it refuses a format that it has not."""

from vllm.config import ModelConfig
from vllm.model_executor.model_loader.base_loader import BaseModelLoader


class DefaultModelLoader(BaseModelLoader):
    """Says what it would load."""

    def download_model(self, model_config: ModelConfig) -> None:
        print("downloaded", model_config.model)

    def load_weights(self, model: object, model_config: ModelConfig) -> None:
        if self.load_config.load_format not in ("auto", "hf", "safetensors"):
            raise ValueError(f"Unknown load_format: {self.load_config.load_format}")
        print("loaded", model_config.model, "as", self.load_config.load_format)
