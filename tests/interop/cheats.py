"""Every cheat in the history of attestations/README.md, by the words of its table."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from provenance.wire.training.step import MANIFEST
from tests import forge
from tests.interop.servers import ours
from tests.interop.statements import CLAIMS, Table, statements, told_again, untold, went_in

DEFINITION = "predicate.buildDefinition"
OUTSIDE = f"{DEFINITION}.externalParameters"
METHOD = f"{OUTSIDE}.method"
DEPENDENCIES = f"{DEFINITION}.resolvedDependencies"
DETAILS = "predicate.runDetails"
Changes = Mapping[str, object]


Cheat = Callable[[Path], None]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A cheat in a copy of the history, and the model that is then verified."""

    cheat: Cheat
    folder: str = "gguf"
    repo: str = "acme/bot-gguf"


def says(
    model: str,
    change: Callable[[Table], Changes],
    folder: str = "gguf",
    repo: str = "acme/bot-gguf",
) -> Case:
    """The trainer says something else of a step."""

    def cheat(top: Path) -> None:
        told_again(top / folder, model, top / "trainer.pem", change)

    return Case(cheat=cheat, folder=folder, repo=repo)


def by_somebody_else(top: Path) -> None:
    (top / "other.pem").write_bytes(forge.pem(forge.key("other")))
    told_again(top / "gguf", "acme/grpo", top / "other.pem", lambda _: {})


def changed(top: Path) -> None:
    with (top / "int8" / "chat_template.jinja").open("a") as stream:
        stream.write("{# more #}")


def without_root(top: Path) -> None:
    text = (top / "trust.toml").read_text()
    (top / "trust.toml").write_text(text.partition("[[org.root]]")[0])


def from_nothing(top: Path) -> None:
    without_root(top)
    words = ("--as", "acme/base", "--method", "pretrain", "--key", "trainer.pem")
    assert ours(top, "attest", "base", *words).returncode == 0


def in_two_ways(top: Path) -> None:
    file = top / "gguf" / CLAIMS
    before = file.read_text()
    told_again(top / "gguf", "acme/sft", top / "trainer.pem", lambda _: {METHOD: "convert"})
    file.write_text(before + file.read_text())


def dependencies(keep: Callable[[Table], bool], **changes: object) -> Callable[[Table], Changes]:
    """What went in, but for what is not kept, each parent with these changes."""

    def change(statement: Table) -> Changes:
        every = [one for one in went_in(statement) if keep(one)]
        return {DEPENDENCIES: [one | changes if one["name"] == "parent" else one for one in every]}

    return change


def without_a_parent(statement: Table) -> Changes:
    first, second = (one for one in went_in(statement) if one["name"] == "parent")
    gone = second["digest"][MANIFEST]
    left = [
        one
        for one in went_in(statement)
        if one is not second and one.get("annotations", {}).get("manifest") != gone
    ]
    assert first in left
    return {DEPENDENCIES: left}


def for_the_base(top: Path) -> None:
    """The adapter is attested for what the first step began with; a loader takes another."""
    file = top / "lora" / "adapter_config.json"
    config = json.dumps(json.loads(file.read_text()) | {"base_model_name_or_path": "acme/grpo"})
    file.write_text(config)
    digest = sha256(config.encode()).hexdigest()
    other = went_in(statements(top / "lora")["acme/sft"])
    parents = [one for one in other if one["name"].startswith("parent")]

    def change(statement: Table) -> Changes:
        names = [one["name"] for one in statement["subject"]]
        place = f"subject.{names.index(file.name)}.digest.sha256"
        return {place: digest, DEPENDENCIES: parents}

    told_again(top / "lora", "acme/lora", top / "trainer.pem", change)


def without_the_template(statement: Table) -> Changes:
    return {
        "subject": [one for one in statement["subject"] if one["name"] != "chat_template.jinja"]
    }


def without_pins(statement: Table) -> Changes:
    data = {"name": "dataset", "uri": "https://huggingface.co/datasets/acme/talk"}
    kept = [one for one in went_in(statement) if one["name"] != "dataset"]
    return {DEPENDENCIES: [*kept, {**data, "annotations": {"unpinned": True}}]}


GRPO = {"folder": "grpo", "repo": "acme/grpo"}
INT8 = {"folder": "int8", "repo": "acme/bot-int8"}
MERGED = {"folder": "merged", "repo": "acme/merged"}
LORA = {"folder": "lora", "repo": "acme/lora"}
CHEATS = {
    "a step that nobody attests": Case(cheat=lambda top: untold(top / "gguf", "acme/grpo")),
    "a step that is attested with a key that is not the trainer's": Case(cheat=by_somebody_else),
    "a file that was changed after it was attested": Case(cheat=changed, **INT8),
    "a statement that leaves out a file which a loader reads": says(
        "acme/bot-int8", without_the_template, **INT8
    ),
    "a good statement about another model": says(
        "acme/bot-gguf", lambda _: {f"{OUTSIDE}.model": "acme/another"}
    ),
    "provenance of some other build": says(
        "acme/bot-gguf", lambda _: {f"{DEFINITION}.buildType": "https://example.org/build/v1"}
    ),
    "a parent by its name alone": says(
        "acme/sft", dependencies(lambda one: one["name"] != "parent-file", digest={})
    ),
    "a base that no registry knows": Case(cheat=without_root),
    "a base that is attested as made from nothing": Case(cheat=from_nothing),
    "a merge whose statement leaves out one of its parents": says(
        "acme/merged", without_a_parent, **MERGED
    ),
    "GRPO that is attested as SFT": says(
        "acme/grpo", lambda _: {METHOD: "sft", f"{OUTSIDE}.trainer": ""}, **GRPO
    ),
    "an adapter that is attested for another base than its configuration names": Case(
        cheat=for_the_base, **LORA
    ),
    "the same weights attested as made in two ways": Case(cheat=in_two_ways),
    "a step that ended before the one it builds on": says(
        "acme/grpo", lambda _: {f"{DETAILS}.metadata.finishedOn": "2020-01-01T00:00:00Z"}
    ),
    "a parent that was recorded although it did not pass": says(
        "acme/grpo", dependencies(lambda _: True, annotations={"unverified": True})
    ),
    "data that nothing pins": says("acme/grpo", without_pins),
}
