"""`init`, `add`, `exempt`, `waive`, `remove` and `update --renew`, typed as they are printed."""

from __future__ import annotations

import os
import pty
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from provenance.errors import ConfigError
from provenance.workspace import Addition, Setting, Workspace
from tests import forge
from tests.cli.conftest import Run
from tests.cli.lines import green, next_lines, typed
from tests.hub import Hub
from tests.hubs import FILES, REPO, STRANGER, UNSIGNED, Desk, desk, signed

MINE = "someone/code"
CODE = {
    "config.json": b'{"model_type": "mine", "auto_map": {"AutoModel": "modeling.M"}}',
    "modeling.py": b"class M: pass\n",
}
IN_90_DAYS = (datetime.now(UTC) + timedelta(days=90)).date()
BY_HAND = """\
# What runs at ACME. Ask ml@acme before you change it.
[policy]
registry = ["trust.toml"]   # ours

# --- models ---

# the bot
[[models]]
repo = "acme/bot" # signed
# revision = "v1"

[[models]]
name = "other"
repo = "acme-free/base"
"""


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Desk]:
    """A desk at a Hub with a signed model, an unsigned one of a publisher, and strangers'."""
    with Hub(tmp_path) as hub:
        hub.commit(REPO, signed(tmp_path / "m"))
        hub.commit(UNSIGNED, FILES)
        hub.commit(STRANGER, {**FILES, "README.md": b"# Words\n"})
        hub.commit(MINE, {**FILES, **CODE})
        made = desk(tmp_path, hub)
        (made.folder / "provenance.toml").write_text(BY_HAND)
        yield made


def file(own: Desk) -> dict[str, Any]:
    return tomllib.loads((own.folder / "provenance.toml").read_text())


def test_what_is_added_is_set_aside_only_by_what_is_typed(own: Desk) -> None:
    added = typed(own, f"provenance add {MINE}")
    assert added.returncode == 1
    assert "exempt" not in file(own)["policy"]
    assert [line.split()[1] for line in next_lines(added.stdout)] == ["exempt", "waive", "lock"]
    assert len(green(own, f"provenance add {MINE}")) <= 5
    assert [entry["reason"] for entry in file(own)["policy"]["exempt"]] == ["WHY"]
    rules = {waiver["rule"] for waiver in file(own)["policy"]["waivers"]}
    assert rules == {"code/auto-map", "code/python-file"}


def test_a_name_that_no_waiver_can_say_stays_red_and_the_rest_is_written(own: Desk) -> None:
    own.hub.commit(MINE, {"a*b.py": b"x = 1\n"})
    (own.folder / "provenance.toml").unlink()
    ended = own.run("init", MINE)
    assert ended.returncode == 1
    assert "stays   code/python-file  a*b.py" in ended.stdout
    assert "provenance explain code/python-file" in next_lines(ended.stdout)
    assert "a*b.py" not in {waiver["subject"] for waiver in file(own)["policy"]["waivers"]}
    refused = own.run("waive", f"code/python-file@{MINE}", "--reason", "x")
    assert (refused.returncode, "which no waiver can name" in refused.stderr) == (2, True)


def test_a_directory_without_a_name_can_have_nothing_set_aside(own: Desk) -> None:
    forge.write(own.folder / "m")
    text = typed(own, "provenance add m").stdout
    assert next_lines(text) == [
        "provenance explain integrity/no-reference",
        "provenance explain signature/unsigned",
        "provenance lock",
    ]
    for line in next_lines(text):
        typed(own, line)
    assert own.run("exempt", "m", "--reason", "x").returncode == 2


def test_init_is_add_where_there_are_settings(own: Desk) -> None:
    ended = own.run("init", STRANGER)
    assert ended.returncode == 1
    assert f'+repo = "{STRANGER}"' in ended.stdout
    assert f"provenance exempt {STRANGER} --reason WHY" in next_lines(ended.stdout)
    assert "exempt" not in file(own)["policy"]


def test_an_edit_keeps_every_other_byte_and_shows_the_difference(own: Desk) -> None:
    place = own.folder / "provenance.toml"
    before = place.read_bytes()
    typed(own, f"provenance add {STRANGER} --name ft --include *.safetensors --include *.json")
    added = f"""
[[models]]
name = "ft"
repo = "{STRANGER}"
include = ["*.safetensors", "*.json"]
"""
    assert place.read_bytes() == before + added.encode()
    typed(own, "provenance add other --exclude *.md --profile files")
    changed = 'repo = "acme-free/base"\nexclude = ["*.md"]\nprofile = "files"\n'
    assert changed in place.read_text()
    ended = typed(own, "provenance remove other")
    assert "-repo = " in ended.stdout
    assert next_lines(ended.stdout) == ["provenance lock"]
    ended = typed(own, "provenance remove ft")
    left = before.decode().partition('\n[[models]]\nname = "other"')[0]
    assert place.read_text().rstrip("\n") == left.rstrip("\n")


