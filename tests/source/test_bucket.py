"""Buckets: names no folder holds, checksums that are none, versions, limits, lying servers."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from obstore.exceptions import GenericError

from provenance.errors import Absent, ConfigError, SourceError
from provenance.formats.s3 import Row
from provenance.model import Evidence
from provenance.refs import in_store
from provenance.source.bucket.listing import Item, laid, states
from provenance.source.bucket.places import KINDS
from provenance.source.bucket.s3 import whole_digest
from provenance.source.bucket.words import said_by
from provenance.source.deadline import Deadline
from provenance.source.limits import DEFAULT
from provenance.source.progress import Silent
from provenance.source.remote.store import StoreOptions, collect, store
from tests import forge
from tests.hubs import FILES, WEIGHTS
from tests.source.stores import KEYS, Lot, s3_client, s3_state, unversioned, versioned

AT = datetime.now(UTC)
DIGEST = sha256(b"x").digest()
STATED = base64.b64encode(DIGEST).decode()

NAMES: Mapping[str, tuple[list[tuple[str, int]], list[str], set[tuple[str, str]]]] = {
    "files": ([("b", 1), ("a/c", 1)], ["a/c", "b"], set()),
    "an empty object for a folder": ([("a/", 0), ("a/b", 1)], ["a/b"], set()),
    "an empty object for a folder, without its slash": ([("a", 0), ("a/b", 1)], ["a/b"], set()),
    "an empty object for the prefix": ([("", 0), ("a", 1)], ["a"], set()),
    "a full object named like a folder": ([("a/", 5), ("b", 1)], ["b"], {("name", "a/")}),
    "two slashes": ([("/a", 1), ("b//c", 1)], [], {("name", "/a"), ("name", "b//c")}),
    "a name that leads out": (
        [("../a", 1), ("b/../../c", 1), ("./d", 1)],
        [],
        {("name", "../a"), ("name", "b/../../c"), ("name", "./d")},
    ),
    "a file that is a folder": (
        [("a", 1), ("a/b", 1), ("a/b/c", 1)],
        ["a/b/c"],
        {("name-collision", "a"), ("name-collision", "a/b")},
    ),
}


@pytest.mark.parametrize("name", NAMES)
def test_objects_are_files_or_told(name: str) -> None:
    objects, kept, odd = NAMES[name]
    found = laid(Item(path=path, size=size) for path, size in objects)
    assert [item.path for item in found.items] == kept
    assert {(seen.code, seen.path) for seen in found.observations} == odd


CHECKSUMS: Mapping[str, tuple[Mapping[str, str], bool]] = {
    "one that is whole": ({"x-amz-checksum-type": "FULL_OBJECT", "etag": '"ab"'}, True),
    "one of a server that does not say": ({"etag": '"ab"'}, True),
    "a whole one of an object in parts": (
        {"x-amz-checksum-type": "FULL_OBJECT", "etag": '"ab-2"'},
        True,
    ),
    "one of digests": ({"x-amz-checksum-type": "COMPOSITE", "etag": '"ab"'}, False),
    "one of parts, by the ETag": ({"etag": '"ab-2"'}, False),
    "one of parts, by its end": ({"etag": '"ab"', "x-amz-checksum-sha256": f"{STATED}-2"}, False),
    "another kind": ({"x-amz-checksum-type": "NEW", "etag": '"ab"'}, False),
    "one cut short": ({"x-amz-checksum-sha256": STATED[:20]}, False),
    "one of another length": ({"x-amz-checksum-sha256": "AAAA"}, False),
    "none": ({"x-amz-checksum-sha256": ""}, False),
}


@pytest.mark.parametrize("name", CHECKSUMS)
def test_a_checksum_counts_only_of_a_whole_object(name: str) -> None:
    headers, counts = CHECKSUMS[name]
    assert whole_digest({"x-amz-checksum-sha256": STATED, **headers}) == (
        DIGEST.hex() if counts else ""
    )


def gathered(lot: Lot) -> Evidence:
    return collect(lot.store(), in_store(lot.source), at=AT)


def test_an_object_in_parts_is_undeclared(tmp_path: Path) -> None:
    with unversioned(tmp_path) as lot:
        lot.fill({**FILES, "model.safetensors": b"{}"})
        client, (bucket, _, prefix) = s3_client(), lot.source[5:].partition("/")
        where = {"Bucket": bucket, "Key": f"{prefix}/model.safetensors"}
        upload = client.create_multipart_upload(**where, ChecksumAlgorithm="SHA256")["UploadId"]
        parts = []
        for number, data in enumerate((WEIGHTS + bytes(3 << 20), b"end"), start=1):
            made = client.upload_part(
                **where, UploadId=upload, PartNumber=number, Body=data, ChecksumAlgorithm="SHA256"
            )
            kept = {name: made[name] for name in ("ETag", "ChecksumSHA256")}
            parts.append({"PartNumber": number, **kept})
        client.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": parts})
        found = gathered(lot)
        assert found.manifest.by_path["model.safetensors"].digest == ""
        told = {(seen.code, seen.detail.partition(":")[0]) for seen in found.observations}
        assert told == {("undeclared", "the bucket states no digest of it")}


CHANGES: tuple[Callable[[Lot], object], ...] = (
    lambda lot: lot.fill(FILES),
    lambda lot: lot.put("config.json", b"{}"),
    lambda lot: lot.remove("README.md"),
    lambda lot: lot.put("README.md", b"again"),
    lambda lot: lot.put("more.txt", b"more"),
)


def test_every_state_is_found_again_also_one_without_a_file(tmp_path: Path) -> None:
    with versioned(tmp_path) as lot:
        revisions: list[tuple[int, str]] = []
        dated: dict[int, datetime] = {}
        for number, change in enumerate(CHANGES):
            change(lot)
            for version in (one for stack in s3_state(lot).values() for one in stack):
                moment = version.last_modified.replace(year=2020 + number)
                version.last_modified = dated.setdefault(id(version), moment)
            revisions.append((number, lot.store().opened(None).revision))
        for number, revision in revisions:
            opened = lot.store().opened(revision)
            paths = {entry.path for entry in opened.entries}
            assert opened.revision == revision
            assert ("README.md" in paths, "more.txt" in paths) == (number != 2, number == 4)
            wanted = FILES["config.json"] if number == 0 else b"{}"
            assert opened.release.whole("config.json", 99) == wanted
        with pytest.raises(Absent, match="lies there now"):
            lot.store().opened("sha256:" + "0" * 64)


def test_states_go_back_in_the_order_of_time() -> None:
    def row(key: str, version: str, modified: str) -> Row:
        return Row(key=f"p/{key}", size=1, version=version, modified=modified)

    rows = [row("a", "a2", "2"), row("a", "a1", "1"), row("b", "b1", "1")]
    found = [[item.version for item in one.items] for one in states(rows, "p/")]
    assert found == [["a2", "b1"], ["a1", "b1"], ["a1"]]


def test_more_keys_than_the_limit_are_told_and_no_more(tmp_path: Path) -> None:
    with unversioned(tmp_path) as lot:
        lot.fill({f"{number:03}.txt": b"." for number in range(12)})
        limits = replace(DEFAULT, entries=10)
        opened = lot.store(limits=limits).opened(None)
        assert (opened.whole, len(opened.entries)) == (False, 10)


@pytest.mark.parametrize("scheme", KINDS)
def test_obstore_knows_every_variable_that_is_passed_on(scheme: str) -> None:
    kind = KINDS[scheme]
    make: Any = kind.maker
    for name in (*kind.names, kind.key):
        with suppress(ValueError, GenericError):
            make("bucket", config={name: "https://store.example"})


@pytest.mark.parametrize(
    "url",
    [
        "http://store.example",
        "http://10.0.0.1:9000",
        "ftp://store.example",
        "store.example:9000",
        "https://user:secret@store.example",
        "https://store.example/?token=secret",
        "http://127.0.0.1@store.example/",
    ],
)
def test_a_server_is_asked_over_https_or_on_this_machine(url: str) -> None:
    with pytest.raises(ConfigError, match="expected https") as error:
        store("s3://bucket/x", StoreOptions(variables={"AWS_ENDPOINT_URL": url}))
    assert "secret" not in str(error.value)


def test_what_obstore_says_is_one_line_without_a_signature() -> None:
    said = "Error performing GET https://h/c/key?sig=SECRET&se=1 in 2ms: <x>?\nDebug source: SECRET"
    assert said_by(ValueError(said)) == "Error performing GET https://h/c/key?… in 2ms"


Answers = Callable[[str, Mapping[str, list[str]]], tuple[int, Mapping[str, str], bytes]]


@contextmanager
def server(answers: Answers) -> Iterator[tuple[dict[str, str], list[str]]]:
    """The variables by which a server on loopback is asked, and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            split = urlsplit(self.path)
            status, headers, body = answers(
                split.path, parse_qs(split.query, keep_blank_values=True)
            )
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as made:
        Thread(target=made.serve_forever, daemon=True).start()
        try:
            yield {**KEYS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{made.server_port}"}, asked
        finally:
            made.shutdown()


def listed(*keys: str, more: str = "") -> bytes:
    rows = (f'<Contents><Key>{key}</Key><Size>2</Size><ETag>"e"</ETag></Contents>' for key in keys)
    return f"<ListBucketResult>{more}{''.join(rows)}</ListBucketResult>".encode()


def error(code: str) -> bytes:
    return f"<Error><Code>{code}</Code></Error>".encode()


GOES_ON = "<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>"
LIES: Mapping[str, tuple[Answers, str]] = {
    "no listing": (lambda *_: (200, {}, b"<html>welcome</html"), "expected a listing"),
    "keys of elsewhere": (lambda *_: (200, {}, listed("other/a")), "does not lie there"),
    "a redirect to another host": (
        lambda *_: (302, {"Location": "https://elsewhere.example/"}, b""),
        "HTTP 302",
    ),
    "another region": (
        lambda *_: (301, {"x-amz-bucket-region": "eu-west-1"}, error("PermanentRedirect")),
        "set AWS_REGION=eu-west-1",
    ),
    "a region that is none": (
        lambda *_: (301, {"x-amz-bucket-region": "$(id)"}, error("PermanentRedirect")),
        "HTTP 301 PermanentRedirect",
    ),
    "a refusal": (lambda *_: (403, {}, error("AccessDenied")), "AccessDenied: set AWS_ACCESS_KEY"),
    "no bucket": (lambda *_: (404, {}, error("NoSuchBucket")), "NoSuchBucket: there is no such"),
    "a server that fails": (lambda *_: (500, {}, b""), "HTTP 500: try again"),
    "a page without end": (lambda *_: (200, {}, b" " * (9 << 20)), "more than 8388608 bytes"),
    "an end that does not say how it goes on": (
        lambda *_: (200, {}, listed("p/a", more="<IsTruncated>true</IsTruncated>")),
        "cuts its listing off",
    ),
    "nothing": (lambda *_: (200, {}, listed()), "nothing lies there"),
    "nothing, again and again": (lambda *_: (200, {}, listed(more=GOES_ON)), "nothing lies there"),
}


@pytest.mark.parametrize("name", LIES)
def test_a_server_that_lies_is_an_error_in_words(name: str) -> None:
    answers, words = LIES[name]
    with server(answers) as (variables, _), pytest.raises(SourceError) as caught:
        store("s3://bucket/p", StoreOptions(variables=variables)).opened(None)
    said = str(caught.value)
    assert words in said
    assert not [secret for secret in (*KEYS.values(), "X-Amz", "$(id)") if secret in said]


class Notes(Silent):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def note(self, words: str) -> None:
        self.told.append(words)


def test_where_versions_are_not_shown_the_objects_are_and_it_is_told_once() -> None:
    def answers(path: str, query: Mapping[str, list[str]]) -> tuple[int, dict[str, str], bytes]:
        if "versions" in query:
            return 403, {}, error("AccessDenied")
        return 200, {}, listed("p/a.json", "p/b.json")

    notes = Notes()
    with server(answers) as (variables, _):
        asked = store("s3://bucket/p", StoreOptions(variables=variables, progress=notes))
        assert [entry.path for entry in asked.opened(None).entries] == ["a.json", "b.json"]
        asked.opened(None)
    assert [words.partition(" ")[2][:17] for words in notes.told] == ["keeps no versions"]


def test_a_listing_without_end_is_left_at_the_limit() -> None:
    def answers(path: str, query: Mapping[str, list[str]]) -> tuple[int, dict[str, str], bytes]:
        return 200, {}, listed(*(f"p/{number}" for number in range(100)), more=GOES_ON)

    with server(answers) as (variables, asked):
        options = StoreOptions(variables=variables, limits=replace(DEFAULT, entries=250))
        assert not store("s3://bucket/p", options).opened(None).whole
    assert len(asked) == 1 + 3


def test_a_public_bucket_is_asked_without_a_signature() -> None:
    with server(lambda *_: (200, {}, listed("p/a"))) as (variables, asked):
        options = StoreOptions(variables={**variables, "AWS_SKIP_SIGNATURE": "true"})
        store("s3://bucket/p", options).opened(None)
    assert asked
    assert not [path for path in asked if "X-Amz-" in path]


def test_nothing_is_asked_after_the_deadline() -> None:
    with server(lambda *_: (200, {}, listed("p/a"))) as (variables, asked):
        over = Deadline(1.0, clock=iter((0.0, 2.0, 2.0, 2.0)).__next__)
        options = StoreOptions(variables=variables, deadline=over)
        with pytest.raises(SourceError, match="deadline"):
            store("s3://bucket/p", options).opened(None)
    assert asked == []


def test_an_object_that_is_written_over_after_the_listing_is_not_read(tmp_path: Path) -> None:
    with unversioned(tmp_path) as lot:
        lot.fill(FILES)
        release = lot.store().opened(None).release
        lot.put("config.json", b'{"other": 1}')
        with pytest.raises(SourceError, match="written over since it was listed"):
            release.whole("config.json", 99)
        lot.remove("README.md")
        with pytest.raises(SourceError, match="since it was listed"):
            release.whole("README.md", 99)


STRANGE = ("a b+c%41.json", "é.json", "#?&=.json", "sub/~'()*.json")


def test_names_that_addresses_encode_are_read_as_they_are(tmp_path: Path) -> None:
    with versioned(tmp_path) as lot:
        lot.fill({name: json.dumps(name).encode() for name in STRANGE})
        lot.put("weights.bin#?+ é%2F", WEIGHTS)
        found = gathered(lot)
        digests = {file.path: file.digest for file in found.manifest.files}
        wanted = {name: sha256(json.dumps(name).encode()).hexdigest() for name in STRANGE}
        assert digests == {**wanted, "weights.bin#?+ é%2F": sha256(WEIGHTS).hexdigest()}


def test_a_folder_is_looked_at_as_a_directory_is(tmp_path: Path) -> None:
    place = forge.write(tmp_path / "a folder", FILES)
    (place / "out.json").symlink_to("/etc/hostname")
    os.mkfifo(place / "pipe")
    source = f"file://{tmp_path}/a%20folder"
    found = collect(store(source, StoreOptions()), in_store(source), at=AT)
    assert {(seen.code, seen.path) for seen in found.observations} == {
        ("symlink", "out.json"),
        ("special-file", "pipe"),
        ("undeclared", "model.safetensors"),
    }
    assert set(found.manifest.by_path) == set(FILES)


def test_a_file_that_is_changed_after_the_listing_is_not_read(tmp_path: Path) -> None:
    place = forge.write(tmp_path / "m", FILES)
    release = store(f"file://{place}", StoreOptions()).opened(None).release
    (place / "config.json").write_bytes(b"{}")
    with pytest.raises(SourceError, match="changed since it was listed"):
        release.whole("config.json", 99)


@pytest.mark.parametrize("text", ["file://mirror/bot", "file:mirror/bot", "file:///a b"])
def test_a_folder_is_named_by_its_whole_path(text: str) -> None:
    with pytest.raises(ConfigError, match=r"type .file://\$PWD/"):
        in_store(text)
