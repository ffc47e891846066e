"""What `verify` and `fetch` make of weights: sampled by range first, and then of the bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tests import forge, weighed
from tests import hub as attacks
from tests.hub import Answer, Hook, Hub, Request
from tests.hub.values import Stream
from tests.hubs import REPO, UNSIGNED, Desk, card, desk, signed


def is_of_values(answer: Answer) -> bool:
    """Whether it is a range of weights: that of a header begins with the file."""
    start = answer.body.start if isinstance(answer.body, Stream) else 0
    return answer.status == 206 and start > 0


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Desk]:
    """A desk where a child of a model is locked of which there is a fingerprint."""
    folder = weighed.model(tmp_path / "base")
    files = {
        "model.safetensors": (folder / "model.safetensors").read_bytes(),
        "config.json": b"{}",
        "README.md": card(f"base_model: {UNSIGNED}\npipeline_tag: text-generation"),
    }
    with Hub(tmp_path) as hub:
        hub.commit(REPO, signed(tmp_path / "m", files))
        hub.commit(UNSIGNED, {name: files[name] for name in files if name != "README.md"})
        made = desk(tmp_path, hub)
        (made.folder / "base.wlf").write_bytes(weighed.fingerprint(folder, UNSIGNED))
        made.locked({"repo": REPO}, weights={"fingerprints": ["base.wlf"]})
        yield made


def lying(request: Request, answer: Answer) -> Answer:
    """Other values come by range, and the right ones in the whole file."""
    return attacks.swap(b"\x3f" * (1 << 20))(request, answer) if is_of_values(answer) else answer


def unranged(request: Request, answer: Answer) -> Answer:
    """The header comes by range, and nothing behind it."""
    return attacks.status(404)(request, answer) if is_of_values(answer) else answer


def fetched(bench: Desk, *words: str) -> tuple[int, str]:
    ended = bench.run("fetch", "--local-dir", "model", *words)
    return ended.returncode, " ".join((ended.stdout + ended.stderr).split())


def as_it_is(request: Request, answer: Answer) -> Answer:
    """What the file holds."""
    return answer


HOOKS: dict[str, tuple[Hook, int, str]] = {
    "what the file holds": (as_it_is, 0, ""),
    "no ranges, so that only bytes tell": (unranged, 0, ""),
    "other weights than the file holds": (lying, 3, "weights/incomparable"),
}


@pytest.mark.parametrize("name", HOOKS)
def test_what_a_hub_says_of_weights_is_held_against_the_bytes(bench: Desk, name: str) -> None:
    hook, code, words = HOOKS[name]
    bench.hub.on("/cdn/", hook)
    found, said = fetched(bench)
    assert (found, words in said) == (code, True), said
    assert (bench.folder / "model").exists() == (code == 0)


def test_a_hub_without_ranges_leaves_the_other_checks_as_they_are(bench: Desk) -> None:
    bench.hub.on("/cdn/", unranged)
    assert bench.rules() == (3, {"weights/unread"})


def plausible(good: bytes) -> Hook:
    """Ranges of weights come out of another file of the same header, the whole file as it is."""

    def hook(request: Request, answer: Answer) -> Answer:
        return attacks.swap(good)(request, answer) if is_of_values(answer) else answer

    return hook


def tuned(data: bytes) -> bytes:
    """The file with each value a little larger: still kin of what it was."""
    start = 8 + int.from_bytes(data[:8], "little")
    values = np.frombuffer(data[start:], "<f4")
    return data[:start] + (values * np.float32(1.1)).astype("<f4").tobytes()


def foreign(data: bytes) -> bytes:
    """A file of the same header whose values have nothing to do with it."""
    start = 8 + int.from_bytes(data[:8], "little")
    values = np.random.default_rng(9).standard_normal((len(data) - start) // 4, np.float32)
    return data[:start] + values.astype("<f4").tobytes()


@pytest.mark.parametrize("place", [("--local-dir", "model"), ()], ids=["folder", "cache"])
@pytest.mark.parametrize("change", [tuned, foreign])
def test_weights_that_pass_by_range_and_are_others_are_not_let_in(
    tmp_path: Path, change: Callable[[bytes], bytes], place: tuple[str, ...]
) -> None:
    """Digests, signature and ranges agree with what is said; the bytes that come do not."""
    base = weighed.model(tmp_path / "base")
    good = (base / "model.safetensors").read_bytes()
    text = card(f"base_model: {UNSIGNED}\npipeline_tag: text-generation")
    files = {"model.safetensors": change(good), "config.json": b"{}", "README.md": text}
    with Hub(tmp_path) as hub:
        hub.commit(REPO, signed(tmp_path / "m", files))
        hub.commit(UNSIGNED, {"model.safetensors": good, "config.json": b"{}"})
        hub.on("/cdn/", plausible(good))
        made = desk(tmp_path, hub)
        (made.folder / "base.wlf").write_bytes(weighed.fingerprint(base, UNSIGNED))
        made.locked({"repo": REPO}, weights={"fingerprints": ["base.wlf"]})
        assert made.rules() == (0, set())
        assert "\u2713 weights" in made.run("verify", "-v").stdout
        before = made.lock.read_bytes()
        ended = made.run("fetch", *place)
    said = " ".join((ended.stdout + ended.stderr).split())
    assert (ended.returncode, "integrity/contradiction" in said) == (1, True), said
    assert ("weights/not-supported" in said) is (change is foreign)
    assert made.lock.read_bytes() == before
    assert not (made.folder / "model").exists()
    assert not list(made.home.rglob("snapshots/*/model.safetensors"))


COMMIT = "c" * 40
CACHED = {"whole": (b"{}", True), "not whole": (b'{"a": 1}', False)}


@pytest.mark.parametrize("name", CACHED)
def test_a_parent_whose_snapshot_is_whole_is_compared(tmp_path: Path, name: str) -> None:
    config, whole = CACHED[name]
    base = weighed.model(tmp_path / "base")
    files = {file.name: file.read_bytes() for file in base.iterdir()}
    root = {"repo": UNSIGNED, "manifest": weighed.manifest(base)}
    free = forge.org("Free", namespaces=["acme-free"], originates=True, root=[root])
    with Hub(tmp_path) as hub:
        made = desk(tmp_path, hub)
        made.trust(forge.registry(forge.org("Acme"), free))
        made.settings({"name": "bot", "path": "bot"}, profile="baseline")
        place = made.home / ".cache/huggingface/hub/models--acme-free--base/snapshots" / COMMIT
        place.parent.mkdir(parents=True)
        forge.write(place, {**files, "config.json": config})
        text = card(f"base_model: {UNSIGNED}")
        forge.write(made.folder / "bot", {**files, "README.md": text})
        said = made.run("verify", "bot", "-v", "--offline").stdout
    assert ("✓ weights" in said) == whole, said
    assert ("- weights" in said) != whole
