"""Honest histories pass, and what looks like one and is none does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provenance.case.case import Case
from provenance.checks import lineage
from provenance.checks.ancestry import check as ancestry
from provenance.model import Ancestor, Evidence, File, Manifest
from provenance.verdict import Outcome
from provenance.wire.training import Parent
from tests import forge
from tests.hubs import card
from tests.lineage.family import (
    BASE,
    BOT,
    POLICY,
    SFT,
    TEMPLATE,
    TRAINER,
    Family,
    found,
    graph,
    tiers,
)

Files = Mapping[str, bytes]
TRUE: set[tuple[str, str]] = set()
OTHER = forge.safetensors(b"other weights...")


@pytest.fixture
def family(tmp_path: Path) -> Family:
    return Family(top=tmp_path)


def praise(given: Evidence, family: Family) -> str:
    findings = lineage.check(Case.heard(given, POLICY, family.registry()))
    (finding,) = (one for one in findings if one.rule != "lineage/unverified-parent")
    assert finding.outcome is Outcome.PASS
    return finding.message


CHECKPOINT: Files = {
    "checkpoint-500/model.safetensors": OTHER,
    "checkpoint-500/config.json": b"{}",
    "checkpoint-500/optimizer.pt": b"\x80\x02.",
    "checkpoint-500/rng_state.pth": b"\x80\x02.",
    "checkpoint-500/trainer_state.json": b'{"best_model_checkpoint": "./checkpoint-500"}',
}
ARGUMENTS: Files = {"training_args.bin": b"\x80\x02."}
UNCOVERED = {("uncovered-file", BOT)}
BESIDE: dict[str, tuple[Files, set[tuple[str, str]]]] = {
    "a card": ({"README.md": b"# pushed\n"}, TRUE),
    "what Git and TensorBoard write": (
        {".gitattributes": b"*.bin lfs\n", "runs/a/events.out.tfevents.1.host.2": b"\0"},
        TRUE,
    ),
    "the arguments": (ARGUMENTS, TRUE),
    "figures": ({"all_results.json": b"{}", "trainer_state.json": b"{}"}, TRUE),
    "checkpoints": (CHECKPOINT, TRUE),
    "a checkpoint of DeepSpeed": (
        {
            "checkpoint-5/global_step5/mp_rank_00_model_states.pt": b"\x80\x02.",
            "checkpoint-5/latest": b"global_step5",
            "checkpoint-5/zero_to_fp32.py": b"x = 1\n",
        },
        TRUE,
    ),
    "a checkpoint of FSDP": (
        {
            "tmp-checkpoint-5/pytorch_model_fsdp_0/.metadata": b"\x80\x02.",
            "tmp-checkpoint-5/pytorch_model_fsdp_0/__0_0.distcp": b"x",
        },
        TRUE,
    ),
    "what trackers keep": (
        {"wandb/run-1/files/config.yaml": b"a: 1\n", "mlruns/0/meta.yaml": b"a: 1\n"},
        TRUE,
    ),
    "a state that names them": (
        {**CHECKPOINT, "trainer_state.json": b'{"best_model_checkpoint": "checkpoint-500"}'},
        TRUE,
    ),
    "weights": ({"model-2.safetensors": OTHER}, UNCOVERED),
    "weights of the old kind": ({"pytorch_model.bin": b"\x80\x02."}, UNCOVERED),
    "arguments in other letters": ({"Training_args.bin": b"\x80\x02."}, UNCOVERED),
    "arguments in a folder": ({"unet/training_args.bin": b"\x80\x02."}, UNCOVERED),
    "a scheduler that vLLM would take": ({"scheduler.bin": b"\x80\x02."}, UNCOVERED),
    "figures that are weights": ({"all_results.json": OTHER}, UNCOVERED),
    "a template": ({"additional_chat_templates/x.jinja": b"{{ 1 }}"}, UNCOVERED),
    "code in a checkpoint": ({"checkpoint-500/modeling.py": b"x = 1\n"}, UNCOVERED),
    "a GGUF in a checkpoint": ({"checkpoint-500/model.gguf": b"GGUF"}, UNCOVERED),
    "a checkpoint in a folder": ({"a/checkpoint-5/model.safetensors": OTHER}, UNCOVERED),
    "a folder that is called like many": ({"checkpoints/model.safetensors": OTHER}, UNCOVERED),
    "weights among runs": ({"runs/a/model.safetensors": OTHER}, UNCOVERED),
    "weights that a tracker kept": ({"mlruns/0/a/artifacts/model.pkl": b"\x80\x02."}, UNCOVERED),
    "weights that are called figures": ({"wandb/run-1/summary.json": OTHER}, UNCOVERED),
}


@pytest.mark.parametrize("name", BESIDE)
def test_what_trainers_leave_beside_an_attested_model_breaks_nothing(
    name: str, family: Family
) -> None:
    files, expected = BESIDE[name]
    family.attested()
    forge.write(family.folder(BOT), files)
    assert found(family.case(BOT, SFT, BASE), family.registry()) == expected


@pytest.mark.parametrize(
    ("files", "said"),
    [(CHECKPOINT, "checkpoint-500/"), (ARGUMENTS, "training_args.bin"), ({}, "")],
    ids=["a checkpoint", "arguments", "nothing"],
)
def test_what_lies_beside_is_said(files: Files, said: str, family: Family) -> None:
    family.attested()
    forge.write(family.folder(BOT), files)
    message = praise(family.case(BOT, SFT, BASE), family)
    assert ("lies what trainers leave" in message) is bool(files)
    assert said in message


LEADING: dict[str, Files] = {
    "an index": {"model.safetensors.index.json": b'{"weight_map": {"a": "training_args.bin"}}'},
    "a module": {"modules.json": b'[{"path": "checkpoint-500", "type": "x.Transformer"}]'},
    "a component": {"model_index.json": b'{"checkpoint-500": ["diffusers", "UNet2DModel"]}'},
    "a path": {"config.json": b'{"text_model": "./checkpoint-500/config.json"}'},
    "a path of Windows": {"config.json": b'{"text_model": ".\\\\checkpoint-500\\\\x"}'},
    "settings": {"hyperparams.yaml": b"save_folder: ./checkpoint-500\n"},
    "a path from a part": {"1_Pooling/config.json": b'{"path": "../checkpoint-500/x"}'},
    "a path from anywhere": {"config.json": b'{"path": "/model/checkpoint-500"}'},
    "a path with an address": {"config.json": b'{"path": "file:checkpoint-500"}'},
    "other letters": {"config.json": b'{"path": "Checkpoint-500"}'},
    "a key that stands twice": {"config.json": b'{"a": 1, "a": 2, "path": "x"}'},
    "a placeholder": {"config.yaml": b"model: ${root}/checkpoint-500/m.pt\n"},
    "a reference": {"hyperparams.yaml": b"p: !ref <pretrained_path>/checkpoint-500/m\n"},
    "an escape of YAML": {"hyperparams.yaml": b'p: "checkpoint\\x2d500/m"\n'},
    "a line of YAML that goes on": {"hyperparams.yaml": b'p: "check\\\n  point-500/m"\n'},
    "YAML of two bytes": {"hyperparams.yaml": "p: checkpoint-500".encode("utf-16")},
    "a search by YAML": {"hyperparams.yaml": b"p: !apply:glob.glob [x]\n"},
    "TOML": {"settings.toml": b'path = "checkpoint-500"\n'},
    "code that joins": {"modeling.py": b'os.path.join(p, "checkpoint-500")\n'},
    "code that adds": {"modeling.py": b'w = p + "/check" + "point-500/x"\n'},
    "code that formats": {"modeling.py": b'w = f"{p}/checkpoint-{n}"\n'},
    "code that counts": {"modeling.py": b'w = "%s-%d" % ("checkpoint", n)\n'},
    "code that escapes": {"modeling.py": b'w = "checkpoint\\x2d500"\n'},
    "code that looks about": {"modeling.py": b"w = sorted(os.listdir(p))[-1]\n"},
    "code that searches": {"modeling.py": b"w = max(p.glob(name))\n"},
    "code that asks": {"modeling.py": b"w = get_last_checkpoint(p)\n"},
    "a script, which is not kept": {"run.sh": b"vllm serve $1/checkpoint-500\n"},
    "a file that tells the newest": {"latest": b"checkpoint-500"},
}
"""What lies in the model before it is attested, and leads a loader to what is laid there later."""


@pytest.mark.parametrize("name", LEADING)
def test_what_a_loader_is_led_to_is_never_left_beside(name: str, family: Family) -> None:
    family.attested()
    (family.folder(BOT) / "claims.jsonl").unlink()
    forge.write(family.folder(BOT), LEADING[name])
    forge.attest(family.folder(BOT), TRAINER, "grpo", family.parent(SFT), model=BOT)
    later = {"training_args.bin": OTHER} if name == "an index" else CHECKPOINT
    forge.write(family.folder(BOT), later)
    assert ("uncovered-file", BOT) in found(family.case(BOT, SFT, BASE), family.registry())


TELLING: dict[str, Files] = {
    "a card": {"README.md": card(f"base_model: {SFT}") + b"\nthe best is checkpoint-500\n"},
    "where it was loaded from": {"config.json": b'{"_name_or_path": "out/checkpoint-500"}'},
    "where a part was": {"config.json": b'{"text": {"_name_or_path": "./checkpoint-500"}}'},
    "where the tokenizer was": {"tokenizer_config.json": b'{"name_or_path": "checkpoint-500"}'},
    "code of a model": {
        "modeling.py": b"import torch.utils.checkpoint\nuse = gradient_checkpointing\n"
        b'"""Loads the checkpoint, and walks on."""\n'
    },
    "settings of a run": {"train.yaml": b"gradient_checkpointing: true\nload_checkpoint: no\n"},
    "words": {"vocab.txt": b"checkpoint-\nruns/\n"},
}


@pytest.mark.parametrize("name", TELLING)
def test_what_only_tells_of_a_checkpoint_leads_nobody_there(name: str, family: Family) -> None:
    family.attested()
    (family.folder(BOT) / "claims.jsonl").unlink()
    forge.write(family.folder(BOT), TELLING[name])
    forge.attest(family.folder(BOT), TRAINER, "grpo", family.parent(SFT), model=BOT)
    forge.write(family.folder(BOT), CHECKPOINT)
    assert found(family.case(BOT, SFT, BASE), family.registry()) == TRUE


def test_where_nothing_else_is_weights_leftovers_are_read(family: Family) -> None:
    family.attested()
    for path in ("model.safetensors", "claims.jsonl"):
        (family.folder(BOT) / path).unlink()
    forge.write(family.folder(BOT), {"weights.bin": b"\x80\x02."})
    forge.attest(family.folder(BOT), TRAINER, "grpo", family.parent(SFT), model=BOT)
    forge.write(family.folder(BOT), ARGUMENTS)
    assert found(family.case(BOT, SFT, BASE), family.registry()) == UNCOVERED


@pytest.mark.parametrize(
    ("weights", "parts", "expected"),
    [
        ("unet/model.safetensors", {"model_index.json": b"{}"}, TRUE),
        ("old/model.safetensors", {}, UNCOVERED),
        ("pytorch_model.bin", {}, TRUE),
        ("pytorch_model.safetensors.md", {}, UNCOVERED),
    ],
    ids=["in a part", "in a folder", "of the old kind", "a document"],
)
def test_leftovers_are_beside_weights_that_are_taken_first(
    weights: str, parts: Files, expected: set[tuple[str, str]], family: Family
) -> None:
    family.attested()
    for path in ("model.safetensors", "claims.jsonl"):
        (family.folder(BOT) / path).unlink()
    forge.write(family.folder(BOT), {weights: OTHER, **parts})
    forge.attest(family.folder(BOT), TRAINER, "grpo", family.parent(SFT), model=BOT)
    forge.write(family.folder(BOT), ARGUMENTS)
    assert found(family.case(BOT, SFT, BASE), family.registry()) == expected


def test_figures_may_be_written_again(family: Family) -> None:
    family.attested()
    place = family.folder(BOT)
    (place / "claims.jsonl").unlink()
    forge.write(place, {"trainer_state.json": b"{}", **ARGUMENTS})
    forge.attest(place, TRAINER, "grpo", family.parent(SFT), model=BOT)
    forge.write(place, {"trainer_state.json": b'{"a": 1}', "training_args.bin": b"\x80\x02N."})
    assert found(family.case(BOT, SFT, BASE), family.registry()) == TRUE


@pytest.mark.parametrize("turned", [False, True], ids=["whole first", "partial first"])
def test_a_partial_statement_beside_a_whole_one_is_a_note(turned: bool, family: Family) -> None:
    family.attested()
    place = family.folder(BOT)
    files = {f.path: f.sha256 for f in family.evidence(BOT).manifest.files}
    weights = {"model.safetensors": files["model.safetensors"]}
    forge.attest(place, TRAINER, "grpo", family.parent(SFT), model=BOT, subjects=weights)
    lines = (place / "claims.jsonl").read_text().splitlines()
    ordered = reversed(lines) if turned else lines
    (place / "claims.jsonl").write_text("".join(f"{line}\n" for line in ordered))
    assert "leaves out chat_template.jinja" in praise(family.case(BOT, SFT, BASE), family)


UNATTESTED_BELOW = "unattested-step"
BETWEEN: dict[str, tuple[Files, bool]] = {
    "nothing": ({}, True),
    "a card": ({"README.md": b"# edited between two steps\n"}, True),
    "arguments": (ARGUMENTS, True),
    "a checkpoint": (CHECKPOINT, True),
    "a log and a picture": ({"train.log": b"x\n", "loss.png": b"\x89PNG"}, True),
    "the template": ({"chat_template.jinja": TEMPLATE + b"!"}, False),
    "the configuration": ({"config.json": b'{"model_type": "other"}'}, False),
    "the weights": ({"model.safetensors": OTHER}, False),
    "code": ({"modeling.py": b"x = 1\n"}, False),
    "other weights beside": ({"adapter_model.safetensors": OTHER}, False),
    "what no table knows": ({"something.else": b"x"}, False),
}


def unpublished(family: Family, files: Files, name: str | None) -> Evidence:
    """An SFT that was never published, whose folder was changed between the two steps."""
    family.write(BASE)
    family.write(SFT, BASE)
    family.write(BOT)
    (family.folder(BOT) / "README.md").write_bytes(b"# bot\n")
    to = family.folder(BOT) / "claims.jsonl"
    forge.attest(family.folder(SFT), TRAINER, "sft", family.parent(BASE), model=SFT, to=to)
    forge.write(family.folder(SFT), files)
    middle = family.parent(SFT, repo=name, commit=None)
    forge.attest(family.folder(BOT), TRAINER, "grpo", middle, model=BOT)
    return family.case(BOT)


@pytest.mark.parametrize("name", [None, SFT], ids=["by digest alone", "by a name"])
@pytest.mark.parametrize("change", BETWEEN)
def test_what_was_never_published_is_known_by_what_a_loader_reads(
    change: str, name: str | None, family: Family
) -> None:
    files, expected = BETWEEN[change]
    given = unpublished(family, files, name)
    rules = {rule for rule, _ in found(given, family.registry())}
    assert rules <= {"unattested-step", "uncovered-file"}
    assert (not rules) is expected


def refused(family: Family, given: Evidence) -> set[str]:
    """The rules of both checks that did not pass."""
    case = Case.heard(given, POLICY, family.registry())
    findings = [finding for each in (ancestry.check, lineage.check) for finding in each(case)]
    return {finding.rule for finding in findings if finding.outcome is not Outcome.PASS}


@pytest.mark.parametrize("name", [None, SFT], ids=["by digest alone", "by a name"])
@pytest.mark.parametrize("attested", [True, False], ids=["attested", "not attested"])
def test_a_name_that_the_hub_does_not_have_is_answered_by_the_digest(
    attested: bool, name: str | None, family: Family
) -> None:
    given = unpublished(family, {}, name)
    (family.folder(BOT) / "README.md").write_bytes(card(f"base_model: {SFT}"))
    if not attested:
        lines = (family.folder(BOT) / "claims.jsonl").read_text().splitlines()
        (family.folder(BOT) / "claims.jsonl").write_text(f"{lines[1]}\n")
    gone = Ancestor(claimed=SFT, missing=f"{SFT}: the Hub answers 404")
    given = replace(family.case(BOT, BASE), ancestors=(family.ancestor(BASE), gone))
    rules = refused(family, given)
    assert ("ancestry/unresolvable" in rules) is not attested
    assert bool(rules) is not attested


def test_a_root_that_the_hub_does_not_have_is_known_by_the_registry(family: Family) -> None:
    given = unpublished(family, {}, SFT)
    gone = Ancestor(claimed=BASE, missing=f"{BASE}: the Hub answers 404")
    assert refused(family, replace(given, ancestors=(gone,))) == set()
    assert "ancestry/unresolvable" in refused(
        family, replace(given, ancestors=(gone,), bundles=given.bundles[1:])
    )


def test_what_was_never_named_anywhere_is_known_by_its_digests(family: Family) -> None:
    """Neither the cards nor the statements name a parent, and the root is that of the registry."""
    for repo in (BASE, SFT, BOT):
        family.write(repo, README__md=b"# trained\n")
    to = family.folder(BOT) / "claims.jsonl"
    for repo, above, method in ((SFT, BASE, "sft"), (BOT, SFT, "grpo")):
        parent = family.parent(above, repo=None, commit=None)
        forge.attest(family.folder(repo), TRAINER, method, parent, model=repo, to=to)
    given = family.case(BOT)
    assert refused(family, given) == set()
    assert set(tiers(graph(given, family.registry())).values()) == {"anchored"}
    assert "ancestry/no-origin" in refused(family, replace(given, bundles=()))
    family.roots = False
    assert refused(family, given) == {"lineage/unattested-step"}


def named(family: Family, *paths: str, **changes: Any) -> Parent:
    """The SFT as a snapshot that has these of its files alone."""
    whole = family.parent(SFT)
    files = Manifest.of(file for file in whole.files if file.path in paths)
    return replace(whole, manifest=files.digest, files=files.files, **changes)


def changed(parent: Parent, path: str, /, **fields: Any) -> Parent:
    """The parent with one file that is not as it was."""
    rows = [replace(f, **fields) if f.path == path else f for f in parent.files]
    files = Manifest.of(rows)
    return replace(parent, manifest=files.digest, files=files.files)


WEIGHTS, CONFIG = "model.safetensors", "config.json"
MISMATCH = {("parent-mismatch", SFT)}
Named = Callable[[Family], Parent]
SNAPSHOTS: dict[str, tuple[Named, set[tuple[str, str]]]] = {
    "what was loaded": (lambda f: named(f, WEIGHTS, CONFIG), TRUE),
    "the weights": (lambda f: named(f, WEIGHTS), TRUE),
    "without a commit": (lambda f: named(f, WEIGHTS, commit=None), TRUE),
    "at another commit": (lambda f: named(f, WEIGHTS, commit="d" * 40), MISMATCH),
    "the configuration alone": (lambda f: named(f, CONFIG), MISMATCH),
    "a card": (lambda f: named(f, "README.md"), MISMATCH),
    "nothing": (lambda f: named(f), MISMATCH),
    "another configuration": (
        lambda f: changed(named(f, WEIGHTS, CONFIG), CONFIG, digest="1" * 64),
        MISMATCH,
    ),
    "other weights": (lambda f: changed(named(f, WEIGHTS), WEIGHTS, digest="1" * 64), MISMATCH),
    "weights of another size": (lambda f: changed(named(f, WEIGHTS), WEIGHTS, size=1), MISMATCH),
    "a file that is not there": (
        lambda f: changed(named(f, WEIGHTS, CONFIG), CONFIG, path="config2.json"),
        MISMATCH,
    ),
}


@pytest.mark.parametrize("name", SNAPSHOTS)
def test_a_snapshot_names_a_repository_by_the_files_that_were_loaded(
    name: str, family: Family
) -> None:
    parent, expected = SNAPSHOTS[name]
    family.attested()
    (family.folder(BOT) / "claims.jsonl").unlink()
    forge.attest(family.folder(BOT), TRAINER, "grpo", parent(family), model=BOT)
    assert found(family.case(BOT, SFT, BASE), family.registry()) == expected


def test_a_snapshot_of_a_root_ends_where_the_root_does(family: Family) -> None:
    family.write(BASE)
    family.write(SFT, BASE)
    root = family.parent(BASE)
    files = Manifest.of(file for file in root.files if file.path in (WEIGHTS, CONFIG))
    loaded = replace(root, manifest=files.digest, files=files.files)
    forge.attest(family.folder(SFT), TRAINER, "sft", loaded, model=SFT)
    assert found(family.case(SFT, BASE), family.registry()) == TRUE
    (family.folder(BASE) / "chat_template.jinja").write_bytes(TEMPLATE + b"!")
    assert found(family.case(SFT, BASE), family.registry(manifest=root.manifest)) == {
        ("unattested-step", BASE)
    }


def test_a_repository_beside_which_other_weights_were_laid_is_attested_as_a_whole(
    family: Family,
) -> None:
    family.attested()
    loaded = named(family, WEIGHTS, CONFIG)
    (family.folder(BOT) / "claims.jsonl").unlink()
    forge.attest(family.folder(BOT), TRAINER, "grpo", loaded, model=BOT)
    forge.write(family.folder(SFT), {"adapter_model.safetensors": OTHER})
    assert found(family.case(BOT, SFT, BASE), family.registry()) == {("uncovered-file", SFT)}


SHARDS = tuple(f"model-0000{number}-of-00002.safetensors" for number in (1, 2))


@pytest.mark.parametrize(
    ("shards", "expected"), [(SHARDS, TRUE), (SHARDS[:1], MISMATCH)], ids=["all", "one"]
)
def test_of_shards_all_are_named(
    shards: tuple[str, ...], expected: set[tuple[str, str]], family: Family
) -> None:
    family.attested()
    place = family.folder(SFT)
    for path in (WEIGHTS, "claims.jsonl"):
        (place / path).unlink()
    forge.write(place, {path: forge.safetensors(path[:16].encode()) for path in SHARDS})
    forge.attest(place, TRAINER, "sft", family.parent(BASE), model=SFT)
    (family.folder(BOT) / "claims.jsonl").unlink()
    forge.attest(family.folder(BOT), TRAINER, "grpo", named(family, *shards), model=BOT)
    assert found(family.case(BOT, SFT, BASE), family.registry()) == expected


def listed_by_git(ancestor: Ancestor, *paths: str, read: bool) -> Ancestor:
    """The ancestor as a Hub lists it: its small files by their git blob ids."""
    evidence = ancestor.evidence
    assert evidence

    def row(file: File) -> File:
        return replace(file, digest="1" * 40) if file.path in paths else file

    listing = Manifest.of(map(row, evidence.listing.files))
    kept = [c for c in evidence.contents if read or c.path not in paths]
    shown = replace(evidence, listing=listing, manifest=listing, contents=tuple(kept))
    return replace(ancestor, manifest=listing.digest, evidence=shown)


@pytest.mark.parametrize(
    ("digest", "read", "expected"),
    [("", True, TRUE), ("1" * 64, True, MISMATCH), ("1" * 64, False, None)],
    ids=["its contents agree", "its contents differ", "its contents are not known"],
)
def test_a_blob_id_is_compared_by_the_contents_where_they_are_at_hand(
    digest: str, read: bool, expected: set[tuple[str, str]] | None, family: Family
) -> None:
    family.attested()
    loaded = named(family, WEIGHTS, CONFIG)
    loaded = changed(loaded, CONFIG, digest=digest) if digest else loaded
    (family.folder(BOT) / "claims.jsonl").unlink()
    forge.attest(family.folder(BOT), TRAINER, "grpo", loaded, model=BOT)
    shown = listed_by_git(family.ancestor(SFT), CONFIG, read=read)
    given = replace(family.case(BOT, BASE), ancestors=(shown, family.ancestor(BASE)))
    problems = found(given, family.registry())
    assert (("parent-mismatch", SFT) in problems) is (expected == MISMATCH)


@pytest.mark.parametrize("same", [True, False], ids=["the same weights", "other weights"])
def test_a_step_that_leaves_the_weights_says_so(same: bool, family: Family) -> None:
    family.write(BASE)
    family.write(SFT, BASE)
    weights = (family.folder(SFT) / WEIGHTS).read_bytes() if same else OTHER
    family.write(BOT, SFT, model__safetensors=weights, chat_template__jinja=b"{{ other }}")
    forge.attest(family.folder(SFT), TRAINER, "sft", family.parent(BASE), model=SFT)
    forge.attest(family.folder(BOT), TRAINER, "finetune", family.parent(SFT), model=BOT)
    given = family.case(BOT, SFT, BASE)
    assert ("leaves the weights as they were" in praise(given, family)) is same
    unchanged = {edge.child for edge in graph(given, family.registry()).edges if edge.unchanged}
    assert unchanged == ({BOT} if same else set())


def test_an_unverified_parent_is_said_where_the_lineage_passes(family: Family) -> None:
    family.attested()
    (family.folder(BOT) / "claims.jsonl").unlink()
    given = family.parent(SFT, unverified=True)
    forge.attest(family.folder(BOT), TRAINER, "grpo", given, model=BOT)
    message = praise(family.case(BOT, SFT, BASE), family)
    assert message.count("recorded with an unverified parent") == 1
