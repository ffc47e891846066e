"""The phrases of people who tell what they did: `we fine-tuned X`, `takes X and trains it on`."""

from __future__ import annotations

from provenance.claims.card.flat import OBJECT
from provenance.claims.card.phrases import Phrase
from provenance.claims.card.words import MORE, NO_OUTPUT, SAID, TRAINED

AUTHORS: tuple[Phrase, ...] = (
    Phrase(
        key="fine-tuned",
        relation="finetune",
        first="taking take takes took",
        behind=r"(?: models?| checkpoint| weights)?,? and (?:then |further )?"
        r"(?:fine-?)?(?:tunes?|tuning|tuned|trains?|training|trained) (?:it|them|on|for|with) ",
    ),
    Phrase(
        key="fine-tuned",
        relation="finetune",
        first="we i is are",
        rest=r"(?: (?:have|then|further|first|an?|the|our|simply)){0,3}"
        rf" (?:fine-?tuned?|finetuned?) (?![^.\n{OBJECT}]{{0,60}} (?:of|from|for|on) )",
        linked=True,
    ),
    Phrase(
        key="fine-tuned",
        relation="finetune",
        first="by",
        rest=" (?:further )?(?:fine-?tuning|finetuning) ",
        linked=True,
    ),
    Phrase(
        key="fine-tuned",
        relation="finetune",
        first="originally",
        rest=" (?:the|a) pre-?trained ",
        linked=True,
    ),
    Phrase(
        key="finetune created with",
        relation="finetune",
        first="fine-tune finetune finetuned fine-tuned",
        rest="(?: model)? (?:created|made|built|produced) (?:using|with|from) ",
    ),
    Phrase(
        key="trained from",
        relation="finetune",
        first=TRAINED,
        rest=r"(?: it)? (?:with|using|via) (?:sft|dpo|orpo|kto|simpo|cpo|grpo|ppo|q?lora|unsloth|"
        r"axolotl|trl|peft|llama-?factory) (?:from|on top of|over) ",
    ),
    Phrase(
        key="trained from",
        relation="finetune",
        first=TRAINED,
        rest=rf"(?: (?!{SAID}\b)[^\s.]{{1,20}})"
        r"{1,12} from (?:the |a )?(?:base |original |pre-?trained )?(?:model|checkpoint),? ",
    ),
    Phrase(
        key="pretrained",
        relation="finetune",
        first="pretrained pre-trained",
        behind=r"\)?(?: models?)? (?:is|was) (?:combined|fine-?tuned|finetuned)\b",
        linked=True,
    ),
    Phrase(
        key="trained checkpoint",
        relation="finetune",
        first="checkpoint checkpoints",
        rest=" (?:for|of) ",
        behind=r"(?: models?)?,? after (?:being )?(?:[\w-]{1,20} ){0,2}"
        r"(?:fine-?)?(?:trained|tuned|training|tuning)",
    ),
    Phrase(
        key="result of",
        relation=None,
        first="result",
        rest=" of (?:further )?(?:fine-?tuning|training|merging|quanti[sz]ing|distilling|pruning) ",
    ),
    Phrase(
        key="original model",
        relation=None,
        first="original pretrained pre-trained",
        rest=rf"{MORE}{{0,4}} (?:model|checkpoint|weights)(?: used)? (?:is|are|was|were|can be"
        " found)(?: available)?(?: at| in| on| from| here:?)? ",
        linked=True,
    ),
    Phrase(
        key="weights from",
        relation=None,
        first="weights",
        rest=" (?:(?:is|are|were|was|come) )?(?:taken |loaded |copied )?from ",
        linked=True,
    ),
    Phrase(
        key="trained with weights of",
        relation="finetune",
        first=TRAINED,
        rest=" (?:with|using) (?:the )?(?:pre-?trained )?weights of ",
    ),
    Phrase(
        key="pretrained",
        relation=None,
        first="use used using uses load loads",
        behind=r"(?:'s)? pre-?trained (?:weights|checkpoint)\b",
        linked=True,
    ),
    Phrase(
        key="further trained",
        relation="finetune",
        first="further continue continues continued continuing",
        rest=" (?:to )?(?:pre-?)?train(?:s|ed|ing)? ",
        linked=True,
    ),
    Phrase(
        key="adaptation of",
        relation=None,
        first="adaptation port modification",
        rest=" of ",
        linked=True,
    ),
    Phrase(
        key="distilled from",
        relation="distilled",
        first="distilled distill distilling",
        behind=r"(?: models?)? (?:in)?to\b",
        linked=True,
    ),
    Phrase(
        key="compressed",
        relation=None,
        first="compressed compress pruned prune",
        behind=r"(?: models?)? (?:in)?to\b",
        linked=True,
    ),
    Phrase(
        key="fine-tuned",
        relation="finetune",
        first="sft dpo orpo kto grpo",
        rest=rf"(?: training)? (?:of|on) {NO_OUTPUT}",
        linked=True,
    ),
    Phrase(
        key="merge of",
        relation="merge",
        first="merged merging",
        behind=r"(?: models?)? (?:with|and|into) ",
        linked=True,
    ),
    Phrase(
        key="merged into", relation=None, first="merged", rest=" (?:back )?(?:in)?to ", linked=True
    ),
    Phrase(
        key="initialized from",
        relation=None,
        first="initialized initialised derived adapted finetuned fine-tuned",
        rest=" from: ",
    ),
    Phrase(
        key="language model",
        relation=None,
        first="language",
        rest=" models?: ",
        label=True,
        linked=True,
    ),
    Phrase(
        key="fine-tuned",
        relation="finetune",
        first="this",
        behind=" model was fine-tuned for sequence classification using textattack",
    ),
)
