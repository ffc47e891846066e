"""`provenance registry` as a security team uses it, and as those who trust them see it."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from provenance.errors import ConfigError
from provenance.registry import remote
from provenance.signature import roots
from provenance.trust import Registry
from provenance.wire.intoto import STATEMENT_TYPE
from provenance.workspace import Workspace, pinning
from tests import forge, program
from tests.cli.conftest import Run
from tests.cli.lines import Ended, filled, first
from tests.registry.house import Site, broken

KEYS = ("root1", "root2", "root3", "online", "lab")
BOTH = ("--key", "root1.pem", "--key", "root2.pem")
ONLINE = ("--online-key", "online.pem")


@dataclass(frozen=True, kw_only=True)
class Team:
    """A security team's folder, and one of those who trust it; a web server between them."""

    root: Path
    site: Site

    @property
    def folder(self) -> Path:
        """Where trust.toml and the keys lie."""
        return self.root / "team"

    @property
    def desk(self) -> Path:
        """Where somebody deploys."""
        return self.root / "desk"

    def run(
        self, *words: str | Path, at: Path | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """`provenance` with these words, in the team's folder or elsewhere."""
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "PYTHONPATH")}
        own = {**kept, "HOME": str(self.root / "home"), "COLUMNS": "100", **environment}
        ended = program.run(words, at or self.folder, own)
        assert "Traceback" not in ended.stderr, ended.stderr
        return ended

    def done(self, *words: str | Path, at: Path | None = None, **environment: str) -> str:
        """What a command that must end well says."""
        ended = self.run(*words, at=at, **environment)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    @property
    def table(self) -> dict[str, Any]:
        """The trust.toml."""
        return tomllib.loads((self.folder / "trust.toml").read_text())

    def publish(self, *words: str) -> str:
        """The next version is served."""
        return self.done("registry", "publish", "--to", self.site_folder, *BOTH, *ONLINE, *words)

    @property
    def site_folder(self) -> Path:
        """What is served."""
        return self.root / "served"

    def verify(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """The model on the desk, as a CI job verifies it."""
        words = ("verify", "model", "--as", "acme/bot", *words)
        return self.run(*words, at=self.desk, **{"CI": "true", **environment})


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    """Acme is registered and has signed a model; nothing is published yet."""
    with Site(tmp_path / "served") as site:
        team = Team(root=tmp_path, site=site)
        for folder in (team.folder, team.desk, tmp_path / "home"):
            folder.mkdir()
        for name in KEYS:
            (team.folder / f"{name}.pem").write_bytes(forge.pem(forge.key(name)))
        (team.folder / "lab.pub").write_text(forge.key("lab").public.pem)
        (team.folder / "release.pub").write_text(forge.key("release").public.pem)
        team.done("registry", "init", "--name", "acme-security")
        team.done(
            "registry",
            "add-org",
            "Acme",
            "--namespace",
            "acme",
            "--key",
            "release.pub",
            "--originates",
        )
        forge.sign(forge.write(team.desk / "model"), forge.TufKey(key=forge.key("release")))
        yield team


def pinned(team: Team) -> None:
    team.publish()
    root = team.site_folder / "root.json"
    team.done("registry", "pin", team.site.url, "--root", root, at=team.desk)


def test_a_revocation_reaches_the_next_verify_of_a_job(team: Team) -> None:
    """The whole journey: two keys, served, pinned, passing, a key rotated, a model revoked."""
    said = team.publish()
    assert "published acme-security version 1" in said
    team.done(
        "registry", "pin", team.site.url, "--root", team.site_folder / "root.json", at=team.desk
    )
    assert {path.name for path in team.desk.iterdir()} == {
        "model",
        "provenance.toml",
        "trust-root.json",
    }
    ended = team.verify("-v")
    assert ended.returncode == 0, ended.stdout
    assert f"acme-security version 1 from {team.site.url}" in ended.stdout
    team.done(
        "registry",
        "rotate",
        "--to",
        team.site_folder,
        *BOTH,
        *ONLINE,
        "--add",
        "root3.pem",
        "--drop",
        "root1.pem",
    )
    manifest = next(w for w in ended.stdout.split() if w.startswith("sha256:"))
    said = team.done("registry", "revoke", "--manifest", manifest, "--reason", "temporal backdoor")
    assert '+reason = "temporal backdoor"' in said
    old = team.run("registry", "publish", "--to", team.site_folder, *BOTH, *ONLINE)
    assert (old.returncode, "none of the keys of this registry" in old.stderr) == (2, True)
    new = ("--key", "root2.pem", "--key", "root3.pem")
    team.done("registry", "publish", "--to", team.site_folder, *new, *ONLINE)
    ended = team.verify()
    assert ended.returncode == 1
    assert "registry/revoked" in ended.stdout
    assert "temporal backdoor" in ended.stdout
    assert "acme-security version 3" in ended.stdout


def test_in_ci_a_registry_needs_its_committed_root(team: Team) -> None:
    team.publish()
    ended = team.verify("--registry", team.site.url)
    assert ended.returncode == 2
    assert "registry pin" in ended.stderr
    ended = team.verify("--registry", team.site.url, CI="")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "FIRST USE" in ended.stdout


def test_a_flag_uses_the_root_that_is_committed(team: Team) -> None:
    pinned(team)
    assert team.verify("--registry", team.site.url).returncode == 0
    assert team.verify(PROVENANCE_REGISTRY=team.site.url).returncode == 0


def put_back(team: Team) -> None:
    """The first version is served again."""
    kept = {p: p.read_bytes() for p in team.site_folder.rglob("*") if p.is_file()}
    team.done("registry", "revoke", "--repo", "acme/other", "--reason", "x")
    team.publish()
    team.done("registry", "show", at=team.desk)
    for path, data in kept.items():
        path.write_bytes(data)


def rot(team: Team) -> None:
    (team.site_folder / "metadata" / "timestamp.json").write_text("{}")


def fall_silent(team: Team) -> None:
    team.site.answers["timestamp.json"] = broken


def lose_the_root(team: Team) -> None:
    (team.desk / "trust-root.json").unlink()


def spoil_the_root(team: Team) -> None:
    (team.desk / "trust-root.json").write_text("{}")


@pytest.mark.parametrize(
    ("spoil", "code", "says"),
    [
        (put_back, 1, "registry/refused"),
        (rot, 5, "something else than a registry"),
        (fall_silent, 5, "cannot be reached"),
        (lose_the_root, 2, "cannot be read"),
        (spoil_the_root, 2, "not the root of a registry"),
    ],
)
@pytest.mark.parametrize("command", [("verify", "model", "--as", "acme/bot"), ("registry", "show")])
def test_what_does_not_hold_has_its_exit_code(
    team: Team, spoil: Any, code: int, says: str, command: tuple[str, ...]
) -> None:
    pinned(team)
    assert team.verify().returncode == 0
    spoil(team)
    ended = team.run(*command, at=team.desk, CI="1")
    assert (ended.returncode, says in ended.stderr) == (code, True), ended.stderr
    assert ended.stdout == ""


def test_a_lockfile_keeps_a_machine_without_a_cache_from_older_versions(team: Team) -> None:
    pinned(team)
    with (team.desk / "provenance.toml").open("a") as stream:
        stream.write('\n[[models]]\nrepo = "acme/bot"\npath = "model"\n')
    team.done("registry", "revoke", "--repo", "acme/other", "--reason", "x")
    kept = {p: p.read_bytes() for p in team.site_folder.rglob("*") if p.is_file()}
    team.publish()
    team.done("lock", at=team.desk)
    lock = (team.desk / "provenance.lock").read_text()
    row = f'{{name = "acme-security", version = 2, url = "{team.site.url}", root = "sha256:'
    assert row in lock
    for path, data in kept.items():
        path.write_bytes(data)
    fresh = {"HOME": str(team.root / "fresh")}
    ended = team.run("verify", at=team.desk, **fresh)
    assert ended.returncode == 1
    assert "registry/rollback" in ended.stdout
    assert "the lockfile knows version 2" in ended.stdout


def test_an_edit_that_concerns_nobody_changes_no_lock(team: Team) -> None:
    pinned(team)
    with (team.desk / "provenance.toml").open("a") as stream:
        stream.write('\n[[models]]\nrepo = "acme/bot"\npath = "model"\n')
    team.done("lock", at=team.desk)
    before = (team.desk / "provenance.lock").read_text()
    team.done("registry", "add-org", "Other", "--namespace", "other")
    team.publish()
    team.done("lock", "--check", at=team.desk)
    team.done("lock", at=team.desk)
    assert (team.desk / "provenance.lock").read_text() == before


def test_what_was_kept_is_used_offline_and_has_an_age(team: Team) -> None:
    team.publish()
    root = team.site_folder / "root.json"
    team.done("registry", "pin", team.site.url, "--root", root, "--offline", at=team.desk)
    assert team.verify("--offline").returncode == 5
    assert team.verify().returncode == 0
    fall_silent(team)
    assert team.verify("--offline").returncode == 0
    text = (team.desk / "provenance.toml").read_text()
    (team.desk / "provenance.toml").write_text(
        text.replace("[policy]", "[policy]\nregistry_max_age = 3")
    )
    assert team.verify("--offline").returncode == 0
    (seen,) = (team.root / "home").rglob("seen")
    seen.write_text("2026-01-01T00:00:00+00:00")
    ended = team.verify("--offline")
    assert ended.returncode == 3
    assert "registry/old" in ended.stdout
    assert "days ago" in ended.stdout


def as_printed(team: Team, before: Ended, key: str) -> Ended:
    """What the line does that was printed, with this key."""
    line = filled(first(before), {"KEY": [key]})
    ended = team.run(*shlex.split(line)[1:])
    assert ended.returncode == 0, (line, ended.stderr)
    return ended


def test_keys_in_several_places(team: Team) -> None:
    to = ("--to", str(team.site_folder))
    for name in ("root1", "root2"):
        (team.folder / f"{name}.pub").write_text(forge.key(name).public.pem)
    public = ("--key", "root1.pub", "--key", "root2.pub")
    prepared = team.run("registry", "publish", *to, *public, *ONLINE, "--prepare")
    assert "to be signed" in prepared.stdout
    assert not (team.site_folder / "root.json").exists()
    ended = team.run("registry", "publish", *to, "--finish", *ONLINE)
    assert (ended.returncode, "not enough signatures" in ended.stderr) == (2, True)
    signed = as_printed(team, prepared, "root1.pem")
    assert '+name = "acme-security"' in signed.stdout
    assert "still missing" in signed.stdout
    signed = as_printed(team, signed, "root2.pem")
    ended = team.run("registry", "sign", *to, "--key", "root3.pem")
    assert (ended.returncode, "none of the keys" in ended.stderr) == (2, True)
    assert "version 1" in as_printed(team, signed, "online.pem").stdout


def test_a_section_is_kept_by_its_own_keys(team: Team) -> None:
    to = ("--to", str(team.site_folder))
    team.done(
        "registry",
        "add-org",
        "Lab",
        "--namespace",
        "lab",
        "--section",
        "lab",
        "--section-key",
        "lab.pub",
    )
    pinned(team)
    assert "cannot be used" in team.done("registry", "show", at=team.desk)
    (team.folder / "sections").mkdir()
    section = team.folder / "sections" / "lab.toml"
    section.write_text('# kept by the lab\nversion = 1\norg = "Lab"\n')
    file = ("--file", "sections/lab.toml")
    team.done("registry", "add-signer", "Lab", "nightly", "--key", "release.pub", *file)
    ended = team.run(
        "registry", "add-signer", "Lab", "more", "--key", "release.pub", "--repos", "acme/*", *file
    )
    assert (ended.returncode, "outside" in ended.stderr) == (2, True), ended.stderr
    said = team.done("registry", "publish", *to, "--section", "lab", "--key", "lab.pem")
    assert "registry refresh" in said
    team.done("registry", "refresh", *to, *ONLINE)
    said = team.done("registry", "show", at=team.desk)
    assert "nightly  publisher of lab/*" in said
    assert section.read_text().startswith("# kept by the lab\n")


def evaluated(model: Path, result: str) -> str:
    files = forge.digested(model).files
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": f.path, "digest": {"sha256": f.sha256}} for f in files],
        "predicateType": "https://in-toto.io/attestation/test-result/v0.1",
        "predicate": {"result": result},
    }
    return json.dumps(forge.bundle_of(statement, forge.TufKey(key=forge.key("lab")))) + "\n"


