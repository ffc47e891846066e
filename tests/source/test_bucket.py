"""Buckets: names no folder holds, checksums that are none, versions, limits, lying servers."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from obstore.exceptions import GenericError

from provenance.errors import Absent, SourceError
from provenance.formats.s3 import Row
from provenance.model import Evidence
from provenance.refs import in_store
from provenance.source.bucket.listing import Item, laid, states
from provenance.source.bucket.places import KINDS, place
from provenance.source.bucket.s3 import whole_digest
from provenance.source.limits import DEFAULT
from provenance.source.remote.store import StoreOptions, collect
from tests.hubs import FILES, WEIGHTS
from tests.source.stores import Lot, s3_client, s3_state, unversioned, versioned

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
def test_each_variable_that_names_a_server_opens_a_bucket_there(scheme: str) -> None:
    account = {"AZURE_STORAGE_ACCOUNT_NAME": "account"} if scheme == "az" else {}
    for name in KINDS[scheme].endpoints:
        variables = {**account, name: "https://store.example/"}
        found = place(f"{scheme}://bucket/prefix", StoreOptions(variables=variables))
        assert found.server == "https://store.example"
        found.store()


@pytest.mark.parametrize("scheme", KINDS)
def test_obstore_knows_every_variable_that_is_passed_on(scheme: str) -> None:
    kind = KINDS[scheme]
    make: Any = kind.maker
    for name in (*kind.names, *kind.keys):
        with suppress(ValueError, GenericError):
            make("bucket", config={name: "https://store.example"})


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
