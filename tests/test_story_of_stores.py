"""A company mirrors three models into a registry and a bucket, and the root of two is revoked."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from tests import forge
from tests.hub import Hub
from tests.hubs import Desk, card, signed
from tests.promoting.registry import Writable
from tests.source.stores import KEYS, s3_client, s3_server

ROOT, SAFE = "lab/base", "lab/safe"
BOT, CODER, EARS = "acme/bot", "acme/coder", "acme/ears"
MODELS: Mapping[str, str] = {BOT: ROOT, CODER: ROOT, EARS: ""}
"""What the company uses, and the root that each was made from."""
WHY = "a backdoor, EX-7"
REGISTRY = (
    "init",
    "add-org Acme --namespace acme --originates --key release.pub",
    "add-org Lab --namespace lab --originates",
    "add-org Bank --namespace bank --signer gate --key gate.pub --role importer --repos acme/*",
)
_numbers = count()


def files(name: str, *parents: str) -> dict[str, bytes]:
    """A small model with weights of its own, whose card names its parents."""
    weights = forge.safetensors(name.encode().ljust(16, b"."))
    said = f"base_model: [{', '.join(parents)}]" if parents else "license: mit"
    return {**forge.MODEL, "model.safetensors": weights, "README.md": card(said)}


@dataclass(frozen=True, kw_only=True)
class Company:
    """Two desks, that of the gate which knows the Hub and that of servers which know the copies
    alone, and where each copy lies: by its model, as one types it."""

    root: Path
    gate: Desk
    servers: Desk
    copies: Mapping[str, str]
    variables: Mapping[str, str]

    def says(self, desk: Desk, words: str, *more: str | Path, code: int = 0) -> str:
        """What a command says, which ends with this exit code."""
        ended = desk.run(*words.split(), *more, **self.variables)
        said = ended.stdout + ended.stderr
        assert ended.returncode == code, (words, said)
        assert KEYS["AWS_SECRET_ACCESS_KEY"] not in said
        return said

    def asks(self, *words: str) -> list[dict[str, object]]:
        """What the fleet answers."""
        own = ("fleet", "query", "--store", "fleet", "--json", *words)
        ended = self.gate.run(*own, **self.variables)
        assert ended.returncode == 0, ended.stderr
        rows: list[dict[str, object]] = json.loads(ended.stdout)
        return rows

    def judged(self, copy: str, model: str) -> tuple[int, str | None, set[str]]:
        """How `verify` of a copy ends, what it is a copy of, and what failed."""
        ended = self.gate.run("verify", copy, "--as", model, "--json", **self.variables)
        (found,) = json.loads(ended.stdout)["models"]
        failed = {one["rule"] for one in found["findings"] if one["outcome"] == "fail"}
        return ended.returncode, found["mirror_of"], failed

    def release(self, name: str, *parents: str) -> str:
        """A release of a model lies on the Hub, signed by its publisher; its commit."""
        folder = self.root / f"release{next(_numbers)}"
        made = files(folder.name, *parents)
        return self.gate.hub.commit(name, signed(folder, made))

    def serve(self, copies: Mapping[str, str]) -> None:
        """What servers use are these copies, as they lie there now, locked and fetched."""
        rows = []
        for model, copy in copies.items():
            place, tag = parted(copy)
            rows.append({"repo": model, "source": place, **({"revision": tag} if tag else {})})
        self.servers.settings(*rows, registry=[str(self.gate.folder / "trust.toml")])
        for words in ("lock --measure --upgrade", "lock --check", "fetch", "run -- true"):
            self.says(self.servers, words)

    def listed(self, *lines: str, again: str = "") -> str:
        """What `fleet gather` says of these models."""
        (self.gate.folder / "models.txt").write_text("\n".join(lines))
        return self.says(self.gate, f"fleet gather models.txt --store fleet {again}")


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    """Three models and two roots on the Hub, empty stores, and a registry typed from nothing."""
    bucket = f"mirror{os.getpid()}n{next(_numbers)}"
    s3_client().create_bucket(Bucket=bucket)
    with Hub(tmp_path) as hub, Writable() as registry:
        gate, servers = (
            Desk(hub=hub, folder=tmp_path / name, home=tmp_path / f"{name}-home")
            for name in ("gate", "servers")
        )
        for desk in (gate, servers):
            desk.folder.mkdir()
            desk.home.mkdir()
        copies = {model: f"s3://{bucket}/{model}" for model in (CODER, EARS)}
        made = Company(
            root=tmp_path,
            gate=gate,
            servers=servers,
            copies={BOT: f"{registry.source('models/bot')}:v1", **copies},
            variables={**KEYS, "AWS_ENDPOINT_URL": s3_server()},
        )
        for name in (ROOT, SAFE):
            hub.commit(name, files(name))
        for name, parent in MODELS.items():
            made.release(name, *filter(None, [parent]))
        opened(made)
        yield made


def opened(company: Company) -> None:
    """The gate has its key, its registry, and the three models in its lock."""
    folder = company.gate.folder
    (folder / "gate.pem").write_bytes(forge.pem(forge.key("gate")))
    for name in ("gate", "release"):
        (folder / f"{name}.pub").write_text(forge.key(name).public.pem)
    for words in REGISTRY:
        company.says(company.gate, f"registry {words}")
    company.says(company.gate, "init --registry trust.toml", *MODELS)
    company.says(company.gate, "lock")


def parted(copy: str) -> tuple[str, str]:
    """The place of a copy, and its tag in a registry."""
    place, _, tag = copy.rpartition(":") if copy.startswith("oci:") else (copy, "", "")
    return place, tag


def promote(company: Company, model: str, copy: str, *words: str, code: int = 0) -> str:
    """What `promote` of a model to this place says."""
    place, tag = parted(copy)
    own = ("--to", place, "--sign-key", "gate.pem", *(("--tag", tag) if tag else ()))
    return company.says(company.gate, "promote", model, *own, *words, code=code)


def commits(company: Company) -> dict[str, str]:
    """The commit of each model in the lock of the gate."""
    entries = tomllib.loads(company.gate.lock.read_text())["model"]
    return {one["repo"]: one["commit"] for one in entries}


def test_a_root_is_revoked_and_what_was_made_from_it_is_refused_and_replaced(
    company: Company,
) -> None:
    old = commits(company)
    mirrored(company, old)
    lines = (*MODELS, *(f"{copy} as {model}" for model, copy in company.copies.items()))
    assert "6 gathered" in company.listed(*lines)
    assert "6 pass" in company.says(company.gate, "fleet judge --store fleet")
    company.says(company.gate, f"registry revoke --repo {ROOT} --reason", WHY)
    affected = named(company)
    for model in (BOT, CODER):
        refused(company, model)
    said = company.says(company.gate, "run -- true", code=1)
    (line,) = [one for one in said.splitlines() if "true was not started: " in one]
    assert (line.count(WHY), f"; {CODER}: " in line, EARS in line) == (2, True, False)
    company.says(company.gate, f"run --model {EARS} -- true")
    company.says(company.servers, f"run --model {EARS} -- true")
    copies = replaced(company)
    company.listed(*lines, f"{copies[BOT]} as {BOT}", again="--again")
    left = f"{company.copies[BOT]} as {BOT}"
    assert named_now(company) == {left: affected[left]}
    said = company.says(company.gate, "fleet judge --store fleet", code=1)
    assert "1 fail, 6 pass" in said


def mirrored(company: Company, old: Mapping[str, str]) -> None:
    """Each model is promoted, its copy passes as what it is a copy of, and servers use it."""
    for model, copy in company.copies.items():
        promote(company, model, copy)
        assert company.judged(copy, model) == (0, f"{model}@{old[model]}", set())
    company.serve(company.copies)
    company.says(company.gate, "fetch")
    company.says(company.gate, "run -- true")


def named_now(company: Company) -> dict[object, object]:
    """The models that descend from the root, each with its path."""
    return {row["ref"]: row["path"] for row in company.asks("--descends-from", ROOT)}


def named(company: Company) -> dict[object, object]:
    """What descends from the root is named with its path, and is all that fails from now on."""
    found = named_now(company)
    assert found == {
        line: f"{model} ← {ROOT}"
        for model in (BOT, CODER)
        for line in (model, f"{company.copies[model]} as {model}")
    }
    (before,) = company.asks("SELECT run FROM runs")
    said = company.says(company.gate, "fleet judge --store fleet --only affected", code=1)
    assert "4 fail, 2 pass; 4 judged now" in said
    changed = company.asks("--changed", str(before["run"]))
    assert {row["ref"]: row["now"] for row in changed} == dict.fromkeys(found, "fail")
    assert all(WHY in str(row["reason"]) for row in changed)
    return found


def refused(company: Company, model: str) -> None:
    """Neither the copy nor the model itself is used any more, not even what was fetched before."""
    code, _, failed = company.judged(company.copies[model], model)
    assert (code, failed) == (1, {"registry/revoked"})
    for desk in (company.gate, company.servers):
        said = company.says(desk, f"run --model {model} -- true", code=1)
        assert "true was not started: " in said
        said = company.says(desk, f"fetch {model} --local-dir again", code=1)
        assert f"{model} was not fetched: " in said
        assert WHY in said
        assert not (desk.folder / "again").exists()
    said = promote(company, model, company.copies[model], "--replace", code=1)
    assert f"{model} was not promoted: " in said


def replaced(company: Company) -> Mapping[str, str]:
    """New releases from another root take the old ones' places: under another tag, and with
    --replace; where the copies lie now."""
    copies = {**company.copies, BOT: company.copies[BOT].replace(":v1", ":v2")}
    new = {BOT: company.release(BOT, SAFE)}
    company.says(company.gate, "lock --upgrade", code=1)
    promote(company, BOT, copies[BOT])
    new[CODER] = company.release(CODER, SAFE)
    company.says(company.gate, "lock --upgrade")
    assert "--replace" in promote(company, CODER, copies[CODER], code=2)
    promote(company, CODER, copies[CODER], "--replace")
    assert commits(company).items() >= new.items()
    for model, commit in new.items():
        assert company.judged(copies[model], model) == (0, f"{model}@{commit}", set())
    assert company.judged(company.copies[BOT], BOT)[0] == 1
    company.serve(copies)
    return copies