def test_a_required_result_is_published_beside_the_registry(team: Team) -> None:
    """An evaluator's word travels with the registry; without it the model fails."""
    team.done(
        "registry",
        "add-org",
        "Audit",
        "--namespace",
        "audit",
        "--key",
        "lab.pub",
        "--role",
        "evaluator",
        "--repos",
        "acme/*",
    )
    pinned(team)
    with (team.desk / "provenance.toml").open("a") as stream:
        stream.write(
            "[[policy.require_attestation]]\nrole = 'evaluator'\n"
            "predicate = 'https://in-toto.io/attestation/test-result/v0.1'\n"
        )
    ended = team.verify()
    assert (ended.returncode, "attestation/missing" in ended.stdout) == (1, True)
    place = team.folder / "attestations" / "acme" / "bot"
    place.mkdir(parents=True)
    (place / "claims.jsonl").write_text(evaluated(team.desk / "model", "PASSED"))
    team.publish("--attestations", "attestations")
    ended = team.verify()
    assert ended.returncode == 0, ended.stdout
    (place / "claims.jsonl").write_text(evaluated(team.desk / "model", "FAILED"))
    team.publish("--attestations", "attestations")
    ended = team.verify()
    assert (ended.returncode, "Audit/release says FAILED" in ended.stdout) == (1, True)


