"""What a repository says of its parents and its training: every place asked, by one reader each.

What they say is written by whoever uploads. It may convict, and never acquits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from provenance.claims import headers, recipe, settings
from provenance.claims.card import card
from provenance.claims.claim import Claim, MethodClaim, Unread
from provenance.claims.configuration import is_configuration
from provenance.claims.methods import BY_CLASS
from provenance.claims.named import RELATIONS, named
from provenance.errors import Malformed
from provenance.formats.content import is_card
from provenance.formats.encoding import wide
from provenance.formats.names import name_of
from provenance.model import Content, Evidence, Facts, Kind, Observation

THE_HUB = "the Hub"
BY_NAME: dict[str, Callable[[Content], Iterator[Claim]]] = {
    "adapter_config.json": settings.adapter,
    "axolotl.yaml": recipe.settings,
    "axolotl.yml": recipe.settings,
    "axolotl_config.yaml": recipe.settings,
    "axolotl_config.yml": recipe.settings,
    "mergekit_config.yaml": recipe.merge,
    "mergekit_config.yml": recipe.merge,
    "mergekit_moe_config.yaml": recipe.merge,
    "mergekit_moe_config.yml": recipe.merge,
    "quantize_config.json": settings.quantisation,
    "trainer_state.json": settings.trainer_state,
    "training_args.yaml": recipe.settings,
    "training_args.yml": recipe.settings,
}
BY_KIND: dict[Kind, Callable[[Content, int], Iterator[Claim]]] = {
    Kind.SAFETENSORS: headers.safetensors_metadata,
    Kind.GGUF: headers.gguf_keys,
}
ARGUMENTS = "training_args.bin"
MAX_OF_FILE = 2_000
MAX_OF_MODEL = 20_000


def parent_claims(evidence: Evidence) -> tuple[Claim, ...]:
    """Everything the selected files and the Hub say of parents and methods, in path order.

    Of one file 2,000 claims are read, and of all of them 20,000; what says more is Unread.
    """
    claims = (
        claim
        for content in evidence.contents
        for claim in _most(_read(content, evidence), MAX_OF_FILE, content.path)
    )
    found = list(_most(claims, MAX_OF_MODEL, evidence.ref.text))
    found += _arguments(evidence.observations)
    found += of_hub(evidence.facts)
    return tuple(dict.fromkeys(found))


def _most(claims: Iterator[Claim], most: int, path: str) -> Iterator[Claim]:
    """So many of them, and a word where there are more."""
    yield from islice(claims, most)
    if next(claims, None):
        yield Unread(path=path, detail=f"it says more of its parents than the {most} things read")


def _read(content: Content, evidence: Evidence) -> Iterator[Claim]:
    reader = _reader(content)
    file = evidence.manifest.by_path.get(content.path)
    if reader is None or file is None or not file.size:
        return
    if not content.head:
        yield Unread(path=content.path, detail="it was not read, and may speak of parents")
        return
    if is_card(content.path) and len(content.head) < file.size:
        detail = f"only its first {len(content.head)} of {file.size} bytes were read"
        yield Unread(path=content.path, detail=detail)
    if is_card(content.path) and (written := wide(content.head)):
        detail = f"it is written in {written}, and may speak of parents: store it as UTF-8"
        yield Unread(path=content.path, detail=detail)
        return
    try:
        yield from reader(content, file.size)
    except Malformed as error:
        yield Unread(path=content.path, detail=str(error))


def _reader(content: Content) -> Callable[[Content, int], Iterator[Claim]] | None:
    """The reader of a place, given a file and its size."""
    if content.kind in BY_KIND:
        # What is wrong with a header is the matter of another check.
        reader = BY_KIND[content.kind]
        return lambda content, size: _quietly(reader, content, size)
    if is_card(content.path):
        return lambda content, _: card(content)
    if named_one := BY_NAME.get(name_of(content.path)):
        return lambda content, _: named_one(content)
    if is_configuration(content.path):
        return lambda content, _: _quietly(lambda c, _: settings.configuration(c), content, 0)
    return None


def _quietly(
    reader: Callable[[Content, int], Iterator[Claim]], content: Content, size: int
) -> Iterator[Claim]:
    try:
        yield from reader(content, size)
    except Malformed:
        return


def _arguments(observations: tuple[Observation, ...]) -> Iterator[Claim]:
    """The class of the arguments that a trainer pickled beside the model tells its method."""
    for seen in observations:
        if seen.code == "pickle-import" and name_of(seen.path) == ARGUMENTS:
            kind = seen.detail.rpartition(".")[2]
            if kind in BY_CLASS:
                yield MethodClaim(path=seen.path, key=kind, method=BY_CLASS[kind], trace=True)


def of_hub(facts: Facts | None) -> Iterator[Claim]:
    """The Hub's own copy of the card, which it has even where the card was not selected."""
    place = Content(path=THE_HUB, kind=Kind.TEXT)
    for text in facts.parents if facts else ():
        relation = facts.relation if facts and facts.relation in RELATIONS else None
        yield named(place, "base_model", text, relation=relation)
