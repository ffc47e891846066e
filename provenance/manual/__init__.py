"""The manual: a page for every check, out of its own docstring, and one for each thing people do.

The latter are the Markdown files of this folder: what lies here is a page, and is listed.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources

from provenance.checks.table import CHECKS

MARKDOWN = ".md"
RULE = re.compile(r"^([a-z]+/[a-z0-9-]+)\n((?:    .*\n?|\n)+)", re.MULTILINE)


ALSO_CALLED = {
    "az": "buckets",
    "compare": "kinship",
    "fingerprint": "kinship",
    "gs": "buckets",
    "modelpack": "artifacts",
    "oci": "artifacts",
    "ollama": "artifacts",
    "s3": "buckets",
    "trace": "kinship",
}
"""Words for a page that people know sooner than its name."""


@cache
def topics() -> Mapping[str, str]:
    """The pages about what people do, by their names, as Markdown."""
    files = [file for file in resources.files(__name__).iterdir() if file.name.endswith(MARKDOWN)]
    return {
        file.name.removesuffix(MARKDOWN): file.read_text("utf-8").strip()
        for file in sorted(files, key=lambda file: file.name)
    }


def names() -> tuple[str, ...]:
    """Everything that has a page."""
    return tuple(dict.fromkeys((*topics(), *CHECKS)))


def page(name: str) -> str | None:
    """The whole page of a topic or check, both where they share a name; None if there is none."""
    name = ALSO_CALLED.get(name.lower(), name)
    parts = [topics().get(name), CHECKS[name].page if name in CHECKS else None]
    return "\n\n".join(filter(None, parts)) or None


def title(name: str) -> str:
    """What a page is about, in a line: the first one of a topic, or what a check asks."""
    if name in topics():
        return topics()[name].partition("\n")[0].lstrip("# ")
    return CHECKS[name].asks


def rules() -> dict[str, str]:
    """What every rule means and what to do about it, by its id."""
    return {
        rule: inspect.cleandoc(text).strip()
        for entry in CHECKS.values()
        for rule, text in RULE.findall(entry.page + "\n")
    }
