"""Many findings that say the same, told as one. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import replace

from provenance.selection import patterns_of
from provenance.verdict import Finding, Outcome

MOST = 50
"""Findings of one rule that are told one by one."""
SHOWN = 5
MAY_BE_LEFT_OUT = frozenset({"code", "format"})
"""Checks whose findings about files end with the `exclude` line that leaves those out."""


def folded(findings: Iterable[Finding], paths: Collection[str]) -> tuple[Finding, ...]:
    """The findings, and of more than `MOST` that are alike one in their place, with their count.

    Alike are those of one rule with one effect. `paths` are the files that were judged.
    """
    groups: dict[Hashable, list[Finding]] = {}
    listed: list[tuple[Finding, list[Finding]]] = []
    for finding in findings:
        group = groups.setdefault(_kind(finding), [])
        group.append(finding)
        listed.append((finding, group))
    return tuple(
        _one(group, paths) if len(group) > MOST else finding
        for finding, group in listed
        if len(group) <= MOST or finding is group[0]
    )


def _kind(finding: Finding) -> Hashable:
    """What two findings share that are alike; a pass is like no other."""
    if finding.outcome is Outcome.PASS or finding.accepted:
        return id(finding)
    return (finding.rule, finding.outcome, finding.level, finding.waived)


def _one(group: Sequence[Finding], paths: Collection[str]) -> Finding:
    first, about = group[0], list(dict.fromkeys(finding.where for finding in group))
    are_files = set(about) <= set(paths)
    leaves = patterns_of(about, paths) if are_files else ()
    many = are_files and len(about) > 1
    what = f"{len(about)} files" if many else f"{len(group)} findings"
    named = ", ".join(map(repr, about[:SHOWN]))
    said, _, _ = first.message.partition("\n")
    message = f"{what}, such as {named}; of the first: {said}"
    if leaves and first.check in MAY_BE_LEFT_OUT:
        line = json.dumps(list(leaves), ensure_ascii=False)
        message += f"; if nothing needs them, leave them out:\nexclude = {line}"
    return replace(
        first,
        message=message,
        where=about[0] if len(about) == 1 else leaves[0] if len(leaves) == 1 else "",
        count=len(group),
        names=tuple(about[:SHOWN]),
    )
