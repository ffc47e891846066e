"""The layouts tools leave on disk, and what strays from them."""

from __future__ import annotations

import os
import socket
from hashlib import sha256
from pathlib import Path

import pytest

from provenance.errors import SourceError
from provenance.model import Basis
from provenance.source.limits import Limits
from tests import forge
from tests.source.gather import gather, paths, seen

COMMIT = "0123456789abcdef0123456789abcdef01234567"
XET = "ab" + "c" * 62


def snapshot(cache: Path, name: str = COMMIT) -> Path:
    """A snapshot of a Hub cache with one file, linked to its blob."""
    repo = cache / "models--acme--m"
    folder = repo / "snapshots" / name
    (repo / "blobs").mkdir(parents=True)
    (folder / "sub").mkdir(parents=True)
    (repo / "blobs" / "etag").write_bytes(b"weights")
    (folder / "a.txt").symlink_to("../../blobs/etag")
    return folder


def share(cache: Path, marker: str | None = "1\n", entry: str = f"ab/{XET}") -> None:
    """Moves the blob on into the cache's shared store."""
    place = cache / "blobs" / entry
    place.parent.mkdir(parents=True)
    blob = cache / "models--acme--m" / "blobs" / "etag"
    blob.rename(place)
    blob.symlink_to(os.path.relpath(place, blob.parent))
    if marker is not None:
        (cache / "blobs" / ".huggingface-shared-blobs").write_text(marker)


def test_plain_folder(tmp_path: Path) -> None:
    forge.write(tmp_path, {"b/c.json": b"{}", "a.txt": b"hello", "empty": b""})
    evidence = gather(tmp_path)
    assert evidence.basis is Basis.MEASURED
    assert [(f.path, f.size, f.sha256) for f in evidence.listing.files] == [
        (path, len(data), sha256(data).hexdigest())
        for path, data in (("a.txt", b"hello"), ("b/c.json", b"{}"), ("empty", b""))
    ]
    assert evidence.manifest == evidence.listing
    assert [content.path for content in evidence.contents] == paths(evidence)
    assert evidence.observations == ()
    assert evidence.ref.commit is None


def test_through_a_link_of_the_callers_own(tmp_path: Path) -> None:
    forge.write(tmp_path / "real", {"a.txt": b"hello"})
    (tmp_path / "link").symlink_to("real")
    assert gather(tmp_path / "link").listing == gather(tmp_path / "real").listing


def test_hub_snapshot(tmp_path: Path) -> None:
    folder = snapshot(tmp_path)
    (folder / "sub" / "b.txt").symlink_to("../../../blobs/etag")
    (folder / "c.txt").symlink_to(tmp_path.resolve() / "models--acme--m" / "blobs" / "etag")
    evidence = gather(folder)
    digest = sha256(b"weights").hexdigest()
    assert [(f.path, f.sha256) for f in evidence.listing.files] == [
        (path, digest) for path in ("a.txt", "c.txt", "sub/b.txt")
    ]
    assert evidence.observations == ()
    assert evidence.ref.commit == COMMIT
    assert evidence.ref.repo is None


def test_a_snapshot_named_by_no_commit_has_none(tmp_path: Path) -> None:
    assert gather(snapshot(tmp_path, "main")).ref.commit is None


def test_hub_snapshot_over_the_shared_store(tmp_path: Path) -> None:
    folder = snapshot(tmp_path)
    share(tmp_path)
    evidence = gather(folder)
    assert evidence.observations == ()
    assert evidence.listing.files[0].sha256 == sha256(b"weights").hexdigest()


@pytest.mark.parametrize(
    ("marker", "entry"),
    [
        (None, f"ab/{XET}"),
        ("2\n", f"ab/{XET}"),
        ("1\n", f"cd/{XET}"),
        ("1\n", "ab/short"),
        ("1\n", f"ab/deeper/{XET}"),
    ],
)
def test_what_is_no_shared_store_is_not_followed(
    tmp_path: Path, marker: str | None, entry: str
) -> None:
    folder = snapshot(tmp_path)
    share(tmp_path, marker, entry)
    evidence = gather(folder)
    assert seen(evidence) == {("symlink", "a.txt")}
    assert paths(evidence) == []


