"""The phrases by which trainers, converters and people name a parent.

They are looked up by their first word, and stand over small letters; a space in them is one space
or one line end: what markdown adds is gone by then.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from provenance.claims.card.flat import ITEM, OBJECT
from provenance.claims.card.words import (
    EXPORTS,
    KINDS,
    LISTED,
    MADE,
    MORE,
    QUANTS,
    QUIET,
    TRAINED,
    TUNED,
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
        rest=rf"{QUIET}{{0,3}} (?:from|on top of|upon|starting from|starting with|based on|over|"
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
        first="initialized initialised initialization initializes initialize initialise "
        "initializing warm-started warmstarted",
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
        first="controlnet control-net t2i-adapter t2iadapter unet",
        rest=rf"{MORE}{{0,3}} weights (?:trained )?(?:on|for|of) ",
        sure=True,
    ),
    Phrase(
        key="adapter for",
        relation="adapter",
        first="lora qlora dora loras adapter adapters peft delta deltas prefix soft",
        rest=rf"(?:{MORE}| {OBJECT}){{0,3}} (?:for|of|on|over|to)(?: top of)? ",
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
        key="base model",
        relation=None,
        first="base",
        rest=r"(?: (?:language|embedding|encoder|sentence transformer))?"
        r" (?:model|checkpoint|encoder|llm),? ",
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
        first="use uses used using takes took",
        behind=r"(?: model| checkpoint)?,?(?: (?:that|which))?(?: and| was| is| has been){1,2} "
        r"(?:then |further )?(?:fine-?tuned|finetuned|trained) (?:it )?(?:on|for|with)",
    ),
    Phrase(
        key="fine-tuned",
        relation="finetune",
        first="fine-tuned finetuned fine-tuning finetuning fine-tunes finetunes",
        behind=r"(?: models?| checkpoint| weights| transformers?)?[\])\"'\u201d,]{0,2} ?"
        r"(?:on|in|for|with|using|to|over|by|via)\b",
    ),
)
BEHIND = re.compile(
    r"(?:'s)?[\])\"'\u201d]{0,2}(?:[ \n](?:models?|checkpoint|weights|base)){0,2}"
    r"[\])\"'\u201d,]{0,2}[ \n]"
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
