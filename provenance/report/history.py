"""How a model was made, as whoever attests it says: data, code, parameters, environment, times.

What nobody attests stands in none of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from provenance.lineage import Graph, Made
from provenance.lineage.graph import UNVERIFIED
from provenance.report.common import printable
from provenance.wire.training import MANIFEST, Material, MaterialKind, Parent

LABELS = {MaterialKind.DATASET.value: "data"}
"""What a kind is called where that is not its own name."""
STATED = ("data", "code", "parameters", "environment")
"""What is missed where it is not stated."""
TELLING = (
    "learning_rate",
    "num_train_epochs",
    "max_steps",
    "per_device_train_batch_size",
    "beta",
    "r",
    "lora_r",
    "seed",
    "merge_method",
    "python",
    "platform",
    "accelerators",
    "worldSize",
)
"""Names of values that say most, where there is room for few."""
NOTED = {
    "split": "split {}",
    "rows": "{} rows",
    "files": "{} files",
    "step": "step {}",
    "started": "begun {}",
    "resumed": "resumed {}",
}
"""What is shown of the notes of a material, and how it is said."""
SHOWN, LONG, LABEL, SHORT = 4, 96, 16, 12
"""Values of a table, letters of a text and of a label, and digits of a digest that are shown."""
MOST = 12
"""Materials of one statement, and steps of one history, that are shown; JSON has all of them."""
LONG_FACTS = frozenset({"trainer", "parameters", "environment", "ran by", "run", "beside"})
"""What is left out where there is a line for each step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One fact of a step: what it is of, what is said, and what is doubtful about that."""

    label: str
    text: str = ""
    doubt: str = ""

    @property
    def words(self) -> str:
        """Text and doubt as one."""
        return ", ".join(filter(None, (self.text, self.doubt)))


def title(made: Made) -> str:
    """What was made, by what method, from which parents, and by whose word; printable."""
    step = made.step
    parents = [_name(parent) for parent in step.parents]
    more = f" and {len(parents) - SHOWN} more" if len(parents) > SHOWN else ""
    origin = f" from {', '.join(parents[:SHOWN])}{more}" if parents else " from nothing"
    by = f"attested by {_cut(made.attested)} in {_cut(made.bundle)}"
    return f"{_cut(made.child)} by {step.method}{origin}, {by}"


def rows(made: Made) -> tuple[Row, ...]:
    """Everything that a statement says beside that, each printable and short, and what it does not
    say."""
    found = [*_stated(made)]
    missing = [name for name in STATED if name not in {row.label for row in found}]
    return (*found, *([Row(label="not stated", doubt=", ".join(missing))] if missing else ()))


def _stated(made: Made) -> Iterator[Row]:
    step = made.step
    if step.unverified:
        names = ", ".join(map(_name, step.unverified[:SHOWN]))
        yield Row(label="parent", text=names, doubt=UNVERIFIED)
    if step.trainer:
        yield Row(label="trainer", text=_cut(step.trainer))
    yield from map(_material, step.materials[:MOST])
    if len(step.materials) > MOST:
        yield Row(label="more", text=f"{len(step.materials) - MOST} materials, all in JSON")
    for label, text in (("parameters", step.parameters), ("environment", step.environment)):
        if text:
            yield Row(label=label, text=_values(text))
    yield from _run(made)


def _run(made: Made) -> Iterator[Row]:
    """What ran it, when, and what else came of it."""
    step = made.step
    if step.builder:
        versions = [f"{name} {value}" for name, value in step.versions]
        yield Row(label="ran by", text=_listed([step.builder, *versions]))
    if step.invocation:
        yield Row(label="run", text=_cut(step.invocation))
    said = [_day(moment) for moment in (step.started, step.finished) if moment]
    shown = f"{' to '.join(said)} UTC, as it says" if said else ""
    if made.stamped:
        yield Row(label="time", text="; ".join(filter(None, (shown, _by(made.stamped)))))
    else:
        yield Row(label="time", text=shown, doubt="not verified")
    if step.byproducts:
        named = [_called(one) or one.kind for one in step.byproducts]
        yield Row(label="beside", text=_listed(named))


def _material(material: Material) -> Row:
    label = LABELS.get(material.kind) or _cut(material.kind, LABEL) or "unnamed"
    said = [_cut(_called(material))]
    if material.commit:
        said.append(f"at {material.commit[:SHORT]}")
    elif material.pinned:
        name, value = material.pins[0]
        said.append(_cut(f"{'manifest' if name == MANIFEST else name} {value[:SHORT]}…"))
    noted = ((word, material.note(name)) for name, word in NOTED.items())
    said += [word.format(_cut(str(note), SHORT * 2)) for word, note in noted if note is not None]
    if material.kind == MaterialKind.CODE and material.note("dirty") is False:
        said.append("clean")
    return Row(label=label, text=", ".join(filter(None, said)), doubt=_doubt(material))


def _called(material: Material) -> str:
    """Its URI without the digest that is said beside it, or the path that is noted."""
    uri = material.uri.removesuffix(f"@{material.commit}") if material.commit else material.uri
    for name, value in material.digest:
        uri = uri.removesuffix(f"@{name}:{value}")
    return uri or str(material.note("path") or "")


def _doubt(material: Material) -> str:
    """What keeps it from being known: nothing pins it, or code may lie in no commit."""
    if not material.pinned:
        return "not pinned"
    if material.kind != MaterialKind.CODE or not material.commit:
        return ""
    if material.note("dirty") is True:
        return "with changes in no commit"
    if material.note("dirty") is not False:
        return "perhaps with changes in no commit"
    untracked = material.note("untracked")
    return f"beside {_cut(str(untracked), SHORT)} files in no commit" if untracked else ""


def _values(text: str) -> str:
    """The most telling values of a table, and how many more there are."""
    leaves = sorted(_leaves(json.loads(text)), key=lambda leaf: _rank(leaf[0]))
    more = f" and {len(leaves) - SHOWN} more" if len(leaves) > SHOWN else ""
    return _cut(", ".join(f"{name} {value}" for name, value in leaves[:SHOWN])) + more


def _leaves(table: dict[str, object]) -> Iterator[tuple[str, str]]:
    """Each value by its name, those of a table within by theirs."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from ((inner, _short(one)) for inner, one in value.items())
        else:
            yield name, _short(value)


