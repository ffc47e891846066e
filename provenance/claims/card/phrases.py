"""The phrases by which trainers, converters and people name a parent.

They are looked up by their first word, and stand over small letters; a space in them is one space
or one line end: what markdown adds is gone by then.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from provenance.claims.card.flat import ITEM

WINDOW = 200
"""How many characters before a name are looked at, and behind it."""

STOPS = (
    "that|which|who|whose|using|uses|use|with|without|on|by|for|and|or|but|than|like|as|is|are|"
    r"was|were|be|to|in|at|not|no|vs|versus|outperforms?|beats?|surpass\w*|compar\w+|similar|other|"
    "datasets?|data|corpus|corpora|code|paper|script|notebook|library|space|demo|tokenizer|"
    "questions|tweets|trained|train|fine-?tuned|finetuned"
)
FILL = rf"(?:(?!(?:{STOPS})\b)[\w'\u2019.,+&-]{{1,40}}:? ){{0,7}}[\[(\"'\u201c:]{{0,2}} ?"
"""Further words about the parent: `the original`, `Meta's well known model`."""

MORE = r"(?: [\w.-]{1,30})"
LISTED = r"(?:[\s,/&+-]{1,3}[\w.-]{1,30})"
KINDS = (
    "(?:version|variant|checkpoint|edition|derivative|adaptation|copy|release|instance|conversion|"
    "port)s?"
)
TUNED = (
    "fine-tuned finetuned fine tuned instruction-tuned instruct-tuned chat-tuned post-trained "
    "pre-trained pretrained trained adapted uncensored abliterated aligned continued retrained "
    "re-trained decensored fine-tuning finetuning further-trained dpo-tuned domain-adapted"
)
TRAINED = (
    "fine-tuned finetuned fine tuned trained pre-trained pretrained retrained fine-tuning "
    "finetuning training pre-training post-trained further"
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
    "lightweight"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """A `first` word of several, the `rest` up to the name, and what must stand `behind` it.

    The phrases of programs are `sure`: of others the subject of their sentence is looked at too. A
    `label` begins a line, a row, a heading.
    """

    key: str
    relation: str | None
    first: str = ""
    rest: str = " "
    behind: str = ""
    sure: bool = False
    label: bool = False


def _label(key: str, relation: str | None, first: str, rest: str) -> Phrase:
    """`Base model: X` in its forms: in a list, a table, in bold, as a heading."""
    end = (
        r"(?: ?\[optional\]| ?\([^()\n]{0,40}\))? ?"
        rf"(?:[:=|\u2192]|->|-|\n{{1,2}}) ?(?:{ITEM} |\| |\n)?"
    )
    return Phrase(key=key, relation=relation, first=first, rest=rest + end, sure=True, label=True)


PHRASES: tuple[Phrase, ...] = (
    _label(
        "base model",
        None,
        "base base_model base-model base_models base-models foundation parent source pre-trained "
        "pretrained backbone starting",
        r"(?: (?:base )?(?:models?|llm|checkpoint|point))?"
        r"(?: (?:name|used|id|checkpoint|link))?",
    ),
    _label(
        "original model",
        None,
        "original",
        r"(?: (?:base )?models?)?(?: card| page| repo(?:sitory)?| link)?",
    ),
    _label(
        "finetuned from",
        "finetune",
        "finetuned fine-tuned fine trained tuned",
        r"(?: tuned)?(?: (?:from|on top of))(?: the)?(?: base)?(?: models?)?",
    ),
    _label(
        "derived from",
        None,
        "derived adapted initialized initialised continued built merged based started parent",
        r"(?: (?:from|on))?(?: models?)?",
    ),
    _label(
        "quantized from",
        "quantized",
        "quantized quantised",
        r" (?:from|by converting)(?: models?)?",
    ),
    _label("converted from", None, "converted distilled", r" from(?: models?)?"),
    Phrase(
        key="fine-tuned version of",
        relation="finetune",
        first=TUNED,
        rest=rf"{MORE}{{0,4}} (?:{KINDS} (?:of|from|for)|model of|(?:{KINDS}|model) from) ",
        sure=True,
    ),
    Phrase(
        key="quantized from",
        relation="quantized",
        first=QUANTS,
        rest=rf"{LISTED}{{0,5}} (?:{KINDS}|models?|files?|weights|formats?|builds?|repacks?)"
        r"s? (?:of|from|for) ",
        sure=True,
    ),
    Phrase(
        key="quants of", relation="quantized", first=QUANTS, rest=" (?:of|for|from) ", sure=True
    ),
    Phrase(
        key="quantized from",
        relation="quantized",
        first="quantized quantised",
        rest=rf"{MORE}{{0,4}} from ",
        sure=True,
    ),
    Phrase(
        key="version of",
        relation=None,
        first=f"{MADE} {EXPORTS}",
        rest=rf"{LISTED}{{0,4}} (?:{KINDS}|exports?|weights) (?:of|from|for) ",
        sure=True,
    ),
    Phrase(
        key="finetune of",
        relation="finetune",
        first="fine-tune finetune fine-tunes finetunes fine-tuning finetuning continued further "
        "continual abliteration",
        rest="(?: (?:pre-?training|training))? (?:of|from) ",
        sure=True,
    ),
    Phrase(
        key="copy of",
        relation=None,
        first="fork clone reupload re-upload mirror duplicate conversion distillation copy export "
        "derivative rehost re-host backup",
        rest=" (?:of|from) ",
    ),
    Phrase(
        key="finetuned from",
        relation="finetune",
        first=TRAINED,
        rest=rf"{MORE}{{0,3}} (?:from|on top of|upon|starting from|starting with|based on|over|"
        r"initiali[sz]ed (?:from|with)) ",
        sure=True,
    ),
    Phrase(
        key="converted from",
        relation=None,
        first="converted exported ported translated extracted repackaged transformed",
        rest=rf"{MORE}{{0,5}} from ",
        sure=True,
    ),
    Phrase(
        key="derived from",
        relation=None,
        first="derived derives forked built created obtained made starting started starts "
        "continued distilled bootstrapped warm-started evolved transferred pruned abliterated "
        "sliced expanded upscaled adapted",
        rest=r"(?: [\w-]{1,20}){0,2} (?:from|upon) ",
    ),
    Phrase(
        key="initialized from",
        relation=None,
        first="initialized initialised initialization initializes warm-started warmstarted",
        rest=rf"{MORE}{{0,5}} (?:from|with|using|by|on) (?:the )?(?:weights? (?:of|from) )?",
    ),
    Phrase(
        key="based on",
        relation=None,
        first="based built builds build building",
        rest="(?: (?:up)?on(?: top of)?| off(?: of)?) ",
    ),
    Phrase(
        key="weights for",
        relation="adapter",
        first="lora dora dreambooth textual adaption adaptation adapter adapters ip-adapter",
        rest=rf"{MORE}{{0,5}} (?:weights|embeddings?) (?:trained )?(?:for|of|on) ",
        sure=True,
    ),
    Phrase(
        key="weights trained on",
        relation=None,
        first="controlnet control-net custom t2i-adapter unet",
        rest=rf"{MORE}{{0,3}} weights (?:trained )?(?:on|for|of) ",
        sure=True,
    ),
    Phrase(
        key="adapter for",
        relation="adapter",
        first="lora qlora dora loras adapter adapters peft delta deltas prefix soft",
        rest=rf"{MORE}{{0,3}} (?:for|of|on|over|to)(?: top of)? ",
    ),
    Phrase(
        key="merge of",
        relation="merge",
        first="merge merges merged merging mix blend frankenmerge slerp soup mixture moe "
        "combination",
        rest=rf"{MORE}{{0,3}} (?:of|between|from|with):? ",
    ),
    Phrase(
        key="base model",
        relation=None,
        first="base baseline underlying starting foundation backbone parent",
        rest=r"(?: (?:language|embedding|encoder|sentence transformer))?"
        rf"(?: (?:model|checkpoint|encoder|llm))?{MORE}{{0,4}} (?:is|was) ",
    ),
    Phrase(
        key="sentence transformer",
        relation=None,
        first="sentencetransformer setfit crossencoder sparseencoder spanmarker pylate",
        rest=rf"{MORE}{{0,4}} (?:based on|with) ",
        sure=True,
    ),
    Phrase(
        key="as a base",
        relation="merge",
        first="merge merged merging",
        rest=rf"{MORE}{{0,6}} (?:using|with) ",
        behind=" as (?:a|the) base",
        sure=True,
    ),
    Phrase(
        key="as a base",
        relation=None,
        first="use uses used using employs employing employed leverages leveraging takes taking "
        "took with adopts adopted has have utilizes utilizing utilized",
        behind=r"(?: model| checkpoint| weights)? ?\)? (?:as|for) (?:a |the |its |our |an )?"
        r"(?:[\w-]{1,20} ){0,3}(?:base|backbone|foundation|encoder|sentence transformer|"
        r"embedding model|initiali|starting|initial|pre-?trained model)",
    ),
    Phrase(
        key="fine-tuned",
        relation="finetune",
        first="fine-tuned finetuned fine-tuning finetuning fine-tunes",
        behind=r"(?: models?| checkpoint| weights| transformers?)?[\])\"'\u201d,]{0,2} ?"
        r"(?:on|in|for|with|using|to|over|by|via|and|\.|\n|$)",
    ),
)
BEHIND = re.compile(
    r"(?:'s)?(?:[ \n](?:models?|checkpoint|weights|base)){0,2}[\])\"'\u201d,]{0,2}[ \n]"
    r"(?:(?:that|which)[ \n](?:is|was|has been|have been|we|i|were)[ \n])?"
    r"(?:further |then |additionally )?"
    r"(?:fine-?[ ]?tuned|finetuned|fine-?tuning|adapted|post-?trained)[ \n]"
    r"(?:further )?(?:on|for|with|using|to|in|by|over|specifically)\b"
)
"""What stands behind a parent with nothing before it: `X fine-tuned on`."""

TUNED_ON = Phrase(key="fine-tuned", relation="finetune")

UNNAMING = frozenset(
    {"fine-tuned version of", "finetuned from", "finetune of", "quantized from", "as a base"}
)
"""The phrases of programs that write them whether they know a name or not."""

SURE_NEGATED = (
    r"not|never|unlike|neither|nor|instead of|rather than|no longer|outperform\w*|surpass\w*|"
    r"beats?|(?:better|worse|faster|smaller|larger|more|less) than|compar(?:ed|ing|ison)|versus|vs|"
    r"inspired by|if you|for example|such as|you (?:can|may|could|might|should)|(?:an)?others?|"
    r"(?:can|could|will|would|should) (?:also )?be"
)
NEGATED = (
    rf"{SURE_NEGATED}|comparable\w*|in contrast|contrary to|e\.g|previous\w*|formerly|"
    r"originally planned|future|plan(?:s|ned)? to|want to|see|check(?:out)?|refer|due to|"
    r"similar(?:ly)? to|same as|as in|recommend\w*|alternative\w*|baseline|(?:may|might|must) "
    r"(?:also |then |easily )?be"
)
"""Words in the sentence before a phrase that make another thing of it."""

SUBJECTS = (
    r"tokeni[sz]ers?|datasets?|data|corpus|corpora|code|scripts?|notebooks?|implementations?|"
    r"recipes?|templates?|evaluations?|benchmarks?|papers?|prompts?|loss|architectures?|demos?|"
    r"spaces?|library|licen[sc]e|apps?|works?|approach|methods?|results?|vocab\w*|ideas?|config\w*|"
    r"pipeline|metrics?|images?|samples?|labels?|scores?|api|tool|card|readme|documentation|"
    r"annotations?|terms|experiments?|hyper-?parameters?|settings|strategy|techniques?"
)
"""What is based on a model, and is none itself."""
