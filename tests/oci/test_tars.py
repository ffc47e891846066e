"""Layers that no honest tool packs: what they are is said, and nothing breaks."""

from __future__ import annotations

import gzip
import tarfile
import zlib
from collections.abc import Callable, Iterator

import pytest

from provenance.errors import Malformed
from provenance.source.limits import Limits
from provenance.source.oci import gunzip, unpacking
from provenance.source.oci.tar import Stream, Type, members
from tests import forge
from tests.oci import artifacts
from tests.oci.artifacts import (
    IMAGE,
    IMAGE_CONFIG,
    MODEL_CONFIG,
    RAW,
    TAR,
    TAR_GZIP,
    artifact,
    layer,
    other,
    tar,
)
from tests.oci.asked import files, gathered, seen
from tests.oci.server import Registry

GOOD = ("config.json", b"{}")
NAMED = tar(GOOD, ("n" * 150, b"1"), form=tarfile.GNU_FORMAT)


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry() as made:
        yield made


def summed(data: bytes, **fields: bytes) -> bytes:
    """A tar whose first header says something else, with the sum that it then has."""
    places = {"name": 0, "size": 124, "type": 156, "magic": 257, "prefix": 345}
    head = bytearray(data[:512])
    for name, value in fields.items():
        head[places[name] : places[name] + len(value)] = value
    head[148:156] = b"        "
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head) + data[512:]


def record(key: str, value: str = "1") -> bytes:
    """A record of a pax header, with the length that it then has."""
    body = f" {key}={value}\n".encode()
    length = len(body) + 1
    while len(str(length)) + len(body) != length:
        length += 1
    return b"%d" % length + body


def headed(kind: bytes, data: bytes) -> bytes:
    """A member that speaks of those after it."""
    entry = tarfile.TarInfo("header")
    entry.type, entry.size = kind, len(data)
    return entry.tobuf(tarfile.USTAR_FORMAT) + data + bytes(-len(data) % 512)


def paxed(records: bytes, kind: bytes = b"x") -> bytes:
    """A tar with a pax header of these records before its file."""
    return headed(kind, records) + tar(GOOD)


