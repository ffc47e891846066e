"""Three stories, typed as the program prints them: a newcomer, a reviewer, a security team."""

from __future__ import annotations

import io
import json
import re
import shlex
import shutil
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests import forge
from tests.claims.test_code import gguf
from tests.cli.lines import CHECK, filled, first, green, typed
from tests.hub import Hub
from tests.hubs import FILES, REPO, SIZE, Desk, card, desk, signed
from tests.registry.house import Site

Files = Mapping[str, bytes]


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Desk]:
    """A desk where nobody has typed anything yet, and a Hub with two signed models of Acme."""
    with Hub(tmp_path) as hub:
        for number, repo in enumerate((REPO, "acme/base")):
            files = {**FILES, "notes.txt": str(number).encode()}
            hub.commit(repo, signed(tmp_path / f"signed{number}", files))
        yield desk(tmp_path, hub)


def adapter(base: str) -> Files:
    """A LoRA of this base, which its card states too."""
    return {
        "adapter_config.json": json.dumps(
            {"base_model_name_or_path": base, "peft_type": "LORA"}
        ).encode(),
        "adapter_model.safetensors": forge.safetensors(),
        "README.md": card(f"base_model: {base}"),
    }


def checkpoint() -> bytes:
    """What torch.save writes of one tensor: a zip whose pickle rebuilds it from a storage."""
    pickle = (
        b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storage"
        b"ctorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQ"
        b"K\x00K\x04\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtR."
    )
    rows = {"data.pkl": pickle, "byteorder": b"little", "data/0": bytes(16), "version": b"3\n"}
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as made:
        for name, data in rows.items():
            made.writestr(f"consolidated.00/{name}", data)
    return written.getvalue()


