"""A lockfile as text: sorted, one row a line, the same bytes for the same lock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from provenance.formats.toml import pair
from provenance.lock.model import Entry, Floor, Lock, Part
from provenance.model import Facts, Reach

HEAD = "# Written by `provenance lock`. It pins, it proves nothing: every use judges again.\n"
ORDER = (Part.MODEL, Part.CLOSURE, Part.ANCESTOR)

Row = Mapping[str, object]


def dumps(lock: Lock) -> str:
    """The text of a lock; `loads` gives the same lock back, but for facts that no lock keeps."""
    parts = [HEAD, pair("version", lock.version)]
    parts += _rows("registries", map(_floor, sorted(lock.registries, key=_order_of_floor)))
    failures = _sorted(
        lock.failures, "repo manifest predicate organisation name key files suites time"
    )
    parts += _rows("failures", failures)
    for entry in sorted(lock.entries, key=lambda e: (ORDER.index(e.part), e.name)):
        parts.append(f"\n[[{entry.part}]]\n")
        parts += _entry(entry)
    return "".join(parts)


def _entry(entry: Entry) -> Iterator[str]:
    words = {
        "name": entry.name,
        "repo": entry.repo,
        "path": entry.path,
        "source": entry.source,
        "revision": entry.revision,
        "commit": entry.commit,
        "mirror_of": entry.mirror_of,
        **(_facts(entry.facts) if entry.facts else {}),
        "organisation": entry.organisation,
        "basis": entry.basis,
        "profile": entry.profile,
        "verdict": entry.verdict,
        "manifest": entry.manifest,
        "selected": entry.selected,
        "include": list(entry.include),
        "exclude": list(entry.exclude),
        "tensors": list(entry.tensors),
    }
    for name, value in words.items():
        if value:
            yield pair(name, value)
    yield from _rows("parents", _sorted(entry.parents, "repo commit relation tier source"))
    yield from _rows("members", _sorted(entry.members, "repo revision commit brings source"))
    yield from _rows(
        "signers", _sorted(entry.signers, "kind identity organisation name bundle time")
    )
    yield from _rows("accepted", _in_order(entry.accepted, "rule old new"))
    yield from _rows("findings", _sorted(entry.findings, "rule where outcome level waived"))
    files = ({"path": f.path, "size": f.size, "sha256": f.sha256} for f in entry.files.files)
    yield from _rows("files", files)


def _facts(facts: Facts) -> dict[str, object]:
    return {
        "id": facts.id,
        "repo_id": facts.repo_id,
        "owner": facts.owner,
        "owner_id": facts.owner_id,
        "reach": None if facts.reach is Reach.UNKNOWN else str(facts.reach),
        "hub_parents": list(facts.parents),
        "hub_relation": facts.relation,
    }


def _floor(floor: Floor) -> Row:
    named = {name: getattr(floor, name) for name in ("name", "version", "url", "root", "section")}
    return {name: value for name, value in named.items() if value not in (None, "")}


def _order_of_floor(floor: Floor) -> tuple[str, ...]:
    return floor.name, floor.url, floor.root, floor.section


def _in_order(items: Iterable[object], names: str) -> Iterator[Row]:
    for item in items:
        row = {name: getattr(item, name) for name in names.split()}
        yield {name: value for name, value in row.items() if value not in (None, "", ())}


def _sorted(items: Iterable[object], names: str) -> list[Row]:
    return sorted(
        _in_order(items, names), key=lambda row: [str(row.get(n, "")) for n in names.split()]
    )


def _rows(name: str, rows: Iterable[Row]) -> Iterator[str]:
    """A list of tables, one line each whatever its length: the difference is the review."""
    lines = [f"    {{{', '.join(_cell(*cell) for cell in row.items())}}},\n" for row in rows]
    if lines:
        yield f"{name} = [\n"
        yield from lines
        yield "]\n"


def _cell(name: str, value: object) -> str:
    return pair(name, list(value) if isinstance(value, tuple) else value).rstrip("\n")
