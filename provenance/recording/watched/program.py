"""Which program a command runs, as a package URL."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from glob import escape, glob
from importlib.metadata import Distribution, distributions
from shutil import which
from urllib.parse import quote

from provenance.produce.publishable import refusals
from provenance.recording.machine import PACKAGES

SCRIPTS = "console_scripts"
REMOVED = "<removed>"
"""What stands for a word that must not be published."""
PYTHON = "python"
PATH = re.compile(r"/[^\s'\"`;&|<>()$]+")
MOST_SCRIPT = 4_096
"""Characters of a script that only starts another program."""
MOST_BEHIND = 8
COMMAND = "command"
"""The name that the words stand under, which are read as a command line."""


def program(words: Sequence[str], variables: Mapping[str, str]) -> str:
    """The package that brought the program, `pkg:pypi/accelerate@1.2`, else `pkg:generic/NAME`."""
    name = os.path.basename(words[0])
    place = which(words[0], path=variables.get("PATH"))
    module = _module(words) if name.startswith(PYTHON) else ""
    found = _brought(place, name, module) if place else None
    if found:
        return f"pkg:pypi/{_plain(found)}@{quote(found.version)}"
    return f"pkg:generic/{quote(name, safe='')}"


def versions(words: Sequence[str], variables: Mapping[str, str]) -> dict[str, str]:
    """The packages for training in the environment that the program lies in, with their
    versions."""
    place = which(words[0], path=variables.get("PATH"))
    known = {name.replace("_", "-") for name in PACKAGES}
    every = {_plain(one): one.version for one in (_installed(place) if place else ())}
    return {name: version for name, version in sorted(every.items()) if name in known}


def machine(words: Sequence[str], variables: Mapping[str, str]) -> dict[str, object] | None:
    """What is known of the environment that the program lies in; None where it is our own."""
    place = which(words[0], path=variables.get("PATH"))
    top = _top(place) if place else ""
    if top == _top(sys.executable):
        return None
    found: dict[str, object] = {"platform": f"{platform.system()} {platform.machine()}"}
    pythons = sorted(os.path.basename(os.path.dirname(folder)) for folder in _folders(top))
    if len(pythons) == 1:
        found["python"] = pythons[0].removeprefix(PYTHON)
    return found


def trainer(words: Sequence[str]) -> str:
    """What trains, by its name: the script or module that Python runs, else the program."""
    for at, word in enumerate(words):
        if word == "-m" and words[at + 1 :]:
            return words[at + 1]
        if word.endswith(".py"):
            return os.path.basename(word)
    return os.path.basename(words[0])


def publishable(words: Sequence[str], folder: str, private: Collection[str]) -> list[str]:
    """The command line for everybody: paths from the working directory on, and without the words
    that must not be published; `private` are names of the user and of the host."""
    top = folder.rstrip("/")
    below = re.compile(rf"(^|[\s\"'=,:;(\[]){re.escape(top)}/")
    said = [below.sub(r"\1", word) if top else word for word in words]
    found = {one.keys[1] for one in refusals({COMMAND: said}, private=private)}
    return [REMOVED if at in found else word for at, word in enumerate(said)]


def _module(words: Sequence[str]) -> str:
    """The package that `python -m` runs, if that is what stands there."""
    behind = list(words[1:3])
    return behind[1].partition(".")[0] if behind[:1] == ["-m"] and len(behind) > 1 else ""


def _brought(place: str, name: str, module: str) -> Distribution | None:
    """The package of the environment that a program lies in that has a script of its name."""
    for found in _installed(place):
        if module and _plain(found) == module.lower().replace("_", "-"):
            return found
        if not module and any(
            point.name == name for point in found.entry_points if point.group == SCRIPTS
        ):
            return found
    return None


def _installed(place: str) -> Iterator[Distribution]:
    """The packages of the environment that a program lies in, and of those that its script leads
    to, those without a name left out."""
    tops = dict.fromkeys(_top(one) for one in _behind(place))
    folders = dict.fromkeys(folder for top in tops for folder in _with_linked(_folders(top)))
    yield from (found for found in distributions(path=list(folders)) if found.name)


def _behind(place: str) -> tuple[str, ...]:
    """The program, and those that it is a link to or a script around: its interpreter, a Python
    that it names, what has its own name elsewhere."""
    found: dict[str, None] = {}
    left = [place]
    while left and len(found) < MOST_BEHIND:
        one = left.pop(0)
        if one not in found:
            found[one] = None
            left += [os.path.realpath(one), *_scripted(one, os.path.basename(place))]
    return tuple(found)


def _scripted(place: str, name: str) -> Iterator[str]:
    """The Pythons, and the programs of this name, whose paths stand in a short script."""
    try:
        with open(place, "rb") as stream:
            text = os.fsdecode(stream.read(MOST_SCRIPT + 1))
    except OSError:
        return
    if not text.startswith("#!") or len(text) > MOST_SCRIPT:
        return
    for path in PATH.findall(text):
        last = os.path.basename(path)
        if (last == name or last.startswith(PYTHON)) and os.path.isfile(path):
            yield path


def _with_linked(folders: Sequence[str]) -> Iterator[str]:
    """The folders, each with those that the `.pth` files in it put beside it."""
    for folder in folders:
        yield folder
        for file in sorted(glob(os.path.join(escape(folder), "*.pth"))):
            try:
                with open(file, encoding="utf-8", errors="replace") as stream:
                    rows = stream.read(MOST_SCRIPT).splitlines()
            except OSError:
                continue
            yield from (row for row in rows if os.path.isabs(row) and os.path.isdir(row))


def _top(place: str) -> str:
    """The folder of the environment that a program lies in the `bin` of."""
    return os.path.dirname(os.path.dirname(os.path.abspath(place)))


def _folders(top: str) -> list[str]:
    return glob(os.path.join(escape(top), "lib", "python3*", "site-packages"))


def _plain(found: Distribution) -> str:
    """The name of a package as an index writes it."""
    return found.name.lower().replace("_", "-")
