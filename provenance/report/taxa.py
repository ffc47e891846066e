"""The requirements behind the rules of a SARIF log, as its taxonomies (SARIF 2.1.0, 3.19.3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from provenance.manual.crosswalk import Requirement, Standard, requirements

Object = dict[str, object]


def relationships(rule: str) -> list[Object]:
    """What stands behind a rule, as its relationships (3.49.16); the kind claims no equality."""
    return [
        {
            "target": {"id": one.section, "toolComponent": {"name": one.standard.name}},
            "kinds": ["relevant"],
        }
        for one in requirements(rule)
    ]


def taxonomies(rules: Iterable[str]) -> list[Object]:
    """The standards that the rules lead to, each with those of its sections that are cited."""
    cited = tuple(dict.fromkeys(one for rule in rules for one in requirements(rule)))
    used = {one.standard.key: one.standard for one in cited}
    return [_taxonomy(used[key], [one for one in cited if one.standard.key == key]) for key in used]


def _taxonomy(standard: Standard, cited: Sequence[Requirement]) -> Object:
    return {
        "name": standard.name,
        "fullName": f"{standard.title}, {standard.version}",
        "version": standard.version,
        "informationUri": standard.source,
        "shortDescription": {"text": standard.title},
        "taxa": [{"id": one.section, "shortDescription": {"text": one.title}} for one in cited],
    }