LAYERS: dict[str, tuple[bytes, set[tuple[str, str]]]] = {
    "out of the folder": (tar(GOOD, ("../evil", b"1")), {("name", "../evil")}),
    "out of a folder": (tar(GOOD, ("a/../../evil", b"1")), {("name", "a/../../evil")}),
    "absolute": (tar(GOOD, ("/etc/evil", b"1")), {("name", "/etc/evil")}),
    "a link": (tar(GOOD, other("l", tarfile.SYMTYPE, "/etc")), {("symlink", "l")}),
    "a hard link": (tar(GOOD, other("l", tarfile.LNKTYPE, "config.json")), {("symlink", "l")}),
    "a device": (tar(GOOD, other("d", tarfile.CHRTYPE)), {("special-file", "d")}),
    "a pipe": (tar(GOOD, other("d", tarfile.FIFOTYPE)), {("special-file", "d")}),
    "two of one name": (tar(GOOD, ("config.json", b"[]")), {("contradiction", "config.json")}),
    "two of one name by a dot": (
        tar(GOOD, ("./config.json", b"[]")),
        {("contradiction", "config.json")},
    ),
    "a file beneath a file, which comes first": (
        tar(("m/n", b"1"), ("m", b"2")),
        {("name-collision", "m/n")},
    ),
    "a path that is longer than any": (
        tar(GOOD, ("a/" * 10_000 + "b", b"1")),
        {("name", "a/" * 100)},
    ),
    "a folder in the way": (
        tar(GOOD, ("config.json/x", b"1")),
        {("name-collision", "config.json/x")},
    ),
    "ends in a file": (tar(GOOD, ("big", bytes(5000)))[:3000], {("unreadable", "")}),
    "ends in a header": (tar(GOOD)[:1300], {("unreadable", "")}),
    "ends without its end": (tar(GOOD)[:1024], {("unreadable", "")}),
    "no tar": (b"x" * 1024, {("unreadable", "")}),
    "bytes behind the end": (tar(GOOD) + tar(("evil", b"1")), {("unreadable", "")}),
    "a name that is not UTF-8": (summed(tar(("x", b"1")), name=b"\xff"), {("name", "\\xff")}),
    "an unknown type": (summed(tar(("x", b"1")), type=b"V"), {("unreadable", "")}),
    "a sparse file": (summed(tar(GOOD), type=b"S"), {("unreadable", "config.json")}),
    "a sparse file by pax": (paxed(b"22 GNU.sparse.major=1\n"), {("unreadable", "config.json")}),
    "two pax names": (paxed(b"10 path=a\n10 path=b\n"), {("unreadable", "")}),
    "a pax record without end": (paxed(b"99 path=a\n"), {("unreadable", "")}),
    "a global name": (paxed(b"10 path=a\n", b"g"), {("unreadable", "")}),
    "a global header before what a header speaks of": (
        headed(b"x", record("path", "a")) + headed(b"g", record("comment")) + tar(GOOD),
        {("unreadable", "")},
    ),
    "an empty pax name": (paxed(record("path", "")), {("unreadable", "")}),
    "a link with bytes": (
        summed(tar(other("x", tarfile.SYMTYPE, "y")), size=b"00000000020\0"),
        {("unreadable", "")},
    ),
    "a folder at a file's path": (
        tar(GOOD, other("config.json", tarfile.DIRTYPE)),
        {("name-collision", "config.json")},
    ),
    "a folder with bytes": (summed(tar(("x", b"1")), name=b"x/"), {("unreadable", "")}),
    "a size below nothing": (summed(tar(("x", b"1")), size=b"\xff" * 12), {("unreadable", "")}),
    "a size without end": (
        summed(tar(("x", b"1")), size=b"\x80" + b"\x7f" * 11),
        {("unreadable", "")},
    ),
    "a prefix that GNU has not": (
        summed(NAMED, magic=b"ustar  \0", prefix=b"a"),
        {("unreadable", "")},
    ),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_hostile_tar_is_an_observation(registry: Registry, name: str) -> None:
    data, expected = LAYERS[name]
    registry.manifest(artifact(registry, [layer(registry, data, TAR)]), "v1")
    assert seen(gathered(registry)) == expected


@pytest.mark.parametrize("name", LAYERS)
def test_and_so_it_is_compressed(registry: Registry, name: str) -> None:
    data, expected = LAYERS[name]
    registry.manifest(artifact(registry, [layer(registry, gzip.compress(data), TAR_GZIP)]), "v1")
    assert seen(gathered(registry)) == expected


STRANGE = {
    "GNU.sparse.name": "config.json",
    "GNU.sparse.map": "0,4",
    "GNU.sparse.realsize": "4",
    "SCHILY.realsize": "4",
    "SCHILY.filetype": "sparse",
    "SCHILY.xattr.trusted.overlay.redirect": "/evil",
    "SCHILY.xattr.user.overlay.opaque": "y",
    "LIBARCHIVE.xattr.trusted.overlay.opaque": "eQ==",
    "SCHILY.xattr.user.fuseoverlayfs.opaque": "y",
    "SCHILY.xattr.com.apple.decmpfs": "fpmc",
    "LIBARCHIVE.symlinktype": "dir",
    "ACME.name": "config.json",
    "hdrcharset": "EBCDIC",
    "mtime": "yesterday",
}
PLAIN = {
    "mtime": "1700000000.123456789",
    "atime": "-1",
    "uid": "1000",
    "uname": "bot",
    "comment": "0123456789abcdef",
    "hdrcharset": "BINARY",
    "LIBARCHIVE.creationtime": "1700000000",
    "SCHILY.xattr.security.capability": "\x01",
    "SCHILY.xattr.user.mime_type": "text/plain",
    "LIBARCHIVE.xattr.com.apple.quarantine": "MDA=",
    "SCHILY.acl.access": "user::rw-",
    "RHT.security.selinux": "system_u:object_r:etc_t:s0",
}


@pytest.mark.parametrize("key", STRANGE)
@pytest.mark.parametrize("kind", [b"x", b"g"])
@pytest.mark.parametrize("media_type", [TAR, IMAGE])
def test_a_key_by_which_readers_differ_is_an_observation(
    registry: Registry, key: str, kind: bytes, media_type: str
) -> None:
    data = paxed(record(key, STRANGE[key]), kind)
    data = gzip.compress(data) if media_type == IMAGE else data
    config = IMAGE_CONFIG if media_type == IMAGE else MODEL_CONFIG
    registry.manifest(artifact(registry, [layer(registry, data, media_type)], config), "v1")
    where = "" if kind == b"g" else "config.json"
    assert seen(gathered(registry)) == {("unreadable", where)}


@pytest.mark.parametrize("key", PLAIN)
@pytest.mark.parametrize("kind", [b"x", b"g"])
def test_a_key_that_changes_no_member_is_passed(registry: Registry, key: str, kind: bytes) -> None:
    data = paxed(record(key, PLAIN[key]), kind)
    registry.manifest(artifact(registry, [layer(registry, data, TAR)]), "v1")
    evidence = gathered(registry)
    assert (list(files(evidence)), seen(evidence)) == (["config.json"], set())


PACKED: dict[str, tuple[Callable[[bytes], bytes], set[tuple[str, str]]]] = {
    "whole": (gzip.compress, set()),
    "in two members": (lambda data: gzip.compress(data[:700]) + gzip.compress(data[700:]), set()),
    "cut": (lambda data: gzip.compress(data)[:-9], {("unreadable", "")}),
    "not gzip": (zlib.compress, {("unreadable", "")}),
    "something behind it": (lambda data: gzip.compress(data) + b"more", {("unreadable", "")}),
    "another sum": (lambda data: gzip.compress(data)[:-8] + bytes(8), {("unreadable", "")}),
}


@pytest.mark.parametrize("name", PACKED)
def test_gzip(registry: Registry, name: str) -> None:
    pack, expected = PACKED[name]
    registry.manifest(artifact(registry, [layer(registry, pack(tar(GOOD)), TAR_GZIP)]), "v1")
    assert seen(gathered(registry)) == expected


def test_a_bomb_is_not_unpacked(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gunzip, "FLOOR", 1 << 20)
    data = gzip.compress(tar(("zeros", bytes(40 << 20))))
    registry.manifest(artifact(registry, [layer(registry, data, TAR_GZIP)]), "v1")
    evidence = gathered(registry)
    assert (files(evidence), seen(evidence)) == ({}, {("limit", "")})


def test_more_files_than_one_model_may_have(registry: Registry) -> None:
    data = tar(*((f"{number}", b"") for number in range(20)))
    registry.manifest(artifact(registry, [layer(registry, data, TAR)]), "v1")
    evidence = gathered(registry, limits=Limits(entries=10))
    assert len(files(evidence)) == 10
    assert ("limit", "") in seen(evidence)


def test_more_members_than_are_looked_at(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "MEMBERS", 10)
    folders = [other(f"{number}", tarfile.DIRTYPE) for number in range(6)]
    layers = [layer(registry, tar(("a", b"1"), *folders), TAR) for _ in range(2)]
    registry.manifest(artifact(registry, layers), "v1")
    assert seen(gathered(registry)) == {("limit", "")}


def test_a_stream_hands_out_what_comes_in_pieces_of_any_size() -> None:
    data = bytes(range(256)) * 8
    chunks = (data[at : at + 100] for at in range(0, len(data), 100))
    stream = Stream(chunks)
    found = [stream.take(count) for count in (1, 99, 100, 150, 698)]
    stream.skip(1000)
    assert (b"".join(found), stream.at) == (data[:1048], 2048)
    assert list(stream.pieces(1)) == []


def test_more_layers_than_may_be_asked_for(registry: Registry) -> None:
    layers = [layer(registry, tar((f"{number}", b"")), TAR) for number in range(20)]
    registry.manifest(artifact(registry, layers), "v1")
    evidence = gathered(registry, limits=Limits(requests=10))
    assert ("limit", "") in seen(evidence)
    assert len(registry.requests) <= 10


@pytest.mark.parametrize("media_type", [TAR, TAR_GZIP])
def test_what_was_kept_of_a_tar_costs_no_request(registry: Registry, media_type: str) -> None:
    count = 100
    small = {f"{number}/config.json": b"{}" for number in range(count)}
    artifacts.packed(registry, {**small, "model.safetensors": forge.safetensors()}, media_type)
    evidence = gathered(registry, limits=Limits(requests=20))
    assert len(evidence.contents) == count + 1
    assert (seen(evidence), len(registry.requests) <= 20) == (set(), True)


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_what_python_writes_is_read(form: int) -> None:
    long = "/".join(["folder" * 4] * (5 if form == tarfile.USTAR_FORMAT else 40))
    data = tar((f"{long}/file", b"12345"), other("folder", tarfile.DIRTYPE), form=form)
    stream = Stream(iter([data[:700], data[700:]]))
    found = [(member.name.decode(), member.type, member.size) for member in members(stream)]
    assert found[0] == (f"{long}/file", Type.FILE, 5)
    assert found[1][1] is Type.FOLDER


def test_a_long_name_said_twice_is_refused() -> None:
    entry = tarfile.TarInfo("longname")
    entry.type, entry.size = b"L", 512
    twice = (entry.tobuf(tarfile.GNU_FORMAT) + b"a" * 511 + b"\0") * 2 + tar(GOOD)
    with pytest.raises(Malformed, match="two long names"):
        list(members(Stream(iter([twice]))))


def test_a_raw_layer_that_is_a_tar_is_one_file(registry: Registry) -> None:
    registry.manifest(artifact(registry, [layer(registry, tar(GOOD), RAW, "m.tar")]), "v1")
    assert list(files(gathered(registry))) == ["m.tar"]
