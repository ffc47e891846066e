"""Models named in the caller's settings: the first of them with what is set aside, more later."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

from provenance import refs
from provenance.adoption import Adoption, adopt, counting
from provenance.errors import Absent, ConfigError, SourceError, Unselected
from provenance.formats import toml
from provenance.judgement import evaluate
from provenance.lock import Entry, remembered
from provenance.lock.known import with_known_digests
from provenance.model import Evidence
from provenance.policy import Exemption, Model, Waiver
from provenance.policy.document import no_origin
from provenance.registry.editing import Edit
from provenance.source.together import side_by_side
from provenance.verdict import Finding, Unjudged, Verdict
from provenance.workspace.editing import Draft, created, edited
from provenance.workspace.gathering import Gathering
from provenance.workspace.session import Session
from provenance.workspace.settings import FILE_NAME
from provenance.workspace.subjects import Subject

DAYS = 90
NOT_THERE = frozenset({"RepoNotFound", "RevisionNotFound"})
"""What a Hub says of a name that is misspelt, among others: it is not written into the settings."""
HEAD = """\
# What is deployed, and what is asked of it. Written by `provenance init`; yours from now on.
# What is set aside here holds for these bytes, without what `ignore` names, and ends on its day.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """What is written beside a model that is added: which files, which profile, which name, and
    whose bytes these are, as `org/name@<commit>`."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    profile: str | None = None
    name: str | None = None
    mirror_of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What became of one model: its verdict and what keeps it from passing, or why it has none.

    `adoption` is what `init` sets aside for it. `listed` says that the settings name it, `ahead`
    that another commit of it is locked.
    """

    subject: Subject
    verdict: Verdict | None = None
    left: tuple[Finding, ...] = ()
    adoption: Adoption | None = None
    unjudged: Unjudged | None = None
    listed: bool = True
    ahead: bool = False

    @property
    def word(self) -> str:
        """What to type to mean just this commit of it: in a store the digest that lies there."""
        asked = self.subject.ref
        if not self.ahead or asked.repo is None:
            return self.subject.name
        if asked.source and self.verdict is not None:
            return f"{asked.source}@{self.verdict.commit}"
        return f"{asked.repo}@{asked.revision or refs.MAIN}"

    @property
    def is_renewable(self) -> bool:
        """Whether one exemption was written for other bytes of it, which `update --renew` takes to
        these."""
        repo = self.subject.ref.repo
        own = [entry for entry in self.subject.policy.exemptions if entry.repo == repo]
        return self.ahead and len(own) == 1

    @property
    def name(self) -> str:
        """How the settings call it."""
        return self.subject.name

    @property
    def repo(self) -> str | None:
        """Its repository, if it has one."""
        return self.subject.ref.repo


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """The models that were looked at, and how the settings were edited, if they were.

    `new` says that the file was made.
    """

    models: tuple[Looked, ...]
    edit: Edit | None = None
    new: bool = False

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """One for each model that was judged."""
        return tuple(item.verdict for item in self.models if item.verdict is not None)

    @property
    def unjudged(self) -> tuple[Unjudged, ...]:
        """The models that could not be judged."""
        return tuple(item.unjudged for item in self.models if item.unjudged)


def begun(gathering: Gathering, file: Path, until: date | None, own: Sequence[str] = ()) -> Added:
    """A provenance.toml at `file` for the models of the session.

    What fails today is set aside for these bytes until that day (in 90 days), as far as it may.
    `own` are the lines of its `[policy]`.
    """
    day = ending(until, gathering.at)
    found = side_by_side(
        lambda subject: _adopted(subject, gathering, day), gathering.session.subjects
    )
    written = [item for item in found if item.listed]
    if found and not written:
        return Added(models=tuple(found))
    edit = created(file, _document(written, file.parent, own))
    return Added(models=tuple(found), edit=edit, new=True)


def added(gathering: Gathering, file: Path, addition: Addition) -> Added:
    """The models of the session under [[models]] of `file`, judged as they will be from now on.

    One that is listed keeps its place; what `addition` says of it takes the place of what it says.
    Nothing is set aside. A model that no Hub has is not written.
    """
    session = gathering.session
    for option, value in (("--name", addition.name), ("--mirror-of", addition.mirror_of)):
        if value is not None and len(session.subjects) != 1:
            message = f"names one model, and {len(session.subjects)} are meant"
            raise ConfigError(message, path=option)
    subjects = [_named(subject, session, addition) for subject in session.subjects]
    found = side_by_side(lambda subject: _pinned(subject, gathering), subjects)
    tables = [
        (i.subject, _table(i.subject.model, file.parent, addition)) for i in found if i.listed
    ]

    def change(draft: Draft) -> Draft:
        for subject, table in tables:
            draft = _listed(draft, subject, table)
        return draft

    edit = edited(file, change) if tables else None
    return Added(models=tuple(found), edit=edit)


def _pinned(subject: Subject, gathering: Gathering) -> Looked:
    """The model with everything pinned that its loaders fetch, and judged so."""
    evidence = evidence_or_reason(subject, gathering, gathering.session.pinned(subject))
    if isinstance(evidence, Looked):
        return evidence
    return judged(_settled(subject, evidence, gathering.session), evidence, gathering.session)


def _settled(subject: Subject, evidence: Evidence, session: Session) -> Subject:
    """The subject that pins what its loaders fetch at the commits where that was found."""
    if not evidence.members:
        return subject
    case = evaluate(evidence, subject.policy, session.registry, lock=session.lock).case
    members = case.closure.settled
    return replace(
        subject,
        model=replace(subject.model, members=members),
        policy=replace(subject.policy, members=members),
    )


def judged(subject: Subject, evidence: Evidence, session: Session) -> Looked:
    """The model by the policy of `subject`, against what is locked of it."""
    past = remembered(session.lock, subject.name, subject.ref.repo)
    verdict = evaluate(
        evidence,
        subject.policy,
        session.registry,
        name=subject.name,
        findings=session.findings,
        lock=session.lock,
        locked=next((entry for entry in past if entry.name == subject.name), None),
        remembered=past,
    ).verdict
    return seen(subject, verdict, session)


def seen(subject: Subject, verdict: Verdict, session: Session) -> Looked:
    """The model with this verdict, and what keeps it from passing."""
    past = remembered(session.lock, subject.name, subject.ref.repo)
    commits = {entry.commit for entry in past if entry.name == subject.name}
    ahead = bool(commits) and verdict.commit not in commits
    return Looked(subject=subject, verdict=verdict, left=counting(verdict), ahead=ahead)


def evidence_or_reason(
    subject: Subject, gathering: Gathering, pinned: Entry | None = None
) -> Evidence | Looked:
    """The evidence on a model, at the commit of `pinned` if there is one, or why there is none."""
    try:
        return with_known_digests(gathering.of(subject, pinned=pinned), pinned)
    except (SourceError, Unselected) as error:
        unjudged = Unjudged.because(subject.name, subject.ref.text, error)
        absent = isinstance(error, Absent) and error.code in NOT_THERE
        listed = pinned is not None or not (absent or isinstance(error, Unselected))
        return Looked(subject=subject, unjudged=unjudged, listed=listed)


def ending(until: date | None, at: datetime) -> datetime:
    """The end of what is set aside, or ConfigError where that is over."""
    day = until or (at + timedelta(days=DAYS)).date()
    end = datetime.combine(day, time(), at.tzinfo)
    if end <= at:
        raise ConfigError(
            f"{day} is not in the future: nothing would be set aside", path="--expires"
        )
    return end


def exemption_row(entry: Exemption) -> dict[str, object]:
    """The exemption as it is written."""
    row: dict[str, object] = {"repo": entry.repo, "manifest": entry.manifest}
    if entry.ignore:
        row["ignore"] = list(entry.ignore)
    return {**row, "reason": entry.reason, "expires": entry.expires.date()}


def waiver_row(entry: Waiver) -> dict[str, object]:
    """The waiver as it is written."""
    row: dict[str, object] = {"rule": entry.rule, "repo": entry.repo, "subject": entry.subject}
    row |= {"any_revision": True} if entry.manifest is None else {"manifest": entry.manifest}
    if entry.ignore:
        row["ignore"] = list(entry.ignore)
    return {**row, "reason": entry.reason, "expires": entry.expires.date()}


def _adopted(subject: Subject, gathering: Gathering, ends: datetime) -> Looked:
    evidence = evidence_or_reason(subject, gathering)
    if isinstance(evidence, Looked):
        return evidence
    subject = _settled(subject, evidence, gathering.session)
    adoption = adopt(evidence, subject.policy, gathering.session.registry, ends)
    return Looked(subject=subject, verdict=adoption.verdict, left=adoption.left, adoption=adoption)


def _document(found: Sequence[Looked], folder: Path, own: Sequence[str]) -> str:
    adoptions = [item.adoption for item in found if item.adoption]
    exempt = [exemption_row(entry) for a in adoptions for entry in a.exemptions]
    waivers = [waiver_row(entry) for a in adoptions for entry in a.waivers]
    models = [_table(item.subject.model, folder, Addition()) for item in found]
    policy = f"\n[policy]\n{''.join(own)}" if own else ""
    tables = (("policy.exempt", exempt), ("policy.waivers", waivers), ("models", models))
    rows = (f"\n{toml.block(name, row)}" for name, all_rows in tables for row in all_rows)
    return "".join((HEAD, policy, *rows))


def _named(subject: Subject, session: Session, addition: Addition) -> Subject:
    """The subject as `addition` has it, or ConfigError."""
    said = addition.mirror_of
    if said is not None and (wrong := no_origin(said, subject.model.repo)):
        raise ConfigError(wrong, path="--mirror-of")
    model = replace(
        subject.model,
        name=addition.name or subject.model.name,
        profile=addition.profile or subject.model.profile,
        mirror_of=said or subject.model.mirror_of,
    )
    policy = session.policy_for(model)
    return replace(subject, name=model.name, model=model, policy=policy)


def _table(model: Model, folder: Path, addition: Addition) -> dict[str, object]:
    """The [[models]] of a model, without what need not be said."""
    path = None if model.path is None else _relative(Path(model.path), folder)
    called = model.repo or path
    words = {
        "name": model.name if addition.name and model.name != called else None,
        "repo": model.repo,
        "path": path,
        "revision": model.revision,
        "include": list(addition.include),
        "exclude": list(addition.exclude),
        "mirror_of": addition.mirror_of,
        "members": list(model.members),
        "profile": addition.profile,
    }
    return {name: value for name, value in words.items() if value}


def _listed(draft: Draft, subject: Subject, table: dict[str, object]) -> Draft:
    """The draft with the model in its place, or behind the others."""
    rows = draft.rows("models")
    names = [row.get("name") or row.get("repo") or row.get("path") for row in rows]
    called = table.get("name") or table.get("repo") or table.get("path")
    name = called if called in names else subject.name
    if name not in names:
        return draft.added(("models",), table)
    position = names.index(name)
    old = rows[position]
    if (old.get("repo"), old.get("path")) != (table.get("repo"), table.get("path")):
        other = old.get("repo") or old.get("path")
        message = f"is {other} there: say --name for another name"
        raise ConfigError(message, path=f"{draft.file}: {name}")
    if table.get("revision") == refs.MAIN and "revision" not in old:
        table = {key: value for key, value in table.items() if key != "revision"}
    return draft.valued(("models", position), **table)


def _relative(place: Path, folder: Path) -> str:
    absolute = Path(os.path.abspath(place))
    base = Path(os.path.abspath(folder))
    inside = absolute.is_relative_to(base)
    return absolute.relative_to(base).as_posix() if inside else str(absolute)


def policy_lines(policy: str | None, registry: Sequence[str]) -> Iterator[str]:
    """The `[policy]` of a new file, from the rules that it was judged by."""
    if registry:
        yield toml.pair("registry", list(registry))
    if policy and not policy.endswith(".toml"):
        yield toml.pair("profile", policy)


def own_file(folder: Path) -> Path:
    """The provenance.toml that is made in a folder."""
    return folder / FILE_NAME
