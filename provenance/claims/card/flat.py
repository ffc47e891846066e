"""A model card as plain words: what markdown adds is taken away, and every line keeps its number.

Each thing that may name a model is one character there, OBJECT: a link to the Hub, code, an
address, a bare `org/name`. Blocks of code and comments are left out, as a page leaves them out.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field
from functools import cached_property
from html import unescape

from provenance.claims.card.blocks import blank
from provenance.claims.card.links import key, resolved
from provenance.claims.reference import on_hub, renames

OBJECT = "\ue000"
ITEM = "\u2022"
LEAD = re.compile(
    r"^[ \t]*(?:-{3,}|={3,})[ \t]*$|^[ \t]*(?:>[ \t]{0,3})*"
    r"(?:(?P<item>(?:[*+-]|\d{1,3}[.)])[ \t]+|<li(?:\s[^<>\n]{0,200})?>)"
    r"|(?P<head>#{1,6}[ \t]*|<h[1-6](?:\s[^<>\n]{0,200})?>))?(?:\[[ xX]\][ \t])?",
    re.MULTILINE,
)
TARGET = r"<?(?P<{}>[^()\s<>]{{0,600}}(?:\([^()\s]{{0,100}}\)[^()\s<>]{{0,300}})?)>?"
TITLE = r"(?:\s{1,2}[\"'][^\"'\n]{0,300}[\"'])?\s?\)"
LABEL = r"(?:[^\[\]!]|!(?!\[)|!\[[^\[\]]{0,300}\](?!\[)|\[[^\[\]]{0,300}\](?![\[(])){0,400}"
"""The label of a link: no other link stands in it, an image may."""
TAG = re.compile(r"<[^<>]{0,300}>|!\[([^\[\]]{0,300})\]\([^()]{0,600}\)|[\[\]]")
CELL = re.compile(r"<(td|th|dt|dd|li|pre)\b", re.IGNORECASE)
REST = r"[^\s<>()\[\]|`\"'*\\]{1,600}"
MARKUP = re.compile(
    r"!\[[^\[\]]{0,300}\]\([^()\n]{0,600}\)"
    rf"|\[(?P<label>{LABEL})\]\(\s?{TARGET.format('url')}{TITLE}"
    rf"|\[(?P<shown>{LABEL})\]\[(?P<key>[^\[\]]{{0,100}})\]"
    r"|(?<!`)(?P<ticks>`{1,20})(?!`)(?P<code>[^\n]{1,300}?)(?<!`)(?P=ticks)(?!`)"
    r"|<!--[ \t]{0,4}at revision (?P<revision>[0-9a-f]{40})[ \t]{0,4}-->"
    r"|<[aA]\s[^<>]{0,300}?(?i:href)\s?=\s?[\"']?(?P<href>[^\s\"'<>]{0,600})[^<>]{0,300}>"
    r"(?P<inner>(?:[^<>]|<(?!/?[aA]\b)[^<>]{0,300}>){0,300})</[aA]\s?>"
    rf"|<https?://(?P<pointed>{REST})>"
    rf"|https?://(?P<address>{REST})"
    r"|<[/a-zA-Z][^<>]{0,300}>"
    r"|\*\**|__*(?![A-Za-z0-9_])|_(?<![A-Za-z0-9]_)_*"
    r"|&[a-z]{2,8};|&#\d{1,6};"
    r"|\\[\\`*{}\[\]()#+.!|~-]"
)
WORD = re.compile(r"[\w~.@:\\/-]+")
SPACE = re.compile(r"[ \t\r\f\v]{2,}|\t|[ \t]+$", re.MULTILINE)
MODEL = re.compile(r"[^\s/\\]{0,100}[/\\]\S{0,300}|(?=\S{0,99}\d)\S{1,99}-\S{1,99}")
DRIVE = re.compile(r"[A-Za-z]:[\\/]")
NEIGHBOUR = re.compile(
    r"/[\w.-]{1,96}/(?!.*\.(?:png|jpe?g|gif|svg|webp|md|py|ipynb|json|txt|pdf|html?|ya?ml|csv)/?$)"
    r"[\w.-]{1,96}/?"
)
"""An address from the root of the Hub, where the page of a card stands."""
NOISE = "*_` \t\n"
BEHIND = ".,;:-\\"


@dataclass(frozen=True, slots=True)
class Name:
    """What may name a model: its `text`, and the `url` of a link; `code` and links are meant."""

    text: str
    url: str | None = None
    code: bool = False


@dataclass(frozen=True, kw_only=True)
class Flat:
    """The words, and the names that stand at each OBJECT in them, with revisions by number."""

    words: str
    names: tuple[Name, ...]
    revisions: dict[int, str]

    @cached_property
    def lower(self) -> str:
        """The words in small letters, each at its own place, fine-tuned as one word."""
        small = self.words.lower()
        if len(small) != len(self.words):
            small = "".join(c.lower() if len(c.lower()) == 1 else c for c in self.words)
        return small.replace("fine tun", "fine-tun").replace("pre trained", "pre-trained")

    @cached_property
    def places(self) -> list[int]:
        """Where each name stands."""
        return [found.start() for found in re.finditer(OBJECT, self.words)]

    def at(self, place: int) -> Name:
        """The name at a place."""
        return self.names[bisect_left(self.places, place)]

    @cached_property
    def _ends(self) -> list[int]:
        return [found.start() for found in re.finditer("\n", self.words)]

    def line(self, at: int) -> int:
        """The line of a place, from 1."""
        return bisect_left(self._ends, at) + 1

    def shown(self, begin: int, end: int) -> str:
        """The words between two places as a reader saw them, on one line."""
        number = bisect_left(self.places, begin)
        parts = self.words[begin:end].split(OBJECT)
        names = [name.text for name in self.names[number : number + len(parts) - 1]]
        both = [part for pair in zip(parts, [*names, ""], strict=True) for part in pair]
        return " ".join("".join(both).replace(ITEM, " ").split())


def flatten(text: str) -> Flat:
    """The plain words of a card that has no code and no comments any more."""
    text, links = resolved(text)
    reader = _Reader(links=links)
    text = LEAD.sub(_lead, text.replace("\\_", "_"))
    at = 0
    for found in MARKUP.finditer(text):
        reader.plain(text[at : found.start()])
        reader.markup(found)
        at = found.end()
    reader.plain(text[at:])
    words = SPACE.sub(_one_space, "".join(reader.parts))
    return Flat(words=words, names=tuple(reader.names), revisions=reader.revisions)


def _tag(text: str) -> str:
    """What a tag leaves: what begins a cell, a term or an item divides as it does in markdown."""
    name = CELL.match(text)
    if name is None:
        return " "
    return f" {ITEM} " if name[1].lower() == "li" else " | "


def _lead(found: re.Match[str]) -> str:
    return f"{ITEM} " if found["item"] else "# " if found["head"] else ""


def _one_space(found: re.Match[str]) -> str:
    return "" if found.end() == len(found.string) or found.string[found.end()] == "\n" else " "


@dataclass(slots=True, kw_only=True)
class _Reader:
    """What was read so far, in parts that come out as words."""

    links: dict[str, str]
    parts: list[str] = field(default_factory=list)
    names: list[Name] = field(default_factory=list)
    revisions: dict[int, str] = field(default_factory=dict)

    def plain(self, text: str) -> None:
        """Words without markup, and the names among them."""
        at, old = 0, renames()
        for found in WORD.finditer(text):
            word = found[0]
            if "/" in word or "\\" in word or word.rstrip(BEHIND) in old:
                label, colon, bare = word.partition(":")
                begin = found.start()
                if colon and bare and not (DRIVE.match(word) or on_hub(word)):
                    word, begin = bare, begin + len(label) + 1
                word = word.rstrip(BEHIND)
                if word.strip("/\\.~"):
                    self.parts.append(text[at:begin])
                    self.name(Name(word))
                    at = begin + len(word)
        self.parts.append(text[at:])

    def name(self, name: Name) -> None:
        """One more name."""
        self.parts.append(OBJECT)
        self.names.append(name)

    def markup(self, found: re.Match[str]) -> None:
        """What one piece of markup leaves."""
        kind = found.lastgroup
        if kind in ("url", "inner", "key"):
            label, url = self._link(found)
            self.link(TAG.sub(r"\1", label).strip(NOISE), unescape(url))
            self.parts.append(blank(found[0]))
        elif kind == "code":
            self.code(found[kind].strip())
        elif kind in ("pointed", "address"):
            url = "https://" + found[kind].rstrip(BEHIND + "!?")
            self.parts.append(" ")
            if on_hub(url):
                self.name(Name(url, url))
            self.parts.append(found[kind][len(url) - 8 :])
        elif kind == "revision":
            self.revisions.setdefault(len(self.names) - 1, found["revision"])
        elif found[0].startswith("\\"):
            self.parts.append(found[0][1])
        elif found[0].startswith("&"):
            self.parts.append(" ".join(unescape(found[0]).split()) or " ")
        elif found[0].startswith("<"):
            self.parts.append(_tag(found[0]) + blank(found[0]))

    def _link(self, found: re.Match[str]) -> tuple[str, str]:
        if found["url"] is not None:
            return found["label"], found["url"]
        if found["href"] is not None:
            return found["inner"], found["href"]
        return found["shown"], self.links.get(key(found["key"] or found["shown"]), "#")

    def link(self, label: str, url: str) -> None:
        """A link: a name where it leads to the Hub or nowhere, else the words of its label."""
        if NEIGHBOUR.fullmatch(url) and url.strip("/") != label:
            url = f"https://huggingface.co{url}"
        if not url or on_hub(url) or url.strip("/") == label or url.strip("./") in renames():
            self.name(Name(label, url))
        else:
            self.parts.append(label.replace("*", "").replace("`", "").replace("\n", " "))

    def code(self, text: str) -> None:
        """Code within a line: a name, or words like others."""
        if text in renames() or MODEL.fullmatch(text):
            self.name(Name(text, code=True))
        else:
            self.parts.append(text)
