"""Bytes that were changed by chance: what is read of them is what others read, or nothing."""

from __future__ import annotations

import gzip
import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.errors import Malformed
from provenance.source.oci.gunzip import Gunzip
from provenance.source.oci.manifest import parsed
from provenance.source.oci.tar import Stream, Type, members
from tests.oci.artifacts import artifact, layer, other, tar, written
from tests.oci.server import Registry

MEMBERS = (("config.json", b"{}"), ("n" * 150, b"1" * 600), other("l", tarfile.SYMTYPE, "x" * 120))
TARS = {form: tar(*MEMBERS, form=form) for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT)}
FORMS = st.sampled_from(sorted(TARS))
PLACES = st.integers(0, min(map(len, TARS.values())) - 1)
BYTES = st.integers(0, 255)


def ours(data: bytes) -> list[tuple[str, int]] | None:
    """Names and sizes of the files, None where there is no telling."""
    try:
        found = list(members(Stream(iter([data]))))
    except Malformed:
        return None
    return [(m.name.decode("utf-8", "replace"), m.size) for m in found if m.type is Type.FILE]


def of_python(data: bytes) -> list[tuple[str, int]] | None:
    """The same as the standard library reads it."""
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:", errors="replace") as opened:
            return [(m.name, m.size) for m in opened if m.isreg() and not m.issparse()]
    except (tarfile.TarError, ValueError, OverflowError):
        return None


def resummed(data: bytes, place: int) -> bytes:
    """The header that a byte lies in has its sum again, if it is one."""
    start = place // 512 * 512
    head = bytearray(data[start : start + 512])
    head[148:156] = b"        "
    head[148:156] = b"%06o\0 " % sum(head)
    return data[:start] + bytes(head) + data[start + 512 :]


@given(form=FORMS, place=PLACES, value=BYTES, again=st.booleans())
def test_a_changed_tar(form: int, place: int, value: int, again: bool) -> None:
    data = bytearray(TARS[form])
    data[place] = value
    changed = resummed(bytes(data), place) if again else bytes(data)
    found = ours(changed)
    theirs = of_python(changed)
    if found is not None and theirs is not None:
        trimmed = [(name.lstrip("/").rstrip("/"), size) for name, size in found]
        assert trimmed == [(name.lstrip("/").rstrip("/"), size) for name, size in theirs]


@given(place=st.integers(0, 400), value=BYTES)
def test_changed_gzip_is_refused_or_the_same(place: int, value: int) -> None:
    plain = TARS[tarfile.PAX_FORMAT]
    data = bytearray(gzip.compress(plain, mtime=0))
    data[place % len(data)] = value
    try:
        found = b"".join(Gunzip(size=len(data)).read(iter([bytes(data)])))
    except Malformed:
        return
    assert found == plain


@given(st.data())
def test_a_changed_manifest_is_refused_or_read(data: st.DataObject) -> None:
    held = Registry()
    text = bytearray(written(artifact(held, [layer(held, b"1", path="m")])))
    text[data.draw(st.integers(0, len(text) - 1))] = data.draw(BYTES)
    try:
        parsed(bytes(text))
    except Malformed:
        return


@given(st.binary(max_size=2048))
def test_any_bytes(data: bytes) -> None:
    assert ours(data) in (None, [])
    with pytest.raises(Malformed):
        parsed(data)
