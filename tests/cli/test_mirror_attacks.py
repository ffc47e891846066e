"""What an attacker makes of `mirror_of`: never a pass that the origin's own name would not have."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from provenance.model import File, Manifest
from provenance.workspace import lockfile
from tests import forge
from tests.hub import Hub
from tests.hubs import FILES, REPO, SIZE, UNSIGNED, WEIGHTS, Desk, card, desk, signed, trust

MIRROR = "bank-ml/bot"
EVIL = forge.safetensors(bytes(SIZE))
DIGEST = f"sha256:{sha256(WEIGHTS).hexdigest()}"
SINCE = {"compromised_since": date(2020, 1, 1)}
WORSE = {"model.safetensors": EVIL}
NOTICE = {"NOTICE": b"A mirror of the bank's.\n"}
Said = dict[str, Any]


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Desk]:
    """A desk at a Hub with a signed model of Acme and an unsigned one of Free."""
    with Hub(tmp_path) as hub:
        hub.commit(REPO, signed(tmp_path / "m"))
        hub.commit(UNSIGNED, FILES)
        yield desk(tmp_path, hub)


def said(own: Desk, origin: str, **more: Any) -> Said:
    """The mirror is said to be one of the origin's head."""
    return {"repo": MIRROR, "mirror_of": f"{origin}@{own.hub.commit(origin, {})}", **more}


def of_acme(own: Desk, changed: Mapping[str, bytes | None] = {}, **more: Any) -> Said:
    """The mirror has Acme's files, but those that changed."""
    return _mirrored(own, REPO, signed(own.folder / "m"), changed, more)


def of_free(own: Desk, changed: Mapping[str, bytes | None] = {}, **more: Any) -> Said:
    """The mirror has Free's files, but those that changed."""
    return _mirrored(own, UNSIGNED, FILES, changed, more)


def _mirrored(
    own: Desk,
    origin: str,
    files: Mapping[str, bytes],
    changed: Mapping[str, bytes | None],
    more: Said,
) -> Said:
    mine = {path: data for path, data in {**files, **changed}.items() if data is not None}
    own.hub.commit(MIRROR, mine)
    return said(own, origin, **more)


def refused(own: Desk, model: Said, **entry: Any) -> Said:
    """What `entry` names is revoked by the registry."""
    own.trust(trust(revoked=[{"reason": "a backdoor", **entry}]))
    return model


def refused_whole(own: Desk) -> Said:
    """All files of the origin are revoked at once; the mirror has a card of its own, left out."""
    model = of_free(own, {"README.md": b"# Ours\n"}, exclude=["README.md"])
    own.locked({"repo": UNSIGNED, "exclude": ["README.md"]})
    (entry,) = lockfile.load(own.lock).models()
    own.lock.unlink()
    return refused(own, model, manifest=entry.manifest)


def refused_by_its_owner(own: Desk) -> Said:
    """The section that the origin's organisation keeps itself revokes the weights."""
    section = {"name": "free", "keys": [forge.key("section").public.pem]}
    free = forge.org("Free", namespaces=["acme-free"], originates=True, section=section)
    own.trust(forge.registry(free))
    return of_free(own)


def _bank(own: Desk) -> None:
    """The bank is registered, and signs."""
    bank = forge.org("Bank", forge.signer("bank"), namespaces=["bank-ml"])
    table = trust()
    own.trust({**table, "org": [*table["org"], bank]})


def with_own_signature(own: Desk, of: Callable[..., Said], files: Mapping[str, bytes]) -> Said:
    """The bank signs its mirror."""
    _bank(own)
    return of(own, {"model.sig": signed(own.folder / "b", files, "bank")["model.sig"]})


def pinned(own: Desk, **fields: Any) -> Said:
    """The registry pins the origin's organisation or repository."""
    own.trust(
        forge.registry(forge.org("Free", namespaces=["acme-free"], originates=True, **fields))
    )
    return of_free(own)


def recreated(own: Desk) -> Said:
    """The mirror is locked, then the origin's repository is another one under the same name."""
    own.locked(of_free(own))
    own.hub.recreate(UNSIGNED, FILES)
    return said(own, UNSIGNED)


def but(own: Desk, origin: str, of: Callable[..., Said], files: Mapping[str, bytes]) -> Said:
    """The origin has other files than its mirror."""
    own.hub.commit(origin, files)
    return of(own, dict.fromkeys(files))


def of_a_mirror(own: Desk) -> Said:
    """The origin is a mirror itself."""
    own.hub.commit("bank-ml/first", FILES)
    own.hub.commit(MIRROR, FILES)
    return said(own, "bank-ml/first")


def gone(own: Desk) -> Said:
    """The Hub does not have the origin any more, and the mirror was never locked."""
    model = of_free(own)
    own.hub.delete(UNSIGNED)
    return model


def renamed(own: Desk) -> Said:
    """The origin has another name now."""
    model = of_free(own)
    own.hub.rename(UNSIGNED, "acme-free/new")
    return model


