"""What is said beside an attested step: what it left as it was, and what lies beside its output."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from provenance.formats.names import is_by_product, is_weight_name
from provenance.lineage.graph import Made
from provenance.lineage.steps import Files, TrainingStep
from provenance.wire.training import Parent, Step

SHOWN = 5


def is_unchanged(step: Step, parent: Parent) -> bool:
    """Whether a step left the weights of this parent as they were: it has them all, and no other.

    Not known of a parent that is named without its files, and false of one without weights.
    """
    made = _weights(step.subjects)
    return bool(made) and made == _weights({file.path: file.sha256 for file in parent.files})


def _weights(files: Files) -> dict[str, str]:
    own = (path for path in files if is_weight_name(path) and not is_by_product(path))
    return {path: files[path] for path in own}


def notes(
    key: str, beside: Files, step_of: TrainingStep, partial: Mapping[str, str]
) -> Iterator[str]:
    """What trainers left beside the files that a statement covers, and which others cover fewer:
    `partial` has what each leaves out."""
    subjects = step_of.step.subjects
    left = [path for path, digest in beside.items() if subjects.get(path) != digest]
    if left:
        shown = ", ".join(_shown(left))
        yield (
            f"beside what {step_of.bundle} attests of {key} lies what trainers leave, and no "
            f"loader opens it unless it is told to: {shown}"
        )
    for bundle, lacking in list(partial.items())[:SHOWN]:
        yield f"{bundle} speaks of {key} too, and leaves out {lacking}"


def _shown(paths: Iterable[str]) -> list[str]:
    """The files at the top, and of each folder its name."""
    names = dict.fromkeys(head + slash for head, slash, _ in (p.partition("/") for p in paths))
    more = [f"{len(names) - SHOWN} more"] if len(names) > SHOWN else []
    return [*list(names)[:SHOWN], *more]


def in_order(told: Iterable[Made], keys: Sequence[str]) -> tuple[Made, ...]:
    """Every statement of how one of these nodes was made, in their order, of one node that which
    says most first. A statement that two bundles carry counts once."""
    found: dict[str, list[Made]] = {key: [] for key in keys}
    for made in told:
        own = found.setdefault(made.child, [])
        if all((made.step, made.stamped) != (one.step, one.stamped) for one in own):
            own.append(made)
    return tuple(made for key in keys for made in sorted(found[key], key=lambda one: -one.facts))
