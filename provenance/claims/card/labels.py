"""The labels by which cards name a parent: in a list, in a table, in bold, as a heading."""

from __future__ import annotations

from provenance.claims.card.flat import ITEM
from provenance.claims.card.phrases import Phrase


def _label(key: str, relation: str | None, first: str, rest: str) -> Phrase:
    """`Base model: X` in its forms: in a list, a table, in bold, as a heading."""
    end = (
        r"(?: ?\[optional\]| ?\([^()\n]{0,40}\))? ?"
        rf"(?:[:\uff1a=\u2192]|\|(?!\n)|->|-|\n{{1,2}}) ?(?:{ITEM} |\| |\n)?(?:\| )?"
        "(?:(?:please )?see )?"
    )
    return Phrase(key=key, relation=relation, first=first, rest=rest + end, sure=True, label=True)


LABELS: tuple[Phrase, ...] = (
    _label(
        "base model",
        None,
        "base base_model base-model base_models base-models parent backbone upstream modelo "
        "mod\u00e8le basismodell "
        "\u57fa\u7840\u6a21\u578b \u57fa\u5ea7\u6a21\u578b \u5e95\u5ea7\u6a21\u578b "
        "\u0431\u0430\u0437\u043e\u0432\u0430\u044f "
        "\u30d9\u30fc\u30b9\u30e2\u30c7\u30eb \ubca0\uc774\uc2a4",
        r"(?: (?:de )?(?:base )?(?:models?|llm|checkpoint|weights|point|base|"
        "\ubaa8\ub378|\u043c\u043e\u0434\u0435\u043b\u044c))?"
        r"(?: (?:name|used|id|checkpoint|link))?",
    ),
    _label("base model", None, "model models", " used"),
    _label("base model", None, "based", " models?"),
    _label(
        "base model",
        None,
        "foundation source pre-trained pretrained starting initial init underlying",
        " (?:pre-?trained )?(?:base )?(?:language )?(?:models?|llm|lm|checkpoint|point|weights)"
        "(?: (?:name|used|id))?",
    ),
    _label(
        "original model",
        None,
        "original",
        r"(?: (?:base )?(?:models?|weights|checkpoint))?(?: card| page| repo(?:sitory)?| link)?",
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
        "derived adapted initialized initialised continued built merged based started",
        r" (?:from|on)(?: models?)?",
    ),
    _label(
        "quantized from",
        "quantized",
        "quantized quantised",
        r" (?:from|by converting)(?: models?)?",
    ),
    _label("converted from", None, "converted", r" from(?: models?)?"),
    _label("distilled from", "distilled", "distilled", r" from(?: models?)?"),
)
