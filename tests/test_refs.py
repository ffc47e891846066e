"""What people write for a model on a Hub, or in a store."""

from __future__ import annotations

import re

import pytest

from provenance.errors import ConfigError
from provenance.refs import in_store, is_hub_name, may_be_commit, parse

COMMIT = "c" * 40


@pytest.mark.parametrize(
    ("text", "repo", "revision"),
    [
        ("acme/bot", "acme/bot", None),
        ("acme/bot@main", "acme/bot", "main"),
        ("acme/bot@refs/pr/1", "acme/bot", "refs/pr/1"),
        ("hf://acme/bot@v1.2", "acme/bot", "v1.2"),
        ("https://huggingface.co/acme/bot", "acme/bot", None),
        ("https://huggingface.co/acme/bot/tree/v1", "acme/bot", "v1"),
        ("https://huggingface.co/acme/bot/blob/refs%2Fpr%2F1/x.md", "acme/bot", "refs/pr/1"),
        ("https://huggingface.co/acme/bot/raw/v1/README.md", "acme/bot", "v1"),
        ("https://huggingface.co/acme/bot/blame/v1/config.json", "acme/bot", "v1"),
        ("https://hf.co/acme/bot/commits/v1", "acme/bot", "v1"),
        ("https://huggingface.co/acme/bot/tree/refs/pr/1/sub", "acme/bot", "refs/pr/1"),
        ("https://huggingface.co/acme/bot/resolve/v1/x.bin?download=true", "acme/bot", "v1"),
        ("https://huggingface.co/api/models/acme/bot/revision/v1", "acme/bot", "v1"),
        ("https://huggingface.co/acme/bot.git", "acme/bot", None),
        ("https://huggingface.co/acme/bot/", "acme/bot", None),
        (f"acme/bot@{COMMIT}", "acme/bot", COMMIT),
    ],
)
def test_a_ref_is_understood(text: str, repo: str, revision: str | None) -> None:
    found = parse(text)
    assert (found.text, found.repo, found.revision) == (text, repo, revision)
    assert found.commit == (COMMIT if revision == COMMIT else None)
    assert is_hub_name(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("acme", "org/name"),
        ("acme/bot/x", "org/name"),
        ("acme/bot@", "branch, tag or commit"),
        ("acme/bot@a..b", "branch, tag or commit"),
        ("acme/bot@-x", "branch, tag or commit"),
        ("acme/bot@a b", "branch, tag or commit"),
        ("hf://datasets/acme/x", "models only"),
        ("https://huggingface.co/datasets/acme", "models only"),
        ("http://[::1", "org/name"),
        ("../acme/bot", "org/name"),
        ("https://github.com/acme/bot", "another host"),
        ("https://huggingface.co.example/acme/bot", "another host"),
        ("https://huggingface.co@example.org/acme/bot", "another host"),
        ("https://huggingface.co:8443/acme/bot", "another host"),
        ("https://huggingface.co/acme/bot/discussions/7", "names no revision"),
        ("https://huggingface.co/acme/bot/tree", "names no revision"),
        ("https://huggingface.co/acme/bot?revision=v1", "revision of its own"),
        ("https://huggingface.co/acme/bot/tree/v1?revision=v2", "revision of its own"),
    ],
)
def test_what_is_no_ref_is_refused(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        parse(text)


REGISTRIES = {
    "http://localhost:5000/models/bot": "oci://localhost:5000/models/bot",
    "https://registry.bank.example/models/bot": "oci://registry.bank.example/models/bot",
    "https://bank.example/models/bot:v1": "oci://bank.example/models/bot:v1",
    "https://ghcr.io/bank/bot/": "oci://ghcr.io/bank/bot",
    "https://github.com/acme/bot": "",
    "https://registry.bank.example/Models/Bot": "",
}


@pytest.mark.parametrize("text", REGISTRIES)
def test_an_address_of_a_registry_is_told_how_it_is_written(text: str) -> None:
    with pytest.raises(ConfigError, match="another host") as said:
        parse(text)
    assert str(said.value).partition(" oci:")[2] == REGISTRIES[text].removeprefix("oci:")


def test_a_page_of_the_configured_hub_is_understood() -> None:
    page = "http://127.0.0.1:8080/hub/acme/bot/tree/v1"
    assert parse(page, endpoint="http://127.0.0.1:8080/hub").repo == "acme/bot"
    with pytest.raises(ConfigError, match="another host"):
        parse(page)


def test_two_revisions_are_one_too_many() -> None:
    assert parse("acme/bot", revision="v1").revision == "v1"
    with pytest.raises(ConfigError, match="--revision"):
        parse("acme/bot@v1", revision="v1")


def test_what_may_be_a_commit_is_no_name() -> None:
    assert [may_be_commit(t) for t in (COMMIT, "abcdef0", "main", "v1.2", "abc")] == [
        True,
        True,
        False,
        False,
        False,
    ]


NO_PLACES = {
    "oci://host/Models/Bot:v1": "the repository in lower case",
    "oci://host/models/bot@sha256:abc": "64 hex digits",
    "oci://host": "oci://host/repository",
    "s3://models/bot  acme/bot": "expected s3://bucket/prefix, without a space",
    "gs:///bot": "expected gs://bucket/prefix",
    "file://models/bot": 'type file:///models/bot, of a folder below this one "file://$PWD/models',
    f"oci://host/bot@sha256:{'a' * 63}": "64 hex digits",
    "docker://host/bot": "expected oci://host/repository, s3://bucket/prefix or file:///folder",
}


@pytest.mark.parametrize("place", ["s3://models/bot", "gs://models", "file:///models/bot"])
def test_a_bucket_and_a_folder_have_no_tags(place: str) -> None:
    with pytest.raises(ConfigError, match="nothing has a tag there"):
        in_store(place, revision="main")
    assert in_store(place, revision=f"sha256:{'a' * 64}").commit == f"sha256:{'a' * 64}"
    assert in_store("oci://host/bot", revision="main").revision == "main"


@pytest.mark.parametrize("text", NO_PLACES)
def test_what_names_no_place_is_told_what_one_of_its_kind_looks_like(text: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(NO_PLACES[text])):
        in_store(text)