def test_who_uses_what_was_revoked(team: Team) -> None:
    for service in ("one", "two"):
        folder = team.desk / "services" / service
        folder.mkdir(parents=True)
        model = {"repo": "acme/bot", "path": str(team.desk / "model")}
        settings = {"policy": {"registry": [str(team.folder / "trust.toml")]}, "models": [model]}
        (folder / "provenance.toml").write_text(tomli_w.dumps(settings))
        team.done("lock", at=folder)
    words = ("registry", "affected", "--lock", str(team.desk / "services" / "*" / "*.lock"))
    assert "0 of 2 lockfiles affected" in team.done(*words, "--registry", "trust.toml")
    team.done(
        "registry",
        "revoke",
        "--signer",
        "Acme/release",
        "--reason",
        "key stolen",
        "--compromised-since",
        "2020-01-01",
    )
    ended = team.run(*words, "--registry", "trust.toml")
    assert ended.returncode == 1
    assert ended.stdout.count("key stolen") == 2
    ended = team.run("registry", "affected", "--lock", "no/*.lock", "--registry", "trust.toml")
    assert ended.returncode == 2


def test_a_difference_says_who_gains_what_and_which_models_change(team: Team) -> None:
    (team.desk / "old.toml").write_text((team.folder / "trust.toml").read_text())
    model = {"repo": "acme/bot", "path": "model"}
    settings = {"policy": {"registry": ["old.toml"]}, "models": [model]}
    (team.desk / "provenance.toml").write_text(tomli_w.dumps(settings))
    team.done("lock", at=team.desk)
    same = ("registry", "diff", "old.toml", "old.toml", "--lock", "provenance.lock")
    assert "no power changes" in team.done(*same, at=team.desk)
    team.done("registry", "add-signer", "Acme", "second", "--key", "lab.pub", "--repos", "acme/x-*")
    team.done("registry", "remove", "signer", "Acme/release", "--reason", "left")
    new = team.folder / "trust.toml"
    ended = team.run("registry", "diff", "old.toml", new, "--lock", "provenance.lock", at=team.desk)
    assert ended.returncode == 1
    assert "- acme/*: Acme has the publisher key" in ended.stdout
    assert "+ acme/x-*: Acme has the publisher key" in ended.stdout
    assert "~ acme/bot  pass → fail" in ended.stdout


