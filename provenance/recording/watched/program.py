"""Which program a command runs, as a package URL."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from glob import escape, glob
from importlib.metadata import Distribution, distributions
from shutil import which
from urllib.parse import quote

SCRIPTS = "console_scripts"
PYTHON = "python"


def program(words: Sequence[str], variables: Mapping[str, str]) -> str:
    """The package that brought the program, `pkg:pypi/accelerate@1.2`, else `pkg:generic/NAME`."""
    name = os.path.basename(words[0])
    place = which(words[0], path=variables.get("PATH"))
    module = _module(words) if name.startswith(PYTHON) else ""
    found = _brought(place, name, module) if place else None
    if found:
        return f"pkg:pypi/{found.name.lower().replace('_', '-')}@{quote(found.version)}"
    return f"pkg:generic/{quote(name, safe='')}"


def _module(words: Sequence[str]) -> str:
    """The package that `python -m` runs, if that is what stands there."""
    behind = list(words[1:3])
    return behind[1].partition(".")[0] if behind[:1] == ["-m"] and len(behind) > 1 else ""


def _brought(place: str, name: str, module: str) -> Distribution | None:
    """The package of the environment that a program lies in that has a script of its name."""
    top = os.path.dirname(os.path.dirname(os.path.abspath(place)))
    folders = glob(os.path.join(escape(top), "lib", "python3*", "site-packages"))
    for found in distributions(path=folders):
        if module and found.name.lower().replace("-", "_") == module.lower():
            return found
        if not module and any(
            point.name == name for point in found.entry_points if point.group == SCRIPTS
        ):
            return found
    return None
