"""What a repository says of its parents and its training: every place asked, by one reader each.

What they say is written by whoever uploads. It may convict, and never acquits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain, islice

from provenance.claims import headers, recipe, settings
from provenance.claims.card import card
from provenance.claims.claim import Claim, MethodClaim, Unread
from provenance.claims.configuration import is_configuration
from provenance.claims.methods import of_class
from provenance.claims.named import RELATIONS, named
from provenance.claims.places import placed, rows
from provenance.errors import Malformed
from provenance.formats.content import is_card
from provenance.formats.encoding import wide
from provenance.formats.names import name_of, suffix_of
from provenance.formats.parsed import Parsed, parsed
from provenance.model import Content, Evidence, Facts, Kind, Observation

Reader = Callable[[Parsed], Iterator[Claim]]
THE_HUB = "the Hub"
BY_NAME: dict[str, Reader] = {
    "args.json": settings.run,
    "axolotl.yaml": recipe.methods,
    "axolotl.yml": recipe.methods,
    "axolotl_config.yaml": recipe.methods,
    "axolotl_config.yml": recipe.methods,
    "llamaboard_config.yaml": recipe.methods,
    "mergekit_config.yaml": recipe.merge,
    "mergekit_config.yml": recipe.merge,
    "mergekit_moe_config.yaml": recipe.merge,
    "mergekit_moe_config.yml": recipe.merge,
    "trainer_state.json": settings.trainer_state,
    "training_args.yaml": recipe.methods,
    "training_args.yml": recipe.methods,
    "training_params.json": settings.run,
}
BY_KIND: dict[Kind, Reader] = {
    Kind.SAFETENSORS: headers.safetensors_metadata,
    Kind.GGUF: headers.gguf_keys,
}
RECIPES = (".yaml", ".yml")
"""A recipe may have any name."""

ARGUMENTS = "training_args.bin"
MAX_OF_FILE = 2_000
MAX_OF_MODEL = 20_000


def parent_claims(
    evidence: Evidence, files: Mapping[str, Parsed] | None = None
) -> tuple[Claim, ...]:
    """Everything the selected files and the Hub say of parents and methods, in path order.

    Of one file 2,000 claims are read, and of all of them 20,000; what says more is Unread.
    `files` are those of the evidence, if somebody has begun to parse them.
    """
    claims = (
        claim
        for file in (parsed(evidence) if files is None else files).values()
        if file.path in evidence.manifest.by_path
        for claim in _most(_read(file), MAX_OF_FILE, file.path)
    )
    found = list(_most(claims, MAX_OF_MODEL, evidence.ref.text))
    found += _arguments(evidence.observations)
    found += of_hub(evidence.facts)
    return tuple(dict.fromkeys(found))


def _most(claims: Iterator[Claim], most: int, path: str) -> Iterator[Claim]:
    """So many of them, and a word where there are more."""
    yield from islice(claims, most)
    if next(claims, None):
        detail = f"the repository names more parents than the {most} that are read"
        yield Unread(path=path, detail=detail)


def _read(file: Parsed) -> Iterator[Claim]:
    reader = _reader(file.content)
    if reader is None or not file.size:
        return
    head, path = file.content.head, file.path
    if not head:
        yield Unread(path=path, detail="it was not read, and may speak of parents")
        return
    if is_card(path) and len(head) < file.size:
        detail = f"only its first {len(head)} of {file.size} bytes were read"
        yield Unread(path=path, detail=detail)
    if is_card(path) and (written := wide(head)):
        detail = f"it is written in {written}, and may speak of parents: store it as UTF-8"
        yield Unread(path=path, detail=detail)
        return
    try:
        yield from reader(file)
    except Malformed as error:
        yield Unread(path=path, detail=str(error))


def _reader(content: Content) -> Reader | None:
    """The reader of a place."""
    if is_card(content.path):
        return lambda file: card(file.content)
    if content.kind in BY_KIND:
        return BY_KIND[content.kind]
    own = BY_NAME.get(name_of(content.path))
    if own is None and suffix_of(content.path) in RECIPES:
        own = recipe.by_its_keys
    if own is None and is_configuration(content.path):
        own = _configuration
    if not rows(content.path):
        return own
    return lambda file: chain(placed(file), own(file) if own else ())


def _configuration(file: Parsed) -> Iterator[Claim]:
    """What cannot be read as a configuration is the matter of another check."""
    try:
        yield from settings.configuration(file)
    except Malformed:
        return


def places_read(evidence: Evidence, files: Mapping[str, Parsed] | None = None) -> tuple[str, ...]:
    """The places that were read for what they may say of parents: files, and the Hub's answer."""
    held = (parsed(evidence) if files is None else files).values()
    inside = evidence.manifest.by_path
    read = [file for file in held if file.path in inside and file.content.head]
    named = (file.path for file in read if _reader(file.content))
    return (*named, *([THE_HUB] if evidence.facts else []))


def _arguments(observations: tuple[Observation, ...]) -> Iterator[Claim]:
    """The class of the arguments that a trainer pickled beside the model tells its method."""
    for seen in observations:
        if seen.code == "pickle-import" and name_of(seen.path) == ARGUMENTS:
            kind = seen.detail.rpartition(".")[2]
            if found := of_class(seen.detail):
                methods, known = found
                yield MethodClaim(
                    path=seen.path, key=kind, methods=methods, trace=True, known=known
                )


def of_hub(facts: Facts | None) -> Iterator[Claim]:
    """The Hub's own copy of the card, which it has even where the card was not selected."""
    place = Content(path=THE_HUB, kind=Kind.TEXT)
    for text in facts.parents if facts else ():
        relation = facts.relation if facts and facts.relation in RELATIONS else None
        yield named(place, "base_model", text, relation=relation)
