"""One subject after another: template, tokenizer, tokens, settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from provenance.claims.files import ModelFiles
from provenance.drift.architecture import DECIDING, architecture, ends
from provenance.drift.settings import CONFIG, generation, images, quantisation
from provenance.drift.templates import Template, added, is_one_program, templates
from provenance.drift.tokens import files_of_tokenizer, in_headers, tokens

TEMPLATE = "chat template"
TOKENIZER = "tokenizer"
TOKENS = "added and special tokens"
GENERATION = "generation settings"
QUANTISATION = "quantisation settings"
ARCHITECTURE = "architecture"
ENDS = "numbers of the tokens that begin and end a text"
IMAGES = "image settings"
SHOWN, SENTENCES = 4, 3
LONG, LONG_SENTENCE = 120, 160
ABSENT = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """One thing beside the weights of a model, by its parent's.

    `words` say what differs and are empty where nothing does; `path` is the file of the model in
    which it stands. `added` are sentences that the model's template has and the parent's has not.
    """

    subject: str
    words: str = ""
    path: str = ""
    added: tuple[str, ...] = ()
    replaced: bool = False

    @property
    def equal(self) -> bool:
        """Whether nothing differs in what it does."""
        return not self.words

    @property
    def quoted(self) -> str:
        """The first sentences that were added, in quotes, and how many more there are."""
        shown = " ".join(f"{text!r:.{LONG_SENTENCE}}" for text in self.added[:SENTENCES])
        more = len(self.added) - SENTENCES
        return f"{shown} and {more} more" if more > 0 else shown


def drift(child: ModelFiles, parent: ModelFiles) -> tuple[Beside, ...]:
    """Each subject that both models, or one of them, have; none of what neither has."""
    found = (
        _template(templates(child), templates(parent)),
        _tokenizer(child, parent),
        _settings(TOKENS, *tokens(child, parent)),
        _settings(GENERATION, *generation(child, parent)),
        _architecture(child, parent),
        _stated(ENDS, *ends(child, parent)),
        _stated(IMAGES, images(child), images(parent)),
        _settings(QUANTISATION, quantisation(child), quantisation(parent)),
    )
    return tuple(one for one in found if one)


def _template(ours: tuple[Template, ...], theirs: tuple[Template, ...]) -> Beside | None:
    if not ours and not theirs:
        return None
    if not theirs or not ours:
        here, gone = ("has one", "none") if ours else ("has none", "one")
        path = ours[0].path if ours else ""
        words = f"the model {here}, the parent {gone}"
        return Beside(subject=TEMPLATE, words=words, path=path, added=added(ours, theirs))
    other = [one for one in ours if not any(is_one_program(one, it) for it in theirs)]
    if not other:
        return Beside(subject=TEMPLATE, path=ours[0].path)
    more = added(other, theirs)
    words = f"{other[0].name!r:.{LONG}} is another program than the parent's"
    return Beside(subject=TEMPLATE, words=words, path=other[0].path, added=more, replaced=True)


def _tokenizer(child: ModelFiles, parent: ModelFiles) -> Beside | None:
    """By the digests of the files that both have, and which the model alone has; what stands in
    files of other names, or in a header, is not read."""
    ours, theirs = files_of_tokenizer(child), files_of_tokenizer(parent)
    shared = sorted(ours.keys() & theirs.keys())
    other = [path for path in shared if ours[path] != theirs[path]]
    more = sorted(ours.keys() - theirs.keys())
    if not theirs or (not ours and in_headers(child)):
        return None
    if not ours:
        return Beside(subject=TOKENIZER, words=f"the model has none, the parent {_some(theirs)}")
    if not shared:
        words = f"{_some(ours)}, and the parent has {_some(theirs)}: other files are not compared"
        return Beside(subject=TOKENIZER, words=words, path=more[0])
    said = (
        [f"{_some(other)} {'is' if len(other) == 1 else 'are'} not the parent's"] if other else []
    )
    said += [f"the parent has no {_some(more)}"] if more else []
    return Beside(subject=TOKENIZER, words=", and ".join(said), path=[*other, *more, *shared][0])


def _some(paths: Iterable[str]) -> str:
    return ", ".join(sorted(paths)[:SHOWN])


def _settings(
    subject: str, ours: Mapping[str, object], theirs: Mapping[str, object]
) -> Beside | None:
    """Each key whose value is another; what one of the two formats cannot say is left out."""
    if not ours and not theirs:
        return None
    keys = dict.fromkeys((*ours, *theirs))
    other = [key for key in keys if ours.get(key, ABSENT) != theirs.get(key, ABSENT)]
    said = [f"{key} {_shown(theirs, key)} → {_shown(ours, key)}" for key in other[:SHOWN]]
    more = f", and {len(other) - SHOWN} more" if len(other) > SHOWN else ""
    replaced = any(key in ours and key in theirs for key in other)
    return Beside(subject=subject, words=f"{', '.join(said)}{more}", replaced=replaced)


def _architecture(child: ModelFiles, parent: ModelFiles) -> Beside | None:
    """`replaced` where both state one of the values that make another function of the same weights,
    and the model's is another; those are told first."""
    ours, theirs = architecture(child, parent)
    both = [key for key in ours if key in theirs and ours[key] not in (theirs[key], None)]
    decides = sorted(key for key in both if DECIDING.fullmatch(key))
    order = dict.fromkeys((*decides, *both, *ours))
    found = _settings(ARCHITECTURE, {key: ours[key] for key in order}, theirs)
    return found and replace(found, path=CONFIG if ours else "", replaced=bool(decides))


def _stated(
    subject: str, ours: Mapping[str, object], theirs: Mapping[str, object]
) -> Beside | None:
    """The same as of settings, of which nothing is told where one of the two states none."""
    return _settings(subject, ours, theirs) if ours and theirs else None


def _shown(table: Mapping[str, object], key: str) -> str:
    return f"{table[key]!r:.{LONG}}" if key in table else "none"
