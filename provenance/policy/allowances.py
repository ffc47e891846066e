"""What the caller lets pass, each bound to what it is about: code, exact bytes, one finding."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from provenance.formats.fields import Fields
from provenance.formats.unseen import shows
from provenance.model import check_aware
from provenance.policy.levels import check_rule, may_lower
from provenance.policy.patterns import read_usable
from provenance.selection import matches
from provenance.trust import reading

OF_A_MEMBER = "closure/failing"
"""What is said of a model because of another one: that one's own findings can be waived."""
BY_EXEMPTION = frozenset(
    {"identity/unknown-publisher", "integrity/no-reference", "signature/unsigned"}
)
"""What an exemption sets aside, and nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeAllowance:
    """Code of `repo` that a loader may run: the file at `path` with this SHA-256 in hex, or all
    that the repository holds at one `commit` of 40 hex digits. What is not meant is empty.
    """

    repo: str
    path: str = ""
    sha256: str = ""
    commit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """Exact bytes of a publisher nobody knows, by their manifest's digest.

    The manifest is that of the files which no pattern of `ignore` matches.
    """

    repo: str
    manifest: str
    reason: str
    expires: datetime
    ignore: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Its end is a moment."""
        check_aware(self.expires, "expires")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """One rule set aside for one subject in one repository.

    It holds for the files of one `manifest`, or for any revision where there is none. The manifest
    is that of the files which no pattern of `ignore` matches.
    """

    rule: str
    repo: str
    subject: str
    manifest: str | None
    reason: str
    expires: datetime
    ignore: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Its end is a moment."""
        check_aware(self.expires, "expires")

    @property
    def any_revision(self) -> bool:
        """Whether it holds whatever the files are."""
        return self.manifest is None


def read_code(fields: Fields) -> CodeAllowance:
    """The allowance of one `[[policy.code]]`: of a file by its bytes, or of a whole commit."""
    repo = reading.repo(fields, "repo")
    if "commit" in fields:
        allowance = CodeAllowance(repo=repo, commit=fields.hexadecimal("commit", 40))
        for name in ("path", "sha256"):
            if name in fields:
                raise fields.wrong(name, "a commit allows all code: leave out commit, or this")
    elif "path" not in fields and "sha256" not in fields:
        raise fields.wrong("", "expected path and sha256 of one file, or commit for all code")
    else:
        path = reading.inner_path(fields, "path")
        allowance = CodeAllowance(repo=repo, path=path, sha256=fields.hexadecimal("sha256", 64))
    fields.end()
    return allowance


def read_exemption(fields: Fields) -> Exemption:
    """The exemption of one `[[policy.exempt]]`."""
    exemption = Exemption(
        repo=reading.repo(fields, "repo"),
        manifest=reading.manifest(fields, "manifest"),
        reason=reading.prose(fields, "reason"),
        expires=reading.day(fields, "expires"),
        ignore=_ignored(fields),
    )
    fields.end()
    return exemption


def read_waiver(fields: Fields) -> Waiver:
    """The waiver of one `[[policy.waivers]]`; a rule that nobody may waive is an error."""
    waiver = Waiver(
        rule=_rule(fields),
        repo=reading.repo(fields, "repo"),
        subject=_subject(fields),
        manifest=_manifest(fields),
        reason=reading.prose(fields, "reason"),
        expires=reading.day(fields, "expires"),
        ignore=_ignored(fields),
    )
    fields.end()
    if waiver.ignore and waiver.manifest is None:
        raise fields.wrong("ignore", "needs a manifest: any revision means whatever the files are")
    if waiver.ignore and not matches(waiver.subject, [], waiver.ignore):
        raise fields.wrong("ignore", f"matches the subject {waiver.subject!r} itself")
    return waiver


def _ignored(fields: Fields) -> tuple[str, ...]:
    return read_usable(fields, "ignore", "the manifest is of every file")


def is_subject(text: str) -> bool:
    """Whether a waiver can say it: on one line as it is, and without a star."""
    return bool(text.strip()) and shows(text) and "*" not in text


def _rule(fields: Fields) -> str:
    rule = fields.text("rule")
    if not rule.partition("/")[2]:
        raise fields.wrong("rule", f"expected check/rule, found {rule[:80]!r}")
    check_rule(fields, "rule", rule)
    if not may_lower(rule):
        raise fields.wrong("rule", f"{rule} may not be waived")
    if rule == OF_A_MEMBER:
        raise fields.wrong("rule", f"{rule}: waive what was found of the member, as its repo")
    return rule


def _subject(fields: Fields) -> str:
    subject = reading.line(fields, "subject")
    if "*" in subject:
        raise fields.wrong("subject", "a waiver is for one subject: no *")
    return subject


def _manifest(fields: Fields) -> str | None:
    if fields.one_of(("manifest", "any_revision")) == "manifest":
        return reading.manifest(fields, "manifest")
    if not fields.flag("any_revision"):
        raise fields.wrong("any_revision", "expected true, or a manifest in its place")
    return None
