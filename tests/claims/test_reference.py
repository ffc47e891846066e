"""What a text that names a model means."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance import names
from provenance.claims.reference import (
    LOCAL_PATH,
    MAX_TEXT,
    NO_MODEL,
    UNNAMED,
    Reference,
    address,
    reference,
    renamed,
    renames,
)

COMMIT = "0123456789abcdef0123456789abcdef01234567"
TABLE = tomllib.loads(
    (Path(__file__).parent / "references.toml").read_text().replace("COMMIT", COMMIT)
)
REPOSITORIES = TABLE["repository"] | TABLE["of-old"] | TABLE["cache"]
PATHS = TABLE["local"] | TABLE["modelscope"] | TABLE["sentence-transformers"]


@pytest.mark.parametrize("text", REPOSITORIES)
def test_a_text_names_a_repository(text: str) -> None:
    repo, _, revision = REPOSITORIES[text].partition("@")
    assert reference(text) == Reference(repo=repo, revision=revision or None)


@pytest.mark.parametrize("text", PATHS)
def test_a_path_names_none_and_only_that_of_a_cache_has_a_likely_name(text: str) -> None:
    assert reference(text) == Reference(reason=LOCAL_PATH, likely=PATHS[text])


@pytest.mark.parametrize("text", TABLE["unnamed"]["texts"])
def test_what_stands_where_a_program_knew_no_name_names_none(text: str) -> None:
    assert reference(text) == Reference(reason=UNNAMED)


@pytest.mark.parametrize("text", TABLE["no-model"]["texts"])
def test_a_page_of_the_hub_may_be_no_models(text: str) -> None:
    assert reference(text) == Reference(reason=NO_MODEL)


@pytest.mark.parametrize("text", [*TABLE["none"]["texts"], "x" * (MAX_TEXT + 1)])
def test_anything_else_names_none(text: str) -> None:
    found = reference(text)
    assert found.repo is None
    assert found.reason not in ("", LOCAL_PATH, UNNAMED, NO_MODEL)


@given(st.text(max_size=200))
def test_no_text_is_too_odd(text: str) -> None:
    for found in (reference(text), address(text)):
        assert bool(found.repo) is not bool(found.reason)


@pytest.mark.parametrize(
    ("text", "repo"),
    [
        ("https://huggingface.co/org/name", "org/name"),
        ("https://huggingface.co/outputs/name", "outputs/name"),
        ("hf://org/name", "org/name"),
        ("https://hf-mirror.com/org/name", None),
        ("https://huggingface.co//data/models--org--name", None),
        ("hf://models--org--name", None),
        ("hf:///data/models--org--name", None),
    ],
)
def test_a_loader_is_led_to_the_hub_alone_and_to_no_cache(text: str, repo: str | None) -> None:
    assert address(text).repo == repo


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
