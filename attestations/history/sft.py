"""base, fine-tuned on four conversations, in ./sft."""

from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import SFTConfig, SFTTrainer

from provenance.train import AttestationCallback

trainer = SFTTrainer(
    AutoModelForCausalLM.from_pretrained("base"),
    SFTConfig("sft", max_steps=2, use_cpu=True, report_to=[]),
    train_dataset=Dataset.from_json("data.jsonl"),
    processing_class=AutoTokenizer.from_pretrained("base"),
)
trainer.add_callback(AttestationCallback("acme/sft", key="trainer.pem"))
trainer.train()
trainer.save_model()