EDITS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "an unknown organisation": (("add-signer", "Nobody", "x", "--key", "release.pub"), "Nobody"),
    "no material": (("add-signer", "Acme", "x"), "say who"),
    "a name that stands twice": (
        ("add-signer", "Acme", "release", "--key", "release.pub"),
        "stands twice",
    ),
    "another's namespace": (("add-org", "Other", "--namespace", "ACME"), "claimed by both"),
    "a root elsewhere": (
        ("add-root", "Acme", "other/x", "--commit", "c" * 40, "--manifest", f"sha256:{'a' * 64}"),
        "outside the organisation's namespaces",
    ),
    "a root of no commit": (
        ("add-root", "Acme", "acme/x", "--manifest", f"sha256:{'a' * 64}"),
        "--commit: missing",
    ),
    "a short commit": (
        ("add-root", "Acme", "acme/x", "--commit", "c", "--manifest", f"sha256:{'a' * 64}"),
        "org[0].root[0].commit",
    ),
    "a signer revoked from no day on": (
        ("revoke", "--signer", "release", "--reason", "x"),
        "compromised_since",
    ),
    "two things revoked": (
        ("revoke", "--repo", "a/b", "--commit", "c" * 40, "--reason", "x"),
        "expected MODEL or one of",
    ),
    "a workflow of nobody's": (
        (
            "add-signer",
            "Acme",
            "ci",
            "--issuer",
            "https://token.actions.githubusercontent.com",
            "--identity",
            "https://github.com/a/b/.github/workflows/c.yml@refs/tags/*",
        ),
        "source_repository",
    ),
    "removed and not there": (("remove", "org", "Nobody", "--reason", "x"), "Nobody"),
}


