"""./merged as one file for llama.cpp, in ./gguf."""

from pathlib import Path

from gguf import MODEL_ARCH, GGUFWriter, get_tensor_name_map
from safetensors.numpy import load_file
from transformers import AutoConfig

config = AutoConfig.from_pretrained("merged")
names = get_tensor_name_map(MODEL_ARCH.LLAMA, config.num_hidden_layers)
Path("gguf").mkdir(exist_ok=True)
writer = GGUFWriter("gguf/bot-f16.gguf", "llama")
writer.add_context_length(config.max_position_embeddings)
writer.add_embedding_length(config.hidden_size)
writer.add_block_count(config.num_hidden_layers)
writer.add_feed_forward_length(config.intermediate_size)
writer.add_head_count(config.num_attention_heads)
writer.add_layer_norm_rms_eps(config.rms_norm_eps)
for name, tensor in load_file("merged/model.safetensors").items():
    writer.add_tensor(names.get_name(name, (".weight",)), tensor)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