README = {"README.md": b"# Other words\n"}


@pytest.mark.parametrize("whole", [False, True])
def test_a_readme_breaks_no_exemption_unless_it_was_to(own: Desk, whole: bool) -> None:
    typed(own, f"provenance add {MINE}")
    options = "--whole --reason seen" if whole else "--reason seen"
    typed(own, f"provenance exempt {MINE} {options}")
    typed(own, f"provenance waive code/auto-map@{MINE} code/python-file@{MINE} {options}")
    assert own.run("verify", MINE).returncode == 0
    entries = [*file(own)["policy"]["exempt"], *file(own)["policy"]["waivers"]]
    assert [entry.get("ignore") for entry in entries] == [None if whole else ["**/*.md"]] * 3
    own.hub.commit(MINE, README)
    assert own.run("verify", MINE).returncode == whole
    own.hub.commit(MINE, {"modeling.py": b"class M: x = 1\n"})
    assert own.run("verify", MINE).returncode == 1


def test_an_exemption_follows_new_bytes_only_when_asked(own: Desk) -> None:
    typed(own, f"provenance add {STRANGER}")
    typed(own, f"provenance exempt {STRANGER} --reason seen --expires {IN_90_DAYS}")
    assert own.run("lock").returncode == 0
    before = (own.folder / "provenance.toml").read_text()
    own.hub.commit(STRANGER, {"config.json": b'{"model_type": "other"}'})
    assert own.run("update").returncode == 1
    assert (own.folder / "provenance.toml").read_text() == before
    ended = own.run("update", "--renew", STRANGER)
    assert ended.returncode == 0, ended.stdout
    assert "config.json" in ended.stdout
    assert "-manifest = " in ended.stderr
    (entry,) = file(own)["policy"]["exempt"]
    assert (entry["reason"], entry["expires"]) == ("seen", IN_90_DAYS)
    assert own.run("lock", "--check").returncode == 0


def test_an_exemption_and_a_waiver_are_written_anew_in_their_place(own: Desk) -> None:
    assert green(own, f"provenance add {MINE}")
    own.hub.commit(MINE, {"config.json": CODE["config.json"] + b"\n"})
    text = typed(own, f"provenance exempt {MINE}@main --reason again").stdout
    text = typed(own, next_lines(text)[0]).stdout
    assert own.run("verify", f"{MINE}@main").returncode == 0
    assert len(file(own)["policy"]["exempt"]) == 1
    assert len(file(own)["policy"]["waivers"]) == 2
    typed(own, next_lines(text)[0])
    assert own.run("lock", "--check").returncode == 0


def test_what_is_set_aside_is_what_verify_judges(own: Desk) -> None:
    assert green(own, f"provenance add {MINE}")
    before = (own.folder / "provenance.toml").read_text()
    own.hub.commit(MINE, {"modeling.py": b"class M: evil = 1\n"})
    for line in (f"exempt {MINE}", f"exempt {MINE} --whole"):
        assert own.run(*shlex.split(line), "--reason", "in use").returncode == 0
        assert own.run("verify", MINE).returncode == 0
    typed(own, f"provenance exempt {MINE} --reason seen")
    now = tomllib.loads(before)["policy"]["exempt"][0]["manifest"]
    assert [row["manifest"] for row in file(own)["policy"]["exempt"]] == [now]
    assert own.run("verify", f"{MINE}@main").returncode == 1


PROJECT = """\
[project]
name = "serving"

[tool.provenance.policy]
registry = ["trust.toml"]

[[tool.provenance.models]]
repo = "acme/bot"

[tool.ruff]
line-length = 100
"""


def test_settings_in_pyproject_are_edited_where_they_lie(own: Desk) -> None:
    (own.folder / "provenance.toml").unlink()
    place = own.folder / "pyproject.toml"
    place.write_text(PROJECT)
    assert len(green(own, f"provenance add {MINE}")) <= 5
    after = place.read_text()
    left = iter(after.splitlines())
    assert all(line in left for line in PROJECT.splitlines())
    assert after.endswith("\n[tool.ruff]\nline-length = 100\n")
    typed(own, f"provenance remove {MINE}")
    assert tomllib.loads(place.read_text()) == tomllib.loads(PROJECT)


