"""Archives that loaders open: what their members run is found, and what nobody read is unknown."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.claims.code import code_claims
from provenance.formats.inside import MAX_MEMBER, MAX_MEMBERS, MAX_READ
from tests.claims.models import evidence
from tests.packed import tar, zipped

TARGET = b"a:\n  _target_: os.system\n"
OWN = b"a:\n  _target_: nemo.collections.asr.modules.ConformerEncoder\n"
LAMBDA = b'{"layers": [{"class_name": "Lambda"}]}'
MANIFEST = b'{"model": {"handler": "handler.py"}}'


def linked() -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        entry = tarfile.TarInfo("model_config.yaml")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(entry)
    return held.getvalue()


def twice() -> bytes:
    held = io.BytesIO(zipped({"a.json": b"{}"}))
    with zipfile.ZipFile(held, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("a.json", b"{}")
    return held.getvalue()


WEIGHTS = zipped({"model_weights/data.pkl": b"\x80\x02N.", "model_weights/data/0": b"x" * 100})
NEMO = {"./model_config.yaml": OWN, "./model_weights.ckpt": WEIGHTS}
LONG = "a" * 120 + "/model_config.yaml"

RUNS = [
    ("m.nemo", tar({"model_config.yaml": TARGET}), {"callable"}),
    ("m.nemo", tar({"./model_config.yaml": TARGET, "model_weights.ckpt": WEIGHTS}), {"callable"}),
    ("m.nemo", tar({LONG: TARGET}), {"callable"}),
    ("m.nemo", tar({LONG: TARGET}, form=tarfile.GNU_FORMAT), {"callable"}),
    ("m.nemo", tar(NEMO), {"library-class"}),
    ("any name", tar({"model_config.yaml": TARGET}), {"callable"}),
    ("m.dduf", zipped({"model_index.json": b'{"unet": ["evil", "U"]}'}), {"pipeline"}),
    ("m.dduf", zipped({"a/chat_template.jinja": b"{{ x.__class__ }}"}), {"template"}),
    ("m.keras", zipped({"config.json": LAMBDA, "model.weights.h5": b"x"}), {"callable"}),
    ("m.keras", zipped({"config.json": LAMBDA}, method=zipfile.ZIP_DEFLATED), {"callable"}),
    ("m.mar", zipped({"MAR-INF/MANIFEST.json": MANIFEST, "handler.py": b""}), {"python-file"}),
    ("m.mar", zipped({"data.pkl": b"N.", "handler.py": b""}), {"python-file"}),
    ("m.mar", zipped({"lib/x.so": b"x", "y": b"\x7fELF" + bytes(60)}), {"native"}),
    (
        "m.mar",
        zipped({"handler.py": b"", "requirements.txt": b"evil"}),
        {"python-file", "requirements"},
    ),
    ("any name", zipped({"a/hyperparams.yaml": b"a: !apply:os.system [id]"}), {"callable"}),
]
UNREAD = [
    ("m.nemo", tar({"inner.nemo": tar({"model_config.yaml": TARGET})})),
    ("m.nemo", tar({"inner": zipped({"a.py": b""}), "last": b"x" * (1 << 17)})),
    ("m.dduf", zipped({"a.zip": zipped({"a.py": b""})})),
    ("m.dduf", zipped({"a.bin": gzip.compress(TARGET * 99)})),
    ("m.nemo", gzip.compress(tar(NEMO))),
    ("m.tar.gz", gzip.compress(tar(NEMO))),
    ("m.nemo", tar(NEMO)[:700]),
    ("m.nemo", tar({"a.yaml": OWN})[:1024] + b"x" * 512 + tar({"model_config.yaml": TARGET})),
    ("m.nemo", b"text"),
    ("m.nemo", linked()),
    ("m.mar", b"PK\x03\x04" + bytes(99)),
    ("m.mar", twice()),
    ("m.zip", zipped({f"{number}.png": b"" for number in range(MAX_MEMBERS + 1)})),
    ("m.tar", tar({f"{number}.png": b"" for number in range(MAX_MEMBERS + 1)})),
    ("m.zip", zipped({"a.yaml": b"#" * (MAX_MEMBER + 1)}, method=zipfile.ZIP_DEFLATED)),
    (
        "m.zip",
        zipped(
            {f"{n}.yaml": b"#" * MAX_MEMBER for n in range(1 + MAX_READ // MAX_MEMBER)},
            method=zipfile.ZIP_DEFLATED,
        ),
    ),
]
QUIET = [
    ("m.zip", zipped({"a.png": b"\x89PNG\r\n", "b.txt": b"words"})),
    ("m.dduf", zipped({"unet/config.json": b"{}", "unet/model.safetensors": bytes(9)})),
    ("m.keras", zipped({"config.json": b'{"module": "keras", "class_name": "Sequential"}'})),
    ("model.pt", zipped({"x/data.pkl": b"N.", "x/code/__torch__.py": b"def f(): pass"})),
    ("arrays.npz", zipped({"a.npy": b"x"})),
]


def found(path: str, data: bytes) -> set[str]:
    return {claim.code for claim in code_claims(evidence({path: data}, limit=1 << 26))}


@pytest.mark.parametrize(("path", "data", "codes"), RUNS, ids=[row[0] for row in RUNS])
def test_what_a_member_runs_is_found(path: str, data: bytes, codes: set[str]) -> None:
    claims = code_claims(evidence({path: data}, limit=1 << 26))
    assert {claim.code for claim in claims} == codes
    assert {claim.path for claim in claims} == {path}
    assert {claim.target for claim in claims} <= {path, ""}


@pytest.mark.parametrize(("path", "data"), UNREAD, ids=[row[0] for row in UNREAD])
def test_what_nobody_read_is_unknown(path: str, data: bytes) -> None:
    assert found(path, data) == {"unreadable"}


@pytest.mark.parametrize(("path", "data"), QUIET, ids=[row[0] for row in QUIET])
def test_an_archive_of_data_is_quiet(path: str, data: bytes) -> None:
    assert found(path, data) == set()


def test_a_member_is_named_and_its_archive_is_what_is_allowed() -> None:
    (claim,) = code_claims(evidence({"m.mar": zipped({"handler.py": b""})}))
    assert "handler.py" in claim.detail
    assert claim.target == "m.mar"


@pytest.mark.parametrize(
    "body",
    [b"1" * 4000, b"9" * 40 + b" path=x\n", b"12 size=-99\n", b"x" * 60_000, b"\0" * 5000],
)
def test_a_header_that_makes_a_reader_slow_ends(body: bytes) -> None:
    entry = tarfile.TarInfo("x")
    entry.type, entry.size = tarfile.XHDTYPE, len(body)
    header = entry.tobuf(tarfile.USTAR_FORMAT)
    data = (header + body + bytes(-len(body) % 512)) * 60 + tar({"a.yaml": TARGET})
    assert found("m.nemo", data) <= {"unreadable", "callable"}


@given(st.integers(0, 1500), st.binary(min_size=1, max_size=24))
def test_nothing_is_raised(place: int, data: bytes) -> None:
    whole = tar({"model_config.yaml": OWN})
    assert found("m.nemo", whole[:place] + data + whole[place + len(data) :]) is not None
