"""What `[policy.training]` asks of every attested step, and which statement leaves it out.

Silence meets no demand. Of several statements about one model one must meet all of them. That a
parent was not verified is said whatever is asked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Set

from provenance.case.case import Case
from provenance.lineage import Made
from provenance.verdict import Finding, Level, failed
from provenance.wire.training import Material, MaterialKind, Method, Step

WITHOUT_DATA = frozenset({Method.MERGE, Method.QUANTIZE, Method.CONVERT})
"""The methods that need none: what they state must be pinned all the same."""
RULES = {
    "data_pinned": "lineage/data-not-pinned",
    "code_clean": "lineage/code-not-clean",
    "parameters": "lineage/no-parameters",
    "environment": "lineage/no-environment",
    "verified_parents": "lineage/unverified-parent",
    "timestamp": "lineage/no-timestamp",
}
EXPECTED = {
    "data_pinned": "each data set with its revision or digest: ask for another statement, by "
    "`provenance attest --dataset org/name@<commit>`",
    "code_clean": "a commit and no changes beside it: ask for another statement, by `provenance "
    "attest --code .` in a clean checkout",
    "parameters": "what the run was configured with: ask for another statement, by `provenance "
    "attest --config FILE`",
    "environment": "what it ran in: ask for another statement, by `provenance attest "
    "--environment FILE`",
    "verified_parents": "parents that pass: ask for another statement, by `provenance attest` "
    "without --unverified-parent",
    "timestamp": "a time that a trusted log or timestamp authority vouches for: ask for another "
    "statement, by `provenance attest` with an identity in place of --key",
}
"""What meets each demand, and how one comes by it."""
ALWAYS = "verified_parents"
"""What is said of a step whatever is asked; whether it counts is a matter of levels."""
REQUIRE = Level.REQUIRE
SHOWN, LONG = 3, 120


def unmet(case: Case) -> Iterator[Finding]:
    """What is asked of the steps of this model's history and none of their statements meets: of
    several that which lacks least of what is required, and then of the rest."""
    level = case.policy.level
    for statements in case.graph.made_of.values():
        found = (tuple(_unmet(case.policy.training.names, made)) for made in statements)
        yield from min(
            found, key=lambda lacks: (sum(level(one.rule) is REQUIRE for one in lacks), len(lacks))
        )


def _unmet(asked: Set[str], made: Made) -> Iterator[Finding]:
    """What one statement leaves out; each is about the model that was made."""
    who = f"{made.bundle} ({made.step.method} by {made.attested})"
    for name, found in amiss(asked, made.step, stamped=made.stamped is not None):
        yield failed(RULES[name], f"{who} {found}", made.child)


def amiss(asked: Set[str], step: Step, *, stamped: bool) -> Iterator[tuple[str, str]]:
    """The demands that a step does not meet, of those that are `asked` and of those that always
    hold, each with what is found and what is expected; `stamped` says that it has a verified time.
    """
    for name, found in _left_out(step, stamped=stamped):
        if found and (name in asked or name == ALWAYS):
            expects = f"`{name}` expects" if name in asked else "expected"
            yield name, f"{found}; {expects} {EXPECTED[name]}"


def _left_out(step: Step, *, stamped: bool) -> Iterator[tuple[str, str]]:
    """What is found in place of what each demand asks for; nothing where it is met."""
    yield "data_pinned", _data(step)
    yield "code_clean", _code(step)
    yield "parameters", "" if _states(step.parameters) else "states no parameters"
    yield "environment", "" if _states(step.environment) else "states no environment"
    loose = _listed([one.repo or one.manifest or "a parent" for one in step.unverified])
    yield "verified_parents", f"says that {loose} was not verified" if loose else ""
    yield "timestamp", "" if stamped else "has no verified time"


def _data(step: Step) -> str:
    """What is wrong with the data that it states, or nothing."""
    data = _of(step, MaterialKind.DATASET)
    if not data:
        return "" if step.method in WITHOUT_DATA else "states no data set"
    loose = [one for one in data if not one.pinned]
    return f"states {_named(loose)} without revision or digest" if loose else ""


def _code(step: Step) -> str:
    """What is wrong with the code that it states, or nothing."""
    code = _of(step, MaterialKind.CODE)
    if not code:
        return "states no code"
    loose = [one for one in code if not one.pinned]
    if loose or not any(one.commit for one in code):
        return f"states {_named(loose or code)} without a commit"
    if dirty := [one for one in code if one.note("dirty") is True]:
        return f"states {_named(dirty)} with changes that are in no commit"
    if unsaid := [one for one in code if one.commit and one.note("dirty") is not False]:
        return f"states {_named(unsaid)}, and not whether there were changes beside the commit"
    return ""


def _states(table: str) -> bool:
    """Whether a table, as JSON, says anything: an empty name or value does not."""
    waiting: list[object] = [json.loads(table)] if table else []
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += [inner for name, inner in value.items() if name.strip()]
        elif isinstance(value, list):
            waiting += value
        elif value is not None and value != "":
            return True
    return False


def _of(step: Step, kind: MaterialKind) -> list[Material]:
    return [one for one in step.materials if one.is_of(kind)]


def _named(materials: list[Material]) -> str:
    names = [one.uri or str(one.note("path") or f"{one.kind} without a name") for one in materials]
    return _listed(names)


def _listed(names: list[str]) -> str:
    """The first of them, each on one line whatever it holds."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    shown = ("".join(c if c.isprintable() else "?" for c in one[:LONG]) for one in names[:SHOWN])
    return ", ".join(shown) + more
