"""The words behind the name of a parent that has none before it: `X fine-tuned on`."""

from __future__ import annotations

from provenance.claims.card.flat import OBJECT
from provenance.claims.card.phrases import Phrase

NOUNS = (
    r"(?:'s)?[\])\"'\u201d]{0,2}(?: (?:language |base |encoder )?(?:models?|checkpoint|weights|"
    r"base|transformers?|encoder)){0,2}[\])\"'\u201d,]{0,2}"
)
VERB = (
    r" (?:(?:that|which) (?:is|was|has been|have been|we|i|were) |but )?"
    "(?:further |then |additionally )?"
)
FOLLOWED: tuple[Phrase, ...] = (
    Phrase(
        key="fine-tuned",
        relation="finetune",
        behind=rf"{NOUNS} (?:has been|have been|was|is) (?:further |then )?"
        r"(?:fine-?tuned|finetuned) (?:on|for|with|using)(?! (?:the |this )?(?:same|dataset))\b",
        linked=True,
    ),
    Phrase(
        key="fine-tuned",
        relation="finetune",
        behind=rf"{NOUNS}(?:,? (?:pre-?trained|trained|released|provided|published|made|created|"
        r"developed|built) (?:by|from|at) [^.\n]{1,60}?)?(?:,? (?:and|which|but))?"
        r",?(?: is| was| has been)? (?:then |further |later )?"
        r"(?:fine-?tuned|finetuned|transfer(?: |-)learned)(?: by [^.\n]{1,30}?)?"
        r" (?:on|for|with|using|to)\b"
        r"(?! (?:the |this )?(?:same|dataset))",
        linked=True,
    ),
    Phrase(
        key="trained on",
        relation="finetune",
        behind=rf"(?<=\({OBJECT}){NOUNS},? trained (?:on|for|with)\b"
        r"(?! (?:the |this )?same)",
        linked=True,
    ),
    Phrase(
        key="as a base",
        relation=None,
        behind=rf"{NOUNS} (?:is|was|were|served) (?:as )?(?:(?:our|the|a) starting "
        r"(?:point|checkpoint|model)|our (?:base|backbone)\b)",
        linked=True,
    ),
    Phrase(
        key="initialized from",
        relation=None,
        behind=rf"{NOUNS} (?:is|was|are|were) used (?:to initiali[sz]e|for (?:the )?initiali[sz])",
        linked=True,
    ),
    Phrase(
        key="further trained",
        relation="finetune",
        behind=rf"{NOUNS},? (?:(?:that|which) )?(?:was |is |has been )?(?:further|additionally|"
        r"continually|continuously) (?:pre-?)?trained(?: \([^()\n]{1,20}\))?"
        r" (?:on|for|with|using)\b(?! (?:the |this )?same)",
        linked=True,
    ),
    Phrase(key="finetune of", relation="finetune", behind=" fine-?tune\\b", linked=True),
    Phrase(
        key="fine-tuned",
        relation="finetune",
        behind=rf"{NOUNS}{VERB}(?:(?:fine-? ?)?tuned|finetuned|fine-?tuning|adapted|post-?trained)"
        r"(?: [\w-]{1,20}){0,2}? (?:on|for|with|using|to|in|by|over|specifically)\b",
    ),
    Phrase(
        key="converted",
        relation=None,
        behind=rf"{NOUNS}{VERB}(?:converted|exported|ported|pruned|compressed) (?:to|into|in) "
        r"| with onnx weights to be compatible",
    ),
    Phrase(
        key="quantized",
        relation="quantized",
        behind=rf"{NOUNS}{VERB}quanti[sz]ed (?:to|into|with|using|in|by) ",
    ),
    Phrase(key="based on", relation=None, behind="-based (?:[\\w-]{1,20} ){0,3}model"),
    Phrase(
        key="as a base",
        relation=None,
        behind=rf"{NOUNS} (?:is|was|were) used as (?:a |the |our )?(?:[\w-]{{1,20}} ){{0,2}}"
        r"(?:base\b|backbone|foundation|starting|initial)",
    ),
)
