"""The upward search: whose file is taken, and that the judged never supplies the judge."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from provenance.errors import ConfigError
from provenance.policy import Model
from provenance.workspace.settings import find, is_own, load
from tests import hostile

POLICY = '[policy]\nprofile = "signed"\n'
PROJECT = '[project]\nname = "x"\n'
TOOL = '[tool.provenance.policy]\nprofile = "signed"\n'


def lay(root: Path, files: dict[str, str]) -> None:
    """Write `files` below `root`; a name that ends in `/` is a folder."""
    for name, text in files.items():
        path = root / name
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)


# Files, where the search starts, what is judged, the home folder, and what is found.
SEARCHES: dict[str, tuple[dict[str, str], str, list[str], str | None, str | None]] = {
    "beside": ({"p/provenance.toml": POLICY}, "p", [], None, "p/provenance.toml"),
    "above": (
        {"p/provenance.toml": POLICY, "p/a/b/": ""},
        "p/a/b",
        [],
        None,
        "p/provenance.toml",
    ),
    "the nearest": (
        {"p/provenance.toml": POLICY, "p/a/provenance.toml": POLICY, "p/a/b/": ""},
        "p/a/b",
        [],
        None,
        "p/a/provenance.toml",
    ),
    "pyproject": ({"p/pyproject.toml": PROJECT + TOOL}, "p", [], None, "p/pyproject.toml"),
    "a pyproject of others is passed by": (
        {"p/pyproject.toml": TOOL, "p/a/pyproject.toml": PROJECT},
        "p/a",
        [],
        None,
        "p/pyproject.toml",
    ),
    "a pyproject beside it that does not speak": (
        {"p/pyproject.toml": PROJECT, "p/provenance.toml": POLICY},
        "p",
        [],
        None,
        "p/provenance.toml",
    ),
    "the repository's own": (
        {"p/.git/": "", "p/provenance.toml": POLICY, "p/a/": ""},
        "p/a",
        [],
        None,
        "p/provenance.toml",
    ),
    "not above the repository": (
        {"provenance.toml": POLICY, "p/.git/": "", "p/a/": ""},
        "p/a",
        [],
        None,
        None,
    ),
    "not above a worktree": (
        {"provenance.toml": POLICY, "p/.git": "gitdir: x", "p/a/": ""},
        "p/a",
        [],
        None,
        None,
    ),
    "in the home folder": (
        {"home/provenance.toml": POLICY, "home/a/": ""},
        "home/a",
        [],
        "home",
        "home/provenance.toml",
    ),
    "not above the home folder": (
        {"provenance.toml": POLICY, "home/a/": ""},
        "home/a",
        [],
        "home",
        None,
    ),
    "not from inside the judged": (
        {"p/m/provenance.toml": POLICY, "p/.git/": ""},
        "p/m",
        ["p/m"],
        None,
        None,
    ),
    "not from a folder inside the judged": (
        {"p/m/sub/provenance.toml": POLICY, "p/m/pyproject.toml": TOOL, "p/.git/": ""},
        "p/m/sub",
        ["p/m"],
        None,
        None,
    ),
    "above the judged": (
        {"p/m/provenance.toml": POLICY, "p/provenance.toml": POLICY},
        "p/m",
        ["p/m"],
        None,
        "p/provenance.toml",
    ),
    "the judged's repository ends nothing": (
        {"p/m/.git/": "", "p/provenance.toml": POLICY},
        "p/m",
        ["p/m"],
        None,
        "p/provenance.toml",
    ),
    "above the outermost judged": (
        {"p/m/provenance.toml": POLICY, "p/m/n/": "", "p/provenance.toml": POLICY},
        "p/m/n",
        ["p/m/n", "p/m"],
        None,
        "p/provenance.toml",
    ),
    "a judged elsewhere changes nothing": (
        {"p/provenance.toml": POLICY, "p/m/provenance.toml": POLICY},
        "p",
        ["p/m"],
        None,
        "p/provenance.toml",
    ),
    "the judged through a link": (
        {"p/m/provenance.toml": POLICY, "p/.git/": ""},
        "p/m",
        ["p/link"],
        None,
        None,
    ),
    "a neighbour whose name begins the same": (
        {"p/m2/provenance.toml": POLICY},
        "p/m2",
        ["p/m"],
        None,
        "p/m2/provenance.toml",
    ),
}


@pytest.mark.parametrize("name", SEARCHES)
def test_whose_file_is_found(tmp_path: Path, name: str) -> None:
    files, start, judged, home, expected = SEARCHES[name]
    lay(tmp_path, files | {".git/": ""})
    if "p/link" in judged:
        (tmp_path / "p/link").symlink_to("m")
    found = find(
        tmp_path / start,
        [tmp_path / path for path in judged],
        home=tmp_path / home if home else None,
    )
    assert found.path == (tmp_path / expected if expected else None)
    assert found.foreign == ()


@pytest.mark.parametrize("name", ["provenance.toml", "pyproject.toml"])
def test_a_file_that_anybody_may_write_is_passed_by(tmp_path: Path, name: str) -> None:
    lay(tmp_path, {".git/": "", "provenance.toml": POLICY, f"a/{name}": TOOL})
    (tmp_path / "a" / name).chmod(0o666)
    found = find(tmp_path / "a", [])
    assert found.path == tmp_path / "provenance.toml"
    assert found.foreign == (tmp_path / "a" / name,)


def test_a_strangers_pyproject_about_other_things_is_not_worth_a_word(tmp_path: Path) -> None:
    lay(tmp_path, {".git/": "", "pyproject.toml": PROJECT})
    (tmp_path / "pyproject.toml").chmod(0o666)
    assert find(tmp_path, []).foreign == ()


@pytest.mark.parametrize("data", [b"\xff", b"tool = ["])
def test_a_strangers_broken_file_stops_nobody(tmp_path: Path, data: bytes) -> None:
    lay(tmp_path, {".git/": "", "provenance.toml": POLICY, "a/": ""})
    (tmp_path / "a" / "pyproject.toml").write_bytes(data)
    (tmp_path / "a" / "pyproject.toml").chmod(0o666)
    assert find(tmp_path / "a", []).path == tmp_path / "provenance.toml"


def status(path: Path, owner: int) -> int:
    """Give `path` to `owner` if that is possible here; the user for whom it is foreign."""
    if os.geteuid() == 0:
        os.lchown(path, owner, -1)
        return 0
    return os.geteuid() + 1


def test_a_file_of_another_user_is_passed_by(tmp_path: Path) -> None:
    lay(tmp_path, {".git/": "", "a/provenance.toml": POLICY})
    user = status(tmp_path / "a/provenance.toml", 12345)
    found = find(tmp_path / "a", [], user=user)
    assert (found.path, found.foreign) == (None, (tmp_path / "a/provenance.toml",))


def test_a_strangers_link_to_an_own_file_is_passed_by(tmp_path: Path) -> None:
    lay(tmp_path, {".git/": "", "own.toml": POLICY, "a/": ""})
    link = tmp_path / "a/provenance.toml"
    link.symlink_to(tmp_path / "own.toml")
    user = status(link, 12345)
    assert not is_own(link, user)
    assert find(tmp_path / "a", [], user=user).foreign == (link,)


def test_what_belongs_to_the_user_is_own(tmp_path: Path) -> None:
    lay(tmp_path, {"provenance.toml": POLICY})
    assert is_own(tmp_path / "provenance.toml", os.geteuid())
    assert not is_own(tmp_path / "missing.toml", os.geteuid())


def test_two_files_in_one_folder_are_an_error(tmp_path: Path) -> None:
    lay(tmp_path, {"provenance.toml": POLICY, "pyproject.toml": TOOL})
    with pytest.raises(ConfigError, match="both there") as caught:
        find(tmp_path, [])
    assert caught.value.path == str(tmp_path)


def test_a_link_into_the_judged_is_an_error(tmp_path: Path) -> None:
    lay(tmp_path, {"m/provenance.toml": POLICY})
    (tmp_path / "provenance.toml").symlink_to("m/provenance.toml")
    with pytest.raises(ConfigError, match="links into the model"):
        find(tmp_path, [tmp_path / "m"])


def test_an_own_pyproject_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    lay(tmp_path, {"pyproject.toml": "[tool.provenance"})
    with pytest.raises(ConfigError) as caught:
        find(tmp_path, [])
    assert caught.value.path == "pyproject.toml"


FILE = """
[policy]
registry = ["trust.toml", "../security", "/srv/trust.toml", "builtin", "./builtin"]
[[models]]
path = "models/x"
repo = "acme/x"
[[models]]
repo = "acme/y"
"""


@pytest.mark.parametrize("name", ["provenance.toml", "other.toml"])
def test_paths_start_at_the_file(tmp_path: Path, name: str) -> None:
    lay(tmp_path, {name: FILE})
    settings = load(tmp_path / name)
    assert settings.source == name
    assert settings.registry == (
        str(tmp_path / "trust.toml"),
        f"{tmp_path}/../security",
        "/srv/trust.toml",
        "builtin",
        str(tmp_path / "builtin"),
    )
    assert settings.models == (
        Model(name="acme/x", repo="acme/x", path=str(tmp_path / "models/x")),
        Model(name="acme/y", repo="acme/y"),
    )


def test_paths_do_not_depend_on_how_the_file_was_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay(tmp_path, {"provenance.toml": FILE})
    monkeypatch.chdir(tmp_path)
    assert load(Path("provenance.toml")) == load(tmp_path / "provenance.toml")


def test_a_pyproject_is_read_at_its_own_table(tmp_path: Path) -> None:
    lay(tmp_path, {"pyproject.toml": PROJECT + TOOL})
    assert load(tmp_path / "pyproject.toml").profile == "signed"


WAIVER = """
[[policy.waivers]]
rule = "signature/unsigned"
repo = "acme/x"
subject = "config.json"
any_revision = true
reason = "SEC-1"
"""


@pytest.mark.parametrize(
    ("name", "text", "path"),
    [
        ("provenance.toml", WAIVER, "provenance.toml: policy.waivers[0].expires"),
        ("provenance.toml", "[policy", "provenance.toml"),
        ("provenance.toml", "policy = 1", "provenance.toml: policy"),
        ("pyproject.toml", PROJECT, "pyproject.toml"),
        ("pyproject.toml", "tool = 1", "pyproject.toml"),
        ("pyproject.toml", "[tool]\nprovenance = []", "pyproject.toml: tool.provenance"),
        (
            "pyproject.toml",
            "[tool.provenance]\nmodels = [{}]",
            "pyproject.toml: tool.provenance.models[0].repo",
        ),
    ],
)
def test_errors_lead_into_the_file(tmp_path: Path, name: str, text: str, path: str) -> None:
    lay(tmp_path, {name: text})
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / name)
    assert caught.value.path == path


def test_no_beginning_of_a_file_raises_anything_else(tmp_path: Path) -> None:
    read = 0
    for data in hostile.truncations((POLICY + WAIVER).encode()):
        (tmp_path / "provenance.toml").write_bytes(data)
        try:
            read += load(tmp_path / "provenance.toml").source == "provenance.toml"
        except ConfigError:
            continue
    assert 0 < read < 50
