"""What `init` sets aside: what these exact bytes pin, and nothing that lies elsewhere."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from provenance.adoption import Adoption, Remedy, adopt, remedies, remedy
from provenance.model import Ref
from provenance.policy import Model, Policy, Settings
from provenance.source import directory
from provenance.trust import Registry
from provenance.verdict import failed, unknown
from tests import forge
from tests.formats.test_archive import zipped
from tests.hubs import card

REPO = "someone/ft"
REGISTRY = Registry.from_table(
    forge.registry(forge.org("Acme", forge.signer("release"), originates=True)), source="trust.toml"
)
PIPELINE = {"_class_name": ["mine", "Pipe"], "unet": ["diffusers", "UNet2DConditionModel"]}
CODE = {"modeling.py": b"x = 1\n"}


def config(**values: object) -> dict[str, bytes]:
    return {"config.json": json.dumps({"model_type": "llama", **values}).encode()}


def adopted(folder: Path, files: Mapping[str, bytes], profile: str | None = None) -> Adoption:
    forge.write(folder, {**forge.MODEL, **files})
    evidence = directory.collect(folder, ref=Ref(text=REPO, repo=REPO), at=forge.NOW)
    policy = Policy.of(Settings(), Model(name=REPO, repo=REPO), profile=profile)
    return adopt(evidence, policy, REGISTRY, forge.NOW + 90 * forge.DAY)


INSIDE = {
    "an unknown publisher alone": ({}, set()),
    "code beside the configuration": (
        {**config(auto_map={"AutoModel": "modeling.M"}), **CODE},
        {"code/auto-map", "code/python-file"},
    ),
    "a pipeline of its own": (
        {"model_index.json": json.dumps(PIPELINE).encode(), "mine.py": b"x = 1\n"},
        {"code/pipeline", "code/python-file"},
    ),
    "a card that is no YAML": ({"README.md": b"---\n{\n---\n"}, {"ancestry/unreadable"}),
    "a card that names itself": ({"README.md": card(f"base_model: {REPO}")}, {"ancestry/self"}),
}
OUTSIDE = {
    "code of another repository": (
        config(auto_map={"AutoModel": "evil/code--modeling.M"}),
        {"closure/unjudged", "closure/unpinned"},
    ),
    "code of both": (
        {**config(auto_map={"AutoModel": "modeling.M", "AutoConfig": "gone.C"}), **CODE},
        {"code/auto-map"},
    ),
    "a kernel of another repository": (
        config(attn_implementation="evil/flash"),
        {"closure/unjudged", "closure/unpinned"},
    ),
    "a pipeline that is fetched": (config(custom_pipeline="evil/pipe"), {"closure/unpinned"}),
    "trust at large": (config(trust_remote_code=True), {"code/remote-code"}),
    "an unknown parent": (
        {"README.md": card("base_model: evil/base")},
        {"ancestry/unknown-ancestor"},
    ),
    "a parent on somebody's disk": (
        {"README.md": card("base_model: ./local/ckpt")},
        {"ancestry/unresolvable"},
    ),
    "two parents that disagree": (
        {
            "README.md": card("base_model: acme/one"),
            "adapter_config.json": b'{"base_model_name_or_path": "acme/two", "peft_type": "LORA"}',
        },
        {"ancestry/conflict"},
    ),
}


@pytest.mark.parametrize(("files", "rules"), INSIDE.values(), ids=INSIDE)
def test_what_the_bytes_pin_is_set_aside(
    tmp_path: Path, files: Mapping[str, bytes], rules: set[str]
) -> None:
    found = adopted(tmp_path / "m", files)
    assert {waiver.rule for waiver in found.waivers} == rules
    assert (found.left, str(found.verdict.result)) == ((), "pass")
    assert all(waiver.manifest for waiver in found.waivers)


@pytest.mark.parametrize(("files", "rules"), OUTSIDE.values(), ids=OUTSIDE)
def test_what_lies_in_another_repository_stays_red(
    tmp_path: Path, files: Mapping[str, bytes], rules: set[str]
) -> None:
    found = adopted(tmp_path / "m", files)
    assert {finding.rule for finding in found.left} >= rules
    assert not rules & {waiver.rule for waiver in found.waivers}
    assert str(found.verdict.result) == "fail"


def tarred(name: str, data: bytes) -> bytes:
    """A tar archive with one file."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return held.getvalue()


RUNS = b"cos\nsystem\n(S'id'\ntR."
HEAD = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(117) + b"\n"
OBJECTS = b"\x93NUMPY\x01\x00v\x00" + HEAD + RUNS
CONTAINERS: Mapping[str, Mapping[str, bytes]] = {
    "an array of objects in an archive": {"x.npz": zipped("a.npy", content=OBJECTS)},
    "an archive of PyTorch's first years": {"x.pt": tarred("pickle", RUNS)},
    "a compressed pickle": {"x.joblib": gzip.compress(RUNS)},
}


@pytest.mark.parametrize("what", CONTAINERS)
def test_a_container_that_may_run_anything_stays_red(tmp_path: Path, what: str) -> None:
    found = adopted(tmp_path / "m", CONTAINERS[what])
    assert [finding.rule for finding in found.left] == ["format/archive"]
    assert str(found.verdict.result) == "fail"


def test_an_archive_of_plain_data_is_set_aside(tmp_path: Path) -> None:
    found = adopted(tmp_path / "m", {"examples.zip": zipped("a.txt", content=b"words")})
    assert (found.left, str(found.verdict.result)) == ((), "pass")


def test_a_lineage_leads_elsewhere_and_stays_red(tmp_path: Path) -> None:
    found = adopted(tmp_path / "m", {"README.md": card("base_model: acme/base")}, "attested")
    assert {f.rule.partition("/")[0] for f in found.left} >= {"lineage"}
    assert not [waiver for waiver in found.waivers if waiver.rule.startswith("lineage/")]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("integrity/unread", Remedy.MEASURE),
        ("signature/lost", Remedy.MEASURE),
        ("signature/unsupported", Remedy.MEASURE),
        ("ancestry/conflict", Remedy.LOOK),
    ],
)
def test_bytes_that_nobody_states_are_read_and_not_waived(rule: str, expected: Remedy) -> None:
    found = [unknown("integrity/undeclared", "words", "x"), unknown(rule, "words", "x")]
    assert remedies(found, REPO) == (Remedy.MEASURE, expected)
    assert remedies(found[1:], REPO) != (Remedy.MEASURE,)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("ancestry/conflict", Remedy.LOOK),
        ("ancestry/contradicted", Remedy.LOOK),
        ("ancestry/copied-signature", Remedy.LOOK),
        ("ancestry/identical", Remedy.LOOK),
        ("identity/mirror", Remedy.LOOK),
        ("signature/copied", Remedy.LOOK),
        ("signature/mismatch", Remedy.LOOK),
        ("ancestry/unknown-ancestor", Remedy.WAIVE),
    ],
)
def test_no_line_to_paste_waives_what_convicts(rule: str, expected: Remedy) -> None:
    assert remedy(failed(rule, "words", "acme/base"), REPO) is expected