MODULES = [
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
    {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
]
KINDS: Mapping[str, Files] = {
    "someone/llm": {
        **FILES,
        "original/consolidated.00.pth": checkpoint(),
        "original/params.json": b"{}",
        "original/tokenizer.model": b"\n\0",
    },
    "someone/gguf": {f"m-Q{n}.gguf": gguf("general.name", f"q{n}") for n in range(12)},
    "someone/lora": adapter("closed/base"),
    "someone/embed": {
        **FILES,
        "modules.json": json.dumps(MODULES).encode(),
        "1_Pooling/config.json": b'{"word_embedding_dimension": 4}',
    },
    "someone/code": {
        **FILES,
        "config.json": b'{"model_type": "mine", "auto_map": {"AutoModel": "modeling.M"}}',
        "modeling.py": b"class M: pass\n",
    },
}
OFFERED = re.compile(r"  (provenance add \S+ --(?:in|ex)clude .+)")
VARIANT = "--include m-Q4.gguf"


@pytest.fixture
def strange(own: Desk) -> Desk:
    """Models of five kinds, which nobody signed, the base of one of which is gated."""
    for repo, files in KINDS.items():
        own.hub.commit(repo, files)
    own.hub.commit("closed/base", FILES)
    own.hub.gate("closed/base")
    return own


def test_five_models_of_five_kinds_are_locked_in_eight_commands(strange: Desk) -> None:
    """From nothing; a variant is chosen where a line offers it, else the next line is typed."""
    lines = [shlex.join(["provenance", "init", *KINDS])]
    said = ""
    while lines[-1] != CHECK:
        ended = typed(strange, lines[-1])
        said += ended.stdout
        offered = [line for line in OFFERED.findall(ended.stdout) if line.endswith(VARIANT)]
        lines.append(next(iter(offered), "") or first(ended))
    assert typed(strange, CHECK).returncode == 0
    assert len(lines) <= 8, lines
    locked = {entry["name"]: entry for entry in tomllib.loads(strange.lock.read_text())["model"]}
    assert locked.keys() == KINDS.keys()
    assert f"provenance add someone/gguf {VARIANT}" in lines
    assert "provenance add someone/llm --exclude original/" in OFFERED.findall(said)
    assert f"ask for access at {strange.hub.url}/closed/base" in said


def test_copies_are_left_out_by_the_line_that_offers_it(strange: Desk) -> None:
    name = "someone/llm"
    typed(strange, f"provenance init {name}")
    (line,) = OFFERED.findall(typed(strange, "provenance lock").stdout)
    assert green(strange, line)[1:] == [
        f"provenance exempt {name} --reason WHY",
        "provenance lock",
        CHECK,
    ]
    (entry,) = tomllib.loads(strange.lock.read_text())["model"]
    assert {file["path"] for file in entry["files"]} == FILES.keys()


@dataclass(frozen=True, kw_only=True)
class Bump:
    """A new revision: what is other in it, what a reviewer reads of it, and the commands that are
    printed until it is locked: of a model that nobody signed, if that can be, and a signed one."""

    old: Files = field(default_factory=lambda: BEFORE)
    new: Files
    says: tuple[str, ...]
    unsigned: tuple[str, ...] = ("update --renew", "lock --check")
    signed: tuple[str, ...] = ("lock --check",)
    key: str = "release"


BEFORE: Files = {
    **FILES,
    "README.md": card("license: mit"),
    "chat_template.jinja": b"{{ messages }}\n",
}
BUMPS = {
    "template": Bump(
        new={"chat_template.jinja": b"{{ messages }}!\n"},
        says=("-{{ messages }}", "+{{ messages }}!"),
    ),
    "configuration": Bump(
        new={"config.json": b'{"model_type": "llama", "vocab_size": 7}'},
        says=("--- old/config.json", '"vocab_size": 7'),
    ),
    "new file": Bump(
        new={"modeling.py": b"import os\n"},
        says=("code that a loader runs", "+import os"),
        unsigned=("waive", "update --renew", "lock --check"),
        signed=("waive", "update", "lock --check"),
    ),
    "weights": Bump(
        new={"model.safetensors": forge.safetensors(bytes(SIZE // 2))},
        says=("model.safetensors changed: 3145848 bytes", "tensor weight changed"),
    ),
    "licence": Bump(
        new={"README.md": card("license: apache-2.0")},
        says=("-license: mit", "+license: apache-2.0"),
        unsigned=("lock --check",),
    ),
    "base of an adapter": Bump(
        old=adapter("acme/base"),
        new=adapter(REPO),
        says=("- acme/base@", "+ acme/bot@"),
        unsigned=("add someone/m@main", "update --renew", "lock --check"),
        signed=("add acme/m@main", "update acme/m", "lock --check"),
    ),
    "signer": Bump(
        new={"notes.txt": b"1"},
        says=("signer lost: Acme", "signer gained: Acme"),
        unsigned=(),
        signed=("lock --upgrade-model", "lock --check"),
        key="second",
    ),
}


@pytest.mark.parametrize(
    ("kind", "is_signed"),
    [(kind, False) for kind, bump in BUMPS.items() if bump.unsigned]
    + [(kind, True) for kind in BUMPS],
)
def test_a_reviewer_types_what_is_printed(
    own: Desk, tmp_path: Path, kind: str, is_signed: bool
) -> None:
    bump = BUMPS[kind]
    repo = "acme/m" if is_signed else "someone/m"

    def commit(files: Files, key: str) -> str:
        made = signed(tmp_path / key / repo, files, key) if is_signed else files
        shutil.rmtree(tmp_path / key, ignore_errors=True)
        return own.hub.commit(repo, made)

    commit(bump.old, "release")
    own.settings()
    green(own, f"provenance add {repo}")
    head = commit({**bump.old, **bump.new}, bump.key)
    ended = typed(own, "provenance update")
    assert [words for words in bump.says if words not in ended.stdout] == [], ended.stdout
    lines = green(own, first(ended))
    expected = bump.signed if is_signed else bump.unsigned
    assert len(lines) == len(expected), lines
    for line, words in zip(lines, expected, strict=True):
        assert f"{line} ".startswith(f"provenance {words} "), lines
    (entry,) = tomllib.loads(own.lock.read_text())["model"]
    assert entry["commit"] == head


@dataclass(frozen=True, kw_only=True)
class House:
    """Those who are responsible, those who deploy, and the folder that is served between them."""

    team: Desk
    user: Desk
    site: Site
    served: Path


@pytest.fixture
def house(own: Desk, tmp_path: Path) -> Iterator[House]:
    folder, served = tmp_path / "team", tmp_path / "served"
    folder.mkdir()
    (own.folder / "trust.toml").unlink()
    for name in ("root", "online"):
        (folder / f"{name}.pem").write_bytes(forge.pem(forge.key(name)))
    (folder / "release.pub").write_text(forge.key("release").public.pem)
    with Site(served) as site:
        yield House(team=replace(own, folder=folder), user=own, site=site, served=served)


def in_manual(desk: Desk, begins: str) -> str:
    """The line of the page on registries that begins so, without its comment."""
    lines = desk.run("explain", "registry").stdout.splitlines()
    return next(line.strip() for line in lines if line.strip().startswith(begins))


def told(text: str, whom: str) -> str:
    """What is to be typed elsewhere, by whom it is for."""
    (line,) = (line for line in text.splitlines() if line.startswith(f"  {whom}: "))
    return line.partition(": ")[2]


def published(house: House, line: str) -> str:
    """What is told once the registry was edited by this line, looked through and published."""
    keys = ("root.pem", "online.pem")
    checked = typed(house.team, first(typed(house.team, line)))
    assert checked.returncode == 0, checked.stdout
    ended = typed(house.team, filled(first(checked), {"DIR": ["../served"], "KEY": keys}))
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_what_a_team_revokes_fails_the_next_job(house: House) -> None:
    made = typed(house.team, in_manual(house.team, "provenance registry init"))
    words = {"NAME": ["Acme"], "NAMESPACE": ["acme"], "FILE": ["release.pub"]}
    said = published(house, filled(first(made), words))
    shutil.copy(house.served / "root.json", house.user.folder)
    pin = filled(told(said, "for users who have not pinned it"), {"URL": [house.site.url]})
    pinned = typed(house.user, pin)
    lines = green(house.user, filled(first(pinned), {"REF": [REPO]}))
    assert lines == [f"provenance add {REPO}", "provenance lock", CHECK]
    job = told(said, "for the others")
    passed = typed(house.user, job, CI="true")
    assert (passed.returncode, house.site.url in passed.stdout) == (0, True), passed.stdout
    line = in_manual(house.team, f"provenance registry revoke {REPO}")
    reason = shlex.split(line, comments=True)[-1]
    said = published(house, line)
    for who, rule in (("for the others", "registry/revoked"), ("by their lockfiles alone", "")):
        failed = typed(house.user, told(said, who), CI="true")
        assert failed.returncode == 1
        assert rule in failed.stdout
        assert reason in " ".join(failed.stdout.split())