ALONE = {"identity/mirror", "identity/unknown-publisher"}
ATTACKS: dict[str, tuple[Callable[[Desk], Said], set[str]]] = {
    "other weights": (lambda own: of_acme(own, WORSE), ALONE),
    "code more": (lambda own: of_free(own, {"modeling.py": b"x = 1"}), ALONE),
    "a template more": (lambda own: of_free(own, {"chat_template.jinja": b"{{ x }}"}), ALONE),
    "a file less": (lambda own: of_acme(own, {"config.json": None}), ALONE),
    "other weights under an include": (
        lambda own: of_free(own, WORSE, include=["*.safetensors"]),
        ALONE,
    ),
    "a signature of another model": (
        lambda own: of_free(own, {"model.sig": signed(own.folder / "o", {"a": b"b"})["model.sig"]}),
        {"signature/wrong-namespace"},
    ),
    "an origin whose signature is of other files": (
        lambda own: but(
            own,
            REPO,
            of_acme,
            {"model.sig": signed(own.folder / "o", {**FILES, **WORSE})["model.sig"]},
        ),
        {"signature/mismatch"},
    ),
    "an origin that says what the mirror leaves out": (
        lambda own: but(own, UNSIGNED, of_free, {"README.md": card("base_model: gone/away")}),
        {"ancestry/unknown-ancestor"},
    ),
    "the origin's manifest is revoked": (refused_whole, {"registry/revoked"}),
    "a file is revoked": (
        lambda own: refused(own, of_acme(own), files=[DIGEST]),
        {"registry/revoked"},
    ),
    "the origin's signer is revoked": (
        lambda own: refused(own, of_acme(own), signer="release", **SINCE),
        {"signature/compromised"},
    ),
    "an origin whose organisation keeps a section that nobody can read": (
        refused_by_its_owner,
        {"registry/unknown-section"},
    ),
    "an origin of nobody": (of_a_mirror, {"identity/unknown-publisher"}),
    "an origin that is renamed": (renamed, {"identity/renamed"}),
    "an origin that was made again": (recreated, {"identity/replaced"}),
    "an origin with another id than the registry's": (
        lambda own: pinned(own, root=[{"repo": UNSIGNED, "repo_id": "a" * 24}]),
        {"identity/replaced"},
    ),
    "an origin of another account than the registry's": (
        lambda own: pinned(own, namespace_id={"acme-free": "a" * 24}),
        {"identity/namespace-replaced"},
    ),
    "an origin that is gone": (gone, {"identity/mirror-unknown"}),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_found(own: Desk, name: str) -> None:
    build, expected = ATTACKS[name]
    own.settings(build(own))
    code, found = own.rules(f"{MIRROR}@main")
    assert (code == 0, expected <= found) == (False, True), found


HONEST: dict[str, Callable[[Desk], Said]] = {
    "as it is": of_acme,
    "without its signature": lambda own: of_acme(own, {"model.sig": None}),
    "with a notice": lambda own: of_acme(own, NOTICE),
    "with git's own file": lambda own: of_acme(own, {".gitattributes": b"*.bin -text\n"}),
    "with a card of its own": lambda own: of_free(own, {"README.md": b"# Ours\n"}),
    "with a part of the files": lambda own: of_acme(own, include=["*.safetensors", "config.json"]),
    "with the bank's signature instead": lambda own: with_own_signature(own, of_acme, FILES),
    "with the bank's signature alone": lambda own: with_own_signature(own, of_free, FILES),
    "of a pinned account": lambda own: pinned(
        own, namespace_id={"acme-free": own.hub.org_id("acme-free")}
    ),
}


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_mirror_passes(own: Desk, name: str) -> None:
    own.settings(HONEST[name](own))
    assert own.rules(f"{MIRROR}@main") == (0, set())


def test_an_origin_that_was_made_again_is_accepted_by_name(own: Desk) -> None:
    own.settings(recreated(own))
    ended = own.run("lock", "--upgrade", "--accept", f"identity/replaced@{MIRROR}")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert own.rules(f"{MIRROR}@main") == (0, set())
    (entry,) = lockfile.load(own.lock).models()
    assert [accepted.rule for accepted in entry.accepted] == ["identity/replaced"]


def test_a_lock_that_calls_other_bytes_a_mirror_is_not_believed(own: Desk) -> None:
    """Where a Hub can be asked; the lockfile alone only pins."""
    model = of_free(own)
    own.locked(model)
    commit = own.hub.commit(MIRROR, WORSE)
    (entry,) = lockfile.load(own.lock).models()
    text = own.lock.read_text().replace(entry.commit or "", commit)
    weights = File(path="model.safetensors", size=len(EVIL), digest=sha256(EVIL).hexdigest())
    others = [file for file in entry.files.files if file.path != weights.path]
    forged = Manifest.of([*others, weights]).digest
    text = text.replace(DIGEST.partition(":")[2], weights.digest)
    own.lock.write_text(text.replace(entry.selected, forged).replace(entry.manifest, forged))
    for words in (("lock", "--check"), ("fetch", "--local-dir", "there"), ("verify",)):
        ended = own.run(*words)
        assert (ended.returncode, "identity/mirror" in ended.stdout) == (1, True), ended.stdout


def test_a_lock_of_an_earlier_commit_proves_nothing_offline(own: Desk) -> None:
    own.locked(of_free(own))
    forge.write(own.folder / "there", {**FILES, "model.safetensors": EVIL})
    ended = own.run("verify", "there", "--lock", "--offline", "--format", "json")
    (model,) = json.loads(ended.stdout)["models"]
    assert (ended.returncode, model["verdict"]) == (1, "fail"), ended.stdout
