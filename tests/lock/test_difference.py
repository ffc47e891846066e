"""What changed between locks, and how files differ from an entry, as people read it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from provenance.lock import Accepted, Entry, Floor, Lock, difference, file_differences, nearest
from provenance.model import File, Manifest
from tests.lock.test_text import ENTRY, FILES, LOCK

OTHER = Manifest.of(
    [File(path="config.json", size=3, digest="0" * 64), File(path="new", size=1, digest="1" * 64)]
)


def changes(old: Lock | None, new: Lock) -> list[tuple[str, str]]:
    return [(change.name, change.what) for change in difference(old, new)]


def changed(**fields: Any) -> list[str]:
    entry = replace(ENTRY, **fields)
    return [what for _, what in changes(Lock(entries=(ENTRY,)), Lock(entries=(entry,)))]


def test_equal_locks_differ_in_nothing() -> None:
    assert difference(LOCK, LOCK) == ()


def test_what_was_accepted_is_read_by_people() -> None:
    accepted = Accepted(rule="signature/lost", old="a", new="b")
    entry = replace(ENTRY, accepted=(*ENTRY.accepted, accepted))
    [change] = difference(Lock(entries=(ENTRY,)), Lock(entries=(entry,)))
    assert (change.what, change.new) == ("accepted gained", "signature/lost: a → b")


def test_registries_in_another_order_are_the_same() -> None:
    floors = (Floor(name="starter"), Floor(name="company"))
    assert difference(Lock(registries=floors), Lock(registries=floors[::-1])) == ()


def test_models_come_and_go() -> None:
    one, two = (Lock(entries=(replace(ENTRY, name=name),)) for name in ("a", "b"))
    assert changes(one, two) == [("a", "removed"), ("b", "added")]
    assert changes(None, one) == [("a", "added")]


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"verdict": "fail", "commit": "d" * 40}, ["verdict", "commit"]),
        ({"signers": ()}, ["signer lost"]),
        ({"parents": ()}, ["parent lost"]),
        ({"facts": None}, ["id", "repo id", "owner", "owner id", "reach", "parents", "relation"]),
        ({"include": ()}, ["include"]),
    ],
)
def test_a_change_is_named(fields: dict[str, object], what: list[str]) -> None:
    assert changed(**fields) == what


def test_many_files_are_counted() -> None:
    many = Manifest.of(File(path=f"{n:02}", size=n, digest="2" * 64) for n in range(15))
    what = changed(files=many)
    assert len(what) == 11
    assert what[-1] == "and 8 more files"


def test_files_differ_by_name() -> None:
    found = file_differences(ENTRY, OTHER)
    assert [(change.name, change.what) for change in found] == [
        ("config.json", "changed"),
        ("new", "extra"),
        *((file.path, "missing") for file in FILES.files if file.path != "config.json"),
    ]


def test_the_nearest_entry_shares_the_most_files() -> None:
    far = Entry(name="a", path="a", files=OTHER)
    lock = Lock(entries=(far, ENTRY))
    assert nearest(lock, FILES) is ENTRY
    assert nearest(lock, OTHER) is far
    assert nearest(lock, Manifest.of([File(path="z", size=1, digest="9" * 64)])) is None
