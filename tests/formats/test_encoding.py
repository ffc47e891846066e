"""Small text files in odd encodings: said in words, whatever reads them."""

from __future__ import annotations

import json

import pytest

from provenance.errors import Malformed
from provenance.formats import json as strict
from provenance.judgement import judge
from provenance.verdict import Outcome
from tests.bench.growth import POLICY, REGISTRY
from tests.claims.models import evidence

ENCODINGS = {
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "utf-32": "UTF-32",
    "utf-32-be": "UTF-32",
    "latin-1": "Latin-1",
    "utf-8-sig": "byte order mark",
}
CONFIGURATION = json.dumps(
    {"base_model_name_or_path": "evil/base", "note": "é"}, ensure_ascii=False
)
FILES = {
    "README.md": "---\nbase_model: evil/base\nnote: é\n---\n# é\n",
    "adapter_config.json": CONFIGURATION,
    "config.json": CONFIGURATION,
    "model.safetensors.index.json": '{"weight_map": {"é": "model.safetensors"}}',
    "trainer_state.json": '{"log_history": [{"é": 1}]}',
    "mergekit_config.yaml": "models:\n- model: evil/base # é\n",
    "chat_template.jinja": "{{ 'é' | attr('__class__') }}",
    "tokenizer_config.json": '{"chat_template": "é"}',
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("path", FILES)
def test_no_encoding_is_silence(path: str, encoding: str) -> None:
    given = evidence({path: FILES[path].encode(encoding), "model.txt": b"x"})
    found = [f for f in judge(given, POLICY, REGISTRY).findings if f.outcome is not Outcome.PASS]
    assert any(f.where == path or path in f.message for f in found)


@pytest.mark.parametrize(("encoding", "words"), ENCODINGS.items())
def test_the_words_name_what_it_may_be(encoding: str, words: str) -> None:
    with pytest.raises(Malformed, match=words):
        strict.loads(CONFIGURATION.encode(encoding))


def test_a_card_in_another_encoding_is_not_read_and_said_so() -> None:
    given = evidence({"README.md": FILES["README.md"].encode("utf-16")})
    found = {f.rule: f.message for f in judge(given, POLICY, REGISTRY).findings}
    assert "UTF-16" in found["ancestry/unreadable"]
