"""What S3 servers write of a bucket, and what they must not make us believe."""

from __future__ import annotations

import pytest

from provenance.errors import Malformed
from provenance.formats.s3 import Page, Row, page, refusal

SPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


def listing(*parts: str, root: str = "ListBucketResult") -> bytes:
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    return f"{head}<{root} {SPACE}>{''.join(parts)}</{root}>".encode()


def contents(key: str, size: str = "3") -> str:
    return f'<Contents><Key>{key}</Key><Size>{size}</Size><ETag>"ab"</ETag></Contents>'


READ = {
    "nothing": (listing(), Page(rows=())),
    "an object": (
        listing(contents("a/b.json")),
        Page(rows=(Row(key="a/b.json", size=3, etag='"ab"'),)),
    ),
    "a key that is encoded": (
        listing("<EncodingType>url</EncodingType>", contents("a+b%2B%01")),
        Page(rows=(Row(key="a b+\x01", size=3, etag='"ab"'),)),
    ),
    "a key that only looks encoded": (
        listing(contents("a+b%2B")),
        Page(rows=(Row(key="a+b%2B", size=3, etag='"ab"'),)),
    ),
    "a page that goes on": (
        listing(
            "<IsTruncated>true</IsTruncated>",
            "<NextContinuationToken>t+k</NextContinuationToken>",
            contents("a"),
        ),
        Page(
            rows=(Row(key="a", size=3, etag='"ab"'),),
            following={"continuation-token": "t+k"},
            cut=True,
        ),
    ),
    "versions, one of them that it was removed": (
        listing(
            "<Version><Key>a</Key><Size>1</Size><ETag>e</ETag><VersionId>v1</VersionId>"
            "<IsLatest>false</IsLatest><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
            "<Owner><ID>someone</ID></Owner></Version>",
            "<DeleteMarker><Key>a</Key><VersionId>v2</VersionId><IsLatest>true</IsLatest>"
            "<LastModified>2026-01-02T00:00:00.000Z</LastModified></DeleteMarker>",
            root="ListVersionsResult",
        ),
        Page(
            rows=(
                Row(
                    key="a",
                    size=1,
                    etag="e",
                    version="v1",
                    modified="2026-01-01T00:00:00.000Z",
                    latest=False,
                ),
                Row(key="a", version="v2", modified="2026-01-02T00:00:00.000Z", gone=True),
            ),
            versions=True,
        ),
    ),
    "a version of a bucket that keeps none": (
        listing("<Version><Key>a</Key><Size>1</Size><VersionId>null</VersionId></Version>"),
        Page(rows=(Row(key="a", size=1),), versions=True),
    ),
    "no versions": (listing(root="ListVersionsResult"), Page(rows=(), versions=True)),
    "an end that does not say how it goes on": (
        listing("<IsTruncated>true</IsTruncated>", contents("a")),
        Page(rows=(Row(key="a", size=3, etag='"ab"'),), cut=True),
    ),
}
REFUSED = {
    "no XML": b"not found",
    "cut off": listing(contents("a"))[:-20],
    "a document type": b'<!DOCTYPE x [<!ENTITY e "ee">]><x><Contents><Key>&e;</Key></Contents></x>',
    "a size that is none": listing(contents("a", "-1")),
    "a size that no store has": listing(contents("a", "9" * 30)),
    "digits of another script": listing(contents("a", "٣")),
    "no key": listing("<Contents><Size>1</Size></Contents>"),
    "a key without end": listing(contents("a" * 5000)),
}


@pytest.mark.parametrize("name", READ)
def test_a_page_is_read(name: str) -> None:
    data, expected = READ[name]
    assert page(data) == expected


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_page_is_malformed(name: str) -> None:
    with pytest.raises(Malformed):
        page(REFUSED[name])


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<Error><Code>NoSuchBucket</Code><Message>m</Message></Error>", "NoSuchBucket"),
        (b"<Error><Code>no such\x1b[31m</Code></Error>", ""),
        (b"<html>", ""),
        (b"", ""),
    ],
)
def test_a_refusal_has_a_code_or_none(data: bytes, code: str) -> None:
    assert refusal(data) == code
