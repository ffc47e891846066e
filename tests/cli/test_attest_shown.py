"""`attest` shows what it publishes, and with --dry-run it signs and writes nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.attesting.test_readers import accepted
from tests.cli.shop import COMMIT, SCHEMA, Shop, opened
from tests.schemas import validate

SECRET = "hf_" + "aB3" * 12


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return opened(tmp_path)


WORDS = (
    *("--method", "sft", "--parent", "base", "--dataset", f"acme/data@{COMMIT}"),
    *("--dataset", "acme/more", "--config", "run.yaml", "--environment", "env.json"),
    *("--code", f"git+https://example.org/train@{COMMIT}"),
    *("--container", f"ghcr.io/acme/train@sha256:{'d' * 64}", "--byproduct", "run.yaml"),
    *("--builder", "pkg:pypi/trl@1.16.0", "--invocation", "https://example.org/run/7"),
)


def test_the_statement_is_shown_before_it_is_signed(shop: Shop) -> None:
    (shop.top / "run.yaml").write_text("lr: 1.0e-5\nseed: 7\nbad: .nan\n")
    (shop.top / "env.json").write_text('{"python": "3.11"}')
    (shop.top / "key.pem").unlink()
    before = sorted(shop.top.rglob("*"))
    ended = shop.run("attest", "sft", "--as", "acme/sft", *WORDS, "--dry-run")
    assert ended.returncode == 0, ended.stderr
    assert sorted(shop.top.rglob("*")) == before
    document = json.loads(ended.stdout)
    validate(document, SCHEMA)
    assert accepted(document)
    definition = document["predicate"]["buildDefinition"]
    assert definition["externalParameters"]["parameters"] == {"lr": 1e-5, "seed": 7, "bad": "NaN"}
    assert definition["internalParameters"] == {"environment": {"python": "3.11"}}
    details = document["predicate"]["runDetails"]
    assert details["builder"]["id"] == "pkg:pypi/trl@1.16.0"
    assert details["metadata"]["invocationId"] == "https://example.org/run/7"
    for line in (
        "publishes: acme/sft (",
        "  parent: acme/base, manifest ",
        f"  dataset: https://huggingface.co/datasets/acme/data, {COMMIT[:12]}…",
        "  dataset: https://huggingface.co/datasets/acme/more, unpinned",
        f"  code: git+https://example.org/train@{COMMIT}\n",
        "  container: docker://ghcr.io/acme/train, dddddddddddd…",
        "  parameters: bad, lr, seed",
        "  environment: python",
        "  builder: pkg:pypi/trl@1.16.0",
    ):
        assert line in ended.stderr


LOOSE = {
    "git+https://example.org/train@main": True,
    "https://example.org/train.py": True,
    f"git+https://example.org/train@{COMMIT}": False,
}


@pytest.mark.parametrize("code", LOOSE)
def test_code_without_a_commit_is_said_to_be_unpinned(code: str, shop: Shop) -> None:
    words = ("--as", "acme/sft", "--method", "sft", "--parent", "base", "--code", code)
    ended = shop.run("attest", "sft", *words, "--dry-run")
    (line,) = [one for one in ended.stderr.splitlines() if one.startswith("  code: ")]
    assert ("unpinned" in line) == LOOSE[code]


MOMENTS = ["2026-01-02", "2026-01-02T00:00:00", "2026-01-02T00:00:00Z"]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_moment_may_be_written_as_the_statement_writes_it(moment: str, shop: Shop) -> None:
    words = ("--as", "acme/sft", "--method", "sft", "--parent", "base", "--started", moment)
    ended = shop.run("attest", "sft", *words, "--dry-run")
    assert ended.returncode == 0, ended.stderr
    metadata = json.loads(ended.stdout)["predicate"]["runDetails"]["metadata"]
    assert metadata["startedOn"] == MOMENTS[-1]


def test_what_is_signed_is_shown_too_unless_quiet(shop: Shop) -> None:
    code, said = shop.attest("sft", "sft", "--parent", "base", "--dataset", "acme/more")
    assert (code, "unpinned" in said, said.splitlines()[-1]) == (
        *(0, True),
        "attested: sft/claims.jsonl",
    )
    assert shop.attest("sft", "sft", "--parent", "base", "--quiet") == (0, "")


@pytest.mark.parametrize("flags", [(), ("--dry-run",)])
@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--dataset", f"https://u:{SECRET}@example.org/d"),
        ("--code", f"https://example.org/x?access_token={SECRET}"),
        ("--config", "run.yaml"),
        ("--environment", "run.yaml"),
        ("--byproduct", f"https://example.org/{SECRET}"),
        ("--invocation", f"urn:{SECRET}"),
        ("--builder", f"urn:{SECRET}"),
        ("--container", f"docker://u:{SECRET}@example.org/x@sha256:{'d' * 64}"),
    ],
)
def test_a_secret_is_refused_in_every_option_and_never_shown(
    option: str, value: str, flags: tuple[str, ...], shop: Shop
) -> None:
    (shop.top / "run.yaml").write_text(f"inner: {{password: {SECRET}}}\n")
    words = ("--as", "acme/sft", "--method", "sft", "--parent", "base", "--key", "key.pem")
    ended = shop.run("attest", "sft", *words, option, value, *flags)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert f"{option}" in ended.stderr
    assert SECRET not in ended.stderr
    assert not (shop.top / "sft" / "claims.jsonl").exists()


def test_a_parent_that_does_not_pass_is_refused_before_anything_is_shown(shop: Shop) -> None:
    words = ("--as", "acme/bot", "--method", "grpo", "--parent", "sft", "--dry-run")
    ended = shop.run("attest", "bot", *words)
    assert (ended.returncode, ended.stdout) == (1, "")
    told = shop.run("attest", "bot", *words, "--unverified-parent")
    assert (told.returncode, "which was not verified" in told.stderr) == (0, True)
