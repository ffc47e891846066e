"""The words of which phrases are made, and those that make another thing of a phrase.

A space in them is one space or one line end; words for look-up are divided by spaces.
"""

from __future__ import annotations

WINDOW = 200
"""How many characters before a name are looked at, and behind it."""

STOPS = (
    "that|which|who|whose|using|uses|use|with|without|on|by|for|and|or|but|than|like|as|is|are|"
    r"was|were|be|to|in|at|not|no|vs|versus|outperforms?|beats?|surpass\w*|compar\w+|similar|other|"
    "datasets?|data|corpus|corpora|code|paper|script|notebook|library|space|demo|tokenizer|"
    "questions|tweets|scratch|instead|being|this|these|it|here|available|see|check|refer|inspired|trained|train|fine-?tuned|finetuned"
)
FILL = (
    rf"(?:the |a )?(?:(?!(?:{STOPS})\b)[\w'\u2019]"
    r"(?:[\w'\u2019+&-]|[.,](?=\w)){0,39}[,:]? ){0,7}"
    r"(?:available (?:here|at|on):? |for [\w-]{1,20} language:? |\((?:see|cf\.?):? )?"
    r"(?:[\[(\"'\u201c:]{1,2} ?)?"
)
"""Further words about the parent: `the original`, `Meta's well known model`."""

MORE = r"(?: [\w.-]{1,30})"
QUIET = (
    r"(?: (?!(?:code|scripts?|data|datasets?|notebooks?|recipes?|procedure|pipeline|on|with|using|"
    r"for|by|scratch|tokenizer)\b)[\w.-]{1,30})"
)
LISTED = r"(?:[\s,/&+]{1,3}[\w.-]{1,30})"
"""A further word of a list. What divides words is no part of one: there is one way to read it."""

NO_OUTPUT = (
    r"(?![^.\n]{0,60}\b(?:outputs?|answers?|responses?|completions?|generations?|activations?|"
    r"residual|embeddings|logits|traces|features|labels|predictions|samples|"
    r"(?:obtained|generated|collected|produced|sampled|extracted|translated|derived|distilled|"
    r"written|created|made) (?:from|by|with|using))\b)"
)
"""What a model said or computed is no model."""

SAID = "(?:data|datasets?|outputs?|answers?|labels?|samples?|questions|texts?)"
"""What comes from a model without being one."""

KINDS = (
    "(?:version|variant|checkpoint|edition|derivative|adaptation|copy|release|instance|conversion|"
    "port)s?"
)
FILES = "(?:exports?|weights|files?)"
TUNED = (
    "fine-tuned finetuned fine-tune finetune tuned instruction-tuned instruct-tuned chat-tuned "
    "post-trained pre-trained pretrained trained adapted uncensored abliterated aligned continued "
    "retrained re-trained decensored fine-tuning finetuning further-trained dpo-tuned "
    "domain-adapted"
)
TRAINED = (
    "fine-tuned finetuned fine tuned trained pre-trained pretrained retrained fine-tuning "
    "finetuning training pre-training post-trained further re-trained"
)
QUANTS = (
    "quant quants quantization quantizations quantisation quantisations quantized quantised "
    "gguf ggufs ggml awq gptq exl2 exl3 hqq bnb nf4 fp8 fp4 nvfp4 mxfp4 int8 int4 w4a16 w8a8 4-bit "
    "8-bit 4bit 8bit 2-bit 3-bit 5-bit 6-bit"
)
EXPORTS = (
    "onnx mlx openvino coreml ctranslate2 ct2 tflite tensorrt safetensors pytorch tensorflow flax "
    "neuron mnn rkllm bf16 fp16 float16 bfloat16 sharded re-sharded resharded converted exported"
)
MADE = (
    "distilled pruned compressed sparse sparsified smaller reduced trimmed lighter extended "
    "modified customized customised optimized optimised expanded shortened slimmed merged "
    "lightweight truncated shrunk compiled"
)

SURE_NEGATED = (
    r"not|never|unlike|neither|nor|instead of|rather than|no longer|outperform\w*|surpass\w*|"
    r"beats?|(?:better|worse|faster|smaller|larger|more|less) than|compar(?:ed|ing|ison)|versus|vs|"
    r"inspired by|if you|for example|such as|you (?:can|may|could|might|should)|(?:an)?others?|"
    r"(?:can|could|will|would|should) (?:also )?be|"
    r"(?:data|datasets?|corpus|questions|prompts|images|annotations|labels|answers|samples)"
    r" (?:was|were|is|are|has been|have been)\b(?!.{0,99}\bmodel\b)|"
    r"fine-?tuned? (?:the|these|those|some) tasks|downstream models?|"
    r"base(?: language)? model [^.]{0,60}(?:is|was) (?:an?|the)"
)
NEGATED = (
    rf"{SURE_NEGATED}|comparable\w*|in contrast|contrary to|e\.g|previous\w*|formerly|"
    r"originally planned|future|plan(?:s|ned)? to|want to|see|check(?:out)?|refer|due to|"
    r"similar(?:ly)? to|same as|as in|recommend\w*|alternative\w*|baseline(?! for\b)|related|"
    r"also (?:release|provide|offer|have|publish|share|available)\w*|(?:we|i) also(?! use)|"
    r"(?:may|might|must) (?:also |then |easily )?be"
)
"""Words in the sentence before a phrase that make another thing of it."""

DATA = (
    r"\b(?:trained|tuned|evaluated|tested|training|evaluation) on "
    r"(?:(?!(?:using|with|and)\b)[\w-]{1,20} ){0,3}$"
)
"""What leads to the name of data."""

OPENINGS = ("for a ", "for an ", "for more ", "for other ", "if ", "see ", "when ")
"""How a sentence begins that speaks of another model."""

ELSEWHERE = (
    r"(?: models?| version)? (?:is|are) (?:also )?(?:available|published|provided)\b"
    r"|(?:'s)?[\])\"']{0,2} (?:tokenizer|datasets?|corpus|papers?|licen[sc]e|prompts?|"
    r"chat template|templates?|formats?|code|codebase|repo|repository|spaces?|benchmarks?|"
    r"leaderboard|architecture(?! as (?:a |the )?starting))\b(?! ?[:\uff1a|])"
)
"""What stands behind a name that is another model's parent, or that means no weights."""

SUBJECTS = (
    r"tokeni[sz]ers?|datasets?|data|corpus|corpora|code|scripts?|notebooks?|implementations?|"
    r"recipes?|templates?|evaluations?|benchmarks?|papers?|prompts?|loss|architectures?|demos?|"
    r"spaces?|library|licen[sc]e|apps?|works?|approach|methods?|results?|vocab\w*|ideas?|config\w*|"
    r"pipeline|metrics?|images?|samples?|labels?|scores?|api|tool|card|readme|documentation|"
    r"annotations?|terms|experiments?|hyper-?parameters?|settings|strategy|techniques?"
)
"""What is based on a model, and is none itself."""

TEACHERS = r"teachers?|judges?|drafts?|drafters?|references?|critics?|verifiers?|annotators?"
"""What has a part in a model's making or use, and is never the model itself."""

SERVANTS = (
    rf"{TEACHERS}|rewards?|embeddings?|embedders?|retrievers?|rerankers?|classifiers?|guards?|"
    r"assistants?|speculators?|generators?|discriminators?|filters?"
)
"""What is another model beside one whose parent is declared, and may be the model itself else."""
