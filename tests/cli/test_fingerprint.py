"""`provenance fingerprint`, and what a registry and a caller's settings make of what it writes."""

from __future__ import annotations

import json
import pickle
import shlex
import stat
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from provenance.errors import ConfigError
from provenance.registry.fingerprints import digest_of
from provenance.weights.fingerprint import loads
from provenance.workspace import Request, Workspace
from tests import forge, weighed
from tests.cli import tiny
from tests.cli.conftest import Run

ADD = ("registry", "add-root", "Acme", "acme/base", "--manifest", "base", "--fingerprint")
MAKE = ("fingerprint", "base", "--as", "acme/base", "-o", "base.wlf")


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A folder with a base, and a registry that knows who publishes it."""

    folder: Path
    run: Run

    def done(self, *words: str) -> str:
        ended = self.run(*words, cwd=self.folder)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout + ended.stderr

    def refused(self, *words: str, code: int = 2) -> str:
        ended = self.run(*words, cwd=self.folder)
        assert ended.returncode == code, ended.stdout + ended.stderr
        return ended.stderr

    def kept(self) -> list[str]:
        """The names of the files beside the registry."""
        return sorted(file.name for file in (self.folder / "fingerprints").glob("*"))


@pytest.fixture
def desk(tmp_path: Path, run: Run) -> Desk:
    folder = tmp_path / "desk"
    weighed.model(folder / "base")
    (folder / "release.pub").write_text(forge.key("release").public.pem)
    (folder / "release.pem").write_bytes(forge.pem(forge.key("release")))
    desk = Desk(folder=folder, run=run)
    desk.done("registry", "init", "--name", "acme")
    desk.done("registry", "add-org", "Acme", "--namespace", "acme", "--key", "release.pub")
    return desk


def test_what_is_made_is_added_by_the_line_that_it_ends_with(desk: Desk) -> None:
    said = desk.done(*MAKE, "--sign-key", "release.pem")
    line = said.splitlines()[-1].removeprefix("next: provenance ")
    added = desk.done(*shlex.split(line))
    assert "signed by Acme/release, who speaks for acme/base" in added
    digest = digest_of((desk.folder / "base.wlf").read_bytes())
    assert desk.kept() == [f"{digest.removeprefix('sha256:')}.wlf"]
    for words in (("show",), ("diff", "empty.toml")):
        (desk.folder / "empty.toml").write_text('version = 1\nname = "empty"\n')
        assert digest in desk.done("registry", *words)
    assert "0 problems" in desk.done("registry", "check")
    assert "stays as it is" in desk.done(*shlex.split(line))
    removed = desk.done("registry", "remove", "root", "acme/base", "--reason", "x")
    assert "which nothing names any more" in removed
    assert desk.kept() == []


def test_a_root_that_stands_already_gets_it(desk: Desk) -> None:
    desk.done(*MAKE)
    desk.done(*ADD[:-1])
    desk.done(*ADD, "base.wlf")
    assert (desk.folder / "trust.toml").read_text().count("[[org.root]]") == 1
    assert len(desk.kept()) == 1


COMMIT, OTHER = "c" * 40, "d" * 40
AGAIN: Mapping[str, tuple[tuple[str, ...], tuple[str, ...], str, str]] = {
    "the same": ((), (), "stays as it is", ""),
    "with a commit": ((), ("--commit", COMMIT), "+commit", f'commit = "{COMMIT}"'),
    "without the commit": (("--commit", COMMIT), (), "stays as it is", f'commit = "{COMMIT}"'),
    "with the Hub's number": ((), ("--repo-id", "1" * 24), "+repo_id", f'repo_id = "{"1" * 24}"'),
    "with another commit": (
        ("--commit", COMMIT),
        ("--commit", OTHER),
        f"commit stays {COMMIT}, found {OTHER}",
        f'commit = "{COMMIT}"',
    ),
    "with a fingerprint and a commit": (
        ("--fingerprint", "base.wlf"),
        ("--commit", COMMIT),
        "+commit",
        "fingerprint = ",
    ),
    "with a fingerprint at last": (
        ("--commit", COMMIT),
        ("--fingerprint", "base.wlf"),
        "+fingerprint",
        f'commit = "{COMMIT}"',
    ),
}


@pytest.mark.parametrize("what", AGAIN)
def test_a_root_that_is_added_twice_stands_once(desk: Desk, what: str) -> None:
    first, then, says, holds = AGAIN[what]
    desk.done(*MAKE)
    desk.done(*ADD[:-1], *first)
    assert says in desk.done(*ADD[:-1], *then)
    text = (desk.folder / "trust.toml").read_text()
    assert text.count("[[org.root]]") == 1
    assert holds in text
    desk.done("registry", "remove", "root", "acme/base", "--reason", "x")


def test_one_commit_has_one_manifest(desk: Desk) -> None:
    desk.done(*ADD[:-1], "--commit", COMMIT)
    before = (desk.folder / "trust.toml").read_bytes()
    other = ("--commit", COMMIT, "--manifest", f"sha256:{'a' * 64}")
    said = desk.refused("registry", "add-root", "Acme", "acme/base", *other)
    assert "provenance registry remove root acme/base" in said
    assert (desk.folder / "trust.toml").read_bytes() == before


def test_as_json_it_is_described(desk: Desk) -> None:
    made = json.loads(desk.run(*MAKE, "--json", cwd=desk.folder).stdout)
    data = (desk.folder / "base.wlf").read_bytes()
    manifest = weighed.manifest(desk.folder / "base")
    assert (made["digest"], made["manifest"]) == (digest_of(data), manifest)
    assert (made["size"], made["coordinates"], made["tensors"]) == (len(data), "public", 5)
    desk.done(*MAKE)
    assert (desk.folder / "base.wlf").read_bytes() == data


def broken(folder: Path) -> None:
    (folder / "more.safetensors").write_bytes(b"\x10" + bytes(7) + b'{"a":')


def pickled(folder: Path) -> None:
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps([1]))


def packed(folder: Path) -> None:
    """Modules as a program packs them whose layout nobody documents."""
    size = 8 * 8 * 4
    table = {
        f"model.layers.{n}.mlp.gate_proj.Qidxs": {
            "dtype": "I32",
            "shape": [8, 8],
            "data_offsets": [n * size, (n + 1) * size],
        }
        for n in range(5)
    }
    head = json.dumps(table).encode()
    data = len(head).to_bytes(8, "little") + head + bytes(5 * size)
    (folder / "more.safetensors").write_bytes(data)


LEFT: Mapping[str, tuple[Callable[[Path], None], str]] = {
    "a header that is cut off": (broken, "without more.safetensors: no tensor of it can be read"),
    "a pickle": (pickled, "without pytorch_model.bin: no tensor of it can be read"),
    "a packing that is not read": (packed, "unreadable packing: QuIP#; "),
}


@pytest.mark.parametrize("what", LEFT)
def test_what_could_not_be_read_is_said(desk: Desk, what: str) -> None:
    adds, says = LEFT[what]
    assert "without" not in desk.done(*MAKE)
    adds(desk.folder / "base")
    said = " ".join(desk.done(*MAKE, "--force").split())
    assert says in said
    data = (desk.folder / "base.wlf").read_bytes()
    (first, *_) = loads(data).sample.unread
    assert f"without {first}" in said


def foreign(desk: Desk) -> None:
    (desk.folder / "base.wlf").write_text("a list of mine")


def of_another(desk: Desk) -> None:
    other = weighed.model(desk.folder / "other", seed=1)
    (desk.folder / "base.wlf").write_bytes(weighed.fingerprint(other))


def link(desk: Desk) -> None:
    (desk.folder / "base.wlf").symlink_to("trust.toml")


@pytest.mark.parametrize("lies", [foreign, of_another, link])
def test_nothing_foreign_is_written_over(desk: Desk, lies: Callable[[Desk], None]) -> None:
    lies(desk)
    before = (desk.folder / "base.wlf").read_bytes()
    assert "base.wlf" in desk.refused(*MAKE)
    assert (desk.folder / "base.wlf").read_bytes() == before


REFUSED: Mapping[str, tuple[tuple[str, ...], int, str]] = {
    "inside the model": (("fingerprint", "base", "-o", "base/x.wlf"), 2, "lies inside the model"),
    "no weights": (("fingerprint", "release.pub", "-o", "x.wlf"), 2, "no tensor is found"),
    "no name": (("fingerprint", "base", "-o", "x.wlf"), 2, "fingerprint base --as ORG/NAME -o x"),
    "no file": (("fingerprint", "empty", "-o", "x.wlf"), 2, "no file with any bytes"),
    "an adapter": (("fingerprint", "lora", "-o", "x.wlf"), 2, "an adapter: "),
    "a pickle": (("fingerprint", "old", "-o", "x.wlf"), 2, "pickle files"),
    "itself": (("fingerprint", "own.wlf", "-o", "x.wlf"), 2, "a fingerprint and no model"),
    "not here": (("fingerprint", "acme/x", "-o", "x.wlf", "--offline"), 5, "provenance fetch"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_made_says_what_to_do(desk: Desk, what: str) -> None:
    words, code, says = REFUSED[what]
    for name in ("empty", "lora", "old"):
        (desk.folder / name).mkdir()
    (desk.folder / "lora/adapter_model.safetensors").write_bytes(tiny.safetensors({}))
    (desk.folder / "old/pytorch_model.bin").write_bytes(pickle.dumps([1]))
    (desk.folder / "own.wlf").write_bytes(weighed.fingerprint(desk.folder / "base"))
    assert says in desk.refused(*words, code=code)
    assert not list(desk.folder.rglob("x.wlf"))


def test_it_is_called_as_a_root_with_these_files(desk: Desk) -> None:
    desk.done(*ADD[:-1])
    made = json.loads(desk.done("fingerprint", "base", "-o", "x.wlf", "--json"))
    assert made["model"] == "acme/base"


def test_one_of_no_name_is_asked_to_be_made_again(desk: Desk) -> None:
    (desk.folder / "x.wlf").write_bytes(weighed.fingerprint(desk.folder / "base", repo=""))
    settings = '[policy]\nregistry = ["trust.toml"]\n[policy.weights]\nfingerprints = ["x.wlf"]\n'
    (desk.folder / "provenance.toml").write_text(settings)
    assert "--as ORG/NAME -o x.wlf" in desk.refused("trace", "base")
    desk.done(*ADD[:-1])
    assert "acme/base" in desk.done("trace", "base")


def test_a_secret_one_ends_with_the_table_that_uses_it(desk: Desk) -> None:
    said = desk.done(*MAKE, "--key", "wlf.key").partition("next: ")[2]
    (desk.folder / "provenance.toml").write_text(said.partition("\n")[2])
    found = json.loads(desk.run("trace", "base", "--json", cwd=desk.folder).stdout)
    assert [one["base"] for one in found["ranked"]] == ["acme/base"]


def secret(desk: Desk) -> None:
    desk.done(*MAKE, "--key", "wlf.key")


def of_others(desk: Desk) -> None:
    of_another(desk)


def signed_for_another(desk: Desk) -> None:
    desk.done(*MAKE, "--sign-key", "release.pem")
    weighed.model(desk.folder / "base", seed=2)
    (desk.folder / "base.wlf").write_bytes(weighed.fingerprint(desk.folder / "base"))


def link_in_its_place(desk: Desk) -> None:
    desk.done(*MAKE)
    (desk.folder / "fingerprints").symlink_to("base")


NOT_ADDED: Mapping[str, tuple[Callable[[Desk], None], str]] = {
    "a secret": (secret, "never published"),
    "of other files": (of_others, "is the fingerprint of"),
    "none": (foreign, "cannot be read as"),
    "with a statement about another": (signed_for_another, "is about another"),
    "behind a link": (link_in_its_place, "is a link"),
}


@pytest.mark.parametrize("what", NOT_ADDED)
def test_what_is_no_fingerprint_of_the_root_is_not_added(desk: Desk, what: str) -> None:
    make, says = NOT_ADDED[what]
    make(desk)
    before = (desk.folder / "trust.toml").read_bytes()
    assert says in desk.refused(*ADD, "base.wlf")
    assert (desk.folder / "trust.toml").read_bytes() == before
    assert not (desk.folder / "fingerprints").is_dir() or not list(desk.folder.rglob("*.tmp"))


def settled(desk: Desk, policy: str) -> Workspace:
    desk.done(*MAKE, "--key", "wlf.key")
    (desk.folder / "provenance.toml").write_text(f"[policy.weights]\n{policy}\n")
    return Workspace.open(desk.folder)


def test_a_secret_one_is_the_callers_own(desk: Desk) -> None:
    workspace = settled(desk, 'key = "wlf.key"\nfingerprints = ["base.wlf"]')
    session = workspace.session(Request(), needs_models=False)
    (document,) = session.fingerprints()
    data = (desk.folder / "base.wlf").read_bytes()
    assert document.path.startswith("acme/base@key:")
    assert document.data == data
    assert session.settings.weighing.digests == (digest_of(data),)
    assert session.bases.key == (desk.folder / "wlf.key").read_bytes()
    modes = [stat.S_IMODE((desk.folder / name).stat().st_mode) for name in ("wlf.key", "base.wlf")]
    assert modes == [0o600, 0o600]


def others_may_read(folder: Path) -> None:
    (folder / "wlf.key").chmod(0o640)


def another_key(folder: Path) -> None:
    (folder / "wlf.key").write_bytes(bytes(32))


def short_key(folder: Path) -> None:
    (folder / "wlf.key").write_bytes(b"key")


def no_key(folder: Path) -> None:
    (folder / "wlf.key").unlink()


def gone(folder: Path) -> None:
    (folder / "base.wlf").unlink()


def nothing(folder: Path) -> None:
    """All is as it was made."""


BOTH = 'key = "wlf.key"\nfingerprints = ["base.wlf"]'
WRONG: Mapping[str, tuple[str, Callable[[Path], None], str]] = {
    "others may read the key": (BOTH, others_may_read, "chmod 600"),
    "another key": (BOTH, another_key, "was made with another key"),
    "a short key": (BOTH, short_key, "expected 16 or more"),
    "no key": (BOTH, no_key, "the key cannot be read"),
    "no key is named": ('fingerprints = ["base.wlf"]', nothing, "name their key"),
    "no file": (BOTH, gone, "cannot be read"),
    "an unknown word": ('keys = "wlf.key"', nothing, "policy.weights.keys"),
    "an empty path": ('fingerprints = [" "]', nothing, r"fingerprints\[0\]"),
}


@pytest.mark.parametrize("what", WRONG)
def test_settings_that_cannot_be_used_are_errors(desk: Desk, what: str) -> None:
    policy, change, says = WRONG[what]
    workspace = settled(desk, policy)
    change(desk.folder)
    with pytest.raises(ConfigError, match=says):
        workspace.session(Request(), needs_models=False).fingerprints()


def test_a_folder_that_is_to_be_filled_is_filled_and_told_of_elsewhere(desk: Desk) -> None:
    (desk.folder / "fp").mkdir()
    settings = '[policy.weights]\nfingerprints = ["fp/"]\n'
    models = '[[models]]\nname = "base"\nrepo = "acme/base"\npath = "base"\n'
    (desk.folder / "provenance.toml").write_text(settings + models)
    session = Workspace.open(desk.folder).session(Request())
    told = [one for one in session.findings if one.rule == "policy/no-fingerprint"]
    assert [Path(one.where).name for one in told] == ["fp"]
    line = f"`provenance fingerprint DIR --as ORG/NAME -o {desk.folder / 'fp' / 'base.wlf'}`"
    assert line in told[0].message
    desk.done("fingerprint", "./base", "--as", "acme/base", "-o", "fp/base.wlf")
    after = Workspace.open(desk.folder).session(Request())
    assert not [one for one in after.findings if one.rule == "policy/no-fingerprint"]
    assert len(after.fingerprints()) == 1


def test_status_counts_the_roots_that_have_one(desk: Desk) -> None:
    desk.done(*MAKE)
    desk.done(*ADD, "base.wlf")
    other = ("--commit", "c" * 40, "--manifest", f"sha256:{'a' * 64}")
    desk.done("registry", "add-root", "Acme", "acme/other", *other)
    (desk.folder / "provenance.toml").write_text('[policy]\nregistry = ["trust.toml"]\n')
    assert "1 of 2 roots have a fingerprint" in desk.done("status", "--offline")


def committed(folder: Path, branch: str) -> None:
    """Everything but the secret is in a commit of a new branch."""
    name = ("-c", "user.name=x", "-c", "user.email=x@y")
    (folder / ".gitignore").write_text("wlf.key\n*.pem\nbase/\n")
    for words in (("init", "-q"), ("checkout", "-qb", branch), ("add", "-A")):
        subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)
    commit = ("commit", "-qm", branch, "--allow-empty")
    subprocess.run(["git", *name, *commit], cwd=folder, check=True, capture_output=True)


def test_a_pull_request_is_compared_with_the_fingerprints_of_its_base(desk: Desk) -> None:
    workspace = settled(desk, BOTH)
    desk.done("fingerprint", "base", "--as", "acme/base", "-o", "public.wlf")
    desk.done(*ADD, "public.wlf")
    settings = desk.folder / "provenance.toml"
    settings.write_text(f'[policy]\nregistry = ["trust.toml"]\n{settings.read_text()}')
    committed(desk.folder, "base-branch")
    before = {name: (desk.folder / name).read_bytes() for name in ("public.wlf", "base.wlf")}
    settings.write_text(settings.read_text().replace('"base.wlf"', '"other.wlf"'))
    (desk.folder / "other.wlf").write_bytes(before["public.wlf"])
    for file in (desk.folder / "base.wlf", *(desk.folder / "fingerprints").iterdir()):
        file.unlink()
    committed(desk.folder, "head")
    session = workspace.session(Request(base="base-branch"), needs_models=False)
    found = {document.data for document in session.fingerprints()}
    assert found == set(before.values())
    changed = {finding.where for finding in session.findings}
    assert {"base.wlf", "provenance.toml"} <= changed


def test_a_secret_key_in_a_commit_is_none(desk: Desk) -> None:
    workspace = settled(desk, BOTH)
    committed(desk.folder, "base-branch")
    subprocess.run(["git", "add", "-f", "wlf.key"], cwd=desk.folder, check=True)
    committed(desk.folder, "head")
    with pytest.raises(ConfigError, match="lies in a commit"):
        workspace.session(Request(base="base-branch"), needs_models=False)


@pytest.mark.parametrize("command", ["compare", "fingerprint", "trace"])
def test_each_command_leads_to_the_page_on_weights(desk: Desk, command: str) -> None:
    assert desk.done("explain", command) == desk.done("explain", "kinship")


def test_a_folder_is_added_under_what_it_is_called(desk: Desk) -> None:
    settings = desk.folder / "provenance.toml"
    settings.write_text('[policy]\nregistry = ["trust.toml"]\n')
    desk.run("add", "./base", "--as", "acme/base", cwd=desk.folder)
    assert 'repo = "acme/base"\npath = "base"' in settings.read_text()
