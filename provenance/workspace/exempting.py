"""What the caller lets pass, written into the settings: these bytes, or one finding on them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from provenance.adoption import Remedy, exemption_of, remedy, waiver_of
from provenance.closure.members import pins_of
from provenance.errors import ConfigError, SourceError
from provenance.formats.near import near
from provenance.lock import Entry
from provenance.manual import rules
from provenance.model import Evidence
from provenance.policy import Exemption, Policy, Settings, is_subject, may_lower
from provenance.policy.binding import rest_of
from provenance.registry.editing import Edit
from provenance.verdict import Finding
from provenance.workspace.adding import (
    Added,
    Looked,
    ending,
    evidence_or_reason,
    exemption_row,
    judged,
    waiver_row,
)
from provenance.workspace.editing import Change, Draft, Row, edited
from provenance.workspace.gathering import Gathering
from provenance.workspace.session import Session
from provenance.workspace.subjects import Subject

RULE_AT = re.compile(r"([a-z]+/[a-z-]+)@(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Why something is set aside, and until when; `whole` binds it to documents and pictures too.

    `any_revision` binds a waiver to no bytes at all, and `subject` is the only one that it is for.
    """

    reason: str
    expires: date | None = None
    whole: bool = False
    any_revision: bool = False
    subject: str | None = None


def exempted(gathering: Gathering, setting: Setting) -> Added:
    """An exemption of the one model of the session, as it is locked, or else today, in the file of
    its policy. Where a revision was typed (`NAME@main`), that one is meant.

    One that is there for the repository already, and that no other model needs, gets the new bytes
    in its place. Raises ConfigError where there is nothing that an exemption would set aside, and
    SourceError where the model could not be asked for.
    """
    session = gathering.session
    subject, evidence = _one(gathering)
    standing = judged(subject, evidence, session)
    others = [row for row in session.settings.exemptions if row.repo == subject.ref.repo]
    if not others and not any(remedy(f, subject.ref.repo) is Remedy.EXEMPT for f in standing.left):
        raise ConfigError(f"{subject.name} needs no exemption{_stands(standing.left)}")
    ends = ending(setting.expires, gathering.at)
    entry = exemption_of(evidence, setting.reason, ends, whole=setting.whole)
    row = exemption_row(entry)
    keys = ("repo",)
    return _written(gathering, subject, evidence, lambda d: _put(d, "exempt", row, keys, session))


def waived(gathering: Gathering, rules: Sequence[str], setting: Setting) -> Added:
    """A waiver for each finding of these rules that keeps the one model from passing.

    As `exempted`; ConfigError too for a rule that may not be waived, or that found nothing.
    """
    for rule in rules:
        check_rule(rule)
    session = gathering.session
    subject, evidence = _one(gathering)
    left = judged(subject, evidence, session).left
    ends = ending(setting.expires, gathering.at)
    rows = []
    for finding in (f for rule in rules for f in _of(rule, left, subject, setting)):
        entry = waiver_of(finding, evidence, setting.reason, ends, whole=setting.whole)
        if setting.any_revision:
            entry = replace(entry, manifest=None, ignore=())
        rows.append(waiver_row(entry))
    keys = ("rule", "repo", "subject")

    def change(draft: Draft) -> Draft:
        for row in rows:
            draft = _put(draft, "waivers", row, keys, session)
        return draft

    return _written(gathering, subject, evidence, change)


def _of(rule: str, left: Sequence[Finding], subject: Subject, setting: Setting) -> list[Finding]:
    """The findings of a rule that can be waived one by one, or ConfigError."""
    found = [f for f in left if f.rule == rule and setting.subject in (None, f.where)]
    if not found:
        about = f" for {setting.subject}" if setting.subject else ""
        raise ConfigError(f"{subject.name} has no {rule}{about}{_stands(left)}")
    for one in found:
        if one.count > 1:
            raise ConfigError(f"{rule} stands {one.count} times: {one.message}")
        if not is_subject(one.where):
            raise ConfigError(f"{rule} is about {one.where[:80]!r}, which no waiver can name")
    return list(dict.fromkeys(found))


def renewed(gathering: Gathering, names: Sequence[str]) -> tuple[Edit, ...]:
    """The exemptions of these models written anew for their newest bytes, and for 90 days.

    Reason and `ignore` stay. ConfigError for a model that has no exemption, or several.
    """
    session = gathering.session
    return tuple(
        _renewed(gathering, subject)
        for subject in session.subjects
        if {subject.name, subject.ref.repo} & set(names)
    )


def check_rule(rule: str) -> None:
    """ConfigError for a rule that does not exist, or that may not be waived."""
    if rule not in rules():
        hint = near(rule, rules()) or ": `provenance explain` lists them"
        raise ConfigError(f"there is no rule {rule}{hint}")
    if not may_lower(rule):
        raise ConfigError(f"{rule} may not be waived: `provenance explain {rule}` says why")


