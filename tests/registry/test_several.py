"""Several registries: none reaches into another, and a bad one fails alone."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from provenance import trust
from provenance.errors import ConfigError
from provenance.judgement import judge
from provenance.lock import Floor, floor_of
from provenance.model import Ref
from provenance.policy import Model, Policy, Settings
from provenance.registry import load_all
from provenance.registry.store import parsed
from provenance.source import directory
from provenance.trust import Registry, Release
from provenance.verdict import Result
from tests import clocks, forge

SINCE: dict[str, Any] = {"compromised_since": forge.NOW, "reason": "stolen"}
CLOCK = {"certificates": forge.certificate_pem(clocks.CLOCK, clocks.ROOT)}
ACME = forge.registry(forge.org("Acme", forge.signer("release")))


def registry(name: str, *orgs: dict[str, Any], **fields: Any) -> Registry:
    return Registry.from_table(forge.registry(*orgs, **fields) | {"name": name}, source=name)


def fingerprint() -> str:
    return forge.key("release").public.fingerprint


@pytest.mark.parametrize(
    ("entry", "counts"),
    [
        ({"key": "FINGERPRINT"}, True),
        ({"signer": "FINGERPRINT"}, True),
        ({"signer": "release"}, False),
        ({"signer": "Acme/release"}, False),
    ],
)
def test_another_registry_revokes_by_key_and_not_by_name(
    entry: dict[str, str], counts: bool
) -> None:
    """Its own Acme, with a signer of the same name, is somebody else."""
    named = {word: value.replace("FINGERPRINT", fingerprint()) for word, value in entry.items()}
    first = registry("first", forge.org("Acme", forge.signer("release")))
    other = forge.org("Acme", {**forge.signer("second"), "name": "release"})
    second = registry("second", other | {"namespaces": ["other"]}, revoked=[{**named, **SINCE}])
    merged = trust.merge([first, second])
    org, signer = next(merged.signers())
    assert org.rank == 0
    assert bool(merged.signer_revocations(org, signer)) is counts


@pytest.mark.parametrize(
    ("revoking", "clocked", "result"),
    [
        ([], ["second"], Result.PASS),
        (["second"], ["second"], Result.PASS),
        (["first"], ["second"], Result.FAIL),
        (["first"], ["first", "second"], Result.PASS),
        (["first", "second"], ["second"], Result.FAIL),
    ],
)
@pytest.mark.parametrize("order", [1, -1])
def test_no_clock_of_another_registry_vouches_against_a_revocation(
    revoking: list[str], clocked: list[str], result: Result, order: int, tmp_path: Path
) -> None:
    """Stamped before the compromise; who revoked must know the clock that says so."""
    forge.write(tmp_path / "m")
    made = forge.bundle(tmp_path / "m", forge.TufKey(key=forge.key("release")))
    signature = base64.b64decode(made["dsseEnvelope"]["signatures"][0]["sig"])
    token = base64.b64encode(clocks.stamp(signature)).decode()
    stamps = {"rfc3161Timestamps": [{"signedTimestamp": token}]}
    made["verificationMaterial"]["timestampVerificationData"] = stamps
    (tmp_path / "m" / "model.sig").write_text(json.dumps(made))
    since = {"compromised_since": clocks.NOW + forge.DAY, "reason": "stolen"}
    parts = [
        registry(
            name,
            *owned,
            revoked=[{"key": fingerprint(), **since}] if name in revoking else [],
            timestamp_authority=[CLOCK] if name in clocked else [],
        )
        for name, owned in {
            "first": [forge.org("Other", forge.signer("other"))],
            "second": [forge.org("Acme", forge.signer("release"))],
        }.items()
    ]
    at = clocks.NOW + 2 * forge.DAY
    evidence = directory.collect(tmp_path / "m", ref=Ref(text="m", repo="acme/m"), at=at)
    policy = Policy.of(Settings(), Model(name="m", repo="acme/m", path="m"))
    verdict = judge(evidence, policy, trust.merge(parts[::order]))
    assert verdict.result is result
    assert (result is Result.FAIL) == ("signature/compromised" in verdict.reason)


HERE: dict[str, Any] = {"url": "https://r.example", "root": "sha256:a"}
MOVED: dict[str, Any] = {"url": "https://moved.example", "root": "sha256:a"}
ANEW: dict[str, Any] = {"url": "https://r.example", "root": "sha256:b"}
ELSEWHERE: dict[str, Any] = {"url": "https://x.example", "root": "sha256:x"}


@pytest.mark.parametrize(
    ("release", "floors", "expected"),
    [
        (HERE, [Floor(name="other", version=7, **HERE)], 7),
        (MOVED, [Floor(name="r", version=7, **HERE)], 7),
        (ANEW, [Floor(name="r", version=7, **HERE)], 7),
        (HERE, [Floor(name="r", version=7, **ELSEWHERE)], None),
        (MOVED, [Floor(name="r", version=7, **HERE), Floor(name="r", version=3, **MOVED)], 3),
        (HERE, [Floor(name="r", version=7, section="lab", **HERE)], None),
        (HERE, [Floor(name="r", version=7)], 7),
        (HERE, [Floor(name="other", version=7)], None),
        (HERE, [], None),
    ],
)
def test_a_floor_goes_by_url_and_root(
    release: dict[str, Any], floors: list[Floor], expected: int | None
) -> None:
    assert floor_of(Release(name="r", **release), floors) == expected


BAD = {
    "no TOML": "= = =",
    "no registry": "a = 1",
    "another version": 'version = 9\nname = "x"\n',
    "a root that is not there": (
        'version = 1\nname = "x"\n[[sigstore]]\nname = "x"\ntrusted_root = "nowhere.json"\n'
    ),
    "a name of many parts": f"{'a.' * 70}a = 1",
}


@pytest.mark.parametrize("kind", BAD)
def test_a_malformed_second_registry_fails_alone_and_is_said(kind: str, tmp_path: Path) -> None:
    (tmp_path / "first.toml").write_text(tomli_w.dumps(ACME))
    (tmp_path / "second.toml").write_text(BAD[kind])
    found = load_all(["first.toml", "second.toml"], tmp_path).registry
    assert found.publishers("acme/bot")
    assert [name for name, _ in found.unusable] == ["second.toml"]
    with pytest.raises(ConfigError):
        load_all(["second.toml", "first.toml"], tmp_path)
    with pytest.raises(ConfigError):
        load_all(["first.toml", "misspelt.toml"], tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "a." * 200_000 + "a = 1",
        f"[{'a.' * 200_000}a]\n" + "".join(f"x{n} = 1\n" for n in range(50_000)),
        "[[" + '"a" . ' * 100_000 + "a]]\n" + "".join(f"x{n} = 1\n" for n in range(50_000)),
        "'a'." * 100_000 + "a = 1",
    ],
)
def test_names_of_many_parts_are_not_walked(text: str) -> None:
    """Read, each of these takes minutes or more."""
    with pytest.raises(ConfigError, match=r"64 parts|not TOML"):
        parsed(text, "trust.toml")


def test_long_texts_with_dots_are_texts() -> None:
    prose = "Version 1.2.3 of one. That is all ... of it. " * 100
    assert parsed(f'a = """\n{prose}\n"""\nb = "{"1." * 100}"\n', "x") != {}


def test_no_verdict_is_complete_without_what_a_registry_revoked(tmp_path: Path) -> None:
    model = tmp_path / "m"
    forge.write(model)
    forge.sign(model, forge.TufKey(key=forge.key("release")))
    (tmp_path / "first.toml").write_text(tomli_w.dumps(ACME))
    (tmp_path / "second.toml").write_text("= = =")
    evidence = directory.collect(model, ref=Ref(text="m", repo="acme/m"), at=forge.NOW)
    policy = Policy.of(Settings(), Model(name="m", repo="acme/m", path="m"))
    results = [
        judge(evidence, policy, load_all(names, tmp_path).registry)
        for names in (["first.toml"], ["first.toml", "second.toml"])
    ]
    assert [verdict.result for verdict in results] == [Result.PASS, Result.INCOMPLETE]
    assert results[1].signers == results[0].signers
    assert "registry/unusable" in {finding.rule for finding in results[1].findings}
