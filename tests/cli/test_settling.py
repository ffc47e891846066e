"""Locking any set of models, and checking at once: the same verdicts and the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provenance.lock import Entry, Lock, dumps, loads
from provenance.model import Evidence, Facts, Reach, Ref
from provenance.policy import Model, Policy, Settings
from provenance.source import directory
from provenance.source.progress import Silent
from provenance.trust import Registry
from provenance.workspace.gathering import Gathering
from provenance.workspace.nearby import Nearby
from provenance.workspace.resolver import Resolver
from provenance.workspace.session import Session
from provenance.workspace.source_options import SourceOptions
from provenance.workspace.subjects import Subject
from tests import forge
from tests.hubs import card

SIGNING = ["acme/m0", "acme/m1"]
FREE = ["acme-free/m2", "acme-free/m3", "acme-free/m4"]
NAMES = [*SIGNING, *FREE]


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A model as a test draws it: which weights, how old, whose child, by which key signed."""

    weights: int
    age: int
    parent: str | None
    key: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known(Gathering):
    """Gathers nothing: the evidence is there."""

    held: Mapping[str, Evidence] = field(default_factory=dict)

    def evidence_on(self, subject: Subject, pinned: Entry | None) -> tuple[Subject, Evidence]:
        """What is held of the model."""
        return subject, self.held[subject.name]


@cache
def laid(weights: int, parent: str | None, key: str | None) -> Evidence:
    """The evidence of such files, on nobody's behalf."""
    told = card(f"base_model: {parent}" if parent else "license: mit")
    files = {**forge.MODEL, "README.md": told}
    files["model.safetensors"] = forge.safetensors(bytes([weights]) * 16)
    with TemporaryDirectory() as top:
        folder = forge.write(Path(top) / "m", files)
        if key:
            forge.sign(folder, forge.TufKey(key=forge.key(key)))
        return directory.collect(folder, ref=Ref(text="m"), at=forge.NOW)


def evidence(name: str, made: Made) -> Evidence:
    created = int(datetime(2025, 1, 1 + made.age, tzinfo=UTC).timestamp())
    facts = Facts(
        id=name,
        repo_id=f"{created:08x}{name[-1] * 16}",
        owner=name.partition("/")[0],
        reach=Reach.BRANCH,
    )
    ref = Ref(text=name, repo=name, commit=name[-1] * 40)
    return replace(laid(made.weights, made.parent, made.key), ref=ref, facts=facts)


def registry() -> Registry:
    acme = forge.org("Acme", forge.signer("release"), forge.signer("second"), originates=True)
    free = forge.org("Free", namespaces=["acme-free"], originates=True)
    return Registry.from_table(forge.registry(acme, free), source="trust.toml")


def locked(models: Mapping[str, Made], lock: Lock | None) -> tuple[dict[str, str], Lock]:
    """What `lock` says of each model, and the lockfile that it writes."""
    own = Settings(models=tuple(Model(name=name, repo=name) for name in models))
    subjects = tuple(
        Subject(
            name=model.name,
            place=None,
            ref=Ref(text=model.name, repo=model.name),
            include=(),
            exclude=(),
            policy=Policy.of(own, model),
            model=model,
        )
        for model in own.models
    )
    session = Session(
        subjects=subjects,
        settings=own,
        registry=registry(),
        policy_source="",
        registry_source="",
        findings=(),
        lock=lock,
        lock_path=Path("provenance.lock"),
        namespaces=frozenset(),
        profile=None,
        settings_path=None,
    )
    gathering = Known(
        session=session,
        options=SourceOptions(),
        at=forge.NOW,
        progress=Silent(),
        nearby=Nearby(session=session, cache=None, at=forge.NOW, progress=Silent()),
        held={name: evidence(name, made) for name, made in models.items()},
    )
    resolver = Resolver(
        gathering=gathering, upgrade=lambda _: False, accepted={}, measure=False, known=lock
    )
    found, new = resolver.locked(subjects)
    verdicts = {
        item.subject.name: str(item.evaluation and item.evaluation.verdict.result) for item in found
    }
    return verdicts, new


def made(*keys: str | None) -> st.SearchStrategy[Made]:
    return st.builds(
        Made,
        weights=st.integers(0, 1),
        age=st.integers(0, 3),
        parent=st.sampled_from([None, None, *NAMES]),
        key=st.sampled_from(keys),
    )


MODELS = st.fixed_dictionaries(
    {},
    optional={
        **{name: made("release", "second", None) for name in SIGNING},
        **{name: made(None) for name in FREE},
    },
)


PAIRS = given(first=MODELS, then=MODELS)
SLOW = settings(suppress_health_check=[HealthCheck.too_slow])


def agree(first: dict[str, Made], then: dict[str, Made]) -> None:
    """A lock and the check right after it say the same, whether anything was locked before."""
    lock: Lock | None = None
    for models in (first, {**first, **then}):
        verdicts, lock = locked(models, lock)
        again, same = locked(models, loads(dumps(lock), source="provenance.lock"))
        assert (again, dumps(same)) == (verdicts, dumps(lock))


@settings(SLOW, max_examples=40)
@PAIRS
def test_a_lock_and_the_check_right_after_it_agree(
    first: dict[str, Made], then: dict[str, Made]
) -> None:
    agree(first, then)


@pytest.mark.exhaustive
@settings(SLOW, max_examples=1_000)
@PAIRS
def test_a_lock_and_the_check_right_after_it_agree_a_thousand_times(
    first: dict[str, Made], then: dict[str, Made]
) -> None:
    agree(first, then)


PLAIN = Made(weights=0, age=0, parent=None, key=None)
SIGNED = replace(PLAIN, key="release")
SETS: dict[str, tuple[Mapping[str, Made], list[str]]] = {
    "an older copy that names the younger as its parent convicts nobody": (
        {FREE[0]: replace(PLAIN, parent=FREE[1]), FREE[1]: replace(PLAIN, age=1)},
        ["pass", "pass"],
    ),
    "of two copies the younger fails at once": (
        {FREE[0]: PLAIN, FREE[1]: replace(PLAIN, age=1)},
        ["pass", "fail"],
    ),
    "a copy that is not locked speaks against nobody": (
        {
            FREE[0]: PLAIN,
            FREE[1]: replace(PLAIN, age=1),
            FREE[2]: replace(PLAIN, age=2, parent=FREE[0]),
        },
        ["pass", "fail", "pass"],
    ),
    "of two with one signature none passes": (
        {SIGNING[0]: SIGNED, SIGNING[1]: replace(SIGNED, age=1)},
        ["fail", "fail"],
    ),
    "other weights have nothing to do with each other": (
        {FREE[0]: PLAIN, FREE[1]: replace(PLAIN, weights=1, age=1)},
        ["pass", "pass"],
    ),
}


@pytest.mark.parametrize("name", SETS)
def test_a_set_of_models(name: str) -> None:
    models, expected = SETS[name]
    assert list(locked(models, None)[0].values()) == expected
