"""Telling pickles from everything else, without ever loading one."""

from __future__ import annotations

import collections
import io
import pickle as standard
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.formats import pickle

ROOT = Path(__file__).parents[2]
CALL = b"cos\nsystem\n(S'true'\ntR."


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "value",
    [
        {"weights": [1.5, 2.5], "step": 3},
        [b"bytes", "text", None, (1, 2, 3, 4)],
        collections.OrderedDict(a=1),
        pickle.Trace(recognised=True, cut=False, lost=False, imports=()),
        2**100,
    ],
)
def test_what_pickle_writes_is_a_pickle(value: object, protocol: int) -> None:
    assert pickle.is_pickle(standard.dumps(value, protocol))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (CALL, ("os.system",)),
        (CALL[:-1], ("os.system",)),
        (CALL + b"rubbish behind it", ("os.system",)),
        (b"N0" + CALL, ("os.system",)),
        (b"V" + b"x" * 60_000 + b"\n0" + CALL, ("os.system",)),
        (b"(S'true'\nios\nsystem\n.", ("os.system",)),
        (b"(cos\nsystem\nS'true'\no.", ("os.system",)),
        (b"\x80\x02cos\nsystem\n(X\x04\x00\x00\x00truetR.", ("os.system",)),
        (b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.", ("os.system",)),
        (b"\x80\x04\x8c\x02os\x94\x8c\x06system\x940h\x00h\x01\x93)R.", ("os.system",)),
        (b"\x80\x02U\x02osU\x06system\x93)R.", ("os.system",)),
        (b"\x80\x04\x8c\x02os\x8c\x01aN\x87\x93)R.", ()),
        (b"\x80\x04N\x8c\x06system\x93)R.", ("?.system",)),
        (b"cos\nsystem\n.", ("os.system",)),
        (b"cbuiltins\nexec\n(X\xff\xff\xff\x7fcut", ("builtins.exec",)),
        (b"\x80\x02N.\x80\x02cos\nsystem\n)R.", ("os.system",)),
        (b"\x82\x01)R.", ()),
    ],
)
def test_programs(data: bytes, expected: tuple[str, ...]) -> None:
    assert pickle.is_pickle(data)
    assert pickle.imports(data) == expected


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"N",
        b".",
        b"\x80",
        b"\x80\x02",
        b"\x80\x63N.",
        b"R.",
        b"(R.",
        b"Python is a language\nand Quite old\n",
        b"Very good.\nVery, very good.\nbut not a pickle",
        b"class Model(Base):\n    pass\n\n(unused)\nReturn",
        b"import os\n",
        b"PK\x03\x04 not a pickle\n",
        b'{"a": 1}',
        b"name: value\n",
        bytes(100),
        b"\x89PNG\r\n\x1a\n",
    ],
)
def test_other_bytes(data: bytes) -> None:
    assert not pickle.is_pickle(data)


def test_a_beginning_is_told_by_the_mark_of_its_protocol() -> None:
    data = standard.dumps(["text" * 50_000])
    assert pickle.is_pickle(data[:1000], whole=False)


def test_a_string_that_goes_on_behind_the_head_is_skipped_in_the_stream() -> None:
    data = b"X" + (300_000).to_bytes(4, "little") + bytes(300_000) + b"0" + CALL
    assert not pickle.is_pickle(data[:65_536], whole=False)
    found = pickle.trace(io.BytesIO(data), len(data))
    assert found.recognised
    assert found.imports == ("os.system",)


def test_bounds() -> None:
    many = b"".join(b"cm%d\nf\n0" % number for number in range(2_000))
    assert len(pickle.imports(many + b"N.")) == pickle.MAX_IMPORTS
    assert pickle.is_pickle(b"(" * (pickle.MAX_OPCODES + 1))


def test_prose_and_source_are_not_pickles(corpus: Path) -> None:
    paths = [
        *(corpus / "model_cards").glob("*.md"),
        *corpus.glob("**/*.json"),
        *corpus.glob("**/*.yaml"),
        *corpus.glob("**/*LICENSE*"),
        *ROOT.glob("provenance/**/*.py"),
        *ROOT.glob("tests/**/*.py"),
        *ROOT.glob("*.md"),
        *ROOT.glob("*.toml"),
    ]
    assert len(paths) > 200
    assert [path for path in paths if pickle.is_pickle(path.read_bytes())] == []


def scanned(corpus: Path) -> list[tuple[Path, set[str]]]:
    """Each raw pickle that is here with the imports that a scanner found in it."""
    rows = []
    for line in (corpus / "malicious/INDEX_scan.tsv").read_text().splitlines()[1:]:
        name, *_, imports = line.split("\t")
        path = corpus / "malicious" / name.replace("modelaudit/tests/assets/", "modelaudit/")
        if path.suffix in {".pkl", ".pickle"} and path.exists():
            found = {entry.partition("[")[0] for entry in imports.split(";") if "[" in entry}
            rows.append((path, found))
    return rows


def test_hostile_pickles_are_recognised_and_their_imports_named(corpus: Path) -> None:
    rows = scanned(corpus)
    assert len(rows) > 40
    for path, found in rows:
        data = path.read_bytes()
        assert pickle.is_pickle(data), path.name
        assert found <= set(pickle.imports(data)), path.name


@pytest.mark.parametrize("name", ["not_a_pickle.bin", "bad_pytorch.pt"])
def test_what_is_only_called_a_pickle(corpus: Path, name: str) -> None:
    assert not pickle.is_pickle((corpus / "malicious/picklescan/tests/data" / name).read_bytes())


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60))
def test_never_raises(data: bytes) -> None:
    assert isinstance(pickle.imports(b"\x80\x04" + data), tuple)


@settings(max_examples=200, deadline=None)
@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner)))
def test_whatever_the_standard_library_writes(value: object) -> None:
    for protocol in range(6):
        assert pickle.is_pickle(standard.dumps(value, protocol))
