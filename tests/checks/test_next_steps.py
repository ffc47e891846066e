"""A finding that says no says what to type next, and the words of no library stand in between."""

from __future__ import annotations

import pickle
import re
import socket
import tomllib
from pathlib import Path

import pytest
import requests

from provenance.judgement import judge
from provenance.model import Ref
from provenance.policy import Model, Policy, Settings
from provenance.source import directory
from provenance.source.exchange import reason
from provenance.trust import Registry
from provenance.verdict import Finding
from tests import forge
from tests.checks import ancestors
from tests.checks.ancestors import gone

KNOWN = forge.registry(forge.org("Acme", forge.signer("release"), originates=True))
NOBODY = forge.registry(forge.org("Other", namespaces=["other"]))
CERTIFIED = forge.TufKey(
    key=forge.key("leaf"),
    chain=(forge.certificate("leaf", "root"), forge.certificate("root", ca=True)),
)
SIGNED = {
    "by another where a publisher is known": (KNOWN, "acme/m", "signature/wrong-signer"),
    "by somebody where nobody is": (NOBODY, "acme/m", "signature/unregistered-signer"),
    "by somebody, without a name": (KNOWN, None, "signature/unregistered-signer"),
}


def found(
    folder: Path,
    table: dict[str, object],
    repo: str | None,
    rule: str,
    profile: str | None = None,
) -> Finding:
    """The finding of this rule on a folder that is called `repo`."""
    registry = Registry.from_table(table, source="trust.toml")
    ref = Ref(text=str(folder), repo=repo)
    policy = Policy.of(Settings(), Model(name="m", repo=repo), profile=profile)
    evidence = directory.collect(folder, ref=ref, at=forge.NOW)
    return next(f for f in judge(evidence, policy, registry).findings if f.rule == rule)


@pytest.mark.parametrize("case", SIGNED)
def test_a_strange_signature_leads_to_the_command_that_proposes_its_entry(
    tmp_path: Path, case: str
) -> None:
    table, repo, rule = SIGNED[case]
    folder = forge.sign(forge.write(tmp_path / "my m"), CERTIFIED)
    message = found(folder, table, repo, rule).message
    line = f"`provenance registry learn '{folder}' --as {repo or 'ORG/NAME'}`"
    assert message.endswith(f"if you know this signer, {line} proposes its entry")


ADDS = {
    "by another where a publisher is known": "add-signer Acme NAME",
    "by somebody where nobody is": "add-org NAME --namespace acme",
    "by somebody, without a name": "add-org NAME --namespace NAMESPACE",
}


@pytest.mark.parametrize("case", SIGNED)
def test_a_strange_key_leads_to_the_command_that_registers_it(tmp_path: Path, case: str) -> None:
    table, repo, rule = SIGNED[case]
    folder = forge.sign(forge.write(tmp_path / "m"), forge.TufKey(key=forge.key("stranger")))
    message = found(folder, table, repo, rule).message
    assert message.endswith(f"`provenance registry {ADDS[case]} --key FILE`")
    assert "registry learn" not in message


WITHOUT_A_NAME = {
    "nobody signed it": (None, "baseline", "signature/not-demanded"),
    "a stranger signed it": ("stranger", "signed", "signature/wrong-signer"),
}


@pytest.mark.parametrize("case", WITHOUT_A_NAME)
def test_a_model_without_a_name_is_said_to_have_none(tmp_path: Path, case: str) -> None:
    key, profile, rule = WITHOUT_A_NAME[case]
    folder = forge.write(tmp_path / "m")
    if key:
        forge.sign(folder, forge.TufKey(key=forge.key(key)))
    message = found(folder, NOBODY, None, rule, profile).message
    assert "; neither `repo` nor --as says whose they are" in message


def test_a_pickle_names_what_to_use_instead(tmp_path: Path) -> None:
    folder = forge.write(tmp_path / "m", {"pytorch_model.bin": pickle.dumps({"a": len})})
    message = found(folder, KNOWN, "acme/m", "format/pickle").message
    assert message.endswith("ask the publisher for safetensors, or leave it out with --exclude")


MISSING = {
    "someone/base": "someone/base@<commit>",
    "bert-base-uncased": "google-bert/bert-base-uncased@<commit>",
    "nobody-knows-it": "org/name@<commit>",
}


@pytest.mark.parametrize("name", MISSING)
def test_the_line_for_a_parent_that_no_hub_has_can_be_typed(name: str) -> None:
    findings = ancestors.found(ancestors.model(f"base_model: {name}", known=[gone(name)]))
    (finding,) = [f for f in findings if f.rule == "ancestry/unresolvable"]
    _, _, line = finding.message.rpartition(": ")
    assert tomllib.loads(line) == {"parents": [MISSING[name]]}
    typed = tomllib.loads(line.replace("<commit>", "c" * 40))
    own = {"models": [{"repo": "acme/m", **typed}]}
    (entry,) = Settings.from_table(own, source="provenance.toml").models
    assert list(entry.parents) == typed["parents"]


LIBRARY = re.compile(r"urllib3|Pool|Retries|object at|Error\b|Exception|Errno")


def refused() -> str:
    """An address of this machine at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


ADDRESSES = {
    "nobody listens": ("http://{}/root.json", "no server answers there (connection refused)"),
    "nobody listens to TLS": ("https://{}/", "no server answers there (connection refused)"),
}


@pytest.mark.parametrize("name", ADDRESSES)
def test_what_cannot_be_reached_is_told_in_our_words(name: str) -> None:
    address, words = ADDRESSES[name]
    with pytest.raises(requests.RequestException) as caught:
        requests.get(address.format(refused()), timeout=5)
    said = reason(caught.value)
    assert said == words
    assert not LIBRARY.search(said)


CAUSES = {
    "a time-out": (TimeoutError(), "the server does not answer in time"),
    "a name": (socket.gaierror(-2, "Name or service not known"), "no server has this name"),
    "an error that nothing is known of": (ValueError("odd\nthing"), "odd thing"),
    "an error without words": (ValueError(), "ValueError"),
}


@pytest.mark.parametrize("name", CAUSES)
def test_the_last_cause_is_told(name: str) -> None:
    cause, words = CAUSES[name]
    outer = RuntimeError("HTTPSConnectionPool(host='x'): Max retries exceeded")
    outer.__cause__ = cause
    assert reason(cause) == words
    if name in ("a time-out", "a name"):
        assert reason(outer) == words
