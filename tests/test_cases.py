"""The cases of tests/cases: each a model, a hand that signs it, a registry, and what must come out.

A case is a TOML file. `sentence` says what happens; `files` are written over the default model,
`remove` taken from it; `sign` lists the hands that sign it, `then` what is done afterwards.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from provenance.judgement import judge
from provenance.model import Evidence, Ref
from provenance.policy import Model, Policy, Settings
from provenance.source import directory
from provenance.trust import Registry
from provenance.verdict import Level, Outcome, Verdict
from tests import forge

FOLDER = Path(__file__).parent / "cases"
CASES = sorted(FOLDER.glob("*/*.toml"))
KEYS = {
    "sentence",
    "files",
    "remove",
    "sign",
    "then",
    "as",
    "members",
    "policy",
    "registry",
    "expect",
    "rules",
}

QUIET = (Outcome.PASS, Outcome.SKIPPED)
EXPIRED = {"start": forge.NOW - 60 * forge.DAY, "end": forge.NOW - forge.DAY}
FUTURE = {"start": forge.NOW + forge.DAY, "end": forge.NOW + 60 * forge.DAY}
ROOT = forge.certificate("acme-root", ca=True)
LEAVES = {
    "good": forge.certificate("leaf", "acme-root"),
    "expired": forge.certificate("leaf", "acme-root", **EXPIRED),
    "future": forge.certificate("leaf", "acme-root", **FUTURE),
    "tls": forge.certificate("leaf", "acme-root", usages=("tls",)),
    "no-usage": forge.certificate("leaf", "acme-root", sign=False),
    "other-subject": forge.certificate("somebody", "acme-root"),
    "other-root": forge.certificate("leaf", "other-root"),
    "tls-authority": forge.certificate("tls-authority", "acme-root", ca=True, issues=("tls",)),
    "by-tls-authority": forge.certificate("leaf", "tls-authority"),
    "code-authority": forge.certificate("code-authority", "acme-root", ca=True, issues=("code",)),
    "by-code-authority": forge.certificate("leaf", "code-authority"),
}
OWNERS = {"other-subject": "somebody"}

REGISTRY = forge.registry(
    forge.org(
        "Acme",
        forge.signer("release"),
        forge.signer("trainer", roles=["trainer"]),
        forge.signer("late", valid_from="2026-07-01"),
        forge.signer("pki", certificate_authority=forge.certificate_pem(ROOT), subject="CN=leaf"),
        originates=True,
    ),
    forge.org("Other", forge.signer("other"), originates=True),
)


def tuf_key(spec: Mapping[str, Any]) -> forge.TufKey:
    bends: dict[str, Any] = {name: spec.get(name) for name in ("statement", "envelope", "bundle")}
    if "hint" in spec:
        hint = forge.key(spec["hint"]).public.hint
        bends["bundle"] = {"verificationMaterial.publicKey": {"hint": hint}}
    if "leaf" in spec:
        leaf = LEAVES[spec["leaf"]]
        owner = forge.key(OWNERS.get(spec["leaf"], "leaf"))
        chain = (leaf, *(LEAVES[name] for name in spec.get("carry", ())))
        return forge.TufKey(key=owner, chain=chain, **bends)
    return forge.TufKey(key=forge.key(spec["key"]), reverse=spec.get("reverse", False), **bends)


def build(folder: Path, case: Mapping[str, Any]) -> None:
    forge.write(folder)
    arrange(folder, case)
    for spec in case.get("sign", ()):
        made = forge.bundle(folder, tuf_key(spec)) if "of" not in spec else other(folder, spec)
        (folder / spec.get("name", "model.sig")).write_text(json.dumps(made))
    arrange(folder, case.get("then", {}))


def other(folder: Path, spec: Mapping[str, Any]) -> dict[str, Any]:
    """A signature over some files of this model, or over others, to be laid beside this one."""
    model = folder.parent / spec.get("name", "elsewhere")
    if isinstance(spec["of"], dict):
        forge.write(model, {path: content(text) for path, text in spec["of"].items()})
    else:
        forge.write(model, {path: (folder / path).read_bytes() for path in spec["of"]})
    return forge.bundle(model, tuf_key(spec))


def arrange(folder: Path, changes: Mapping[str, Any]) -> None:
    forge.write(folder, {p: content(v) for p, v in changes.get("files", {}).items()})
    for path in changes.get("remove", ()):
        (folder / path).unlink()
    for path, target in changes.get("links", {}).items():
        (folder / path).symlink_to(target)
    for path in changes.get("pipes", ()):
        os.mkfifo(folder / path)
    for path in changes.get("flip", ()):
        data = bytearray((folder / path).read_bytes())
        data[-1] ^= 1
        (folder / path).write_bytes(data)


def content(value: str) -> bytes:
    return bytes.fromhex(value.removeprefix("hex:")) if value.startswith("hex:") else value.encode()


def filled(value: Any, evidence: Evidence) -> Any:
    """The value with the words replaced that a case cannot know beforehand."""
    text = json.dumps(value).replace("MANIFEST", evidence.manifest.digest)
    return dated(json.loads(text.replace('"SAME"', json.dumps(forge.key("release").public.pem))))


def dated(value: Any) -> Any:
    """The table with dates, which TOML has and JSON does not."""
    match value:
        case dict():
            return {name: dated(item) for name, item in value.items()}
        case list():
            return [dated(item) for item in value]
        case str() if len(value) == 10 and value[4] == value[7] == "-":
            return tomllib.loads(f"day = {value}")["day"]
    return value


def verdict(folder: Path, case: Mapping[str, Any]) -> Verdict:
    evidence = directory.collect(folder, ref=Ref(text="m", repo=case.get("as")), at=forge.NOW)
    table = filled({"policy": case.get("policy", {})}, evidence)
    settings = Settings.from_table(table, source="provenance.toml")
    trust = filled(forge.bent(REGISTRY, case.get("registry", {})), evidence)
    registry = Registry.from_table(trust, source="trust.toml")
    members = tuple(case.get("members", ()))
    model = Model(name="m", repo=case.get("as"), path="m", members=members)
    return judge(evidence, Policy.of(settings, model), registry)


@pytest.mark.parametrize("path", CASES, ids=lambda path: str(path.relative_to(FOLDER))[:-5])
def test_case(path: Path, tmp_path: Path) -> None:
    case = tomllib.loads(path.read_text())
    assert not case.keys() - KEYS
    assert case["sentence"].endswith(".")
    build(tmp_path / "m", case)
    found = verdict(tmp_path / "m", case)
    problems = {
        finding.rule
        for finding in found.findings
        if finding.outcome not in QUIET and finding.level is not Level.OFF
    }
    assert (found.result, sorted(problems)) == (case["expect"], sorted(case["rules"]))
