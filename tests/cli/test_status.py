"""`provenance status` from the outside: what applies here and why, and what asks for a hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from provenance.workspace import Environment, SourceOptions, Workspace
from tests import forge
from tests.hub import Hub
from tests.hubs import FILES, REPO, UNSIGNED, Desk, desk, signed, trust

SECRET = "hf_abcdefghijklmnopqrstuvwxyz"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Desk]:
    """A desk at a Hub with two models, both of them locked."""
    with Hub(tmp_path) as hub:
        hub.commit(REPO, signed(tmp_path / "m"))
        hub.commit(UNSIGNED, FILES)
        own = desk(tmp_path, hub)
        own.locked({"repo": REPO}, {"name": "base", "repo": UNSIGNED})
        yield own


def table(bench: Desk, *words: str, **environment: str) -> dict[str, Any]:
    """What `status --json` says."""
    ended = bench.run("status", "--json", *words, **environment)
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def applies(found: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Value and reason of everything that applies."""
    return {row["what"]: (row["value"], row["why"]) for row in found["applies"]}


def day(days: int) -> Any:
    """The day in so many days."""
    return (datetime.now(UTC) + timedelta(days=days)).date()


def test_what_applies_is_said_with_the_reason(bench: Desk) -> None:
    own = applies(table(bench))
    assert own["policy"][0] == str(bench.folder / "provenance.toml")
    assert own["registries"] == ("trust.toml", "named by provenance.toml")
    assert own["lockfile"] == (str(bench.lock), "beside provenance.toml")
    assert own["Hub"] == (bench.hub.url, "HF_ENDPOINT")
    assert own["token"][0] == "none"
    assert own["cache"] == (
        str(bench.home / ".cache/huggingface/hub"),
        "the default of huggingface_hub",
    )
    elsewhere = applies(
        table(bench, "--lockfile", "other.lock", HF_HUB_CACHE=str(bench.home / "c"))
    )
    assert "provenance lock" in elsewhere["lockfile"][1]
    assert elsewhere["cache"] == (str(bench.home / "c"), "HF_HUB_CACHE")


def logged_in(bench: Desk) -> dict[str, str]:
    """A token as `hf auth login` leaves it."""
    file = bench.home / ".cache/huggingface/token"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(SECRET)
    return {}


TOKENS: dict[str, tuple[tuple[str, ...], dict[str, str], str]] = {
    "a flag": (("--token", SECRET), {}, "from --token"),
    "a variable": ((), {"HF_TOKEN": SECRET}, "from HF_TOKEN"),
    "a variable that is held back": (
        (),
        {"HF_TOKEN": SECRET, "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"},
        "none",
    ),
}


@pytest.mark.parametrize("name", TOKENS)
def test_a_token_is_named_by_its_place_and_never_shown(bench: Desk, name: str) -> None:
    words, environment, said = TOKENS[name]
    for form in ("human", "json"):
        ended = bench.run("status", "--format", form, *words, **environment)
        assert SECRET not in ended.stdout + ended.stderr
        assert said in ended.stdout
    assert applies(table(bench, *words, **environment))["token"][0] == said


def test_a_login_is_named_by_its_file(bench: Desk) -> None:
    logged_in(bench)
    value, why = applies(table(bench))["token"]
    assert value == f"from {bench.home / '.cache/huggingface/token'}"
    assert why == "sent for acme, acme-free alone"


def test_what_is_locked_and_what_moved_is_told_with_the_next_command(bench: Desk) -> None:
    bench.hub.commit(UNSIGNED, {"README.md": b"# 1\n"})
    head = bench.hub.commit(UNSIGNED, {"README.md": b"# 2\n"})
    models = {row["name"]: row for row in table(bench)["models"]}
    assert (models[REPO]["moved"], models["base"]["moved"]) == (False, True)
    assert (models["base"]["upstream"]["head"], models["base"]["upstream"]["ahead"]) == (head, 2)
    said = bench.run("status").stdout
    assert "main is 2 commits ahead: provenance update base" in said
    assert bench.run("update", "base").returncode == 0
    assert "ahead" not in bench.run("status").stdout


def test_what_is_not_locked_or_not_so_is_told(bench: Desk) -> None:
    more = (
        {"repo": REPO},
        {"name": "base", "repo": UNSIGNED, "exclude": ["*.md"]},
        {"repo": "acme/x"},
    )
    bench.settings(*more)
    models = {row["name"]: row["late"] for row in table(bench)["models"]}
    assert models[REPO] == []
    assert "exclude" in models["base"][0]
    assert models["acme/x"] == ["acme/x is not locked"]
    assert bench.run("status").stdout.count("next: provenance lock") == 2


