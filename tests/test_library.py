"""The library as its users import it: gather, judge, admit."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

import provenance
from provenance import Hub as Client
from provenance import Lock, Policy, Registry, Rules, Settings, Target, replay
from provenance.entries import entry_of
from provenance.errors import ConfigError, Rejected
from provenance.gate import Refused
from provenance.judgement import evaluate
from provenance.policy import Model
from provenance.refs import parse
from provenance.registry import starter
from provenance.trust import Revocation
from tests import forge
from tests.hub import Hub
from tests.hubs import FILES, signed

GRANITE = "ibm-granite/granite-test"


def revoked(fingerprint: str, since: str) -> Registry:
    """The same, and that key revoked from a day on."""
    entry = Revocation(
        kind="key",
        value=fingerprint,
        reason="stolen",
        compromised_since=datetime.fromisoformat(since),
    )
    return replace(forged(), revoked=(entry,))


def forged() -> Registry:
    """The starter registry, with a key of ours in the place of its one documented signer."""
    (real,) = (org for org in starter().orgs if "ibm-granite" in org.namespaces)
    table = forge.org(real.name, forge.signer("release"), originates=real.originates)
    table["namespaces"] = list(real.namespaces)
    return Registry.from_table(forge.registry(table), source="builtin")


def test_a_signed_model_of_a_starter_publisher_passes_and_is_admitted(tmp_path: Path) -> None:
    policy = Policy.of(Settings(), Model(name=GRANITE, repo=GRANITE))
    with Hub(tmp_path) as hub:
        hub.commit(GRANITE, signed(tmp_path / "m"))
        client = Client(endpoint=hub.url)
        evidence = provenance.gather_from_hub(client, parse(GRANITE), at=forge.NOW)
        evaluation = evaluate(evidence, policy, forged())
        verdict = provenance.judge(evidence, policy, forged())
        assert evaluation.verdict == verdict
        assert (verdict.result, verdict.profile) == ("pass", "baseline")
        entry = entry_of(GRANITE, evaluation)
        rules = Rules(
            entry=entry,
            lock=Lock(entries=(entry,)),
            policy=policy,
            registry=forged(),
            at=forge.NOW,
        )
        admitted = provenance.admit(client, rules, Target.folder(tmp_path / "out"))
        assert {path.name for path in admitted.place.iterdir()} == {*FILES, "model.sig"}
        stranger = Registry(name="nobody")
        refused = Rules(
            entry=entry, lock=rules.lock, policy=policy, registry=stranger, at=forge.NOW
        )
        with pytest.raises(Rejected):
            provenance.admit(client, refused, Target.folder(tmp_path / "no"))
        assert not (tmp_path / "no").exists()


def test_admit_goes_by_its_own_clock_and_takes_nothing_stored(tmp_path: Path) -> None:
    policy = Policy.of(Settings(), Model(name=GRANITE, repo=GRANITE))
    day = forge.NOW + forge.DAY
    lapsed = replace(forged(), expires=day)
    with Hub(tmp_path) as hub:
        hub.commit(GRANITE, signed(tmp_path / "m"))
        client = Client(endpoint=hub.url)
        evidence = provenance.gather_from_hub(client, parse(GRANITE), at=forge.NOW)
        evaluation = evaluate(evidence, policy, lapsed)
        assert evaluation.verdict.result == "pass"
        entry = entry_of(GRANITE, evaluation)
        rules = Rules(
            entry=entry, lock=Lock(entries=(entry,)), policy=policy, registry=lapsed, at=forge.NOW
        )
        target = Target.folder(tmp_path / "out")
        with pytest.raises(Rejected, match="registry/expired"):
            provenance.admit(client, rules, target)
        since = (day + forge.DAY).isoformat()
        stolen = revoked(forge.key("release").public.fingerprint, since)
        assert provenance.judge(evidence, policy, stolen).result == "pass"
        with pytest.raises(Refused) as refused:
            provenance.admit(client, replace(rules, registry=stolen), target)
        found = {finding.rule for finding in refused.value.verdict.findings}
        assert "signature/compromised" in found
        stored = replay.loads(replay.dumps(evidence).encode(), now=forge.NOW)
        entry = entry_of(GRANITE, evaluate(stored, policy, forged()))
        with pytest.raises(ConfigError, match="replayed"):
            provenance.admit(client, replace(rules, entry=entry, registry=forged()), target)
        assert not (tmp_path / "out").exists()