def test_an_edit_of_what_nobody_reads_says_so(run: Run, tmp_path: Path) -> None:
    """Whoever revokes a model in it would go on deploying that model."""
    here = tmp_path / "work"
    begun = run("registry", "init")
    line = next(x for x in begun.stdout.splitlines() if "registry = " in x)
    words = ("registry", "revoke", "--repo", "acme/bot", "--reason", "backdoor")
    (here / "provenance.toml").write_text("[policy]\nprofile = 'baseline'\n")
    assert "nothing is judged by it" in run(*words).stderr
    (here / "provenance.toml").write_text("[policy]\n" + line.partition(": ")[2] + "\n")
    assert run(*words).stderr == ""


@pytest.mark.parametrize("what", EDITS)
def test_a_wrong_edit_leaves_the_file_alone(team: Team, what: str) -> None:
    words, says = EDITS[what]
    before = (team.folder / "trust.toml").read_bytes()
    ended = team.run("registry", *words)
    assert (ended.returncode, says in ended.stderr) == (2, True), ended.stderr
    assert (team.folder / "trust.toml").read_bytes() == before


def test_edits_keep_what_somebody_wrote_by_hand(team: Team) -> None:
    file = team.folder / "trust.toml"
    text = file.read_text().replace("[[org]]", "# SEC-142: reviewed by J.\n[[org]]  # ours")
    file.write_text(text)
    root = ("acme/base", "--commit", "c" * 40, "--manifest", f"sha256:{'a' * 64}")
    team.done("registry", "add-root", "Acme", *root)
    pin = "lab=" + "b" * 24
    team.done("registry", "add-org", "Lab", "--namespace", "lab", "--namespace-id", pin)
    team.done("registry", "revoke", "--repo", "lab/x", "--reason", "x")
    for words in (("root", "acme/base"), ("revoked", "lab/x"), ("org", "Lab")):
        team.done("registry", "remove", *words, "--reason", "done")
    assert file.read_text().rstrip() == text.rstrip()


