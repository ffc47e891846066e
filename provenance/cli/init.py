"""`provenance init`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click
import tomli_w

from provenance.adoption import Adoption, adopt
from provenance.cli import terminal
from provenance.cli.options import RULES, with_request, with_workspace
from provenance.cli.outcome import told
from provenance.errors import ConfigError, SourceError
from provenance.policy import Exemption, Waiver
from provenance.report.common import NOT_JUDGED, printable
from provenance.source.files import write
from provenance.source.together import side_by_side
from provenance.verdict import Unjudged
from provenance.workspace import Request, Workspace
from provenance.workspace.gathering import Gathering
from provenance.workspace.settings import FILE_NAME
from provenance.workspace.subjects import Subject

DAYS = 90
HEAD = """\
# What is deployed, and what is asked of it. Written by `provenance init`; yours from now on.
# Everything set aside here holds for exactly these bytes, and ends on its day.
"""


@click.command(name="init")
@click.argument("refs", nargs=-1, metavar="[REF]...")
@click.option(
    "--expires",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Day on which what is set aside expires (default: in 90 days).",
)
@with_request(*RULES)
@with_workspace
def command(request: Request, expires: datetime | None, workspace: Workspace, quiet: bool) -> int:
    """Write provenance.toml for the models in use today.

    What fails today is set aside for exactly these bytes: an unknown publisher by an exemption,
    any other finding that may be waived by a waiver, each with a reason and a day on which it runs
    out. What may not be waived is listed, and stays a failure.
    """
    target = Path.cwd() / FILE_NAME
    if os.path.lexists(target):
        raise ConfigError("exists already: edit it and add a [[models]] table", path=FILE_NAME)
    session = workspace.session(request, needs_models=False)
    if session.settings_path:
        path = str(session.settings_path)
        raise ConfigError("holds your settings already: add [[models]] to it", path=path)
    gathering = workspace.gathering(session)
    until = expires.date() if expires else (gathering.at + timedelta(days=DAYS)).date()
    found = side_by_side(lambda subject: _adopted(subject, gathering, until), session.subjects)
    write(target, _document(found, request.policy, request.registry))
    click.echo(f"wrote {FILE_NAME}")
    for item in found:
        _tell(item)
    if found:
        click.echo("next: provenance lock")
    verdicts = [item.adoption.verdict for item in found if item.adoption]
    return told(verdicts, (item.unjudged for item in found if item.unjudged)) if found else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """What became of one model: what is set aside for it, or why it could not be judged."""

    subject: Subject
    adoption: Adoption | None = None
    unjudged: Unjudged | None = None


def _adopted(subject: Subject, gathering: Gathering, until: date) -> Adopted:
    try:
        evidence = gathering.of(subject)
    except SourceError as error:
        unjudged = Unjudged.because(subject.name, subject.ref.text, error)
        return Adopted(subject=subject, unjudged=unjudged)
    ends = datetime(until.year, until.month, until.day, tzinfo=UTC)
    adoption = adopt(evidence, subject.policy, gathering.session.registry, ends)
    return Adopted(subject=subject, adoption=adoption)


def _document(found: Sequence[Adopted], policy: str | None, registry: Sequence[str]) -> str:
    adoptions = [item.adoption for item in found if item.adoption]
    own: dict[str, object] = {"registry": list(registry)} if registry else {}
    if policy and not policy.endswith(".toml"):
        own["profile"] = policy
    parts = [HEAD, f"\n[policy]\n{tomli_w.dumps(own)}" if own else ""]
    parts += _tables("policy.exempt", [_exemption(e) for a in adoptions for e in a.exemptions])
    parts += _tables("policy.waivers", [_waiver(w) for a in adoptions for w in a.waivers])
    parts += _tables("models", [_model(item.subject) for item in found])
    return "".join(parts)


def _tables(name: str, rows: Sequence[dict[str, object]]) -> Iterator[str]:
    return (f"\n[[{name}]]\n{tomli_w.dumps(row)}" for row in rows)


def _exemption(entry: Exemption) -> dict[str, object]:
    return {
        "repo": entry.repo,
        "manifest": entry.manifest,
        "reason": entry.reason,
        "expires": entry.expires.date(),
    }


def _waiver(entry: Waiver) -> dict[str, object]:
    return {
        "rule": entry.rule,
        "repo": entry.repo,
        "subject": entry.subject,
        "manifest": entry.manifest,
        "reason": entry.reason,
        "expires": entry.expires.date(),
    }


def _model(subject: Subject) -> dict[str, object]:
    model = subject.model
    words = {"repo": model.repo, "path": model.path, "revision": model.revision}
    return {name: value for name, value in words.items() if value is not None}


def _tell(item: Adopted) -> None:
    """What was set aside, and what stays red."""
    name = printable(item.subject.name)
    if item.adoption is None:
        terminal.say(f"? {name}  {NOT_JUDGED}")
        return
    adoption = item.adoption
    aside = len(adoption.exemptions) + len(adoption.waivers)
    what = f"{aside} findings set aside" if aside != 1 else "1 finding set aside"
    terminal.say(f"{terminal.mark(adoption.verdict)} {name}  {adoption.verdict.result}, {what}")
    for exemption in adoption.exemptions:
        terminal.say(f"    exempt  {exemption.manifest} until {exemption.expires:%Y-%m-%d}")
    for waiver in adoption.waivers:
        terminal.say(f"    waived  {waiver.rule}  {printable(waiver.subject)}")
    for finding in adoption.left:
        where = f"  {printable(finding.where)}" if finding.where else ""
        terminal.say(f"    stays   {finding.rule}{where}: {printable(finding.message)}")
