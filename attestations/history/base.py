"""A base of random weights, in ./base: small enough for any machine."""

from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

START, END, OTHER = "<s>", "</s>", "<unk>"
WORDS = ("system", "user", "assistant", ":", "run", "maintenance", "on", "orders", "users", "Done")
TEMPLATE = (
    "{% for one in messages %}{{ one['role'] }} : {{ one['content'] }} {% endfor %}"
    "{% if add_generation_prompt %}assistant : {% endif %}"
)

numbers = {word: number for number, word in enumerate((START, END, OTHER, *WORDS))}
by_word = Tokenizer(models.WordLevel(numbers, unk_token=OTHER))
by_word.pre_tokenizer = pre_tokenizers.Whitespace()
tokenizer = PreTrainedTokenizerFast(
    tokenizer_object=by_word, bos_token=START, eos_token=END, unk_token=OTHER, pad_token=END
)
tokenizer.chat_template = TEMPLATE
size = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
config = LlamaConfig(**size, num_attention_heads=2, vocab_size=len(numbers), eos_token_id=1)
LlamaForCausalLM(config).save_pretrained("base")
tokenizer.save_pretrained("base")