def test_a_blob_that_leads_elsewhere_is_not_followed(tmp_path: Path) -> None:
    folder = snapshot(tmp_path)
    (tmp_path / "secret").write_text("secret")
    blob = tmp_path / "models--acme--m" / "blobs" / "etag"
    blob.unlink()
    blob.symlink_to(tmp_path / "secret")
    assert seen(gather(folder)) == {("symlink", "a.txt")}


def test_blobs_of_another_repository_are_not_followed(tmp_path: Path) -> None:
    folder = snapshot(tmp_path)
    other = tmp_path / "models--evil--m" / "blobs"
    other.mkdir(parents=True)
    (other / "etag").write_text("other")
    (folder / "b.txt").symlink_to("../../../models--evil--m/blobs/etag")
    assert seen(gather(folder)) == {("symlink", "b.txt")}


def test_a_blobs_folder_that_is_itself_a_link_is_not_followed(tmp_path: Path) -> None:
    folder = snapshot(tmp_path)
    blobs = tmp_path / "models--acme--m" / "blobs"
    blobs.rename(tmp_path / "elsewhere")
    blobs.symlink_to(tmp_path / "elsewhere")
    assert seen(gather(folder)) == {("symlink", "a.txt")}


def test_a_cache_inside_the_judged_folder_gives_no_leave(tmp_path: Path) -> None:
    snapshot(tmp_path)
    link = f"models--acme--m/snapshots/{COMMIT}/a.txt"
    assert ("symlink", link) in seen(gather(tmp_path))


def test_an_extra_file_in_a_snapshot_is_a_file(tmp_path: Path) -> None:
    folder = snapshot(tmp_path)
    (folder / "evil.py").write_text("import os")
    assert paths(gather(folder)) == ["a.txt", "evil.py"]


@pytest.mark.parametrize(
    "target", ["/etc/passwd", "../outside", "inside.txt", "missing", "link", "sub", "..", "."]
)
def test_no_other_link_is_followed(tmp_path: Path, target: str) -> None:
    folder = forge.write(tmp_path / "m", {"inside.txt": b"x", "sub/deep.txt": b"y"})
    (tmp_path / "outside").write_text("z")
    (folder / "link").symlink_to(target)
    evidence = gather(folder)
    assert seen(evidence) == {("symlink", "link")}
    assert paths(evidence) == ["inside.txt", "sub/deep.txt"]


def test_pipes_and_sockets_are_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "weights.bin")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("door")
        evidence = gather(tmp_path)
    assert seen(evidence) == {("special-file", "weights.bin"), ("special-file", "door")}


LEFT: dict[str, bytes] = {
    ".gitignore": b"*",
    ".gitignore.lock": b"",
    "CACHEDIR.TAG": b"Signature: 8a477f597d28d172789f06886806bc55\n# A cache.\n#\thttps://x/\n",
    "download/config.json.lock": b"",
    "download/config.json.metadata": b"%s\n%s\n1712656091.123\n" % (b"a" * 40, b"b" * 40),
    "download/sub/m.gguf.metadata": b"%s\n%s\n1712656091\n" % (b"a" * 40, b"c" * 64),
    "upload/config.json.metadata": b"1712656091.5\n2\n0\n%s\nregular\n\n1\n0\n" % (b"c" * 64),
    f"trees/{COMMIT}.json": b"""{"format_version": 1, "files": {
        "config.json": {"size": 2, "blob_id": "%s"},
        "m.gguf": {"size": 9, "blob_id": "%s", "lfs_sha256": "%s", "lfs_size": 9}}}"""
    % (b"a" * 40, b"b" * 40, b"c" * 64),
}


