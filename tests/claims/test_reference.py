"""What a text that names a model means."""

from __future__ import annotations

import pytest

from provenance import names
from provenance.claims.reference import reference, renamed, renames


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("bert-base-uncased", "google-bert/bert-base-uncased"),
        ("distilgpt2", "distilbert/distilgpt2"),
        ("gpt2", "openai-community/gpt2"),
        ("xlm-roberta-base", "FacebookAI/xlm-roberta-base"),
        ("t5-small", "google-t5/t5-small"),
        ("albert-base-v2", "albert/albert-base-v2"),
        ("xlnet-base-cased", "xlnet/xlnet-base-cased"),
        ("transfo-xl-wt103", "transfo-xl/transfo-xl-wt103"),
        ("camembert-base", "almanach/camembert-base"),
        ("ctrl", "Salesforce/ctrl"),
        ("bert-base-klingon", "bert-base-klingon"),
        ("acme/gpt2", "acme/gpt2"),
    ],
)
def test_a_bare_name_of_old_has_the_name_it_was_moved_to(old: str, new: str) -> None:
    assert renamed(old) == new


def test_every_old_name_is_read_as_one_and_leads_into_a_namespace() -> None:
    assert len(renames()) >= 65
    for old, new in renames().items():
        assert reference(old).repo == old
        assert names.is_repo(new)
        assert new.endswith(f"/{old}")
