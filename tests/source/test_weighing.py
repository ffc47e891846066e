"""Sampling weights: on a Hub by range, whatever it does, and beside parents that are here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from provenance import replay
from provenance.model import Ancestor, Basis, Document, Evidence, Facts, Ref
from provenance.refs import parse
from provenance.source import directory
from provenance.source.hub import client
from provenance.source.hub.collect import collect
from provenance.source.hub.release import HubRelease
from provenance.source.limits import DEFAULT, Limits
from provenance.source.remote.sampling import Remote
from provenance.source.sampling import Folder
from provenance.source.scales import Scales, weighed
from provenance.weights.changes.change import Kind, loads
from provenance.weights.fingerprint import loads as print_of
from tests import forge
from tests import hub as attacks
from tests import weighed as held
from tests.bench.remote_weights import sparse
from tests.cli import tiny
from tests.formats import test_gguf as gguf
from tests.formats import test_onnx as onnx
from tests.hub import Hub
from tests.hub.values import Answer, Request
from tests.weights.test_files import initialiser

REPO, BASE = "acme/m", "acme/base"
CHILD = f"---\nbase_model: {BASE}\n---\n# A model\n".encode()


@dataclass(frozen=True)
class Shelf:
    """A Hub with one model, the folder that it was made from, and a fingerprint of its parent."""

    hub: Hub
    folder: Path
    base: Document

    def ask(self, token: str | None = None) -> client.Hub:
        """Whoever asks it, and never waits."""
        waits: list[float] = []
        return client.Hub(
            endpoint=self.hub.url, token=token, namespaces=frozenset({"acme"}), sleep=waits.append
        )

    def weighed(self, limits: Limits = DEFAULT) -> Evidence:
        """The model as it is weighed there; only what that asks for is noted."""
        asking = self.ask()
        evidence = collect(asking, parse(REPO), at=forge.NOW)
        self.hub.clear()
        place = Remote(
            release=HubRelease.of(asking, evidence, limits=limits), evidence=evidence, limits=limits
        )
        return weighed(evidence, self.scales, place, limits=limits)

    @property
    def scales(self) -> Scales:
        """The parent's fingerprint."""
        return Scales(fingerprints=lambda: (self.base,))

    @property
    def own(self) -> Document:
        """What a sample of the folder holds, of what a Hub can be asked for."""
        evidence = directory.collect(self.folder, ref=Ref(text=REPO, repo=REPO), at=forge.NOW)
        found = weighed(evidence, self.scales, Folder(root=self.folder, ranged=True))
        return found.weights.own[0]


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    folder = held.model(tmp_path / "m")
    (folder / "README.md").write_bytes(CHILD)
    document = Document(path=f"{BASE}@public", data=held.fingerprint(folder))
    with Hub(tmp_path) as hub:
        hub.commit(REPO, {file.name: file.read_bytes() for file in folder.iterdir()})
        yield Shelf(hub=hub, folder=folder, base=document)


def sample(document: Document) -> list[bytes]:
    return [block.values.tobytes() for block in print_of(document.data).sample.blocks]


def once(hook: attacks.Hook) -> attacks.Hook:
    """The hook, on the first answer of a range."""
    first = iter([True])
    return lambda q, a: hook(q, a) if a.status == 206 and next(first, False) else a