REFUSED: dict[str, tuple[str, str]] = {
    "no reason": (f"exempt {STRANGER}", f"provenance exempt {STRANGER} --reason WHY"),
    "a reason of nothing": ("exempt other --reason ' '", "needs no exemption"),
    "no need": (f"exempt {REPO} --reason x", "needs no exemption: it passes"),
    "not listed": (f"exempt {STRANGER} --reason x", f"`provenance add {STRANGER}` adds it"),
    "a rule with a typo": ("waive code/auto-mpa@other --reason x", "did you mean code/auto-map?"),
    "no rule": ("waive code/nothing@other --reason x", "there is no rule code/nothing"),
    "no finding": ("waive code/auto-map@other --reason x", "has no code/auto-map: it passes"),
    "never waived": ("waive integrity/mismatch@other --reason x", "may not be waived"),
    "no word": ("waive other --reason x", "expected RULE@NAME"),
    "over already": ("exempt other --reason x --expires 2020-01-01", "needs no exemption"),
    "no such model": ("remove nobody", "has no model called 'nobody'; there are acme/bot, other"),
    "one name for two": (f"add {REPO} {STRANGER} --name x", "--name: names one model"),
    "another's name": (f"add {STRANGER} --name other", "is acme-free/base there"),
    "a pattern of nothing": (f"add {STRANGER} --include nothing", "matches none of"),
    "not renewable": ("update --renew other", "`provenance exempt other` writes one"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_meant_changes_nothing_and_says_what_to_do(own: Desk, what: str) -> None:
    line, says = REFUSED[what]
    ended = own.run(*shlex.split(line))
    assert (ended.returncode, says in ended.stderr) == (2, True), ended.stdout + ended.stderr
    assert (own.folder / "provenance.toml").read_text() == BY_HAND


def test_a_model_that_no_hub_has_is_not_written(own: Desk) -> None:
    ended = own.run("add", "someone/misspelt")
    assert (ended.returncode, "not added" in ended.stdout) == (5, True)
    assert (own.folder / "provenance.toml").read_text() == BY_HAND
    (own.folder / "provenance.toml").unlink()
    assert own.run("init", "someone/misspelt").returncode == 5
    assert not (own.folder / "provenance.toml").exists()


def test_a_form_that_cannot_be_edited_is_left_with_what_to_put_there(own: Desk) -> None:
    text, block = 'models = [{ repo = "acme/bot" } # ours\n]\n', f'{{ repo = "{STRANGER}" }}'
    (own.folder / "provenance.toml").write_text(text)
    ended = own.run("add", STRANGER)
    assert (ended.returncode, block in ended.stderr) == (2, True), ended.stderr
    assert (own.folder / "provenance.toml").read_text() == text


def test_a_link_is_not_followed_or_replaced(own: Desk) -> None:
    place, other = own.folder / "provenance.toml", own.folder.parent / "other.toml"
    place.rename(other)
    place.symlink_to(other)
    for words in (("add", STRANGER), ("remove", "other")):
        ended = own.run(*words)
        assert (ended.returncode, "is a link" in ended.stderr) == (2, True)
    assert (place.is_symlink(), other.read_text()) == (True, BY_HAND)


def asked(own: Desk, words: Sequence[str], answers: bytes) -> int:
    """The exit code of a run at a terminal where somebody answers."""
    ours, theirs = pty.openpty()
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "PYTHONPATH")}
    environment = {**kept, "HOME": str(own.home), "HF_ENDPOINT": own.hub.url}
    try:
        os.write(ours, answers)
        return subprocess.run(
            [sys.executable, "-m", "provenance", *words],
            cwd=own.folder,
            env=environment,
            stdin=theirs,
            stdout=subprocess.DEVNULL,
            stderr=theirs,
            check=False,
            timeout=120,
        ).returncode
    finally:
        os.close(ours)
        os.close(theirs)


def test_at_a_terminal_reason_and_day_are_asked_for(own: Desk) -> None:
    typed(own, f"provenance add {STRANGER}")
    day = IN_90_DAYS + timedelta(days=1)
    assert asked(own, ("exempt", STRANGER, "-q"), f"looked at it\n{day}\n".encode()) == 0
    (entry,) = file(own)["policy"]["exempt"]
    assert (entry["reason"], entry["expires"]) == ("looked at it", day)


