"""Who gains or loses which power between two registries, and whom a revocation reaches."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from provenance.affected import affected
from provenance.lock import Entry, Lock, LockedParent, LockedSigner, Part
from provenance.model import Facts, File, Manifest
from provenance.trust import Registry
from provenance.trust.powers import shifts
from tests import forge

DIGEST = f"sha256:{'a' * 64}"
COMMIT = "c" * 40
KEY = f"key {forge.key('release').public.fingerprint}"


def read(*orgs: Any, **fields: Any) -> Registry:
    return Registry.from_table(forge.registry(*orgs, **fields), source="trust.toml")


def acme(*signers: Any, **fields: Any) -> dict[str, Any]:
    return forge.org("Acme", *(signers or (forge.signer("release"),)), **fields)


BEFORE = read(acme())
CASES: dict[str, tuple[Registry, list[tuple[str, str | None, str | None]]]] = {
    "nothing": (read(acme()), []),
    "a new name alone": (
        read(acme(forge.signer("other", key=forge.key("release").public.pem))),
        [
            (
                f"acme/*: Acme has the publisher {KEY}",
                "called release, since ever",
                "called other, since ever",
            )
        ],
    ),
    "a role": (
        read(acme(forge.signer("release", ["publisher", "trainer"]))),
        [(f"acme/*: Acme has the trainer {KEY}", None, "called release, since ever")],
    ),
    "a narrower scope": (
        read(acme(forge.signer("release", repos=["acme/x"]))),
        [
            (f"acme/*: Acme has the publisher {KEY}", "called release, since ever", None),
            (f"acme/x: Acme has the publisher {KEY}", None, "called release, since ever"),
        ],
    ),
    "a day": (
        read(acme(forge.signer("release", valid_from=date(2026, 1, 1)))),
        [
            (
                f"acme/*: Acme has the publisher {KEY}",
                "called release, since ever",
                "called release, since 2026-01-01",
            )
        ],
    ),
    "a namespace": (
        read(acme(forge.signer("release", repos=["acme/*"]), namespaces=["acme", "acme-2"])),
        [("acme-2/ belongs to Acme", None, "by name")],
    ),
    "a pin": (
        read(acme(namespace_id={"acme": "b" * 24})),
        [("acme/ belongs to Acme", "by name", f"as {'b' * 24}")],
    ),
    "another owner": (
        read(forge.org("Evil", namespaces=["acme"])),
        [
            ("acme/ belongs to Acme", "by name", None),
            (f"acme/*: Acme has the publisher {KEY}", "called release, since ever", None),
            ("acme/ belongs to Evil", None, "by name"),
        ],
    ),
    "origins": (
        read(acme(originates=True)),
        [("Acme: models without a stated parent are roots", None, "yes")],
    ),
    "the ratchet": (
        read(acme(once_signed_must_stay_signed=False)),
        [("Acme: once signed must stay signed", None, "no")],
    ),
    "a root": (
        read(acme(root=[{"repo": "acme/b", "commit": COMMIT, "manifest": DIGEST}])),
        [(f"acme/b is a root at {COMMIT}, {DIGEST}", None, "by name")],
    ),
    "mirrors": (
        read(acme(mirror=[{"of": "acme", "namespace": "bank-ml"}])),
        [("bank-ml/ may mirror acme/", None, "by Acme")],
    ),
    "a revocation": (
        read(acme(), revoked=[{"repo": "acme/b", "reason": "bad"}]),
        [("the repo acme/b is refused", None, "bad")],
    ),
    "an instance": (
        read(acme(), sigstore=[{"name": "own", "trusted_root": "{}"}]),
        [("the Sigstore own vouches for identities", None, "sha256:44136fa355b3678a")],
    ),
    "an expiry": (
        read(acme(), expires=date(2027, 1, 1)),
        [("the registry expires", "never", "2027-01-01")],
    ),
    "a section": (
        read(acme(section={"name": "acme", "keys": [forge.key("s").public.pem]})),
        [("Acme: keeps its own section", None, f"acme, 1 of {forge.key('s').public.fingerprint}")],
    ),
}


@pytest.mark.parametrize("what", CASES)
def test_each_change_is_named(what: str) -> None:
    after, expected = CASES[what]
    found = [(shift.power, shift.before, shift.after) for shift in shifts(BEFORE, after)]
    assert sorted(found) == sorted(expected)
    back = [(shift.power, shift.after, shift.before) for shift in shifts(after, BEFORE)]
    assert sorted(back) == sorted(expected)


SIGNER = LockedSigner(
    kind="key",
    identity=f"key {forge.key('release').public.fingerprint}",
    organisation="Acme",
    name="release",
)
ENTRY = Entry(
    name="bot",
    repo="acme/bot",
    commit=COMMIT,
    manifest=DIGEST,
    selected=f"sha256:{'b' * 64}",
    files=Manifest.of([File(path="m.safetensors", size=1, digest="c" * 64)]),
    signers=(SIGNER,),
    parents=(LockedParent(repo="lab/sft", commit="d" * 40),),
)
ANCESTOR = Entry(
    name="lab/base@v1",
    part=Part.ANCESTOR,
    repo="lab/renamed",
    facts=Facts(id="lab/renamed"),
    commit="e" * 40,
    manifest=f"sha256:{'e' * 64}",
)
LOCK = Lock(entries=(ENTRY, ANCESTOR))
MIRROR = Entry(
    name="bank-ml/bot", repo="bank-ml/bot", commit="1" * 40, mirror_of=f"acme/bot@{COMMIT}"
)
SINCE = {"compromised_since": date(2020, 1, 1)}
FUTURE = {"compromised_since": date(2099, 1, 1)}


@pytest.mark.parametrize(
    ("revoked", "hits"),
    [
        ({"repo": "acme/bot"}, ["bot"]),
        ({"repo": "acme/other"}, []),
        ({"commit": COMMIT}, ["bot"]),
        ({"manifest": DIGEST}, ["bot"]),
        ({"manifest": f"sha256:{'b' * 64}"}, ["bot"]),
        ({"repo": "lab/sft"}, ["bot"]),
        ({"commit": "d" * 40}, ["bot"]),
        ({"repo": "lab/base"}, ["lab/base@v1"]),
        ({"repo": "lab/renamed"}, ["lab/base@v1"]),
        ({"commit": "e" * 40}, ["lab/base@v1"]),
        ({"manifest": f"sha256:{'e' * 64}"}, ["lab/base@v1"]),
        ({"files": [f"sha256:{'c' * 64}"]}, ["bot"]),
        ({"files": [f"sha256:{'d' * 64}"]}, []),
        ({"signer": "release", **SINCE}, ["bot"]),
        ({"signer": "Acme/release", **SINCE}, ["bot"]),
        ({"signer": "Acme/release", **FUTURE}, []),
        ({"signer": "Other/release", **SINCE}, []),
        ({"key": forge.key("release").public.fingerprint, **SINCE}, ["bot"]),
        ({"key": DIGEST, **SINCE}, []),
    ],
)
def test_who_is_affected(revoked: dict[str, Any], hits: list[str]) -> None:
    registry = read(acme(), revoked=[{**revoked, "reason": "x"}])
    assert [hit.name for hit in affected(LOCK, registry, forge.NOW)] == hits


@pytest.mark.parametrize(
    "revoked", [{"repo": "bank-ml/bot"}, {"repo": "acme/bot"}, {"commit": COMMIT}]
)
def test_a_mirror_is_affected_by_what_is_revoked_of_its_origin(revoked: dict[str, Any]) -> None:
    registry = read(acme(), revoked=[{**revoked, "reason": "x"}])
    found = affected(Lock(entries=(MIRROR,)), registry, forge.NOW)
    assert [hit.name for hit in found] == ["bank-ml/bot"]


def test_a_signer_who_left_the_registry_is_known_by_its_key() -> None:
    revoked = {"key": forge.key("release").public.fingerprint, "reason": "x", **SINCE}
    registry = read(forge.org("Acme"), revoked=[revoked])
    assert [hit.name for hit in affected(LOCK, registry, forge.NOW)] == ["bot"]
