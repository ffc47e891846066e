"""URIs are those of RFC 3986, and what people write for one is told from it."""

from __future__ import annotations

import pytest

from provenance.errors import ConfigError
from provenance.produce import uri

DIGEST, COMMIT = "a" * 64, "c" * 40


@pytest.mark.parametrize(
    "text",
    [
        "https://example.org/a%20b?x=1#y",
        "urn:uuid:0b0e5a5e-1f7b-4f3e-9d3c-0a0a0a0a0a0a",
        "pkg:pypi/trl@1.16.0",
        "s3://bucket/key",
        "http://[2001:db8::7]:80/",
        f"git+https://example.org/train@{COMMIT}",
        "mailto:a@example.org",
    ],
)
def test_a_uri_is_one(text: str) -> None:
    assert uri.is_uri(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "data.jsonl",
        "org/name",
        "./x",
        "C:/data",
        "https://",
        "https:///x",
        "https://a b",
        "https://example.org/ü",
        "https://example.org/%zz",
        "https://example.org/<x>",
        "ghcr.io/acme/train:1",
        "https://example.org/\n",
        "https://example.org/" + "a" * 2000,
    ],
)
def test_what_is_none_is_none(text: str) -> None:
    assert not uri.is_uri(text)


@pytest.mark.parametrize(
    ("text", "found", "digest"),
    [
        (f"https://e.org/d@sha256:{DIGEST}", "https://e.org/d", (("sha256", DIGEST),)),
        (f"https://e.org/d@{COMMIT}", "https://e.org/d", (("gitCommit", COMMIT),)),
        (
            f"git+https://e.org/d@{COMMIT}",
            f"git+https://e.org/d@{COMMIT}",
            (("gitCommit", COMMIT),),
        ),
        ("https://e.org/d", "https://e.org/d", ()),
    ],
)
def test_a_digest_behind_it_is_taken_off(
    text: str, found: str, digest: tuple[tuple[str, str], ...]
) -> None:
    assert uri.split(text, "--code") == (found, digest)


@pytest.mark.parametrize("text", ["https://e.org/d@sha256:abc", f"x@sha256:{DIGEST}", "x"])
def test_a_digest_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"--code: expected"):
        uri.split(text, "--code")
