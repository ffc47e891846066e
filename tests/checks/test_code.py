"""The check of code, over models made of bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from provenance.case.case import Case
from provenance.checks.code import check
from provenance.policy import CodeAllowance, Demand, Policy
from provenance.trust import Registry
from provenance.verdict import Finding, Outcome
from tests.claims.models import REPO, digest, evidence

Files = Mapping[str, bytes]

MODELING = b"class M: pass"
MAPPED = json.dumps({"auto_map": {"AutoModel": "modeling.M"}}).encode()
ELSEWHERE = json.dumps({"auto_map": {"AutoModel": "org/other--modeling.M"}}).encode()
MODULES = json.dumps([{"type": "modeling.M", "path": ""}]).encode()
CALL = b"cposix\nsystem\n(S'true'\ntR."


def allow(path: str, data: bytes, repo: str = REPO) -> CodeAllowance:
    return CodeAllowance(repo=repo, path=path, sha256=digest(data))


def found(files: Files, *allowed: CodeAllowance) -> list[Finding]:
    policy = Policy(profile="files", checks=("code",), signature=Demand.ASKED, code=allowed)
    registry = Registry(name="none")
    case = Case.heard(evidence(files), policy, registry)
    return list(check.check(case))


def said(files: Files, *allowed: CodeAllowance) -> set[tuple[str, Outcome, str]]:
    return {
        (finding.rule.removeprefix("code/"), finding.outcome, finding.where)
        for finding in found(files, *allowed)
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


def test_a_failure_says_what_to_write() -> None:
    (finding,) = found({"handler.py": MODELING})
    assert digest(MODELING) in finding.message


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
    more = "template-unparsed unreadable pickle-by-product"
    page = (check.__doc__ or "").splitlines()
    assert [slug for slug in f"{slugs} {more}".split() if f"code/{slug}" not in page] == []
