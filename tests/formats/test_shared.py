"""What equal bytes were read as is made once, is the same for all who ask, and has a bound."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError

import pytest

from provenance.errors import Malformed
from provenance.formats.parsed import HEADERS, Parsed
from provenance.formats.shared import SHARE, Shared
from provenance.model import Content, Kind
from provenance.replay import loads
from tests import forge
from tests.bench import mix, verdicts

MOST = 80
EACH = MOST // SHARE


@pytest.fixture
def shared() -> Shared[str]:
    return Shared(MOST)


def asked(shared: Shared[str], *keys: str, size: int = EACH) -> int:
    """How many values had to be made for these keys in turn."""
    before = shared.made
    for key in keys:
        assert shared.of(key, size, f"value of {key}".strip) == f"value of {key}"
    return shared.made - before


@pytest.mark.parametrize(
    ("keys", "size", "made"),
    [
        pytest.param("aaaa", EACH, 1, id="the same is made once"),
        pytest.param("abab", EACH, 2, id="others are others"),
        pytest.param("abcdefgh" * 2, EACH, 8, id="what fits is kept"),
        pytest.param(
            "abcdefghi" * 2, EACH, 18, id="what does not fit goes, the longest unasked first"
        ),
        pytest.param("abcdefghaia", EACH, 9, id="what was asked for stays"),
        pytest.param("aa", EACH + 1, 2, id="what is too large for its share is not kept"),
        pytest.param("ab" * 100, 0, 2, id="nothing weighs nothing"),
    ],
)
def test_values_are_made_once_and_as_many_kept_as_fit(
    shared: Shared[str], keys: str, size: int, made: int
) -> None:
    assert asked(shared, *keys, size=size) == made
    assert shared.size <= MOST


def test_a_defect_is_told_to_everybody_and_never_kept(shared: Shared[str]) -> None:
    def refuse() -> str:
        raise Malformed("no header")

    for _ in range(2):
        with pytest.raises(Malformed, match="no header"):
            shared.of("a", EACH, refuse)
    assert asked(shared, "a") == 1


def test_threads_may_ask_for_the_same(shared: Shared[str]) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: shared.of(n % 20, EACH, lambda: f"{n % 20}"), range(2_000)))
    assert found == [f"{n % 20}" for n in range(2_000)]
    assert shared.size <= MOST


def test_the_same_head_of_a_file_of_another_size_is_read_again() -> None:
    head = forge.header(16)
    whole, cut = (
        Parsed(content=Content(path="m", kind=Kind.SAFETENSORS, head=head), size=len(head) + body)
        for body in (16, 15)
    )
    assert not isinstance(whole.safetensors, Malformed)
    assert isinstance(cut.safetensors, Malformed)
    with pytest.raises(FrozenInstanceError):
        object.__getattribute__(whole.safetensors, "__setattr__")("length", 1)


def test_each_head_is_read_once_a_model_and_verdicts_are_the_same_as_without() -> None:
    documents, known = [text.encode() for text in mix.models(10)], verdicts.registry()
    alone, heads = [], []
    for document in documents:
        verdicts.forget()
        before = HEADERS.made
        alone.append(verdicts.verdict(document, known))
        heads.append((HEADERS.made - before, len(_heads(document))))
    assert [made for made, _ in heads] == [held for _, held in heads]
    assert verdicts.sharing(documents, known) == alone
    assert len({verdict.result for verdict in alone}) > 1


def _heads(document: bytes) -> set[tuple[bytes, int]]:
    """The different heads of a stored model and of its ancestors."""
    found = loads(document)
    every = (found, *(one.evidence for one in found.ancestors if one.evidence))
    return {
        (content.head, evidence.manifest.by_path[content.path].size)
        for evidence in every
        for content in evidence.contents
        if content.kind is Kind.SAFETENSORS
    }
