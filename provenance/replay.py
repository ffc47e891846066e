"""Evidence as JSON: written by `inspect`, judged again by `verify --evidence`.

What is read back has the basis `replayed`, whatever it had before, and proves nothing about any
bytes on this machine. Bundles are kept raw, so that every signature is checked again.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from enum import Enum

from provenance.errors import Malformed
from provenance.formats import json as strict
from provenance.formats.fields import Fields, config_error
from provenance.model import (
    Ancestor,
    Basis,
    Content,
    Document,
    Evidence,
    Facts,
    File,
    Flag,
    Kind,
    Manifest,
    Member,
    Observation,
    PartDigest,
    Reach,
    Ref,
)

VERSION = 1
COMMIT = re.compile("[0-9a-f]{40}")
DIGEST = re.compile("([0-9a-f]{40}|[0-9a-f]{64})?")
MANIFEST = re.compile("sha256:[0-9a-f]{64}")
OBJECT_ID = re.compile("[0-9a-f]{24}")
# Beyond these years, the same moment in another time zone may be none.
EARLIEST, LATEST = 1970, 9999
SUBJECT = "evidence"
FACTS = ("id", "repo_id", "owner", "owner_id", "gated", "private", "reach", "relation")
MEMBER = ("repo", "revision", "commit", "manifest", "missing")
ANCESTOR = ("claimed", "revision", "commit", "manifest", "missing")


class Role(Enum):
    """Whose evidence a table holds."""

    MODEL = "model"
    MEMBER = "member"
    ANCESTOR = "ancestor"
    ORIGIN = "origin"


def dumps(evidence: Evidence) -> str:
    """The evidence as one JSON document, the same bytes for the same evidence."""
    return json.dumps({"version": VERSION, **_table(evidence)}, indent=1)


def _table(evidence: Evidence) -> dict[str, object]:
    return {
        "ref": {
            "text": evidence.ref.text,
            "repo": evidence.ref.repo,
            "revision": evidence.ref.revision,
            "commit": evidence.ref.commit,
        },
        "at": evidence.at.isoformat(),
        "basis": evidence.basis,
        "manifest": evidence.manifest.digest,
        "include": list(evidence.include),
        "exclude": list(evidence.exclude),
        "files": [_file(file, evidence) for file in evidence.listing.files],
        "parts": [
            {
                "path": part.path,
                "algorithm": part.algorithm,
                "start": part.start,
                "end": part.end,
                "digest": part.hex,
            }
            for part in evidence.parts
        ],
        "bundles": [
            {"path": document.path, "data": _base64(document.data)} for document in evidence.bundles
        ],
        "observations": [
            {"code": seen.code, "path": seen.path, "detail": seen.detail}
            for seen in evidence.observations
        ],
        "facts": _facts(evidence.facts),
        "ancestors": [_ancestor(ancestor) for ancestor in evidence.ancestors],
        "members": [_member(member) for member in evidence.members],
        **({"origin": _ancestor(evidence.origin)} if evidence.origin else {}),
    }


def _file(file: File, evidence: Evidence) -> dict[str, object]:
    row: dict[str, object] = {"path": file.path, "size": file.size, "digest": file.digest}
    content = evidence.by_path.get(file.path)
    if content:
        row |= _content(content)
    return row | {"selected": file.path in evidence.manifest.by_path}


def _content(content: Content) -> dict[str, object]:
    row: dict[str, object] = {"kind": content.kind, "head": _base64(content.head)}
    if content.inside:
        row["inside"] = [{"path": one.path} | _content(one) for one in content.inside]
    return row


def _facts(facts: Facts | None) -> dict[str, object] | None:
    if facts is None:
        return None
    flags = [{"path": flag.path, "level": flag.level} for flag in facts.flags]
    row = {name: getattr(facts, name) for name in FACTS}
    return {**row, "parents": list(facts.parents), "flags": flags}


def _ancestor(ancestor: Ancestor) -> dict[str, object]:
    row = {name: getattr(ancestor, name) for name in ANCESTOR}
    inner = _table(ancestor.evidence) if ancestor.evidence else None
    return {**row, "facts": _facts(ancestor.facts), "evidence": inner}


def _member(member: Member) -> dict[str, object]:
    row = {name: getattr(member, name) for name in MEMBER}
    return {**row, "evidence": _table(member.evidence) if member.evidence else None}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def loads(data: bytes, *, now: datetime | None = None) -> Evidence:
    """The evidence of a document that `dumps` wrote, replayed; ConfigError with the path if not.

    It is judged by what holds `now`, which is by this machine's clock if it is not given: what has
    expired since it was stored has expired.
    """
    try:
        value = strict.loads(data)
    except Malformed as error:
        raise config_error(SUBJECT, str(error)) from None
    fields = Fields(value, raises=_wrong)
    if fields.whole("version") != VERSION:
        raise fields.wrong("version", f"expected {VERSION}: written by another version")
    return replace(_evidence(fields), now=now or datetime.now(UTC))


def _evidence(fields: Fields, role: Role = Role.MODEL) -> Evidence:
    """The evidence of one table; an ancestor's has no ancestors, they are all the model's, and what
    a mirror is of is none itself."""
    ref = _ref(fields.table("ref"))
    at = _moment(fields)
    fields.choice("basis", tuple(Basis))
    stated = fields.text("manifest")
    rows = [_row(item) for item in fields.tables("files", required=True)]
    if len({file.path for file, _, _ in rows}) != len(rows):
        raise fields.wrong("files", "a path stands twice")
    evidence = Evidence(
        ref=ref,
        at=at,
        basis=Basis.REPLAYED,
        listing=Manifest.of(file for file, _, _ in rows),
        manifest=Manifest.of(file for file, _, selected in rows if selected),
        include=fields.texts("include"),
        exclude=fields.texts("exclude"),
        contents=tuple(content for _, content, _ in rows if content),
        parts=tuple(_part(item) for item in fields.tables("parts")),
        bundles=tuple(_document(item) for item in fields.tables("bundles")),
        observations=tuple(_observation(item) for item in fields.tables("observations")),
        facts=_read_facts(fields),
        ancestors=tuple(_read_ancestor(item) for item in fields.tables("ancestors")),
        members=tuple(_read_member(item) for item in fields.tables("members")),
        origin=_read_ancestor(fields.table("origin"), Role.ORIGIN) if "origin" in fields else None,
    )
    fields.end()
    if evidence.manifest.digest != stated:
        raise fields.wrong("manifest", f"the files give {evidence.manifest.digest}")
    if role in (Role.ANCESTOR, Role.ORIGIN) and evidence.ancestors:
        raise fields.wrong("ancestors", "those of an ancestor stand beside it")
    if role is not Role.MODEL and evidence.members:
        raise fields.wrong("members", "those of a member stand beside it")
    if role is Role.ORIGIN and evidence.origin:
        raise fields.wrong("origin", "an origin has none")
    return evidence


def _wrong(path: str, message: str) -> Exception:
    return config_error(f"{SUBJECT}.{path}" if path else SUBJECT, message)


def _ref(fields: Fields) -> Ref:
    found = Ref(
        text=fields.text("text"),
        repo=_optional(fields, "repo"),
        revision=_optional(fields, "revision"),
        commit=_optional(fields, "commit", COMMIT),
    )
    fields.end()
    return found


def _optional(fields: Fields, name: str, form: re.Pattern[str] | None = None) -> str | None:
    """A text of this form, or null."""
    value = fields.take(name)
    if value is not None and not isinstance(value, str):
        raise fields.wrong(name, "expected text or null")
    if value is not None and form and not form.fullmatch(value):
        raise fields.wrong(name, f"expected {form.pattern} or null, found {value!r:.60}")
    return value


def _optional_flag(fields: Fields, name: str) -> bool | None:
    value = fields.take(name)
    if value is not None and not isinstance(value, bool):
        raise fields.wrong(name, "expected true, false or null")
    return value


def _read_facts(fields: Fields) -> Facts | None:
    value = fields.take("facts")
    if value is None:
        return None
    inner = Fields(value, fields.where("facts"), raises=_wrong)
    facts = Facts(
        id=inner.filled("id"),
        repo_id=_optional(inner, "repo_id", OBJECT_ID),
        owner=_optional(inner, "owner"),
        owner_id=_optional(inner, "owner_id", OBJECT_ID),
        gated=_optional_flag(inner, "gated"),
        private=_optional_flag(inner, "private"),
        reach=Reach(inner.choice("reach", tuple(Reach))),
        relation=_optional(inner, "relation"),
        parents=inner.texts("parents"),
        flags=tuple(_flag(item) for item in inner.tables("flags")),
    )
    inner.end()
    return facts


def _flag(fields: Fields) -> Flag:
    flag = Flag(path=fields.filled("path"), level=fields.filled("level"))
    fields.end()
    return flag


def _read_ancestor(fields: Fields, role: Role = Role.ANCESTOR) -> Ancestor:
    ancestor = Ancestor(
        claimed=fields.filled("claimed"),
        revision=_optional(fields, "revision"),
        commit=_optional(fields, "commit", COMMIT),
        manifest=_optional(fields, "manifest", MANIFEST),
        missing=fields.text("missing"),
        facts=_read_facts(fields),
        evidence=_read_evidence(fields, role),
    )
    fields.end()
    return ancestor


def _read_member(fields: Fields) -> Member:
    member = Member(
        repo=fields.filled("repo"),
        revision=_optional(fields, "revision"),
        commit=_optional(fields, "commit", COMMIT),
        manifest=_optional(fields, "manifest", MANIFEST),
        missing=fields.text("missing"),
        evidence=_read_evidence(fields, Role.MEMBER),
    )
    fields.end()
    return member


def _read_evidence(fields: Fields, role: Role) -> Evidence | None:
    value = fields.take("evidence")
    if value is None:
        return None
    return _evidence(Fields(value, fields.where("evidence"), raises=_wrong), role)


def _moment(fields: Fields) -> datetime:
    text = fields.text("at")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise fields.wrong("at", f"expected a time, found {text[:40]!r}") from None
    if moment.tzinfo is None:
        raise fields.wrong("at", "has no time zone")
    if not EARLIEST < moment.year < LATEST:
        raise fields.wrong("at", f"a year between {EARLIEST} and {LATEST}, found {text[:40]!r}")
    return moment


def _row(fields: Fields) -> tuple[File, Content | None, bool]:
    file = File(
        path=fields.filled("path"),
        size=fields.whole("size"),
        digest=_digest(fields),
    )
    selected = fields.flag("selected")
    content = None
    if "kind" in fields:
        content = _read_content(file.path, fields)
    if (content is None) is selected:
        raise fields.wrong("selected", "a file has a kind if it is selected, and only then")
    if content and len(content.head) > file.size:
        raise fields.wrong("head", f"longer than the file's {file.size} bytes")
    fields.end()
    return file, content, selected


def _read_content(path: str, fields: Fields) -> Content:
    kind = Kind(fields.choice("kind", tuple(Kind)))
    head = fields.base64("head")
    inside = tuple(_inner(one) for one in fields.tables("inside"))
    return Content(path=path, kind=kind, head=head, inside=inside)


def _inner(fields: Fields) -> Content:
    path, kind = fields.filled("path"), Kind(fields.choice("kind", tuple(Kind)))
    content = Content(path=path, kind=kind, head=fields.base64("head"))
    fields.end()
    return content


def _digest(fields: Fields) -> str:
    text = fields.text("digest")
    if not DIGEST.fullmatch(text):
        raise fields.wrong("digest", f"expected 64 or 40 hex digits or nothing: {text[:80]!r}")
    return text


def _part(fields: Fields) -> PartDigest:
    found = PartDigest(
        path=fields.filled("path"),
        algorithm=fields.filled("algorithm"),
        start=fields.whole("start"),
        end=fields.whole("end"),
        hex=fields.filled("digest"),
    )
    fields.end()
    return found


def _document(fields: Fields) -> Document:
    found = Document(path=fields.filled("path"), data=fields.base64("data"))
    fields.end()
    return found


def _observation(fields: Fields) -> Observation:
    found = Observation(
        code=fields.filled("code"), path=fields.text("path"), detail=fields.text("detail")
    )
    fields.end()
    return found
