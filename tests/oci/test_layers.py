"""What is in an artifact, however its maker packed it."""

from __future__ import annotations

import gzip
import random
import tarfile
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from time import process_time

import pytest

from provenance.model import Kind
from provenance.source.limits import DEFAULT
from provenance.source.oci.layers import laid
from provenance.source.oci.manifest import Descriptor, Manifest
from provenance.source.oci.media import UNPACK, Form, form_of
from provenance.source.remote.budget import RequestBudget
from tests import forge
from tests.hubs import FILES
from tests.oci import artifacts
from tests.oci.artifacts import (
    EMPTY,
    FILE_PATH,
    IMAGE,
    IMAGE_CONFIG,
    KITOPS,
    MODEL_CONFIG,
    RAW,
    TAR,
    TAR_GZIP,
    TITLE,
    artifact,
    layer,
    other,
    tar,
)
from tests.oci.asked import downloaded, files, gathered, seen, store
from tests.oci.server import Registry

LISTED = {path: (len(data), sha256(data).hexdigest()) for path, data in FILES.items()}
OLLAMA = "application/vnd.ollama.image."
DOCKER = "application/vnd.docker.ai."
ORAS = "application/vnd.oci.image.layer.v1.tar"


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry() as made:
        yield made


@pytest.mark.parametrize("how", ["raw", TAR, TAR_GZIP, KITOPS, IMAGE])
def test_the_same_files_however_they_are_packed(
    registry: Registry, tmp_path: Path, how: str
) -> None:
    if how == "raw":
        artifacts.raw(registry, FILES)
    else:
        artifacts.packed(registry, FILES, how)
    evidence = gathered(registry)
    assert (files(evidence), seen(evidence)) == (LISTED, set())
    kinds = {content.path: content.kind for content in evidence.contents}
    assert kinds["model.safetensors"] is Kind.SAFETENSORS
    assert downloaded(registry, tmp_path) == FILES


def test_of_raw_layers_little_is_asked_for(registry: Registry) -> None:
    artifacts.raw(registry, {"model.safetensors": forge.safetensors(bytes(20 << 20))})
    evidence = gathered(registry)
    assert len(evidence.contents) == 1
    assert registry.traffic < 1 << 20


def test_a_verdict_on_140_gigabytes_takes_less_than_ten_megabytes(registry: Registry) -> None:
    assert artifacts.large(registry, 30, 4_666_666_666) > 139e9
    evidence = gathered(registry, "large")
    kinds = [content.kind for content in evidence.contents]
    assert kinds.count(Kind.SAFETENSORS) == 30
    assert (seen(evidence), registry.traffic < 10_000_000) == (set(), True)


RAW_NAMES = {
    "an annotation of ModelPack": (RAW, {FILE_PATH: "a/m.gguf"}, "a/m.gguf"),
    "a title of ORAS": ("application/octet-stream", {TITLE: "m.gguf"}, "m.gguf"),
    "the type that ORAS gives to any file": (ORAS, {TITLE: "m.gguf"}, "m.gguf"),
    "an archive of ORAS": (ORAS + "+gzip", {TITLE: "m.tar.gz"}, "m.tar.gz"),
    "Ollama": (OLLAMA + "model", {}, "model.gguf"),
    "Docker Model Runner": (DOCKER + "gguf.v3", {}, "model.gguf"),
    "a title that is the file's name": (RAW, {FILE_PATH: "a/m", TITLE: "m"}, "a/m"),
}


@pytest.mark.parametrize("name", RAW_NAMES)
def test_how_a_raw_layer_is_called(registry: Registry, name: str) -> None:
    media_type, annotations, path = RAW_NAMES[name]
    one = layer(registry, b"weights", media_type, **annotations)
    registry.manifest(artifact(registry, [one], EMPTY), "v1")
    evidence = gathered(registry)
    assert (list(files(evidence)), seen(evidence)) == ([path], set())