def test_what_ends_within_thirty_days_is_told_the_first_first(bench: Desk) -> None:
    waiver = {"rule": "format/unread", "repo": REPO, "any_revision": True, "reason": "r"}
    waivers = [
        {**waiver, "subject": "a", "expires": day(31)},
        {**waiver, "subject": "b", "expires": day(20)},
        {**waiver, "subject": "c", "expires": day(-3)},
    ]
    exempt = [{"repo": REPO, "manifest": f"sha256:{'a' * 64}", "reason": "r", "expires": day(10)}]
    bench.settings({"repo": REPO}, waivers=waivers, exempt=exempt)
    bench.trust(trust(expires=day(5)))
    found = table(bench)
    assert [row["what"].partition(" of format/unread")[0] for row in found["ending"]] == [
        "the waiver",
        f"the registry {trust()['name']}",
        f"the exemption of {REPO}",
        "the waiver",
    ]
    assert found["ending"][0]["days"] < 0 <= found["ending"][1]["days"]
    said = bench.run("status").stdout
    assert f"expired on {day(-3)}" in said
    assert f"expires on {day(20)}, in 19 days" in said


def test_what_does_nothing_is_told(bench: Desk) -> None:
    own = {"reason": "r", "expires": day(90)}
    bench.settings(
        {"repo": REPO},
        waivers=[
            {"rule": "format/unread", "repo": REPO, "subject": "a", "any_revision": True, **own},
            {
                "rule": "format/unread",
                "repo": "acme/y",
                "subject": "a",
                "any_revision": True,
                **own,
            },
        ],
        exempt=[{"repo": REPO, "manifest": f"sha256:{'a' * 64}", **own}],
    )
    assert table(bench)["unused"] == [
        f"the exemption of {REPO}: other bytes are locked",
        f"the waiver of format/unread for a of {REPO}: what is locked does not need it",
        "the waiver of format/unread for a of acme/y: no [[models]] names acme/y",
        "base is locked: no [[models]] names it",
    ]


def test_what_init_set_aside_is_in_use_whatever_it_ignores(bench: Desk) -> None:
    code = {"config.json": b'{"auto_map": {"AutoModel": "modeling.M"}}', "modeling.py": b"x = 1\n"}
    bench.hub.commit("someone/code", {**FILES, **code, "README.md": b"# 1\n"})
    (bench.folder / "provenance.toml").unlink()
    for words in (("init", "someone/code", "--registry", "trust.toml"), ("lock",)):
        ended = bench.run(*words)
        assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "ignore = " in (bench.folder / "provenance.toml").read_text()
    assert table(bench)["unused"] == []
    bench.hub.commit("someone/code", {"README.md": b"# 2\n"})
    assert bench.run("update").returncode == 0
    assert table(bench)["unused"] == []


def test_offline_it_says_what_it_cannot_know(bench: Desk) -> None:
    bench.hub.clear()
    for words, environment in ((("--offline",), {}), ((), {"HF_HUB_OFFLINE": "1"})):
        found = table(bench, *words, **environment)
        assert [row["moved"] for row in found["models"]] == [None, None]
        assert len(found["unknown"]) == 2
        assert all("not known whether main has moved" in text for text in found["unknown"])
        assert "not asked: " in applies(found)["Hub"][1]
    assert bench.hub.requests == []


def test_a_registry_that_cannot_be_had_hides_nothing_else(bench: Desk) -> None:
    bench.settings({"repo": REPO}, registry=["gone.toml", "trust.toml", "https://127.0.0.1:9/"])
    found = table(bench)
    assert [bool(state["error"]) for state in found["registries"]] == [True, False, True]
    assert len(found["unknown"]) == 2
    assert "trust.toml" in bench.run("status").stdout


def test_without_any_file_the_defaults_apply(tmp_path: Path) -> None:
    with Hub(tmp_path) as hub:
        own = desk(tmp_path, hub)
        found = table(own)
    assert (found["models"], found["ending"], found["unused"]) == ([], [], [])
    assert "no provenance.toml" in applies(found)["policy"][1]
    assert applies(found)["registries"] == ("builtin", "the default")


def test_settings_that_cannot_be_read_are_exit_2(bench: Desk) -> None:
    (bench.folder / "provenance.toml").write_text("policy = 1")
    assert bench.run("status").returncode == 2


def test_a_library_user_reads_it_as_values(bench: Desk) -> None:
    workspace = Workspace(
        folder=bench.folder,
        environment=Environment({}),
        options=SourceOptions(offline=True),
    )
    status = workspace.status()
    assert [model.name for model in status.models] == [REPO, "base"]
    assert all(model.upstream and model.upstream.head is None for model in status.models)


def test_what_lies_in_a_store_is_followed_on_no_hub(bench: Desk, tmp_path: Path) -> None:
    place = forge.write(tmp_path / "mirror", FILES)
    model = {"name": "copy", "repo": UNSIGNED, "source": f"file://{place}"}
    bench.settings(model)
    assert bench.run("lock", "--measure", "-q").returncode == 0
    bench.hub.clear()
    (row,) = table(bench)["models"]
    assert (row["upstream"]["head"], row["moved"], row["late"]) == (row["locked"], False, [])
    assert bench.hub.requests == []
