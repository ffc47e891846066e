"""Models on a Hugging Face Hub, or what speaks like one. The one door to huggingface_hub."""