def by_name(words: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The rules of several RULE@NAME for each name, or ConfigError."""
    found: dict[str, tuple[str, ...]] = {}
    for word in words:
        match = RULE_AT.fullmatch(word)
        if match is None:
            raise ConfigError(f"expected RULE@NAME, as code/auto-map@acme/bot; found {word!r}")
        found[match[2]] = (*found.get(match[2], ()), match[1])
    return found


def _renewed(gathering: Gathering, subject: Subject) -> Edit:
    session = gathering.session
    found = _evidence(gathering, subject)
    own = [entry for entry in session.settings.exemptions if entry.repo == subject.ref.repo]
    if len(own) != 1:
        step = f"`provenance exempt {subject.name}` writes one" if not own else "edit them by hand"
        raise ConfigError(f"{subject.name} has {len(own)} exemptions: {step}", path="--renew")
    rest = rest_of(found, own[0].ignore)
    if rest.read or not rest.digest:
        read = ", ".join(rest.read) or "every file"
        message = f"{subject.name}: `ignore` matches {read}, which a loader reads: exempt it anew"
        raise ConfigError(message, path="--renew")
    entry = replace(own[0], manifest=rest.digest, expires=ending(None, gathering.at))
    return edited(_policy_file(session), lambda draft: _again(draft, own[0], entry))


def _again(draft: Draft, old: Exemption, new: Exemption) -> Draft:
    rows = draft.rows("policy", "exempt")
    for position, row in enumerate(rows):
        if (row.get("repo"), row.get("manifest")) == (old.repo, old.manifest):
            place = ("policy", "exempt", position)
            return draft.valued(place, manifest=new.manifest, expires=new.expires.date())
    raise ConfigError(f"has no exemption of {old.repo} any more", path=str(draft.file))


def _one(gathering: Gathering) -> tuple[Subject, Evidence]:
    """The model that is meant, which the settings name, and the evidence that `verify` judges."""
    session, subject = gathering.session, gathering.session.one
    models = session.settings.models
    listed = {model.repo for model in models}
    listed |= set(pins_of([text for model in models for text in model.members]))
    if subject.ref.repo is None:
        raise ConfigError(f"{subject.name} has no repo in the settings, so nothing can be for it")
    if subject.ref.repo not in listed:
        line = f"`provenance {'add' if session.settings_path else 'init'} {subject.ref.repo}`"
        raise ConfigError(f"{subject.name} is not among [[models]]: {line} adds it")
    return subject, _evidence(gathering, subject, session.pinned(subject))


def _evidence(gathering: Gathering, subject: Subject, pinned: Entry | None = None) -> Evidence:
    """The evidence on a model, or SourceError with why there is none."""
    found = evidence_or_reason(subject, gathering, pinned)
    if isinstance(found, Looked):
        raise SourceError(f"{subject.name}: {found.unjudged.reason if found.unjudged else ''}")
    return found


def _written(gathering: Gathering, subject: Subject, evidence: Evidence, change: Change) -> Added:
    """The file of the policy edited, and the model judged by what it says now."""
    session = gathering.session
    edit = edited(_policy_file(session), change)
    own = Draft(file=edit.file, text=edit.new).settings()
    policy = _with_aside(subject.policy, own)
    after = judged(replace(subject, policy=policy), evidence, session)
    return Added(models=(after,), edit=edit)


def _with_aside(policy: Policy, own: Settings) -> Policy:
    return replace(policy, exemptions=own.exemptions, waivers=own.waivers)


def _policy_file(session: Session) -> Path:
    if session.policy_path is None:
        raise ConfigError("there is no provenance.toml: `provenance init` writes one")
    return session.policy_path


def _put(draft: Draft, what: str, row: Row, keys: Sequence[str], session: Session) -> Draft:
    """The row in the place of the one that is about the same, or behind the others.

    What another model of the repository needs is left alone.
    """
    rows = draft.rows("policy", what)
    same = [n for n, old in enumerate(rows) if all(old.get(k) == row.get(k) for k in keys)]
    exact = [n for n in same if rows[n].get("manifest") == row.get("manifest")]
    models = sum(model.repo == row["repo"] for model in session.settings.models)
    places = exact or (same if models == 1 else [])
    if not places:
        return draft.added(("policy", what), row)
    values = dict.fromkeys(("manifest", "any_revision", "ignore")) | dict(row)
    return draft.valued(("policy", what, places[0]), **values)


def _stands(left: Sequence[Finding]) -> str:
    """What stands instead, in one clause."""
    found = dict.fromkeys(finding.rule for finding in left)
    return f"; what stands: {', '.join(found)}" if found else ": it passes"
