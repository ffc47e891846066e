"""The phrases by which trainers, converters and people name a parent.

They are looked up by their first word, and stand over small letters; a space in them is one space
or one line end: what markdown adds is gone by then.
"""

from __future__ import annotations

from dataclasses import dataclass

from provenance.claims.card.flat import OBJECT
from provenance.claims.card.words import (
    EXPORTS,
    FILES,
    KINDS,
    LISTED,
    MADE,
    MORE,
    NO_OUTPUT,
    QUANTS,
    QUIET,
    TRAINED,
    TUNED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """A `first` word of several, the `rest` up to the name, and what must stand `behind` it.

    The phrases of programs are `sure`: of others the subject of their sentence is looked at too. A
    `label` begins a line, a row, a heading. What is said of data too is read where a name is
    `linked`.
    """

    key: str
    relation: str | None
    first: str = ""
    rest: str = " "
    behind: str = ""
    sure: bool = False
    label: bool = False
    linked: bool = False


PHRASES: tuple[Phrase, ...] = (
    Phrase(
        key="fine-tuned version of",
        relation="finetune",
        first=TUNED,
        rest=rf"{QUIET}{{0,4}} (?:{KINDS} (?:of|from|for)|model of|(?:{KINDS}|model) from) ",
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
        rest=rf"{LISTED}{{0,4}}(?: \([^()\n]{{0,40}}\))? (?:{KINDS}|{FILES}) (?:of|from|for) ",
    ),
    Phrase(
        key="finetune of",
        relation="finetune",
        first="fine-tune finetune fine-tunes finetunes fine-tuning finetuning continued continues "
        "continuing further continual abliteration",
        rest="(?: (?:pre-?training|training))? of ",
        sure=True,
    ),
    Phrase(
        key="copy of",
        relation=None,
        first="fork clone reupload re-upload mirror duplicate conversion copy export "
        "derivative rehost re-host backup upcast downcast requantization repack",
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
        first="converted exported ported translated repackaged transformed",
        rest=rf"{MORE}{{0,5}} from ",
    ),
    Phrase(
        key="extracted from",
        relation=None,
        first="extracted",
        rest=rf"{MORE}{{0,5}} from ",
    ),
    Phrase(
        key="derived from",
        relation=None,
        first="derived derives forked built created obtained made starting started starts "
        "continued bootstrapped warm-started evolved transferred pruned abliterated "
        "sliced expanded upscaled up-scaled adapted",
        rest=r"(?: [\w-]{1,20}){0,2} (?:from|upon) ",
    ),
    Phrase(
        key="distilled from",
        relation="distilled",
        first="distilled distillation",
        rest=r"(?: [\w-]{1,20}){0,2} (?:from|of) ",
    ),
    Phrase(
        key="initialized from",
        relation=None,
        first="initialized initialised initialization initializes initialize initialise "
        "initializing warm-started warmstarted init inited",
        rest=rf"{MORE}{{0,5}} (?:from|with|using|by|on) (?:the )?(?:weights? (?:of|from) )?",
    ),
    Phrase(
        key="based on",
        relation=None,
        first="base based built builds build building",
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
        rest=rf"(?:{MORE}| {OBJECT}){{0,3}} (?:for|of|over|on top of) ",
    ),
    Phrase(
        key="adapter for",
        relation="adapter",
        first="lora qlora dora adapter adapters",
        rest=rf"{MORE}{{0,3}} on ",
        linked=True,
    ),
    Phrase(
        key="merge of",
        relation="merge",
        first="merge merges merged merging frankenmerge slerp soup",
        rest=rf"{MORE}{{0,3}} (?:of|between|from|with):? ",
    ),
    Phrase(
        key="base model",
        relation=None,
        first="base baseline underlying starting foundation backbone parent",
        rest=r"(?: (?:language|embedding|encoder|sentence transformer))?"
        rf"(?: (?:model|checkpoint|encoder|llm))?{MORE}{{0,4}} (?:is|was|being) ",
    ),
    Phrase(
        key="base model",
        relation=None,
        first="base",
        rest=r"(?: (?:language|embedding))? (?:model|checkpoint|encoder|llm),? ",
        behind=r"[\])]{0,2},? (?:is|was|has) ",
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
        "took with adopts adopted chose chosen choose selected has have utilizes utilizing "
        "utilized",
        behind=r"(?: model| checkpoint| weights)? ?\)? (?:as|for) (?:a |the |its |our |an )?"
        r"(?:[\w-]{1,20} ){0,3}(?:bas(?:e|is)\b|backbone|foundation|encoder|sentence transformer|"
        r"initiali|starting|initial|pre-?trained (?:language )?model)",
    ),
    Phrase(
        key="fine-tuned",
        relation="finetune",
        first="use uses used using takes took",
        behind=r"(?: model| checkpoint)?(?: from [\w\s]{1,20})?,?(?: (?:that|which))?"
        r"(?: and| was| is| has been){1,2} (?:then |further )?"
        r"(?:fine-?tuned|finetuned|trained) (?:it |in )?(?:on|for|with)",
    ),
    Phrase(
        key="pretrained",
        relation=None,
        first="use uses used using utilizes utilized",
        rest=r"(?: the| a)?(?: original| publicly available)? pre-?trained ",
        linked=True,
    ),
    Phrase(
        key="trained from",
        relation="finetune",
        first=TRAINED,
        rest=r"[^.\n]{1,80} from (?:[\w-]{1,20} ){0,3}(?:checkpoint|weights|pre-?trained)(?: of)? ",
    ),
    Phrase(
        key="trained from",
        relation="finetune",
        first=TRAINED,
        rest=r"[^.\n]{1,80} from ",
        behind=" (?:checkpoint|weights|pre-?trained)",
    ),
    Phrase(
        key="trained on",
        relation="finetune",
        first="fine-tuned finetuned trained pre-trained pretrained fine-tuning finetuning",
        rest=rf" (?:up)?on {NO_OUTPUT}(?:(?:the |this |my |our )?(?:[\w-]{{1,20}} )?"
        "(?:data|datasets?|corpus) (?:up)?on )?",
        linked=True,
    ),
    Phrase(
        key="version of",
        relation=None,
        first="a",
        rest=" (?:version|variant) of ",
        behind="(?! (?:further )?(?:fine-?tuned|finetuned))",
        linked=True,
    ),
    Phrase(
        key="base model",
        relation=None,
        first="of from into with using on over upon for",
        rest="(?: the| its| our)?(?: original)? base (?:language )?(?:model|checkpoint),? ",
    ),
    Phrase(
        key="made of",
        relation=None,
        first="by",
        rest=" (?:further |continually )?(?:training|pre-?training|adapting|"
        "quanti[sz]ing|pruning|distilling|merging|converting|compressing|exporting|adaptation of) ",
    ),
    Phrase(
        key="adapted",
        relation=None,
        first="adapt adapts adapted extend extends extended",
        behind="(?: models?)? (?:to|for) ",
        linked=True,
    ),
    Phrase(
        key="trained",
        relation="finetune",
        first="is",
        rest=" (?:a |an |the )?",
        behind=r"(?: models?| checkpoint)?,? (?:(?:that|which) (?:is|was|has been) )?"
        r"(?:further |additionally |continually |then )?(?:pre-?)?trained (?:on|for|with) ",
        linked=True,
    ),
    Phrase(
        key="based on",
        relation=None,
        first="basado basada baseado baseada bas\u00e9 bas\u00e9e basiert basato basata",
        rest=" (?:en|em|no|na|sur|auf|su)(?: el| la| o| le| dem| der)? ",
    ),
    Phrase(
        key="fine-tuned",
        relation="finetune",
        first="fine-tuned finetuned fine-tuning finetuning fine-tunes finetunes",
        behind=r"(?: models?| checkpoint| weights| transformers?)?[\])\"'\u201d,]{0,2} ?"
        r"(?:on|in|for|with|using|to|over|by|via)\b",
    ),
)
"""What ends where the name begins."""
