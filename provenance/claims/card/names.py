"""What a name in a card's words means: a model, a folder on somebody's machine, or no model."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from provenance.claims.card.flat import Name
from provenance.claims.reference import (
    LOCAL_PATH,
    NOBODY,
    PAGES,
    Reference,
    on_hub,
    reference,
    renames,
)
from provenance.formats.names import words

TEMPLATE = re.compile(r"more information needed", re.IGNORECASE)
OLD_PAGES = words("course docs front join learn login new nlp pricing inference-api transformers")
"""First words of addresses of the Hub that never were a model's organisation."""

KINDS = words("text image audio video speech code sql table document music")
ORDINARY = words(
    "and/or his/her he/she s/he w/o i/o a/c c/o tcp/ip n/a true/false yes/no train/test train/val "
    "train/dev train/eval input/output encoder/decoder read/write client/server question/answer "
    "on/off left/right prompt/response positive/negative "
    "pros/cons chosen/rejected gpu/cpu cpu/gpu dev/test val/test km/h pass/fail low/high "
    "source/target user/assistant either/or training/test "
    "training/validation validation/test training/evaluation precision/recall lora/qlora "
    "instruct/chat base/instruct chat/instruct transformers/peft"
) | {f"{one}/{other}" for one in KINDS for other in KINDS}
"""Words that writers divide by a stroke, as in `and/or`, and that name no model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """The text that is claimed: of a model, of a folder, or (`unnamed`) of a model without a name.

    `loose` is what a phrase alone makes a model of: bare words. `made` is a link that a program
    makes of whatever it loaded: only of its own phrases it names a model.
    """

    text: str
    found: Reference
    unnamed: bool = False
    loose: bool = False
    made: bool = False


def meaning(name: Name) -> Meaning | None:
    """What a name means; None for what is no model at all."""
    if TEMPLATE.search(name.text):
        return None
    if name.url is not None:
        return _link(name, name.url)
    return _bare(name)


def _link(name: Name, url: str) -> Meaning | None:
    """Of a link the address counts, or the label where a Trainer made the address of it."""
    path = _path(url)
    if nothing(path) and (path.strip("/ ") or nothing(name.text)):
        return Meaning(text=name.text, found=Reference(), unnamed=True, made=True)
    if not url.strip():
        return _bare(Name(name.text, code=True))
    if name.text and name.text.strip("/") == path.strip("/"):
        found = reference(name.text)
        if found.repo and "/" not in found.repo and found.repo not in renames():
            return Meaning(text=url, found=reference(url), made=True)
        return Meaning(text=name.text, found=found, made=not found.repo)
    if path.strip("./") in renames():
        # Cards of old link to their neighbours.
        url = path.strip("./")
    elif not on_hub(url) or not _is_model(path):
        return None
    found = reference(url)
    return Meaning(text=url, found=found) if found.repo else None


def nothing(text: str) -> bool:
    """Whether it stands where a name should, and is none: `None`, `unsloth/None`, `N/A`."""
    small = text.strip("/ ").lower()
    return small in NOBODY or small.rpartition("/")[2] in NOBODY


def _path(url: str) -> str:
    """The path of an address, without its leading stroke."""
    if url.startswith("hf://"):
        return url.removeprefix("hf://").removeprefix("models/")
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}" if on_hub(url) else url)
    except ValueError:
        return "/"
    return unquote(parts.path if parts.netloc else url).removeprefix("/")


def _is_model(path: str) -> bool:
    """Whether a path of the Hub leads to a model: not to an organisation, nor to a manual."""
    parts = path.strip("/").split("/")
    if len(parts) == 1:
        return parts[0] in renames()
    return parts[0] not in OLD_PAGES and (len(parts) == 2 or parts[2] in PAGES)


def _bare(name: Name) -> Meaning | None:
    text = name.text
    if nothing(text):
        return Meaning(text=text, found=Reference(), unnamed=True, loose=True, made=True)
    found = reference(text)
    if found.repo is None and found.reason != LOCAL_PATH:
        return None
    if found.repo and "/" not in found.repo and found.repo not in renames():
        return None
    if not name.code and text.lower() in ORDINARY:
        return None
    return Meaning(text=text, found=found, loose=not name.code)