def _short(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _rank(name: str) -> int:
    return TELLING.index(name) if name in TELLING else len(TELLING)


def _listed(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - SHOWN} more" if len(texts) > SHOWN else ""
    return ", ".join(map(_cut, texts[:SHOWN])) + more


def _name(parent: Parent) -> str:
    at = f"@{parent.commit[:SHORT]}" if parent.commit else ""
    return _cut(f"{parent.repo}{at}" if parent.repo else (parent.manifest or "")[: 7 + SHORT] + "…")


def _cut(text: str, most: int = LONG) -> str:
    shown = printable(text[: most + 1])
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _by(moment: datetime) -> str:
    return f"signed by {_day(moment)} UTC, verified"


def in_short(graph: Graph, most: int = MOST) -> Iterator[tuple[str, str]]:
    """Each step of the history, and what went into it, by the statement that says most; of more
    than `most` how many more."""
    every = [statements[0] for statements in graph.made_of.values()]
    for made in every[:most]:
        facts = [f"{row.label} {row.words}" for row in rows(made) if row.label not in LONG_FACTS]
        yield title(made), "; ".join(facts)
    if len(every) > most:
        yield f"and {len(every) - most} more steps", "all in JSON"


def table(graph: Graph) -> list[dict[str, object]]:
    """Every attested statement with all that it says, for programs."""
    return [_document(made) for made in graph.made]


def _document(made: Made) -> dict[str, object]:
    step = made.step
    return {
        "model": made.child,
        "method": step.method,
        "relation": step.relation,
        "trainer": step.trainer,
        "attested": made.attested,
        "bundle": made.bundle,
        "verified_time": _iso(made.stamped),
        "started": _iso(step.started),
        "finished": _iso(step.finished),
        "parents": [
            {
                "repo": parent.repo,
                "commit": parent.commit,
                "manifest": parent.manifest,
                "files": len(parent.files),
                "unverified": parent.unverified,
            }
            for parent in step.parents
        ],
        "materials": [*map(_row, step.materials)],
        "parameters": json.loads(step.parameters or "{}"),
        "environment": json.loads(step.environment or "{}"),
        "builder": step.builder,
        "versions": dict(step.versions),
        "invocation": step.invocation,
        "byproducts": [*map(_row, step.byproducts)],
    }


def _row(material: Material) -> dict[str, object]:
    return {
        "kind": material.kind,
        "uri": material.uri,
        "digest": dict(material.digest),
        "pinned": material.pinned,
        "notes": dict(material.notes),
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
