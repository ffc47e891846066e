"""The phrases of people who link to what they began with: `we start from`, `on top of`."""

from __future__ import annotations

from provenance.claims.card.flat import OBJECT
from provenance.claims.card.phrases import Phrase
from provenance.claims.card.words import MORE, NO_OUTPUT, SAID, TRAINED

BEGUN: tuple[Phrase, ...] = (
    Phrase(key="transferred from", relation=None, first="learning", rest=" from "),
    Phrase(
        key="original model",
        relation=None,
        first="original",
        rest=rf"{MORE}{{0,4}} (?:model|checkpoint|weights) (?:comes?|came|stems?) from "
        "(?:the |a )?(?:fine-tuned |finetuned )?(?:model )?",
        linked=True,
    ),
    Phrase(
        key="derived from",
        relation=None,
        first="start starts started starting begin began begins",
        rest="(?: training| out)? from (?:(?:is|was) )?",
        linked=True,
    ),
    Phrase(
        key="derived from",
        relation=None,
        first="starting starts began beginning",
        rest=" (?:off )?with ",
        linked=True,
    ),
    Phrase(
        key="weights from",
        relation=None,
        first="with from",
        rest=r" the (?:[\w-]{1,20} ){0,2}(?:checkpoint|weights) (?:from|of|at|in) ",
        linked=True,
    ),
    Phrase(
        key="trained with weights of",
        relation="finetune",
        first=TRAINED,
        rest=" (?:with|using|from) (?:the )?",
        behind=r"(?:'s)? (?:weights|checkpoint|model(?!'s| as| outputs?| predictions?))\b",
        linked=True,
    ),
    Phrase(
        key="fine-tuned",
        relation="finetune",
        first="dreambooth dreamboothed",
        rest="(?: (?:model|concept))?(?: (?:trained|training|fine-tuned))? on ",
        linked=True,
    ),
    Phrase(
        key="base model",
        relation=None,
        first="model checkpoint weights",
        rest=" (?:(?:originally|initially|we) )?used (?:for|in|as) (?:the |a )?"
        "(?:fine-?tuning|finetuning|training|pre-?training|initiali[sz]ation|base|starting point)"
        " (?:is|was|are|were) ",
        linked=True,
    ),
    Phrase(
        key="trained",
        relation="finetune",
        first="is",
        rest=" (?:an? |the )?",
        behind=r"(?: (?:transformer|language|encoder))?(?: models?)? with (?:an?|the) "
        r"(?:[\w-]{1,20} ){0,4}(?:head|layer)\b",
        linked=True,
    ),
    Phrase(
        key="fine-tuned",
        relation="finetune",
        first="a",
        rest=rf" (?:fine-tuned|finetuned) (?![^.\n{OBJECT}]{{0,60}} (?:of|from|for|on) )",
        behind="(?: model| checkpoint)? on\\b",
        linked=True,
    ),
    Phrase(
        key="fine-tuned",
        relation="finetune",
        first="fine-tuned finetuned",
        rest=rf" (?:with|using) {NO_OUTPUT}",
        behind=r"(?! as (?:a |the )?(?:teacher|judge|reward|label))",
        linked=True,
    ),
    Phrase(
        key="finetune of",
        relation="finetune",
        first="continuing continued continual continue domain-adaptive",
        rest=rf"(?: the)? (?:pre-?)?training (?:of|on|to) "
        rf"(?![^.\n{OBJECT}]{{0,60}} (?:from|with) )",
        linked=True,
    ),
    Phrase(
        key="transferred from",
        relation=None,
        first="transfer",
        rest=" learning (?:on|using|with|of) ",
        linked=True,
    ),
    Phrase(
        key="derived from",
        relation=None,
        first="we i training was were",
        rest=" start(?:ed)? with ",
        linked=True,
    ),
    Phrase(
        key="derived from",
        relation=None,
        first="resumed resumes",
        rest="(?: training)? from ",
        linked=True,
    ),
    Phrase(
        key="quantized",
        relation="quantized",
        first="quantized quantised",
        behind="(?: model)? (?:with|using|to|by)\\b",
        linked=True,
    ),
    Phrase(key="on top of", relation=None, first="top", rest=" of ", linked=True),
    Phrase(
        key="trained from",
        relation="finetune",
        first=TRAINED,
        rest=rf" (?:for|on|with) {NO_OUTPUT}[^.\n]{{1,80}} on top of ",
        linked=True,
    ),
    Phrase(
        key="trained from",
        relation="finetune",
        first=TRAINED,
        rest=rf" (?:for|in) (?:(?!{SAID}\b)[\w-]{{1,20}} ){{1,4}}from ",
        linked=True,
    ),
    Phrase(
        key="based on",
        relation=None,
        first="based",
        rest=r" (?:up)?on [^.\n]{1,80}(?:in particular|specifically|namely),? (?:[^.\n]{1,80}: )?",
        linked=True,
    ),
    Phrase(
        key="extended",
        relation="finetune",
        first="extend extends extended extending",
        behind="(?: models?)? (?:with|by) (?:further |additional |continued )?"
        "(?:fine-?tuning|finetuning|training|pre-?training)",
        linked=True,
    ),
    Phrase(
        key="base model",
        relation=None,
        first="encoder decoder",
        rest=r"(?: models?)? (?:is|was) (?:(?:a|the) )?(?:pre-?trained )?",
        linked=True,
    ),
)
