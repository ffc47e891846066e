"""What a CycloneDX document has besides its models: files, data, training, and what is left open.

CycloneDX 1.6 and 1.7, JSON: https://cyclonedx.org/docs/1.7/json/ (`dependencies`, `compositions`,
`formulation`, `components[].data`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from json import dumps
from typing import Any

from provenance.formats import json
from provenance.lineage import Made
from provenance.lock import Entry
from provenance.model import Manifest
from provenance.produce.bom.bill import Bill, Billed, Family, spelled
from provenance.wire.intoto import MOMENT
from provenance.wire.training import Material, MaterialKind

Table = dict[str, Any]

PREFIX = "provenance:"
AGGREGATES = ("complete", "incomplete", "unknown")
HASHES = {"sha256": "SHA-256", "sha384": "SHA-384", "sha512": "SHA-512"}


def brought(entry: Entry) -> str:
    """What the document calls what a loader fetches."""
    return spelled(f"brought:{entry.repo or entry.name}@{entry.commit or entry.selected}")


def laid_beside(whole: Table, bill: Bill, family: Family) -> Table:
    """The document with everything that its components do not have yet."""
    files = {one.ref: one.entry.files for one in bill.models if one.measured}
    files |= {brought(entry): entry.files for entry in bill.brought}
    files |= {ref: one.files for ref, one in family.ancestors.items()}
    for component in whole.setdefault("components", []):
        found = files.get(component["bom-ref"])
        if found and found.files:
            component["components"] = list(_files(component["bom-ref"], found))
    data = {_called(one): one for made in _steps(bill) for one in _data(made)}
    whole["components"] += [_dataset(ref, one) for ref, one in data.items()]
    whole["dependencies"] = _dependencies(bill, family, data)
    whole["compositions"] = _compositions(bill, family)
    if workflows := [_workflow(number, made, family) for number, made in enumerate(_steps(bill))]:
        whole["formulation"] = [{"bom-ref": "training", "workflows": workflows}]
    return whole


def _steps(bill: Bill) -> tuple[Made, ...]:
    """Each attested step once, whichever model's statements have it."""
    found: dict[object, Made] = {}
    for made in (made for one in bill.models for made in one.steps):
        subjects = tuple(sorted(made.step.subjects.items()))
        found.setdefault((made.child, made.step.method, made.step.finished, subjects), made)
    return tuple(found.values())


def _files(ref: str, files: Manifest) -> Iterator[Table]:
    for file in files.files:
        hashes = [{"alg": "SHA-256", "content": file.sha256}]
        name = spelled(file.path)
        yield {"type": "file", "bom-ref": f"{ref}#{name}", "name": name, "hashes": hashes}


def _data(made: Made) -> Iterator[Material]:
    return (one for one in made.step.materials if one.kind == MaterialKind.DATASET)


def _called(one: Material) -> str:
    digest = ",".join(f"{name}:{value}" for name, value in one.digest)
    return f"data:{spelled('@'.join(filter(None, (one.uri, digest))))}"


def _dataset(ref: str, one: Material) -> Table:
    """A data set by its revision or digest; what pins nothing says that."""
    digests = dict(one.digest)
    name = spelled(one.uri) or ref
    unpinned = [] if one.pinned else ["revision: nothing pins which data these were"]
    told = {**{key: str(value) for key, value in one.notes}, "unknown": unpinned}
    told |= {key: value for key, value in digests.items() if key not in HASHES}
    made: Table = {
        "type": "data",
        "bom-ref": ref,
        "scope": "excluded",
        "name": name,
        "data": [{"type": "dataset", "name": name}],
        "properties": _properties(told),
    }
    if revision := digests.get("gitCommit"):
        made["version"] = revision
    if hashes := [
        {"alg": HASHES[key], "content": digests[key]} for key in HASHES if key in digests
    ]:
        made["hashes"] = hashes
    return made