def test_what_a_download_leaves_is_no_part_of_the_model(tmp_path: Path) -> None:
    left = {f".cache/huggingface/{path}": data for path, data in LEFT.items()}
    evidence = gather(forge.write(tmp_path, {"config.json": b"{}", **left}))
    assert paths(evidence) == ["config.json"]
    assert evidence.observations == ()


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("evil.py", b"import os"),
        (".gitignore", b"*\nimport os"),
        ("CACHEDIR.TAG", b"Signature: 8a477f597d28d172789f06886806bc55\nimport os\n"),
        ("download/a.lock", b"import os"),
        ("download/a.metadata", b"import os"),
        ("download/a.metadata", b"a" * 40 + b"\n" + b"b" * 40 + b"\n1.5\nimport os\n"),
        ("download/a.py", b""),
        ("download/a.incomplete", b"half a file"),
        ("upload/a.metadata", b"1.0\n2\n\n\n\n\n0\n0\nimport os\n"),
        (f"trees/{COMMIT}.json", b"{}"),
        (f"trees/{COMMIT}.json", b'{"format_version": 1, "files": {"a": {"size": "x"}}}'),
        (f"trees/{COMMIT}.json", b"[" * 100_000),
        ("trees/main.json", b'{"format_version": 1, "files": {}}'),
        ("download/model.safetensors", b""),
    ],
)
def test_what_strays_from_the_bookkeeping_is_a_file(tmp_path: Path, path: str, data: bytes) -> None:
    place = f".cache/huggingface/{path}"
    forge.write(tmp_path, {place: data})
    assert paths(gather(tmp_path)) == [place]


def test_bookkeeping_is_known_at_the_top_alone(tmp_path: Path) -> None:
    place = "sub/.cache/huggingface/.gitignore"
    forge.write(tmp_path, {place: b"*"})
    assert paths(gather(tmp_path)) == [place]


def test_git_checkout(tmp_path: Path) -> None:
    forge.write(tmp_path, {".git/config": b"[core]", ".gitattributes": b"", "a.txt": b""})
    assert paths(gather(tmp_path)) == [".gitattributes", "a.txt"]


def test_git_worktree(tmp_path: Path) -> None:
    forge.write(tmp_path, {".git": b"gitdir: /somewhere", "a.txt": b""})
    assert paths(gather(tmp_path)) == ["a.txt"]


def test_git_that_is_a_link_or_lies_deeper_is_not_passed_over(tmp_path: Path) -> None:
    forge.write(tmp_path, {"sub/.git/hook.py": b"import os"})
    (tmp_path / ".git").symlink_to("/tmp")
    evidence = gather(tmp_path)
    assert paths(evidence) == ["sub/.git/hook.py"]
    assert seen(evidence) == {("symlink", ".git")}


def test_more_names_than_are_looked_at(tmp_path: Path) -> None:
    forge.write(tmp_path, {f"{n}.txt": b"" for n in range(5)})
    assert ("limit", "") not in seen(gather(tmp_path, limits=Limits(entries=5)))
    evidence = gather(tmp_path, limits=Limits(entries=4), include=["9.txt"])
    assert ("limit", "") in seen(evidence)


@pytest.mark.parametrize("name", ["missing", "pipe", "loop", "file/below"])
def test_what_cannot_be_read_at_all(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").write_text("")
    with pytest.raises(SourceError, match=name):
        gather(tmp_path / name)


def test_unreadable_as_another_user(tmp_path: Path) -> None:
    """As root, who may read all, the test steps down to nobody."""
    folder = forge.write(tmp_path / "m", {"a.txt": b"", "b.txt": b"", "shut/c.txt": b""})
    (folder / "b.txt").chmod(0)
    (folder / "shut").chmod(0)
    for above in (tmp_path, *tmp_path.parents[:3]):
        if above.owner() == folder.owner() and "pytest" in above.as_posix():
            above.chmod(0o755)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        evidence = gather(folder, include=["shut/*", "*"])
    finally:
        os.seteuid(user)
        (folder / "shut").chmod(0o755)
    assert seen(evidence) == {("unreadable", "b.txt"), ("unreadable", "shut/")}
    assert paths(evidence) == ["a.txt"]


def test_a_folder_too_deep_to_open_is_told_whatever_is_selected(tmp_path: Path) -> None:
    inner = os.open(tmp_path, os.O_RDONLY)
    try:
        for _ in range(18):
            os.mkdir("d" * 250, dir_fd=inner)
            below = os.open("d" * 250, os.O_RDONLY, dir_fd=inner)
            os.close(inner)
            inner = below
        evidence = gather(tmp_path, include=["*.safetensors"])
    finally:
        os.close(inner)
    assert {code for code, _ in seen(evidence)} == {"unreadable"}