def test_other_files_of_a_model_on_disk_are_meant_by_what_is_typed(tmp_path: Path) -> None:
    forge.write(tmp_path / "m", {**FILES, "source.spm": b"x"})
    place = tmp_path / "provenance.toml"
    place.write_text(f'[[models]]\nrepo = "{MINE}"\npath = "m"\n')
    Workspace.open(tmp_path).add(MINE, addition=Addition(exclude=("source.spm",)))
    row = {"repo": MINE, "path": "m", "exclude": ["source.spm"]}
    assert tomllib.loads(place.read_text()) == {"models": [row]}


def test_a_library_user_adds_exempts_and_removes(tmp_path: Path) -> None:
    forge.write(tmp_path / "m", {**FILES, **CODE})
    forge.write(tmp_path / "n")
    listed = f'[[models]]\nname = "mine"\nrepo = "{MINE}"\npath = "m"\n'
    place = tmp_path / "provenance.toml"
    place.write_text(listed)
    here = Workspace.open(tmp_path)
    setting = Setting(reason="seen")
    assert {f.rule for f in here.exempt("mine", setting).models[0].left} == {
        "code/auto-map",
        "code/python-file",
    }
    waived = here.waive("mine", "code/auto-map", "code/python-file", setting=setting)
    assert [str(verdict.result) for verdict in waived.verdicts] == ["pass"]
    added = here.add("n", addition=Addition(name="another"))
    assert [str(verdict.result) for verdict in added.verdicts] == ["incomplete"]
    assert added.edit
    assert [line for line in added.edit.lines if line.startswith("+name")] == ['+name = "another"']
    here.remove("mine")
    assert tomllib.loads(place.read_text()) == {"models": [{"name": "another", "path": "n"}]}
    with pytest.raises(ConfigError, match="no model called 'mine'"):
        here.remove("mine")


def test_the_mark_of_windows_editors_their_breaks_and_the_mode_stay(tmp_path: Path) -> None:
    place = tmp_path / "provenance.toml"
    kept = b"\xef\xbb\xbf# ours\r\n[[models]]\r\nrepo = 'acme/bot'\r\n"
    place.write_bytes(kept + b"[[models]]\r\nrepo = 'acme/gone' # old\r\n")
    place.chmod(0o640)
    Workspace.open(tmp_path).remove("acme/gone")
    assert (place.read_bytes(), place.stat().st_mode & 0o777) == (kept, 0o640)


def test_what_is_removed_takes_along_what_was_set_aside_for_it_alone(tmp_path: Path) -> None:
    place = tmp_path / "provenance.toml"
    aside = "".join(
        f"""
[[policy.{what}]]
repo = "{repo}"
{words}
"""
        for repo in ("someone/a", "someone/b")
        for what, words in {
            "exempt": f'manifest = "sha256:{"0" * 64}"\nreason = "r"\nexpires = 2030-01-01',
            "waivers": 'rule = "code/auto-map"\nsubject = "config.json"\nany_revision = true\n'
            'reason = "r"\nexpires = 2030-01-01',
            "code": f'path = "x.py"\nsha256 = "{"0" * 64}"',
        }.items()
    )
    names = ("a", "a", "b")
    models = "".join(
        f'\n[[models]]\nname = "m{n}"\nrepo = "someone/{name}"\n' for n, name in enumerate(names)
    )
    place.write_text(aside + models)
    here = Workspace.open(tmp_path)
    for name, left in (("m0", ["a", "b"]), ("m1", ["b"]), ("m2", [])):
        here.remove(name)
        table = tomllib.loads(place.read_text())
        repos = [f"someone/{repo}" for repo in left]
        assert sorted({row["repo"] for row in table.get("models", ())}) == repos
        for what in ("exempt", "waivers", "code"):
            assert [row["repo"] for row in table.get("policy", {}).get(what, ())] == repos


@pytest.mark.parametrize("held", [False, True])
def test_init_goes_by_a_registry_that_lies_there_and_not_in_what_is_judged(
    run: Run, tmp_path: Path, held: bool
) -> None:
    model = forge.write(tmp_path / "work" / "m")
    folder = model if held else model.parent
    assert run("registry", "init", cwd=folder).returncode == 0
    run("init", "." if held else "m", cwd=folder)
    found = tomllib.loads((folder / "provenance.toml").read_text()).get("policy", {})
    assert found.get("registry") == (None if held else ["trust.toml", "builtin"])
