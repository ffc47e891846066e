"""The registration of loaders; in its place stands vLLM's own module where a wheel is at hand."""

from vllm.config.load import LoadConfig
from vllm.model_executor.model_loader.base_loader import BaseModelLoader
from vllm.model_executor.model_loader.default_loader import DefaultModelLoader

KNOWN: dict[str, type[BaseModelLoader]] = {"auto": DefaultModelLoader}


def register_model_loader(load_format: str):
    def register(loader: type[BaseModelLoader]) -> type[BaseModelLoader]:
        if not issubclass(loader, BaseModelLoader):
            raise ValueError("The model loader must be a subclass of `BaseModelLoader`.")
        KNOWN[load_format] = loader
        return loader

    return register


def get_model_loader(load_config: LoadConfig) -> BaseModelLoader:
    if load_config.load_format not in KNOWN:
        raise ValueError(f"Load format `{load_config.load_format}` is not supported")
    return KNOWN[load_config.load_format](load_config)
