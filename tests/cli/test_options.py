"""Options that mean the same on every command, and what a shell completes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click
import pytest

from provenance import manual
from provenance.cli import cli
from tests import forge
from tests.cli.conftest import Run

GROUPS = ((), ("registry",))


def commands() -> dict[str, click.Command]:
    """Every command by the words that call it."""
    found: dict[str, click.Command] = {}
    waiting: list[tuple[str, click.Command]] = [("", cli)]
    while waiting:
        words, command = waiting.pop()
        if isinstance(command, click.Group):
            context = click.Context(command)
            for name in command.list_commands(context):
                inner = command.get_command(context, name)
                assert inner
                waiting.append((f"{words} {name}".strip(), inner))
        else:
            found[words] = command
    return found


COMMANDS = commands()


def spelt(command: click.Command) -> set[str]:
    return {word for parameter in command.params for word in parameter.opts}


@pytest.mark.parametrize("words", COMMANDS)
def test_whatever_can_be_json_has_a_short_word_for_it(words: str) -> None:
    command = COMMANDS[words]
    forms = [p.type for p in command.params if "--format" in p.opts]
    is_json = any(isinstance(form, click.Choice) and "json" in form.choices for form in forms)
    assert ("--json" in spelt(command)) == is_json


def test_the_short_word_is_the_long_one_and_no_other_form(run: Run, tmp_path: Path) -> None:
    model = forge.write(tmp_path / "m")
    long, short = (run("inspect", model, *w) for w in (("--format", "json"), ("--json",)))
    assert json.loads(long.stdout).keys() == json.loads(short.stdout).keys()
    ended = run("verify", model, "--json", "--format", "sarif")
    assert ended.returncode == 2
    assert "--json: stands for --format json, found --format sarif" in ended.stderr


def test_the_version_has_a_letter(run: Run) -> None:
    assert re.fullmatch(r"provenance \d+\.\d+.*\n", run("-V").stdout)


def test_loud_and_quiet_at_once_is_neither(run: Run, tmp_path: Path) -> None:
    ended = run("verify", forge.write(tmp_path / "m"), "-v", "-q")
    assert (ended.returncode, "--quiet" in ended.stderr) == (2, True)


COMPLETED = {
    "a rule": ("explain signature/wr", "signature/wrong-signer"),
    "a check": ("explain ance", "ancestry"),
    "a page of tables": ("explain cross", "crosswalk"),
    "what is accepted": ("lock --accept identity/repl", "identity/replaced@"),
    "a command": ("ver", "verify"),
    "an option": ("verify --js", "--json"),
}


@pytest.mark.parametrize("what", COMPLETED)
def test_a_shell_completes_it(run: Run, what: str) -> None:
    line, word = COMPLETED[what]
    words = f"provenance {line}"
    asked = {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    ended = run(_PROVENANCE_COMPLETE="bash_complete", **asked)
    assert ended.returncode == 0, ended.stderr
    assert word in [row.partition(",")[2] for row in ended.stdout.splitlines()]


def test_the_line_that_sets_it_up_is_in_the_help_and_works(run: Run) -> None:
    assert 'eval "$(_PROVENANCE_COMPLETE=bash_source provenance)"' in run("--help").stdout
    ended = run(_PROVENANCE_COMPLETE="bash_source")
    assert "complete -o nosort" in ended.stdout


def test_every_rule_can_be_completed(run: Run) -> None:
    words = "provenance explain "
    ended = run(_PROVENANCE_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD="2")
    found = {row.partition(",")[2] for row in ended.stdout.splitlines()}
    assert set(manual.rules()) | set(manual.names()) <= found


SIGNING = {
    words: command for words, command in COMMANDS.items() if "--identity-token" in spelt(command)
}
MISUSES = {
    "nothing": ["--trust-config", "FILE"],
    "a certificate alone": ["--certificate", "FILE"],
    "certificates above none": ["KEY", "FILE", "--chain", "FILE"],
    "a key and an identity": ["KEY", "FILE", "--identity-token", "x"],
    "a key that is none": ["KEY", "FILE"],
}
REPORT = str(Path(__file__).parent.parent / "evaluations" / "reports" / "pytest.xml")
NEEDS = {
    "attest": ["--as", "acme/m", "--method", "pretrain", "DIR"],
    "attest-result": ["DIR", "--from", REPORT],
    "bom": ["provenance.lock", "-o", "out.json"],
    "fingerprint": ["DIR", "-o", "out.json"],
    "probe": ["DIR"],
    "record": ["--as", "acme/m", "--out", "DIR", "--", "true"],
    "sign": ["DIR"],
    "promote": ["m", "--to", "file:///nowhere"],
    "verify": ["DIR", "--format", "vsa"],
}


@pytest.mark.parametrize("case", MISUSES)
@pytest.mark.parametrize("words", SIGNING)
def test_an_error_names_options_that_the_command_has(
    run: Run, tmp_path: Path, words: str, case: str
) -> None:
    (tmp_path / "key").write_text("no key")
    own = "--sign-key" if "--sign-key" in spelt(SIGNING[words]) else "--key"
    places = {"FILE": "key", "KEY": own, "DIR": str(forge.write(tmp_path / "m"))}
    typed = [*words.split(), *MISUSES[case], *NEEDS[words]]
    ended = run(*(places.get(word, word) for word in typed), cwd=tmp_path)
    assert ended.returncode == 2, ended.stdout + ended.stderr
    said = re.sub("`[^`]*`", "", ended.stderr)
    assert set(re.findall(r"--[a-z][a-z-]+", said)) <= spelt(SIGNING[words]), ended.stderr
