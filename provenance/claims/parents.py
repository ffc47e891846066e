"""Where a repository speaks of its parents: one reader for each place, and all of them asked.

What they say is written by whoever uploads. It may convict, and never acquits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from provenance.claims.claim import ParentClaim, Unread
from provenance.claims.reference import reference
from provenance.errors import Malformed
from provenance.formats import json, yaml
from provenance.formats.content import is_card
from provenance.formats.names import name_of
from provenance.model import Content, Evidence

THE_HUB = "the Hub"
RELATIONS = frozenset({"adapter", "finetune", "merge", "quantized"})
MAX_PARENTS = 1_000
TAG = "base_model:"

Claim = ParentClaim | Unread


def parent_claims(evidence: Evidence) -> tuple[Claim, ...]:
    """Everything the selected files and the Hub say of the model's parents, in path order."""
    found = [claim for content in evidence.contents for claim in _read(content, evidence)]
    return tuple(dict.fromkeys([*found, *_of_hub(evidence)]))


def _read(content: Content, evidence: Evidence) -> Iterator[Claim]:
    reader = _reader(content.path)
    file = evidence.manifest.by_path.get(content.path)
    if reader is None or file is None:
        return
    if file.size and not content.head:
        yield Unread(path=content.path, detail="it was not read, and may speak of parents")
        return
    try:
        yield from reader(content)
    except Malformed as error:
        yield Unread(path=content.path, detail=str(error))


def _reader(path: str) -> Callable[[Content], Iterator[Claim]] | None:
    if is_card(path):
        return _card
    return _adapter if name_of(path) == "adapter_config.json" else None


def _card(content: Content) -> Iterator[Claim]:
    """The front matter of a model card."""
    table = yaml.front_matter(content.head) or {}
    relation = table.get("base_model_relation")
    stated = relation if isinstance(relation, str) and relation in RELATIONS else None
    for text in _texts(table.get("base_model"), "base_model"):
        yield _claim(content.path, "base_model", text, relation=stated)
    tags = table.get("tags")
    for tag in tags if isinstance(tags, list) else ():
        if isinstance(tag, str) and tag.startswith(TAG):
            first, colon, rest = tag.removeprefix(TAG).partition(":")
            related = bool(colon) and first in RELATIONS
            text = rest if related else tag.removeprefix(TAG)
            yield _claim(content.path, "tags", text, relation=first if related else stated)


def _adapter(content: Content) -> Iterator[Claim]:
    """A PEFT adapter is loaded onto its base."""
    table = json.loads(content.head, constants=True)
    if not isinstance(table, dict):
        raise Malformed("no table")
    key = "base_model_name_or_path"
    revision = table.get("revision")
    for text in _texts(table.get(key), key):
        stated = revision if isinstance(revision, str) and revision else None
        yield _claim(content.path, key, text, relation="adapter", revision=stated)


def _of_hub(evidence: Evidence) -> Iterator[Claim]:
    """The Hub's own copy of the card, which it has even where the card was not selected."""
    facts = evidence.facts
    for text in facts.parents if facts else ():
        relation = facts.relation if facts and facts.relation in RELATIONS else None
        yield _claim(THE_HUB, "base_model", text, relation=relation)


def _texts(value: object, key: str) -> Iterator[str]:
    """The texts of one value or a list; an empty one says nothing, and another kind is no name."""
    items = value if isinstance(value, list) else [value]
    if len(items) > MAX_PARENTS:
        raise Malformed(f"{key}: {len(items)} parents, at most {MAX_PARENTS} are read")
    for item in items:
        if isinstance(item, str) and item.strip():
            yield item
        elif item is not None and not isinstance(item, str):
            raise Malformed(f"{key}: expected a name, found {item!r:.60}")


def _claim(
    path: str, key: str, text: str, *, relation: str | None, revision: str | None = None
) -> ParentClaim:
    found = reference(text)
    return ParentClaim(
        path=path,
        key=key,
        text=text[:512],
        repo=found.repo,
        revision=(found.revision or revision) if found.repo else None,
        relation=relation,
        reason=found.reason,
        likely=found.likely,
    )
