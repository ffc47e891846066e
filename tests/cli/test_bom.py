"""Bills of materials: what is in them, what is not known, and that others can read them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

from provenance.lock import Entry, LockedFinding, LockedParent, LockedSigner, Part
from provenance.model import File, Manifest
from provenance.produce.bom.bill import Bill, Billed
from provenance.produce.bom.cyclonedx import document, schema
from provenance.wire.training import Material
from tests import forge
from tests.cli.conftest import Run
from tests.cli.test_bump import located, own
from tests.hubs import FILES, REPO, Desk, card, signed

__all__ = ["own"]

MODEL = {"name": "bot", "repo": REPO}
SPECS = ("1.6", "1.7")


def checked(text: str) -> Any:
    """The document, which its schema allows and in which each reference leads somewhere."""
    found = json.loads(text)
    version = SchemaVersion.from_version(found["specVersion"])
    assert JsonStrictValidator(version).validate_str(text) is None
    refs = list(_refs(found["components"]))
    assert len(refs) == len(set(refs))
    named = [one for row in found["dependencies"] for one in (row["ref"], *row["dependsOn"])]
    for row in found["compositions"]:
        named += [*row.get("assemblies", ()), *row.get("dependencies", ())]
    assert set(named) <= set(refs)
    return found


def _refs(components: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for one in components:
        yield one["bom-ref"]
        yield from _refs(one.get("components", ()))


def told(component: Mapping[str, Any], name: str) -> list[str]:
    """The values of one of its properties."""
    rows = component.get("properties", ())
    return [row["value"] for row in rows if row["name"] == f"provenance:{name}"]


def component(found: Mapping[str, Any], ref: str) -> Any:
    (one,) = (one for one in found["components"] if one["bom-ref"] == ref)
    return one


@pytest.fixture
def attested(tmp_path: Path) -> Path:
    """A folder with a model that was made from a root with two data sets."""
    folder = located(tmp_path)
    base = forge.write(folder.parent / "base", {**FILES, "README.md": card("license: mit")})
    front = "base_model: acme/base\nlicense: [mit, apache-2.0, other]\nlicense_name: Acme 1"
    (folder / "model/README.md").write_bytes(card(front))
    data = Material(
        kind="dataset", uri="pkg:huggingface/datasets/acme/d", digest=(("gitCommit", "d" * 40),)
    )
    rows = Material(kind="dataset", uri="file:rows.jsonl", digest=(("sha256", "e" * 64),))
    forge.attest(
        folder / "model",
        forge.TufKey(key=forge.key("trainer")),
        "sft",
        forge.digested(base, "acme/base"),
        model=REPO,
        materials=(data, rows),
        parameters='{"lora_r": 8, "seed": "\\u202e7", "more": [true]}',
        finished=forge.NOW,
    )
    forge.sign(folder / "model", forge.TufKey(key=forge.key("release")))
    root = {"repo": "acme/base", "manifest": forge.digested(base).manifest}
    parties = (forge.signer("release"), forge.signer("trainer", ["trainer"]))
    org = forge.org("Acme", *parties, root=[root])
    (folder / "trust.toml").write_text(tomli_w.dumps(forge.registry(org)))
    return folder


@pytest.mark.parametrize("spec", SPECS)
def test_it_says_what_a_model_was_made_of(run: Run, attested: Path, spec: str) -> None:
    assert run("lock", "-q", cwd=attested).returncode == 0
    words = ("bom", "provenance.lock", "model", "--author", "Acme", "--spec", spec)
    ended = run(*words, cwd=attested)
    assert ended.returncode == 0, ended.stderr
    found = checked(ended.stdout)
    assert (found["specVersion"], found["metadata"]["authors"]) == (spec, [{"name": "Acme"}])
    (tool,) = found["metadata"]["tools"]["components"]
    assert tool["name"] == "hf-provenance"
    bot = component(found, "model:bot")
    licences = [one["license"].get("id") or one["license"]["name"] for one in bot["licenses"]]
    assert sorted(licences) == ["Acme 1", "Apache-2.0", "MIT"]
    files = {part["name"]: part["hashes"][0]["content"] for part in bot["components"]}
    assert files == {f.path: f.sha256 for f in forge.digested(attested / "model").files}
    assert told(bot, "unknown") == []
    (base,) = (one for one in found["components"] if one["name"] == "base")
    assert (base["scope"], told(base, "root")) == ("excluded", ["a root of the registry"])
    below = {row["ref"]: row["dependsOn"] for row in found["dependencies"]}
    pinned, rows = (one for one in found["components"] if one["type"] == "data")
    assert below["model:bot"] == sorted([base["bom-ref"], pinned["bom-ref"], rows["bom-ref"]])
    assert pinned["version"] == "d" * 40
    assert rows["hashes"] == [{"alg": "SHA-256", "content": "e" * 64}]
    ((step,),) = (one["workflows"] for one in found["formulation"])
    assert step["name"] == f"{REPO} by sft"
    used, (given,) = step["inputs"][:-1], step["inputs"][-1].values()
    assert [one["resource"]["ref"] for one in used] == [
        base["bom-ref"],
        pinned["bom-ref"],
        rows["bom-ref"],
    ]
    assert {one["name"]: one["value"] for one in given} == {
        "lora_r": "8",
        "seed": r"\u202e7",
        "more": "[true]",
    }
    held = {part["name"]: part["hashes"][0]["content"] for part in base["components"]}
    assert held == {f.path: f.sha256 for f in forge.digested(attested.parent / "base").files}
    assert told(step, "attested") == ["Acme (trainer) in claims.jsonl:1"]
    whole = [row for row in found["compositions"] if row["aggregate"] == "complete"]
    assert whole == [
        {"aggregate": "complete", "assemblies": ["model:bot"]},
        {"aggregate": "complete", "dependencies": ["model:bot"]},
    ]
    again = json.loads(run(*words, cwd=attested).stdout)
    assert again["serialNumber"] == found["serialNumber"]


def test_what_is_not_known_is_stated(run: Run, tmp_path: Path) -> None:
    folder = located(tmp_path)
    (folder / "model/README.md").write_bytes(card("base_model: acme/base"))
    (folder / "model/LICENSE.txt").write_text("MIT")
    forge.sign(folder / "model", forge.TufKey(key=forge.key("release")))
    run("lock", "-q", cwd=folder)
    found = checked(run("bom", "provenance.lock", "model", cwd=folder).stdout)
    assert told(component(found, "model:bot"), "unknown") == [
        "licence: no card that was read states one; not read: LICENSE.txt",
        "training: nobody whom the registry knows attests how it was made",
    ]
    base = component(found, "ancestor:acme/base")
    assert "files: no digest of its files is known" in told(base, "unknown")
    assert told(found["metadata"], "unknown") == ["author: nobody is named"]
    assert {"aggregate": "incomplete", "dependencies": ["model:bot", "ancestor:acme/base"]} in (
        found["compositions"]
    )
    unseen = checked(run("bom", "provenance.lock", cwd=folder).stdout)
    assert "training: its directory was not named, so no statement was read" in told(
        component(unseen, "model:bot"), "unknown"
    )


def test_a_model_that_nobody_measured_is_a_gap_in_it(own: Desk) -> None:
    own.locked(MODEL)
    ended = own.run("bom", "provenance.lock", "-o", "bom.json")
    assert (ended.returncode, "bot was not measured" in ended.stderr) == (3, True)
    found = checked((own.folder / "bom.json").read_text())
    bot = component(found, "model:bot")
    assert "components" not in bot
    assert "files: their bytes were not measured" in told(bot, "unknown")
    assert (told(bot, "manifest"), len(told(bot, "declared_manifest"))) == ([], 1)
    assert {"aggregate": "unknown", "assemblies": ["model:bot"]} in found["compositions"]
    model = forge.write(own.folder / "m", signed(own.folder.parent / "clean", FILES))
    assert own.run("bom", "provenance.lock", model).returncode == 0
    (model / "config.json").write_text("{}")
    ended = own.run("bom", "provenance.lock", model)
    assert (ended.returncode, "no locked model" in ended.stderr) == (2, True)


def test_it_is_signed_and_another_tool_verifies_it(run: Run, tmp_path: Path) -> None:
    folder = located(tmp_path)
    run("lock", "-q", cwd=folder)
    words = ("bom", "provenance.lock", "model", "--sign-key", "gate.pem", "-o", "bom.json")
    assert run(*words, cwd=folder).returncode == 0
    bundle = json.loads((folder / "bom.json.sigstore.json").read_text())["dsseEnvelope"]
    key = SSlibKey.from_crypto(forge.key("gate").public.numbers)
    bundle["signatures"][0]["keyid"] = key.keyid
    Envelope.from_dict(json.loads(json.dumps(bundle))).verify([key], 1)
    statement = json.loads(base64.b64decode(bundle["payload"]))
    assert statement["predicateType"] == "https://cyclonedx.org/bom"
    assert statement["predicate"] == checked((folder / "bom.json").read_text())
    manifest = forge.digested(folder / "model").manifest
    assert {"sha256": str(manifest).removeprefix("sha256:")} in [
        subject["digest"] for subject in statement["subject"]
    ]
    bundle["payload"] = base64.b64encode(b"{}").decode()
    with pytest.raises(VerificationError):
        Envelope.from_dict(bundle).verify([key], 1)


REFUSED = {
    "a version that there is not": (("--spec", "2.0"), "expected one of 1.6, 1.7; found '2.0'"),
    "the option's former name": (("--spec-version", "1.6"), "--spec"),
    "a form that nobody validates": (("--format", "spdx"), "'spdx' is not 'cyclonedx'"),
    "a signature without a place": (("--sign-key", "gate.pem"), "say where with -o FILE"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_written_is_refused(run: Run, tmp_path: Path, name: str) -> None:
    words, says = REFUSED[name]
    folder = located(tmp_path)
    run("lock", "-q", cwd=folder)
    ended = run("bom", "provenance.lock", *words, cwd=folder)
    assert (ended.returncode, says in ended.stderr) == (2, True), ended.stderr


NO_LOCK = {
    "a directory": ("model", "`provenance bom provenance.lock model`"),
    "no file": ("other.lock", "`provenance lock` writes one"),
    "no model in it": ("empty.lock", "has no model: `provenance lock` says why"),
}


@pytest.mark.parametrize("name", NO_LOCK)
def test_what_is_no_lockfile_is_told_apart(run: Run, tmp_path: Path, name: str) -> None:
    place, says = NO_LOCK[name]
    folder = located(tmp_path)
    (folder / "empty.lock").write_text("version = 1\n")
    ended = run("bom", place, cwd=folder)
    assert (ended.returncode, says in ended.stderr) == (2, True), ended.stderr


def entry(name: str, *parents: str, part: Part = Part.MODEL, count: int = 1) -> Entry:
    files = Manifest.of(File(path=f"{n}.bin", size=n, digest=f"{n:064x}") for n in range(count))
    return Entry(
        name=name,
        repo=name,
        part=part,
        commit="c" * 40,
        files=files,
        manifest=f"sha256:{sha256(name.encode()).hexdigest()}",
        selected=files.digest,
        signers=(LockedSigner(kind="key", identity="\x1b[31mred"),),
        parents=tuple(LockedParent(repo=parent, commit="c" * 40) for parent in parents),
    )


def bill(*models: Billed, above: Sequence[Entry] = ()) -> Bill:
    return Bill(models=models, at=forge.NOW, above=tuple(above))


ODD = ("", " ", "MIT", "mit or apache", "GPL-2.0-only OR MIT", "\u202egpl", "a\x00b", "x" * 9999)
ABOVE = {
    "a ring": {"a/1": ["a/2"], "a/2": ["a/1"]},
    "a diamond": {"a/1": ["a/2", "a/3"], "a/2": ["a/4"], "a/3": ["a/4"], "a/4": []},
    "a model of its own": {"a/1": ["a/b"]},
}


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("count", [1, len(ODD)])
def test_whatever_a_licence_is_called_the_document_is_valid(spec: str, count: int) -> None:
    for start in range(len(ODD)):
        chosen = ODD[start : start + count]
        checked(document(bill(Billed(entry=entry("a/b"), licences=chosen)), schema(spec)))


@pytest.mark.parametrize("name", ABOVE)
def test_an_ancestor_stands_there_once(name: str) -> None:
    above = [entry(one, *parents, part=Part.ANCESTOR) for one, parents in ABOVE[name].items()]
    models = (Billed(entry=entry("a/b", "a/1")), Billed(entry=entry("a/c", "a/1")))
    found = checked(document(bill(*models, above=above)))
    assert len(found["components"]) == len(models) + len(above)
    below = {row["ref"]: row["dependsOn"] for row in found["dependencies"]}
    assert below["model:a/b"] == below["model:a/c"] == [f"ancestor:a/1@{'c' * 40}"]


def test_a_parent_with_and_without_its_commit_is_one() -> None:
    model = entry("a/b", "a/1")
    twice = (LockedParent(repo="a/1", source="README.md"), *model.parents)
    found = checked(document(bill(Billed(entry=replace(model, parents=twice)))))
    assert [one["name"] for one in found["components"]] == ["1", "b"]


def test_files_and_models_whose_names_look_alike_are_told_apart() -> None:
    paths = ("config.json", "a\u202e", "a\\u202e")
    files = Manifest.of(File(path=path, size=1, digest="0" * 64) for path in paths)
    held = replace(entry("bot"), files=files)
    checked(document(bill(Billed(entry=held), Billed(entry=entry("bot/config.json")))))


def test_what_was_waived_is_told() -> None:
    waived = LockedFinding(rule="signature/missing", where="a/b", waived="seen by Dana")
    held = replace(entry("a/b"), findings=(waived, replace(waived, waived="")))
    found = checked(document(bill(Billed(entry=held))))
    assert told(component(found, "model:a/b"), "exception") == [
        "signature/missing a/b: seen by Dana"
    ]


def test_another_author_makes_another_document() -> None:
    made = [bill(Billed(entry=entry("a/b"))) for _ in range(2)]
    one, same = (json.loads(document(each))["serialNumber"] for each in made)
    other = json.loads(document(replace(made[0], author="Acme")))["serialNumber"]
    assert one == same != other


@pytest.mark.parametrize("name", ["a/\u202eb", "a/b\x1b[2J", "sp ace/x", "a/b/c", "nothing"])
def test_odd_names_are_spelled_out(name: str) -> None:
    text = document(bill(Billed(entry=entry(name, name))))
    assert text.isprintable() or set(filter(lambda c: not c.isprintable(), text)) == {"\n"}
    checked(text)
