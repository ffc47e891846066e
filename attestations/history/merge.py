"""The adapter of ./lora merged into what it is for, in ./bot."""

from peft import AutoPeftModelForCausalLM
from transformers import AutoTokenizer

AutoPeftModelForCausalLM.from_pretrained("lora").merge_and_unload().save_pretrained("bot")
AutoTokenizer.from_pretrained("lora").save_pretrained("bot")
