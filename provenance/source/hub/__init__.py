"""Models on a Hugging Face Hub, or what speaks like one. The one door to huggingface_hub."""

import os

# Before huggingface_hub is imported, which reads it then: a verdict asks nobody but the Hub.
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
