"""The lockfile as text: the same bytes for the same lock, and nothing believed of it."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from provenance.errors import ConfigError
from provenance.formats.unseen import shows
from provenance.lock import (
    Accepted,
    Entry,
    Floor,
    Lock,
    LockedFinding,
    LockedParent,
    LockedSigner,
    Part,
    dumps,
    loads,
)
from provenance.model import Facts, File, Manifest, Reach
from tests import hostile

COMMIT, DIGEST = "c" * 40, "sha256:" + "d" * 64
FILES = Manifest.of(
    [
        File(path="config.json", size=2, digest="a" * 64),
        File(path="odd \"' é.txt", size=0, digest="b" * 64),
        File(path="x" * 300, size=1 << 40, digest="f" * 64),
    ]
)
ENTRY = Entry(
    name="bot",
    repo="acme/bot",
    revision="v1",
    commit=COMMIT,
    facts=Facts(
        id="acme/bot",
        repo_id="1" * 24,
        owner="acme",
        owner_id="2" * 24,
        reach=Reach.TAG,
        parents=("base/b",),
        relation="finetune",
    ),
    organisation="Acme",
    basis="declared",
    profile="baseline",
    verdict="pass",
    manifest=DIGEST,
    selected=FILES.digest,
    include=("*.json",),
    exclude=("onnx/",),
    parents=(LockedParent(repo="base/b", commit=COMMIT, relation="finetune", source="README.md"),),
    signers=(
        LockedSigner(
            kind="sigstore",
            identity="a@b.example",
            organisation="Acme",
            name="release",
            bundle="model.sig",
            time=datetime(2026, 5, 1, 12, tzinfo=UTC),
        ),
    ),
    accepted=(Accepted(rule="signature/lost", old="a", new="nobody"),),
    findings=(LockedFinding(rule="code/template", where="x", outcome="fail", level="warn"),),
    files=FILES,
)
LOCK = Lock(
    registries=(Floor(name="acme-security", version=3),),
    entries=(
        ENTRY,
        Entry(name="disk", path="models/x", manifest=DIGEST, selected=Manifest(files=()).digest),
        Entry(name="base/b", part=Part.ANCESTOR, repo="base/b", commit=COMMIT, manifest=DIGEST),
    ),
)
TEXT = dumps(LOCK)

words = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Co", "Cn", "Cf"]))
lines = words.filter(lambda text: bool(text.strip()) and shows(text))


@st.composite
def locks(draw: st.DrawFn) -> Lock:
    names = draw(st.lists(lines, unique=True, max_size=3))
    paths = st.lists(
        lines.filter(
            lambda t: "/" not in t and "\\" not in t and t not in "..",
        ),
        unique=True,
    )
    entries = []
    for name in names:
        files = Manifest.of(
            File(path=path, size=draw(st.integers(0, 1 << 60)), digest="e" * 64)
            for path in draw(paths)
        )
        entries.append(replace(ENTRY, name=name, files=files, selected=files.digest))
    return Lock(entries=tuple(sorted(entries, key=lambda entry: entry.name)))


def test_a_lock_is_read_back() -> None:
    assert loads(TEXT, source="provenance.lock") == LOCK


@given(locks())
def test_any_lock_is_read_back(lock: Lock) -> None:
    text = dumps(lock)
    assert loads(text, source="x") == lock
    assert dumps(loads(text, source="x")) == text


def test_the_order_of_what_was_found_does_not_show() -> None:
    mixed = random.Random(1)
    parents = [LockedParent(repo=f"base/{n}") for n in range(9)]
    files = list(FILES.files)
    for _ in range(5):
        mixed.shuffle(parents)
        mixed.shuffle(files)
        entry = replace(ENTRY, parents=tuple(parents), files=Manifest.of(files))
        entries = [entry, *LOCK.entries[1:]]
        mixed.shuffle(entries)
        text = dumps(replace(LOCK, entries=tuple(entries)))
        assert text == dumps(loads(text, source="x"))
        assert text.count("base/8") == 1
    assert (
        len({dumps(replace(LOCK, entries=tuple(order))) for order in (entries, entries[::-1])}) == 1
    )


def test_a_file_is_one_line_whatever_its_length() -> None:
    rows = [line for line in TEXT.splitlines() if line.strip().startswith("{path")]
    assert len(rows) == len(FILES.files)
    assert TEXT.endswith('"\n')
    assert "\r" not in TEXT


def refused(text: str) -> ConfigError | None:
    try:
        loads(text, source="provenance.lock")
    except ConfigError as error:
        return error
    return None


TREE = tomllib.loads(TEXT)


def no_value_raises(mutations: Iterable[tuple[hostile.Path, object]]) -> None:
    for path, tree in mutations:
        try:
            text = tomli_w.dumps(tree) if isinstance(tree, dict) else ""
        except (TypeError, ValueError, AttributeError, UnicodeEncodeError):
            continue
        error = refused(text)
        assert error is None or "provenance.lock" in str(error), path


def test_a_hostile_value_is_refused_or_is_judged() -> None:
    no_value_raises(hostile.sampled(TREE, 250))


@pytest.mark.exhaustive
def test_a_hostile_value_anywhere_is_refused_or_is_judged() -> None:
    no_value_raises(hostile.mutations(TREE))


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("version = 1", "version = 2", "version"),
        ("version = 1\n", "", "version"),
        ('name = "bot"', 'nam = "bot"', "model[0].name"),
        ('name = "disk"', 'name = "bot"', "model[1].name"),
        ('repo = "acme/bot"', 'repo = "acme"', "model[0].repo"),
        (f'commit = "{COMMIT}"', 'commit = "main"', "model[0].commit"),
        (f'commit = "{COMMIT}"\n', "", "model[0].commit"),
        (FILES.digest, DIGEST, "model[0].selected"),
        ("size = 2,", "size = 3,", "model[0].selected"),
        ("size = 2,", "size = -2,", "model[0].files[0].size"),
        ('path = "config.json"', 'path = "../config.json"', "model[0].files[0].path"),
        ('path = "config.json"', 'path = "con\\nfig.json"', "model[0].files[0].path"),
        ("a" * 64, "A" * 64, "model[0].files[0].sha256"),
        ('include = ["*.json"]', 'include = ["../*"]', "model[0].include"),
        ('verdict = "pass"', 'verdict = "trusted"', "model[0].verdict"),
        ('kind = "sigstore"', 'kind = "magic"', "model[0].signers[0].kind"),
        ('rule = "signature/lost"', 'rule = "all"', "model[0].accepted[0]"),
        ("[[ancestor]]", "[[friend]]", "friend"),
        ('reach = "tag"', 'reach = "far"', "model[0].reach"),
        ("version = 1", "version = [", "provenance.lock"),
    ],
)
def test_an_edit_is_refused_at_its_place(old: str, new: str, where: str) -> None:
    assert old in TEXT
    error = refused(TEXT.replace(old, new, 1))
    assert error
    assert where in error.path


@pytest.mark.parametrize("mark", ["<<<<<<< HEAD", "=======", ">>>>>>> other"])
def test_the_mark_of_a_conflict_is_named_by_its_line(mark: str) -> None:
    error = refused(TEXT.replace("[[ancestor]]", f"{mark}\n[[ancestor]]"))
    line = TEXT.splitlines().index("[[ancestor]]") + 1
    assert error
    assert error.path == f"provenance.lock:{line}"
    assert "resolve the conflict" in str(error)
