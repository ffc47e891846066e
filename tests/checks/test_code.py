"""The check of code, over models made of bytes."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provenance.case.case import Case
from provenance.checks.code import check
from provenance.model import Basis, Facts, File, Manifest, Ref
from provenance.policy import CodeAllowance, Demand, Policy
from provenance.trust import Registry
from provenance.verdict import Finding, Outcome
from tests import test_cases
from tests.claims.models import REPO, digest, evidence

Files = Mapping[str, bytes]

MODELING = b"class M: pass"
MAPPED = json.dumps({"auto_map": {"AutoModel": "modeling.M"}}).encode()
ELSEWHERE = json.dumps({"auto_map": {"AutoModel": "org/other--modeling.M"}}).encode()
MODULES = json.dumps([{"type": "modeling.M", "path": ""}]).encode()
COMMIT = "c" * 40
AT = CodeAllowance(repo=REPO, commit=COMMIT)
OF_HUB: dict[str, Any] = {
    "basis": Basis.DECLARED,
    "facts": Facts(id=REPO),
    "ref": Ref(text=REPO, repo=REPO, commit=COMMIT),
}
CALL = b"cposix\nsystem\n(S'true'\ntR."


def allow(path: str, data: bytes, repo: str = REPO) -> CodeAllowance:
    return CodeAllowance(repo=repo, path=path, sha256=digest(data))


def found(files: Files, *allowed: CodeAllowance, **changes: Any) -> list[Finding]:
    policy = Policy(profile="files", checks=("code",), signature=Demand.ASKED, code=allowed)
    registry = Registry(name="none")
    case = Case.heard(replace(evidence(files), **changes), policy, registry)
    return list(check.check(case))


def said(files: Files, *allowed: CodeAllowance, **changes: Any) -> set[tuple[str, Outcome, str]]:
    return {
        (finding.rule.removeprefix("code/"), finding.outcome, finding.where)
        for finding in found(files, *allowed, **changes)
    }


@pytest.mark.parametrize(
    ("files", "rule", "where"),
    [
        ({"config.json": MAPPED}, "auto-map", "config.json"),
        ({"config.json": ELSEWHERE}, "remote-code", "config.json"),
        ({"a/handler.py": MODELING}, "python-file", "a/handler.py"),
        ({"x.so": b"x"}, "native", "x.so"),
        ({"run.sh": b"true"}, "script", "run.sh"),
        ({"model_index.json": b'{"_class_name": ["p", "P"]}'}, "pipeline", "model_index.json"),
        ({"config.json": b'{"_attn_implementation": "o/k"}'}, "kernel", "config.json"),
        ({"modules.json": MODULES}, "module", "modules.json"),
        ({"chat_template.jinja": b"{{ x._y }}"}, "template", "chat_template.jinja"),
    ],
)
def test_code_fails(files: Files, rule: str, where: str) -> None:
    assert said(files) == {(rule, Outcome.FAIL, where)}


@pytest.mark.parametrize(
    ("files", "rule", "where"),
    [
        ({"chat_template.jinja": b"{{ x"}, "template-unparsed", "chat_template.jinja"),
        ({"config.json": b'{"a": 1, "a": 2}'}, "unreadable", "config.json"),
    ],
)
def test_what_cannot_be_read_is_unknown(files: Files, rule: str, where: str) -> None:
    assert said(files) == {(rule, Outcome.UNKNOWN, where)}


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"config.json": b"{}", "README.md": b"import os"},
        {"chat_template.jinja": b"{{ messages[0].content }}"},
    ],
)
def test_data_passes(files: Files) -> None:
    assert said(files) == {("pass", Outcome.PASS, "")}


@pytest.mark.parametrize("document", [("config.json", MAPPED), ("modules.json", MODULES)])
def test_an_allowed_file_may_run_and_is_named(document: tuple[str, bytes]) -> None:
    files = dict([document, ("modeling.py", MODELING)])
    (finding,) = found(files, allow("modeling.py", MODELING))
    assert finding.outcome is Outcome.PASS
    assert "modeling.py" in finding.message


@pytest.mark.parametrize(
    "allowance",
    [
        allow("modeling.py", b"other bytes"),
        allow("other.py", MODELING),
        allow("modeling.py", MODELING, repo="acme/other"),
        allow("modeling.py", MODELING, repo="ACME/M"),
    ],
)
def test_an_allowance_is_of_one_repository_path_and_digest(allowance: CodeAllowance) -> None:
    files = {"config.json": MAPPED, "modeling.py": MODELING}
    assert said(files, allowance) == {
        ("auto-map", Outcome.FAIL, "config.json"),
        ("python-file", Outcome.FAIL, "modeling.py"),
    }


def test_an_allowance_covers_no_second_file() -> None:
    files = {"config.json": MAPPED, "modeling.py": MODELING, "ops.py": MODELING}
    assert said(files, allow("modeling.py", MODELING)) == {("python-file", Outcome.FAIL, "ops.py")}


def test_another_repository_is_never_allowed() -> None:
    files = {"config.json": ELSEWHERE, "modeling.py": MODELING}
    allowed = [allow("config.json", ELSEWHERE), allow("modeling.py", MODELING)]
    assert said(files, *allowed) == {("remote-code", Outcome.FAIL, "config.json")}


def test_a_template_is_never_allowed() -> None:
    template = b"{{ x._y }}"
    files = {"chat_template.jinja": template}
    assert said(files, allow("chat_template.jinja", template)) == {
        ("template", Outcome.FAIL, "chat_template.jinja")
    }


@pytest.mark.parametrize(
    ("files", "path"),
    [
        ({"handler.py": MODELING}, "handler.py"),
        ({"config.json": MAPPED, "modeling.py": MODELING}, "modeling.py"),
        ({"hyperparams.yaml": b"a: !apply:os.system [id]"}, "hyperparams.yaml"),
        ({"config.json": MAPPED}, "config.json"),
        ({"x.so": b"x"}, "x.so"),
        ({"model.plan": b"x"}, "model.plan"),
        ({"config.cfg": b"[a]\n@misc = evil.v1"}, "config.cfg"),
        ({"handler.py": MODELING, "requirements.txt": b"x"}, "requirements.txt"),
        ({'a "b" \\.py': MODELING}, 'a "b" \\.py'),
    ],
    ids=str,
)
def test_the_lines_that_a_failure_gives_allow_it(files: Files, path: str) -> None:
    rows = [tomllib.loads(f.message.partition("\n")[2])["policy"]["code"] for f in found(files)]
    allowed = [CodeAllowance(**row) for (row,) in rows]
    assert allow(path, files[path]) in allowed
    assert said(files, *allowed) == {("pass", Outcome.PASS, "")}
    changed = {name: data + b" " for name, data in files.items()}
    assert ("pass", Outcome.PASS, "") not in said(changed, *allowed)


@pytest.mark.parametrize(
    ("then", "signed"),
    [
        ({}, "signed by Acme"),
        ({"files": {"other.py": "pass"}}, "not signed"),
        ({"flip": ["model.safetensors"]}, "not signed"),
    ],
)
def test_a_failure_says_who_signed_the_file(
    tmp_path: Path, then: dict[str, Any], signed: str
) -> None:
    case = {"as": "acme/m", "files": {"handler.py": "pass"}, "sign": [{"key": "release"}]}
    test_cases.build(tmp_path / "m", {**case, "then": then})
    findings = test_cases.verdict(tmp_path / "m", case).findings
    told = [finding for finding in findings if finding.rule == "code/python-file"]
    assert signed in told[-1].message


def test_code_that_is_not_selected_is_not_allowed_by_what_names_it() -> None:
    whole = evidence({"config.json": MAPPED, "modeling.py": MODELING}).listing
    (finding,) = found({"config.json": MAPPED}, allow("config.json", MAPPED), listing=whole)
    assert finding.rule == "code/auto-map"
    assert "is not selected" in finding.message
    assert "policy.code" not in finding.message


def test_without_a_repository_a_failure_asks_for_one() -> None:
    (finding,) = found({"handler.py": MODELING}, ref=Ref(text="m"))
    assert "--as" in finding.message
    assert "policy.code" not in finding.message


def test_without_a_digest_there_is_nothing_to_allow() -> None:
    files = Manifest.of([File(path="handler.py", size=9, digest="")])
    (finding,) = found({}, manifest=files, listing=files)
    assert "--measure" in finding.message


def test_a_commit_allows_all_code_that_a_hub_says_is_of_it() -> None:
    files = {
        "config.json": MAPPED,
        "modeling.py": MODELING,
        "build/torch-universal/k/_k.so": b"x",
        "hyperparams.yaml": b"a: !apply:os.system [id]",
        "m.plan": b"x",
    }
    (finding,) = found(files, AT, **OF_HUB)
    assert finding.outcome is Outcome.PASS
    assert COMMIT in finding.message
    for changes in (
        {**OF_HUB, "ref": replace(OF_HUB["ref"], commit="d" * 40)},
        {**OF_HUB, "basis": Basis.MEASURED},
        {**OF_HUB, "facts": None},
    ):
        assert len(found(files, AT, **changes)) == len(files), changes
    other = CodeAllowance(repo="acme/other", commit=COMMIT)
    assert len(found(files, other, **OF_HUB)) == len(files)


@pytest.mark.parametrize(
    ("files", "code", "outcome"),
    [
        ({"config.json": ELSEWHERE}, "remote-code", Outcome.FAIL),
        ({"config.json": b'{"_attn_implementation": "o/k"}'}, "kernel", Outcome.FAIL),
        ({"chat_template.jinja": b"{{ x._y }}"}, "template", Outcome.FAIL),
        ({"m.nemo": b"x"}, "unreadable", Outcome.UNKNOWN),
        ({"a.yaml": b"a: !new:torch.nn.GELU"}, "library-class", Outcome.FAIL),
    ],
)
def test_a_commit_allows_nothing_from_elsewhere(files: Files, code: str, outcome: Outcome) -> None:
    assert (code, outcome, *files) in said(files, AT, **OF_HUB)


def test_an_allowance_of_a_commit_that_nothing_needs_is_not_told() -> None:
    (finding,) = found({"config.json": b"{}"}, AT, **OF_HUB)
    assert finding.message == "nothing that a loader would run"


def test_a_by_product_fails_beside_the_pass_and_names_its_imports() -> None:
    files = {"training_args.bin": CALL, "config.json": b"{}"}
    assert said(files) == {
        ("pickle-by-product", Outcome.FAIL, "training_args.bin"),
        ("pass", Outcome.PASS, ""),
    }
    messages = {finding.rule: finding.message for finding in found(files)}
    assert "posix.system" in messages["code/pickle-by-product"]


def test_every_rule_has_its_page() -> None:
    slugs = "auto-map remote-code python-file native script pipeline kernel module template"
    more = "template-unparsed unreadable pickle-by-product library-class requirements callable"
    page = (check.__doc__ or "").splitlines()
    assert [slug for slug in f"{slugs} {more}".split() if f"code/{slug}" not in page] == []
