"""What the sentences of a card say of the parents."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from provenance.claims.card.flat import ITEM, OBJECT, Flat
from provenance.claims.card.hints import QUOTED, is_hint
from provenance.claims.card.lists import Lists
from provenance.claims.card.names import Meaning, meaning
from provenance.claims.card.phrases import Phrase
from provenance.claims.card.reading import denied, phrases
from provenance.claims.card.sections import Sections
from provenance.claims.card.words import OPENINGS, WINDOW
from provenance.claims.claim import Claim, Mention, ParentClaim, Unread
from provenance.claims.named import named, nameless
from provenance.model import Content

PROGRAMS = frozenset(
    {"fine-tuned version of", "finetuned from", "finetune of", "quantized from", "as a base"}
)
"""The phrases of programs that write them of whatever was loaded, without a name too."""

MAX_NAMES = 10_000
MAX_MENTIONS = 5
MAX_LOOKED_AT = 1_000
"""How many names that nothing reads are looked at for a hint."""
FOLLOWS = re.compile(
    rf"(?:[ \n](?:models?|weights|checkpoint|\([^()\n]{{0,40}}\)))?[\])\"'\u201d]{{0,2}}"
    rf"(?:,?[ \n](?:and|with|&|\+)[ \n](?:the )?|,[ \n]?|[ ]?\+[ ]?|[ ]?/[ ]?|\n{ITEM} )"
    r"[\[(\"'\u201c]{0,2}"
)
"""What stands between two models that one phrase names."""
ENDS = re.compile(rf"[.!?;][ \n]|\n{{2,}}|\n(?=[{ITEM}#|])|\|")
ELSEWHERE = ("#", *OPENINGS)
SUBJECT = re.compile(
    rf"((?:the |our )?(?:[\w-]{{1,20}} ){{0,2}}[\[(\"']?){OBJECT}[\])\"']?(?: model)? (?:is|was)\b"
)
"""How a sentence about another model begins, up to its name."""
BASE = re.compile(
    r"(?:the |its |our )?(?:base|parent|original|foundation)(?: language)? model(?: itself)? "
    r"(?:is|was|has)\b"
)
"""How a sentence about the parent begins, where the card names one elsewhere."""
NAMING = frozenset({"base model", "original model"})
"""The phrases whose subject is the parent that they name."""
TRAINED = re.compile(
    r"\bthis is an?[ \n](?:[\w-]{1,30}[ \n]){0,3}(?:sentence-transformers|cross[ -]encoder|"
    r"sparse[ -]encoder|pylate|colbert|reranker)[ \n]model[ \n]trained\b"
)
"""What sentence-transformers writes of a model whose base it does not know, trained or not."""
SCRATCH = re.compile(r"\bthis model was trained from scratch on (?:the|an)\b")
"""What a Trainer writes of a model without a base, and of one that was loaded from a folder."""


def prose(
    content: Content, flat: Flat, declared: frozenset[str], quoted: frozenset[str]
) -> Iterator[Claim]:
    """The parents that sentences name, then what names a model in words that nothing reads.

    `declared` are the parents that the card's settings state, `quoted` those of its recipes.
    """
    reader = _Prose(content=content, flat=flat, declared=declared)
    claims = list(reader.claims())
    yield from claims
    known = declared | {claim.repo for claim in claims if claim.repo}
    if not known:
        yield from reader.unnamed()
    yield from reader.mentions(frozenset(name.lower() for name in known | quoted))
    if len(flat.names) > MAX_NAMES:
        yield Unread(path=content.path, detail=f"it names more models than the {MAX_NAMES} read")


@dataclass(kw_only=True)
class _Prose:
    content: Content
    flat: Flat
    declared: frozenset[str]
    read: set[int] = field(default_factory=set)
    unread: list[tuple[int, Meaning]] = field(default_factory=list)
    nameless: list[tuple[int, Phrase]] = field(default_factory=list)

    @cached_property
    def lists(self) -> Lists:
        """The lists of merged models."""
        return Lists.of(self.flat)

    @cached_property
    def sections(self) -> Sections:
        """The parts of the card."""
        return Sections.of(self.flat)

    def claims(self) -> Iterator[ParentClaim]:
        """A claim for each name that a phrase reads."""
        seen = set[tuple[str, str]]()
        for number, what, one in self._read():
            at = self.flat.places[number]
            if what.unnamed:
                self.nameless.append((at, one))
            elif (one.key, what.text) not in seen:
                seen.add((one.key, what.text))
                revision = self.flat.revisions.get(number)
                yield self._claim(at, what.text, one, revision)

    def _read(self) -> Iterator[tuple[int, Meaning, Phrase]]:
        """Each name that means a model, with the phrase that reads it."""
        last, one = 0, None
        for number, at in enumerate(self.flat.places[:MAX_NAMES]):
            what = meaning(self.flat.names[number])
            if what is None:
                continue
            found = self._phrase(at, linked=not what.loose)
            follows = one if one and self._follows(last, at) else None
            one = found or self.lists.phrase(at) or follows
            last = at
            if one and (one.key in PROGRAMS or not what.made):
                self.read.add(self._sentence(at))
                yield number, what, one
            else:
                self.unread.append((at, what))

    def _follows(self, last: int, at: int) -> bool:
        return at - last < WINDOW and bool(FOLLOWS.fullmatch(self.flat.lower, last + 1, at))

    def _phrase(self, at: int, *, linked: bool) -> Phrase | None:
        lower = self.flat.lower
        known = bool(self.declared)
        for one, begin in phrases(lower, at, linked=linked):
            if not one.label and self.sections.lists_child(at):
                continue
            if not denied(one, lower, self._sentence(begin), begin, at, declared=known):
                return one
        return None

    def _sentence(self, at: int) -> int:
        """Where the sentence of a place begins."""
        begin = max(0, at - WINDOW)
        ends = [end.end() for end in ENDS.finditer(self.flat.words, begin, at)]
        begin = ends[-1] if ends else begin
        heading = self.flat.words.startswith("# ", begin)
        return max(begin, self.flat.words.find("\n", begin, at) + 1) if heading else begin

    def _subject(self, at: int, one: Phrase) -> str:
        """The declared parent that a sentence speaks of, if it does: it has a parent of its own."""
        begin = self._sentence(at)
        spoken_of = one.key not in NAMING and BASE.match(self.flat.lower, begin, at)
        if len(self.declared) == 1 and spoken_of:
            return next(iter(self.declared))
        found = SUBJECT.match(self.flat.lower, begin, at)
        what = meaning(self.flat.at(found.end(1))) if found else None
        repo = what.found.repo if what else None
        return repo if repo and repo in self.declared else ""

    def _claim(self, at: int, text: str, one: Phrase, revision: str | None = None) -> ParentClaim:
        claim = named(
            self.content,
            one.key,
            text,
            relation=one.relation,
            revision=revision,
            line=self.flat.line(at),
            of=self._subject(at, one) if self.declared else "",
        )
        return replace(claim, spoken=True)

    def unnamed(self) -> Iterator[ParentClaim]:
        """The first place that speaks of a parent without its name."""
        if self.nameless:
            at, one = self.nameless[0]
            yield nameless(self._claim(at, "None", one))
        elif found := TRAINED.search(self.flat.lower):
            one = Phrase(key="trained", relation="finetune")
            yield replace(nameless(self._claim(found.start(), found[0], one)), hint=True)
        elif found := SCRATCH.search(self.flat.lower):
            one = Phrase(key="trained from scratch", relation=None)
            yield replace(nameless(self._claim(found.start(), found[0], one)), hint=True)

    def mentions(self, known: frozenset[str]) -> Iterator[Mention]:
        """The first sentences that name a model in other words, each once."""
        quotes: dict[str, Mention] = {}
        for at, what in self.unread[:MAX_LOOKED_AT]:
            repo = what.found.repo
            if len(quotes) >= MAX_MENTIONS or not repo or repo.lower() in known:
                continue
            begin = self._sentence(at)
            end = ENDS.search(self.flat.words, at, at + WINDOW)
            stop = end.start() if end else at + WINDOW
            elsewhere = ELSEWHERE if known else "#"
            if begin in self.read or self.flat.lower.startswith(elsewhere, begin):
                continue
            if is_hint(what, self.flat.lower, begin, at, stop, known=bool(known)):
                quote, line = self.flat.shown(begin, stop)[:QUOTED], self.flat.line(at)
                one = Mention(path=self.content.path, line=line, quote=quote, repo=repo)
                quotes.setdefault(quote, one)
        yield from quotes.values()