def test_a_form_that_cannot_be_edited_is_printed_to_paste(team: Team) -> None:
    text = 'version = 1\nname = "x"\norg = [{ name = "A" } # ours\n]\n'
    (team.folder / "trust.toml").write_text(text)
    ended = team.run("registry", "add-org", "B", "--namespace", "b")
    assert ended.returncode == 2
    assert ended.stderr.endswith(':\n{ name = "B", namespaces = ["b"] }\n')


@pytest.mark.parametrize("words", [("registry", "init"), ("registry", "check", "none.toml")])
def test_what_is_there_or_is_not_is_said(team: Team, words: tuple[str, ...]) -> None:
    assert team.run(*words).returncode == 2


def test_check_ends_with_its_verdict(team: Team) -> None:
    assert "0 problems" in team.done("registry", "check")
    team.done(
        "registry", "add-signer", "Acme", "narrow", "--key", "lab.pub", "--repos", "acme/bot*"
    )
    ended = team.run("registry", "check")
    assert ended.returncode == 1
    assert "unanchored-pattern" in ended.stdout


def test_revoking_twice_writes_one_entry(team: Team) -> None:
    words = ("registry", "revoke", "--repo", "acme/bot", "--reason")
    team.done(*words, "advisory 3")
    before = (team.folder / "trust.toml").read_bytes()
    said = team.done(*words, "the same once more")
    assert "refuses this already" in said
    assert "advisory 3" in said
    assert (team.folder / "trust.toml").read_bytes() == before
    signer = ("registry", "revoke", "--signer", "Acme/release", "--reason", "x")
    for day in ("2026-01-02", "2026-01-02", "2026-01-01"):
        team.done(*signer, "--compromised-since", day)
    assert len(team.table["revoked"]) == 3, "another day is another entry"


ONCE_ONLY: Mapping[str, tuple[str, ...]] = {
    "an organisation": ("add-org", "Other", "--namespace", "other"),
    "a signer": ("add-signer", "Acme", "lab", "--key", "lab.pub"),
    "a root": (
        "add-root",
        "Acme",
        "acme/a",
        "--commit",
        "c" * 40,
        "--manifest",
        f"sha256:{'a' * 64}",
    ),
}


def test_a_root_is_measured_where_it_lies(team: Team) -> None:
    model = forge.write(team.folder / "base")
    team.done("registry", "add-root", "Acme", "acme/base", "--manifest", "base")
    (root,) = team.table["org"][0]["root"]
    assert root == {"repo": "acme/base", "manifest": forge.digested(model).manifest}


@pytest.mark.parametrize("what", ONCE_ONLY)
def test_what_is_added_twice_is_not_written_twice(team: Team, what: str) -> None:
    team.done("registry", *ONCE_ONLY[what])
    before = (team.folder / "trust.toml").read_bytes()
    ended = team.run("registry", *ONCE_ONLY[what])
    assert ended.returncode == (0 if what == "a root" else 2), ended.stdout
    assert (team.folder / "trust.toml").read_bytes() == before