@pytest.mark.parametrize("more", [{}, {UNPACK: "true"}], ids=["in Python", "in Go"])
def test_a_folder_that_oras_packed(registry: Registry, more: dict[str, str]) -> None:
    data = gzip.compress(tar(("sub/m.gguf", b"weights")))
    one = layer(registry, data, ORAS + "+gzip", **{TITLE: "sub", **more})
    registry.manifest(artifact(registry, [one], EMPTY), "v1")
    evidence = gathered(registry)
    assert (list(files(evidence)), seen(evidence)) == (["sub/m.gguf"], set())


def test_layers_of_one_type_have_names_of_their_own(registry: Registry) -> None:
    texts = [layer(registry, text, OLLAMA + "license") for text in (b"one", b"two")]
    registry.manifest(artifact(registry, texts), "v1")
    assert list(files(gathered(registry))) == ["LICENSE", "LICENSE-2"]


Row = tuple[str, str, Mapping[str, str]]
ODD: dict[str, tuple[list[Row], tuple[str, str]]] = {
    "two layers of one path": ([(RAW, "m", {}), (RAW, "m", {})], ("contradiction", "m")),
    "two names for one file": ([(RAW, "m", {TITLE: "n"})], ("contradiction", "m")),
    "a file that is a folder": ([(RAW, "m", {}), (RAW, "m/n", {})], ("name-collision", "m/n")),
    "out of the folder": ([(RAW, "../m", {})], ("name", "../m")),
    "an absolute path": ([(RAW, "/m", {})], ("name", "/m")),
    "a path that is longer": ([(RAW, "m" * 1025, {})], ("name", "m" * 200)),
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_about_paths(registry: Registry, name: str) -> None:
    rows, expected = ODD[name]
    layers = [
        layer(registry, b"%d" % number, media_type, path, **more)
        for number, (media_type, path, more) in enumerate(rows)
    ]
    registry.manifest(artifact(registry, layers), "v1")
    assert expected in seen(gathered(registry))


def test_an_unknown_layer_is_a_file_of_which_nobody_knows(registry: Registry) -> None:
    digest = sha256(b"weights").hexdigest()
    one = layer(registry, b"weights", "application/vnd.acme.weights")
    registry.manifest(artifact(registry, [one]), "v1")
    evidence = gathered(registry)
    named = f"sha256-{digest}"
    assert files(evidence) == {named: (7, digest)}
    assert seen(evidence) == {("unreadable", named)}


@pytest.mark.parametrize(
    ("media_type", "path", "config"),
    [
        ("application/vnd.oci.image.layer.v1.tar+zstd", "", IMAGE_CONFIG),
        ("application/vnd.docker.image.rootfs.diff.tar.zstd", "", IMAGE_CONFIG),
        ("application/vnd.oci.image.layer.v1.tar+gzip+encrypted", "", IMAGE_CONFIG),
        ("application/vnd.acme.weights.v1.tar+zstd", "m", MODEL_CONFIG),
        ("application/vnd.cncf.model.weight.v1.tar+zstd", "", MODEL_CONFIG),
    ],
)
def test_what_is_packed_in_a_way_that_is_not_read_is_no_file(
    registry: Registry, media_type: str, path: str, config: str
) -> None:
    known = IMAGE if config == IMAGE_CONFIG else TAR_GZIP
    inside = "models/config.json" if config == IMAGE_CONFIG else "config.json"
    layers = [
        layer(registry, gzip.compress(tar((inside, b"{}"))), known),
        layer(registry, b"\x28\xb5\x2f\xfd weights", media_type, path),
    ]
    registry.manifest(artifact(registry, layers, config), "v1")
    evidence = gathered(registry)
    assert (list(files(evidence)), seen(evidence)) == (["config.json"], {("unreadable", path)})
    assert all("push it again with gzip" in one.detail for one in evidence.observations)


def test_layers_without_names_are_named_in_no_time(registry: Registry) -> None:
    """20,000 take a third of a second; 40 seconds where each name is looked for from the first."""
    layers = tuple(
        Descriptor(media_type=OLLAMA + "model", digest=f"sha256:{n:064x}", size=1)
        for n in range(20_000)
    )
    manifest = Manifest(config=layers[0], layers=layers)
    begun = process_time()
    tree = laid(store(registry).repository, manifest, DEFAULT, RequestBudget(DEFAULT))
    assert process_time() - begun < 8
    assert list(tree.entries)[::19_999] == ["model.gguf", "model-20000.gguf"]


def test_the_types_of_model_packs_are_known() -> None:
    kinds = ("weight", "weight.config", "doc", "code", "dataset")
    for kind in kinds:
        for form in (Form.RAW, Form.TAR, Form.TAR_GZIP):
            assert form_of(f"application/vnd.cncf.model.{kind}.v1.{form.value}")[0] is form


def test_compressed_layers_are_read_again_from_the_middle(
    registry: Registry, tmp_path: Path
) -> None:
    noise = random.Random(1)
    contents = {f"{n}.bin": noise.randbytes(12 << 20) for n in range(3)}
    artifacts.packed(registry, contents, TAR_GZIP)
    release = store(registry).opened("v1").release
    registry.traffic = 0
    assert downloaded(registry, tmp_path) == contents
    whole = len(gzip.compress(tar(*contents.items()), 1))
    # Once to list it, once to fetch it, and what lies between a mark and a file's beginning.
    assert registry.traffic < 3 * whole
    assert release.whole("none", 1) is None


Member = tuple[str, bytes] | tarfile.TarInfo
IMAGES: dict[str, tuple[list[list[Member]], dict[str, bytes], set[tuple[str, str]]]] = {
    "a later layer stands": ([[("models/a", b"1")], [("models/a", b"2")]], {"a": b"2"}, set()),
    "taken back": (
        [[("models/a", b"1"), ("models/b", b"2")], [("models/.wh.a", b"")]],
        {"b": b"2"},
        set(),
    ),
    "taken back whole": (
        [[("models/a", b"1")], [(".wh.models", b"")], [("models/b", b"2")]],
        {"b": b"2"},
        set(),
    ),
    "a folder anew": (
        [[("models/x/a", b"1")], [("models/x/.wh..wh..opq", b""), ("models/x/b", b"2")]],
        {"x/b": b"2"},
        set(),
    ),
    "other files": (
        [[("bin/sh", b"1"), ("models/a", b"1"), other("bin/ash", tarfile.SYMTYPE, "sh")]],
        {"a": b"1"},
        set(),
    ),
    "behind a link": (
        [[("models/a", b"1"), other("x", tarfile.SYMTYPE, "models"), ("x/evil", b"1")]],
        {"a": b"1"},
        {("symlink", "x/evil")},
    ),
    "behind a link to the root": (
        [[("models/a", b"1"), other("x", tarfile.SYMTYPE, "/"), ("x/models/evil", b"1")]],
        {"a": b"1"},
        {("symlink", "x/models/evil")},
    ),
    "behind a link to a link": (
        [
            [("models/a", b"1")],
            [other("b", tarfile.SYMTYPE, "models"), other("a", tarfile.SYMTYPE, "b")],
            [("a/evil", b"1")],
        ],
        {"a": b"1"},
        {("symlink", "a/evil")},
    ),
    "behind a link to a link that is laid later": (
        [
            [("models/a", b"1"), other("x/a", tarfile.SYMTYPE, "/x/../b")],
            [other("b", tarfile.SYMTYPE, "/models"), ("x/a/evil", b"1")],
        ],
        {"a": b"1"},
        {("symlink", "x/a/evil")},
    ),
    "behind a link in a folder that is a link": (
        [
            [("models/a", b"1"), other("x", tarfile.SYMTYPE, "y/z")],
            [other("x/l", tarfile.SYMTYPE, "../../models"), ("y/z/l/evil", b"1")],
        ],
        {"a": b"1"},
        {("symlink", "y/z/l/evil")},
    ),
    "taken back behind a link": (
        [[("models/a", b"1"), other("x", tarfile.SYMTYPE, "/")], [("x/.wh.models", b"")]],
        {"a": b"1"},
        {("symlink", "x/.wh.models")},
    ),
    "through a link": (
        [[("models/a", b"1"), other("x", tarfile.SYMTYPE, "models/a"), ("x", b"2")]],
        {"a": b"1"},
        {("symlink", "x")},
    ),
    "through a second name": (
        [[("models/a", b"1"), other("x/y", tarfile.LNKTYPE, "models/a"), ("x/y", b"2")]],
        {"a": b"1"},
        {("symlink", "x/y")},
    ),
    "through the second name of a link": (
        [
            [("models/a", b"1"), other("b", tarfile.SYMTYPE, "/models")],
            [other("c", tarfile.LNKTYPE, "b"), ("c/evil", b"1")],
        ],
        {"a": b"1"},
        {("symlink", "c/evil")},
    ),
    "behind links in a circle": (
        [
            [("models/a", b"1"), other("x", tarfile.SYMTYPE, "y")],
            [other("y", tarfile.SYMTYPE, "x"), ("x/a", b"1")],
        ],
        {"a": b"1"},
        {("symlink", "x/a")},
    ),
    "links and second names as systems have them": (
        [
            [("models/a", b"1"), ("usr/bin/sh", b"1"), other("bin", tarfile.SYMTYPE, "usr/bin")],
            [("bin/ls", b"1"), other("usr/bin/ash", tarfile.LNKTYPE, "usr/bin/sh")],
            [("bin/ash", b"2"), other("mnt/models", tarfile.SYMTYPE, "/models")],
            [other("mnt/models", tarfile.DIRTYPE), other("srv/a", tarfile.LNKTYPE, "models/a")],
        ],
        {"a": b"1"},
        set(),
    ),
    "a folder in a file's place": (
        [[("models/a", b"1"), ("models/b", b"2")], [other("models/b", tarfile.DIRTYPE)]],
        {"a": b"1"},
        set(),
    ),
    "a folder in a file's place, with a file": (
        [[("models/b", b"2")], [other("models/b", tarfile.DIRTYPE), ("models/b/c", b"3")]],
        {"b/c": b"3"},
        set(),
    ),
    "taken back by an absolute path": (
        [[("models/a", b"1"), ("models/b", b"2")], [("/models/.wh.a", b"")]],
        {"b": b"2"},
        set(),
    ),
    "taken back without a name": (
        [[("models/a", b"1")], [("models/.wh.", b"")]],
        {"a": b"1"},
        {("name", ".wh.")},
    ),
    "by way of another folder": (
        [[("models/a", b"1"), ("x/../models/evil", b"1")]],
        {"a": b"1"},
        {("name", "x/../models/evil")},
    ),
    "absolute": (
        [[("models/a", b"1"), ("/models/evil", b"1")]],
        {"a": b"1"},
        {("name", "/models/evil")},
    ),
    "the folder is a link": (
        [[("models/a", b"1")], [other("models", tarfile.SYMTYPE, "etc")]],
        {"a": b"1"},
        {("symlink", "models")},
    ),
}


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_is_what_its_layers_make_of_one_tree(registry: Registry, name: str) -> None:
    layers, expected, odd = IMAGES[name]
    rows = [layer(registry, gzip.compress(tar(*members)), IMAGE) for members in layers]
    registry.manifest(artifact(registry, rows, IMAGE_CONFIG), "v1")
    evidence = gathered(registry)
    assert files(evidence) == {
        path: (len(data), sha256(data).hexdigest()) for path, data in expected.items()
    }
    assert seen(evidence) == odd
