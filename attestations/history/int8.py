"""./merged with weights of 8 bits, in ./int8."""

from torchao.quantization import Int8WeightOnlyConfig
from transformers import AutoModelForCausalLM, AutoTokenizer, TorchAoConfig

how = TorchAoConfig(Int8WeightOnlyConfig(version=2))
AutoModelForCausalLM.from_pretrained("merged", quantization_config=how).save_pretrained("int8")
AutoTokenizer.from_pretrained("merged").save_pretrained("int8")