def _properties(told: Mapping[str, str | Iterable[str]]) -> list[Table]:
    return [
        {"name": f"{PREFIX}{name}", "value": spelled(value)}
        for name, values in told.items()
        for value in ([values] if isinstance(values, str) else values)
        if value
    ]


def _dependencies(bill: Bill, family: Family, data: Iterable[str]) -> list[Table]:
    """What each was made from, what it brings along, and the data of its training."""
    below: dict[str, set[str]] = {ref: set() for ref in (*family.ancestors, *data)}
    below |= {brought(entry): set() for entry in bill.brought}
    for one in bill.models:
        below[one.ref] = _own_data(one) | _members(bill, one)
    for step in family.steps.values():
        below[step.child].add(step.parent)
    return [{"ref": ref, "dependsOn": sorted(others)} for ref, others in sorted(below.items())]


def _own_data(one: Billed) -> set[str]:
    own = one.graph.made_of.get(one.graph.model, ()) if one.graph else ()
    return {_called(each) for made in own for each in _data(made)}


def _members(bill: Bill, one: Billed) -> set[str]:
    wanted = {(member.repo, member.commit) for member in one.entry.members}
    return {brought(entry) for entry in bill.brought if (entry.repo, entry.commit) in wanted}


def _compositions(bill: Bill, family: Family) -> list[Table]:
    """How far lists are whole: files of what was measured are, ancestors where every step down to a
    root is attested."""
    listed = {word: [m.ref for m in bill.models if m.whole == word] for word in AGGREGATES}
    traced = [one.ref for one in bill.models if _is_traced(one)]
    rest = [one.ref for one in bill.models if not _is_traced(one)]
    rest += [one.ref for one in family.ancestors.values() if not one.root]
    made = (
        *((word, "assemblies", refs) for word, refs in listed.items()),
        ("complete", "dependencies", traced),
        ("incomplete", "dependencies", rest),
    )
    return [{"aggregate": word, of: refs} for word, of, refs in made if refs]


def _is_traced(one: Billed) -> bool:
    return one.graph is not None and not one.graph.problems and bool(one.graph.made)


def _workflow(number: int, made: Made, family: Family) -> Table:
    """An attested step: its method, whose word it is, what went in, and its times."""
    step, ref = made.step, f"training:{number}"
    told = {
        "attested": f"{made.attested} in {made.bundle}",
        "trainer": step.trainer,
        "builder": step.builder,
        "environment": step.environment,
        "parents": [parent.repo or parent.manifest or "" for parent in step.parents],
        "materials": [f"{one.kind} {one.uri}".strip() for one in step.materials],
    }
    found: Table = {
        "bom-ref": ref,
        "uid": spelled(step.invocation) or ref,
        "name": spelled(f"{made.child} by {step.method}"),
        "taskTypes": ["build"],
        "inputs": list(_inputs(made, family)),
        "properties": _properties(told),
    }
    for name, moment in (("timeStart", step.started), ("timeEnd", step.finished)):
        if moment:
            found[name] = moment.strftime(MOMENT)
    return found


def _inputs(made: Made, family: Family) -> Iterator[Table]:
    """The parents and the data, by what the document calls them, and the parameters."""
    known = {one.manifest: family.called(one) for one in family.ancestors.values()}
    known |= {one.entry.selected: one.ref for one in family.bill.models}
    parents = [known[p.manifest] for p in made.step.parents if p.manifest in known]
    for ref in dict.fromkeys((*parents, *map(_called, _data(made)))):
        yield {"resource": {"ref": ref}}
    table = json.loads(made.step.parameters.encode()) if made.step.parameters else {}
    if isinstance(table, Mapping) and table:
        texts = {k: v if isinstance(v, str) else dumps(v) for k, v in table.items()}
        rows = [{"name": spelled(k), "value": spelled(text)} for k, text in texts.items()]
        yield {"parameters": rows}