INITIALISED = """\
# What is deployed, and what is asked of it. Written by `provenance init`; yours from now on.
# Everything set aside here holds for exactly these bytes, and ends on its day.

[[policy.exempt]]
repo = "someone/llama-ft"
manifest = "sha256:{digest}"
reason = "in use before adoption"
expires = 2036-01-01

[[models]]
repo = "ibm-granite/granite-3b"
"""


def pin(team: Team, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    root = team.site_folder / "root.json"
    return team.run(
        "registry", "pin", team.site.url, "--root", root, *words, at=team.desk, **environment
    )


def policy_of(team: Team) -> dict[str, Any]:
    """The [policy] on the desk."""
    table: dict[str, Any] = tomllib.loads((team.desk / "provenance.toml").read_text())["policy"]
    return table


def test_pinning_works_on_what_init_wrote_and_keeps_builtin(team: Team) -> None:
    team.publish()
    text = INITIALISED.format(digest="a" * 64)
    (team.desk / "provenance.toml").write_text(text)
    ended = pin(team)
    assert ended.returncode == 0, ended.stderr
    assert policy_of(team)["registry"] == [team.site.url, "builtin"]
    assert policy_of(team)["registry_root"] == "trust-root.json"
    assert "(acme-security version 1)" in ended.stdout
    assert "builtin stays" in ended.stdout
    after = (team.desk / "provenance.toml").read_text()
    assert [line for line in text.splitlines() if line not in after.splitlines()] == []
    assert pin(team).returncode == 0, "typed again it is the same"
    assert (team.desk / "provenance.toml").read_text() == after


def test_pinning_only_it_says_whom_nobody_knows_any_more(team: Team) -> None:
    team.publish()
    (team.desk / "provenance.toml").write_text(INITIALISED.format(digest="a" * 64))
    ended = pin(team, "--only")
    assert ended.returncode == 0, ended.stderr
    assert policy_of(team)["registry"] == [team.site.url]
    assert "not asked any more: builtin" in ended.stdout
    assert "nobody is registered for ibm-granite/granite-3b" in ended.stdout


def another_root(team: Team) -> None:
    """The root of somebody else's registry."""
    theirs = team.root / "theirs"
    words = ("--to", theirs, "--key", "root3.pem", "--online-key", "lab.pem")
    team.done("registry", "publish", *words)
    (team.site_folder / "root.json").write_bytes((theirs / "root.json").read_bytes())


def no_registry(team: Team) -> None:
    for file in (team.site_folder / "targets").glob("*trust.toml"):
        file.unlink()


@pytest.mark.parametrize(
    ("spoil", "code", "says"),
    [
        (another_root, 1, "is this the root that its maintainers handed out?"),
        (fall_silent, 5, "cannot be reached"),
        (no_registry, 5, "cannot be reached"),
    ],
)
def test_a_root_that_does_not_fit_writes_nothing(
    team: Team, spoil: Any, code: int, says: str
) -> None:
    team.publish()
    spoil(team)
    ended = pin(team)
    assert (ended.returncode, says in ended.stderr) == (code, True), ended.stderr
    assert "nothing was written" in ended.stderr
    assert sorted(path.name for path in team.desk.iterdir()) == ["model"]


@pytest.mark.parametrize(
    ("words", "environment"),
    [(("--offline",), {}), ((), {"PROVENANCE_OFFLINE": "1"}), ((), {"HF_HUB_OFFLINE": "1"})],
    ids=["flag", "variable", "huggingface_hub"],
)
def test_offline_it_pins_without_asking_and_says_so(
    team: Team, words: tuple[str, ...], environment: dict[str, str]
) -> None:
    team.publish()
    fall_silent(team)
    ended = pin(team, *words, **environment)
    assert ended.returncode == 0, ended.stderr
    assert "nobody has checked yet" in ended.stdout
    assert policy_of(team)["registry"] == [team.site.url, "builtin"]


def test_what_is_edited_while_the_server_is_asked_stays(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    team.publish()
    file, theirs = team.desk / "provenance.toml", "# theirs\n"
    ask = remote.open_published

    def slowly(place: remote.Location) -> remote.Published:
        file.write_text(theirs)
        return ask(place)

    monkeypatch.setattr(remote, "open_published", slowly)
    environment = {"HOME": str(team.root / "home")}
    workspace = Workspace.open(team.desk, environment=environment)
    with pytest.raises(ConfigError, match="nothing was written"):
        pinning.pinned(workspace, team.site.url, team.site_folder / "root.json")
    assert file.read_text() == theirs
    assert not (team.desk / "trust-root.json").exists()


def test_a_root_file_of_somebody_else_is_not_overwritten(team: Team) -> None:
    team.publish()
    (team.desk / "trust-root.json").write_text("mine")
    assert pin(team).returncode == 2
    assert (team.desk / "trust-root.json").read_text() == "mine"
    assert not (team.desk / "provenance.toml").exists()


def elsewhere(team: Team) -> Path:
    """A folder below one with a provenance.toml, which names the team's registry."""
    named = '[policy]\nregistry = ["team/trust.toml", "builtin"]\n'
    (team.root / "provenance.toml").write_text(named)
    below = team.root / "below"
    below.mkdir()
    return below


ONE_FILE = {
    "show": (("show",), "Acme"),
    "check": (("check",), "0 problems"),
    "diff": (("diff", "builtin"), "Acme"),
    "learn": (("learn", "../desk/model", "--as", "acme/bot"), "who is in the registry"),
    "affected": (("affected", "--lock", "../empty.lock"), "0 of 1 lockfiles affected, by "),
    "revoke": (("revoke", "--repo", "acme/x", "--reason", "x"), "+[[revoked]]"),
}


@pytest.mark.parametrize("here", [True, False], ids=["here", "named"])
@pytest.mark.parametrize("command", ONE_FILE)
def test_every_command_means_the_same_file(team: Team, command: str, here: bool) -> None:
    """The trust.toml of this folder, else the one that provenance.toml names."""
    words, says = ONE_FILE[command]
    at = team.folder if here else elsewhere(team)
    (team.root / "empty.lock").write_text("version = 1\n")
    said = team.done("registry", *words, at=at)
    assert says in said
    helped = " ".join(team.done("registry", words[0], "--help").split())
    assert "Where no registry is named it is ./trust.toml, else the first registry file" in helped


def test_learning_proposes_and_trusts_nobody(team: Team) -> None:
    before = (team.folder / "trust.toml").read_bytes()
    words = ("registry", "learn", team.desk / "model", "--as", "acme/bot")
    said = team.done(*words, "--registry", "trust.toml")
    assert "by Acme/release, who is in the registry" in said
    assert "it signs" in said
    assert "[[org]]" in said
    assert (team.folder / "trust.toml").read_bytes() == before
    assert tomllib.loads(said)["org"][0]["namespaces"] == ["acme"]


def test_check_finds_what_verify_cannot_use(run: Run, tmp_path: Path) -> None:
    public_good = roots.instances(Registry(name="nobody"))[0].trusted_root
    (tmp_path / "root.json").write_text(json.dumps(json.loads(public_good) | {"ctlogs": []}))
    table = forge.registry(sigstore=[{"name": "own", "trusted_root": "root.json"}])
    (tmp_path / "trust.toml").write_text(tomli_w.dumps(table))
    done = run("registry", "check", tmp_path / "trust.toml")
    assert done.returncode == 1, done.stdout
    assert "unusable-service  own: ctlogs" in done.stdout


def test_an_edit_shows_no_character_that_turns_words_around(team: Team) -> None:
    file = team.folder / "trust.toml"
    file.write_text(file.read_text() + "\n# \u202etsurt\n")
    said = team.done("registry", "revoke", "--repo", "acme/bad", "--reason", "advisory 1")
    assert ("\u202e" in said, r"\u202etsurt" in said) == (False, True)
