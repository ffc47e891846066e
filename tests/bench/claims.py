"""How much of what model cards say of their parents and methods is read, and how long a card takes.

`python -m tests.bench.claims --corpus PATH` (or PROVENANCE_CORPUS) prints recall and precision: of
front matter and of words against what huggingface_hub reads, of tests/claims/sentences.toml, and of
the cards that trainers wrote.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import ModelCard

from provenance.claims.card import card
from provenance.claims.claim import Claim, MethodClaim, ParentClaim
from provenance.claims.methods import MEANS
from provenance.claims.reference import reference, renamed
from provenance.model import Content, Kind
from tests.claims.test_sentences import parents, sentences

LINKED = re.compile(r"\]\(https?://(?:huggingface\.co|hf\.co)/([^)\s]+)\)")


@dataclass(kw_only=True)
class Score:
    """What was to be found, what was found, and how much of both is the same."""

    wanted: int = 0
    found: int = 0
    right: int = 0

    def add(self, wanted: Iterable[str], found: Iterable[str]) -> None:
        """The names of one card more."""
        expected, seen = set(wanted), set(found)
        self.wanted += len(expected)
        self.found += len(seen)
        self.right += len(expected & seen)

    def __str__(self) -> str:
        recall = self.right / self.wanted if self.wanted else 1.0
        precision = self.right / self.found if self.found else 1.0
        return f"recall {recall:.3f} of {self.wanted}, precision {precision:.3f} of {self.found}"


def read(text: str) -> list[Claim]:
    """What a card says."""
    return list(card(Content(path="README.md", kind=Kind.TEXT, head=text.encode())))


def names(claims: Iterable[Claim], *keys: str) -> set[str]:
    """The names of the parents in claims, those at certain keys alone if any are given."""
    found = (claim for claim in claims if isinstance(claim, ParentClaim) and claim.repo)
    return {canonical(claim.repo or "") for claim in found if not keys or claim.key in keys}


def canonical(name: str) -> str:
    """A name as names are compared here."""
    return renamed(name).lower()


def declared(text: str) -> tuple[set[str], str]:
    """The parents that the front matter of a card has for huggingface_hub, and the words below."""
    try:
        parsed = ModelCard(text, ignore_metadata_errors=True)
    except ValueError:
        return set(), text
    value = parsed.data.get("base_model")
    texts = value if isinstance(value, list) else [value]
    repos = (reference(one).repo for one in texts if isinstance(one, str))
    return {canonical(repo) for repo in repos if repo}, parsed.text


def linked(words: str, parents: set[str]) -> set[str]:
    """Those of the parents that the words link to."""
    return parents & {
        canonical(reference(f"hf.co/{to}").repo or "") for to in LINKED.findall(words)
    }


def methods(corpus: Path) -> Iterator[tuple[str, set[str]]]:
    """Of each card that a trainer of TRL wrote its method, and those that its words state."""
    for path in sorted((corpus / "reports" / "trainers").glob("trl-*/README.md")):
        method = path.parent.name.removeprefix("trl-")
        if method in MEANS:
            _, words = declared(path.read_text("utf-8"))
            claims = (claim for claim in read(words) if isinstance(claim, MethodClaim))
            yield method, {one for claim in claims for one in claim.methods}


def took(text: str) -> float:
    """Milliseconds that a card takes, the best of three."""
    best = float("inf")
    for _ in range(3):
        begin = time.perf_counter()
        read(text)
        best = min(best, time.perf_counter() - begin)
    return best * 1_000


def main() -> None:
    """Every figure, each with its size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, default=os.environ.get("PROVENANCE_CORPUS", ""))
    corpus = Path(parser.parse_args().corpus)
    texts = [path.read_text("utf-8") for path in sorted(corpus.glob("model_cards/*.md"))]
    front, prose, table, method = Score(), Score(), Score(), Score()
    for text in texts:
        wanted, words = declared(text)
        front.add(wanted, names(read(text), "base_model", "tags"))
        if told := linked(words, wanted):
            prose.add(told, names(read(words)))
    for sentence in sentences():
        table.add(sentence.parents, parents(sentence.text))
    for one, found in methods(corpus):
        method.add({one}, found)
    times = [took(text) for text in texts]
    print(f"front matter of {len(texts)} cards: {front}")
    print(f"words that link to a declared parent: {prose}")
    print(f"{len(sentences())} sentences: {table}")
    print(f"methods in the words of trainers: {method}")
    size = statistics.median(len(text.encode()) for text in texts)
    print(f"a card: median {statistics.median(times):.2f} ms of {size:.0f} bytes, ", end="")
    print(f"at most {max(times):.2f} ms of {len(texts[times.index(max(times))].encode())} bytes")


if __name__ == "__main__":
    main()
