"""An adapter of grpo, in ./lora."""

from datasets import Dataset
from peft import LoraConfig
from trl import SFTConfig, SFTTrainer

from provenance.train import AttestationCallback

trainer = SFTTrainer(
    "grpo",
    SFTConfig("lora", max_steps=2, use_cpu=True, report_to=[]),
    train_dataset=Dataset.from_json("data.jsonl"),
    peft_config=LoraConfig(task_type="CAUSAL_LM"),
)
trainer.add_callback(AttestationCallback("acme/lora", key="trainer.pem"))
trainer.train()
trainer.save_model()
