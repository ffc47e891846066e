"""Evidence from JSON, read as strictly as anything that others may have written."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from enum import Enum

from provenance.errors import Malformed
from provenance.formats import json as strict
from provenance.formats.fields import Fields, config_error
from provenance.model import (
    NO_WEIGHTS,
    Ancestor,
    Basis,
    Content,
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
from provenance.names import IMMUTABLE
from provenance.replay.weights import documents, weights
from provenance.replay.writing import VERSION

COMMIT = re.compile("[0-9a-f]{40}")
DIGEST = re.compile("([0-9a-f]{40}|[0-9a-f]{64})?")
MANIFEST = re.compile("sha256:[0-9a-f]{64}")
OBJECT_ID = re.compile("[0-9a-f]{24}")
# Beyond these years, the same moment in another time zone may be none.
EARLIEST, LATEST = 1970, 9999
SUBJECT = "evidence"


class Role(Enum):
    """Whose evidence a table holds."""

    MODEL = "model"
    MEMBER = "member"
    ANCESTOR = "ancestor"
    ORIGIN = "origin"


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
    return _evidence(fields).judged_at(now or datetime.now(UTC))


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
        bundles=documents(fields, "bundles"),
        observations=tuple(_observation(item) for item in fields.tables("observations")),
        facts=_read_facts(fields),
        ancestors=tuple(_read_ancestor(item) for item in fields.tables("ancestors")),
        members=tuple(_read_member(item) for item in fields.tables("members")),
        origin=_read_ancestor(fields.table("origin"), Role.ORIGIN) if "origin" in fields else None,
        weights=weights(fields.table("weights")) if "weights" in fields else NO_WEIGHTS,
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
        commit=_optional(fields, "commit", IMMUTABLE),
        source=_optional(fields, "source") if "source" in fields else None,
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


def _observation(fields: Fields) -> Observation:
    found = Observation(
        code=fields.filled("code"), path=fields.text("path"), detail=fields.text("detail")
    )
    fields.end()
    return found