HARMLESS: Mapping[str, attacks.Hook] = {
    "a redirect to another host": lambda q, a: a,
    "a range in halves": attacks.half_range,
    "a broken connection": once(attacks.cut(1000)),
    "an error that passes": once(attacks.status(503)),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_a_sample_by_range_is_that_of_the_file(shelf: Shelf, name: str) -> None:
    asking = shelf.ask("hf_secret")
    evidence = collect(asking, parse(REPO), at=forge.NOW)
    shelf.hub.clear()
    shelf.hub.on("/cdn/", HARMLESS[name])
    found = weighed(
        evidence, shelf.scales, Remote(release=HubRelease.of(asking, evidence), evidence=evidence)
    )
    assert found.weights.unread == ""
    (own,) = found.weights.own
    assert sample(own) == sample(shelf.own)
    assert any(q.host == "localhost" for q in shelf.hub.requests)
    assert shelf.hub.hosts_with_token() == {"127.0.0.1"}


def other_size(request: Request, answer: Answer) -> Answer:
    """A range of a file that is longer by one byte."""
    if answer.status != 206:
        return answer
    span, _, total = answer.headers["Content-Range"].partition("/")
    return answer.having(Content_Range=f"{span}/{int(total) + 1}")


UNHAD: Mapping[str, tuple[attacks.Hook, str]] = {
    "no ranges": (attacks.ignore_range, "ranges of model.safetensors cannot be had"),
    "another size": (other_size, "bytes, and"),
    "nothing": (attacks.status(404), "ranges of model.safetensors cannot be had"),
    "no end": (attacks.endless, "ranges of model.safetensors cannot be had"),
}


@pytest.mark.parametrize("name", UNHAD)
def test_what_cannot_be_had_is_said_and_harms_nothing_else(shelf: Shelf, name: str) -> None:
    hook, words = UNHAD[name]
    asking = shelf.ask()
    evidence = collect(asking, parse(REPO), at=forge.NOW)
    shelf.hub.on("/cdn/|/resolve/", hook)
    found = weighed(
        evidence, shelf.scales, Remote(release=HubRelease.of(asking, evidence), evidence=evidence)
    )
    assert words in found.weights.unread
    assert found.weights.own == ()
    assert replace(found, weights=evidence.weights) == evidence


def test_traffic_stays_below_the_limit(shelf: Shelf) -> None:
    shelf.hub.commit(REPO, {"model.safetensors": sparse(), "README.md": CHILD})
    limits = replace(DEFAULT, sampled=1 << 20)
    found = shelf.weighed(limits)
    assert found.weights.own
    assert 0 < shelf.hub.traffic() < limits.sampled + (1 << 16)


def header(shape: list[int], size: int) -> bytes:
    table = {
        "model.layers.0.mlp.up_proj.weight": {
            "dtype": "F32",
            "shape": shape,
            "data_offsets": [0, size],
        }
    }
    text = json.dumps(table).encode()
    return len(text).to_bytes(8, "little") + text + bytes(size)


HOSTILE = {
    "more values than bytes": header([1 << 20, 1 << 20], 64),
    "no values": header([0, 64], 0),
    "a line": header([1, 1 << 14], 1 << 16),
    "no header": b"\xff" * 64,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_header_is_no_error(shelf: Shelf, name: str) -> None:
    shelf.hub.commit(REPO, {"model.safetensors": HOSTILE[name], "README.md": CHILD})
    found = shelf.weighed()
    assert found.weights.own or found.weights.unread
    assert shelf.hub.traffic() < 1 << 20


MATRIX = "model.layers.0.mlp.up_proj.weight"
VALUES = (np.arange(64 * 128) % 251).astype("<f4").reshape(64, 128)
TENSOR = gguf.tensor(b"blk.0.ffn_up.weight", (128, 64), 0)
OTHERS = {
    "model.onnx": onnx.model(initialiser(MATRIX.encode(), 1, VALUES.shape, VALUES.tobytes())),
    "model.gguf": gguf.made(tensors=(TENSOR,)) + VALUES.tobytes(),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_files_are_sampled_by_range_as_well(shelf: Shelf, name: str) -> None:
    files = {name: OTHERS[name], "README.md": CHILD}
    shelf.hub.commit("acme/n", files)
    evidence = collect(shelf.ask(), parse("acme/n"), at=forge.NOW)
    assert evidence.manifest.by_path.keys() == files.keys()
    found = weighed(
        evidence,
        shelf.scales,
        Remote(release=HubRelease.of(shelf.ask(), evidence), evidence=evidence),
    ).weights
    assert found.unread == ""
    (block,) = print_of(found.own[0].data).sample.blocks
    assert set(block.values.flat) <= set(VALUES.flat)
    assert block.values.any()


def test_weights_that_are_not_read_say_so_in_the_sample(shelf: Shelf, tmp_path: Path) -> None:
    front = f"---\nbase_model: {BASE}\n---\n"
    files = {"README.md": front.encode(), "pytorch_model.bin": b"\x80\x02N."}
    folder = forge.write(tmp_path / "p", files)
    evidence = directory.collect(folder, ref=Ref(text="p"), at=forge.NOW)
    facts = weighed(evidence, shelf.scales, Folder(root=folder)).weights
    (own,) = facts.own
    assert "convert them to safetensors" in print_of(own.data).sample.unread[0]
    assert (facts.unread, facts.skipped) == ("", "")


def test_a_fingerprint_by_a_key_that_is_not_here_is_named(shelf: Shelf) -> None:
    keyed = f"{BASE}@key:{'0' * 16}"
    known = (shelf.base, Document(path=keyed, data=shelf.base.data))
    evidence = directory.collect(shelf.folder, ref=Ref(text="m"), at=forge.NOW)
    found = weighed(evidence, Scales(fingerprints=lambda: known), Folder(root=shelf.folder))
    assert f"{keyed} is by a key that is not here" in found.weights.unread
    assert [one.path for one in found.weights.own] == ["public"]


@pytest.mark.parametrize(("named", "unread"), [(BASE, "it cannot be used"), ("acme/other", "")])
def test_what_a_section_has_wrong_is_said_of_its_own_children(
    shelf: Shelf, named: str, unread: str
) -> None:
    evidence = directory.collect(shelf.folder, ref=Ref(text="m"), at=forge.NOW)
    scales = Scales(left=lambda: {named: "it cannot be used"})
    facts = weighed(evidence, scales, Folder(root=shelf.folder)).weights
    assert facts.unread == unread
    assert facts.skipped


def beside(tmp_path: Path, weights: bytes, **more: bytes) -> Evidence:
    """A child of weights that are here, weighed beside them."""
    base = forge.write(tmp_path / "base", {"model.safetensors": tiny.safetensors(tiny.base(1))})
    files = {"README.md": CHILD, "model.safetensors": weights, **more}
    child = forge.write(tmp_path / "child", files)
    evidence = directory.collect(child, ref=Ref(text="child"), at=forge.NOW)
    there = directory.collect(base, ref=Ref(text="base", repo=BASE), at=forge.NOW)
    parent = Ancestor(claimed=BASE, facts=Facts(id=BASE), evidence=there)
    known = replace(evidence, ancestors=(parent, replace(parent, claimed="acme/further")))
    return weighed(known, Scales(local=lambda _: base), Folder(root=child))


def test_what_was_changed_from_a_parent_that_is_here_is_told(tmp_path: Path) -> None:
    found = beside(tmp_path, tiny.safetensors(tiny.edited(tiny.base(1))))
    assert [one.path for one in found.weights.changes] == [BASE]
    assert found.weights.unread == ""
    (change,) = loads(found.weights.changes[0].data).changed
    assert (change.name, change.kind, change.rank) == (tiny.EDITED, Kind.LOW_RANK, 1)
    theirs = [one.evidence for one in found.ancestors if one.evidence]
    assert [len(one.weights.own) for one in theirs] == [1, 1]


def factors() -> bytes:
    """An adapter of one module."""
    name = f"base_model.model.{tiny.EDITED.removesuffix('.weight')}.lora"
    rng = np.random.default_rng(7)
    shapes = {"A": (2, tiny.INNER), "B": (tiny.WIDTH, 2)}
    made = {f"{name}_{k}.weight": rng.normal(size=shapes[k]).astype(np.float32) for k in shapes}
    return tiny.safetensors(made)


def test_an_adapter_has_nothing_to_sample_and_changes_its_module(tmp_path: Path) -> None:
    found = beside(tmp_path, factors()).weights
    assert (found.own, found.unread) == ((), "")
    assert found.skipped.startswith("an adapter")
    (change,) = loads(found.changes[0].data).changed
    assert (change.base, change.rank) == (tiny.EDITED, 2)


def test_factors_beside_a_whole_model_hide_nothing_of_it(tmp_path: Path) -> None:
    more = {f"model.layers.{n}.x.lora_A.weight": np.zeros((1, 1), np.float32) for n in range(99)}
    found = beside(tmp_path, tiny.safetensors({**tiny.base(2), **more})).weights
    assert found.skipped == ""
    assert found.own


def test_what_was_weighed_is_replayed(tmp_path: Path) -> None:
    found = beside(tmp_path, tiny.safetensors(tiny.edited(tiny.base(1))))
    again = replay.loads(replay.dumps(found).encode())
    assert again.basis is Basis.REPLAYED
    assert again.weights == found.weights
    kept = [[one.evidence.weights for one in e.ancestors if one.evidence] for e in (found, again)]
    assert kept[0]
    assert kept[0] == kept[1]
