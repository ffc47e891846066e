"""The start of `vllm serve MODEL --load-format FORMAT`: plugins, configuration, then the loader."""

import os
import sys

from vllm.config import LoadConfig, ModelConfig, VllmConfig
from vllm.plugins import load_general_plugins


def main() -> None:
    load_general_plugins()
    model, _, form = sys.argv[1:4]
    if not os.path.exists(model):
        from huggingface_hub import snapshot_download

        model = snapshot_download(model, local_files_only=True)
    print("configured", os.path.basename(model))
    for line in sys.argv[4:]:
        exec(line)  # what changes between the configuration and the loading
    from vllm.model_executor.model_loader import get_model_loader

    load_config = LoadConfig(load_format=form)
    loader = get_model_loader(load_config)
    model_config = ModelConfig(model=model, tokenizer=model)
    given = VllmConfig(load_config=load_config, model_config=model_config)
    loader.load_model(vllm_config=given, model_config=model_config, prefix="")


if __name__ == "__main__":
    main()
