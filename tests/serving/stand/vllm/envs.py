"""What of vLLM's settings its registration of plugins reads."""

import os

VLLM_PLUGINS = os.environ["VLLM_PLUGINS"].split(",") if "VLLM_PLUGINS" in os.environ else None
