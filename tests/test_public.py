"""What the library offers: every public name is there, is listed, and says what it raises."""

from __future__ import annotations

import ast
import inspect
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType

import pytest

import provenance
from provenance import errors, manual
from provenance.verdict import Result
from tests.hub import Hub
from tests.hubs import FILES, REPO, UNSIGNED, desk, signed

TOP = Path(__file__).parent.parent
PACKAGE = TOP / "provenance"
ERRORS = frozenset(
    name
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, Exception)
) | {"OutOfDate", "Refused", "TypeError", "AttributeError"}
ROW = re.compile(r"^\| `(\w+)` \| (.+) \|$", re.MULTILINE)
EVERY_METHOD = ("Workspace",)
"""Classes whose methods have effects: each says what it raises, or that it raises nothing."""


def public() -> Iterator[tuple[str, object, bool]]:
    """Every public name with what it is, and whether its words must say what it raises."""
    for name in provenance.__all__:
        found = getattr(provenance, name)
        yield name, found, inspect.isfunction(found)
        for method, value in vars(found).items() if inspect.isclass(found) else ():
            function = getattr(value, "__func__", getattr(value, "fget", value))
            if inspect.isfunction(function) and not method.startswith("_"):
                acts = name in EVERY_METHOD and not isinstance(value, property)
                yield f"{name}.{method}", function, acts


NAMED = list(public())


def raised(function: Callable[..., object]) -> set[str]:
    """The errors that stand in a `raise` of a function's own body."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    calls = [
        node.exc.func
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)
    ]
    return {call.id for call in calls if isinstance(call, ast.Name) and call.id[0].isupper()}


def words(value: object) -> str:
    return inspect.getdoc(value) or ""


@pytest.mark.parametrize(("name", "value", "speaks"), NAMED, ids=[row[0] for row in NAMED])
def test_a_public_name_says_what_it_raises(name: str, value: object, speaks: bool) -> None:
    said = set(re.findall(r"\w+", words(value)))
    assert said, f"{name} has no docstring"
    if inspect.isfunction(value):
        assert raised(value) <= said
    elif inspect.isclass(value) and value.__module__.startswith("provenance"):
        assert set().union(*map(raised, written(value))) <= said
    assert not speaks or said & ERRORS or "Raises nothing" in words(value)


def written(value: type) -> Iterator[FunctionType]:
    """What makes a value of a class, as it stands in the package and is not of `dataclass`."""
    for method in ("__init__", "__post_init__"):
        made = vars(value).get(method)
        if not isinstance(made, FunctionType):
            continue
        if Path(made.__code__.co_filename).is_relative_to(PACKAGE):
            yield made


def test_the_names_are_those_that_type_checkers_see() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    seen = [
        alias.asname or alias.name
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]
    assert sorted(seen) == sorted(provenance.__all__) == sorted(provenance._HOMES)
    for name in provenance.__all__:
        assert getattr(provenance, name)
    assert set(provenance.__all__) <= set(dir(provenance))
    with pytest.raises(AttributeError, match="no attribute"):
        _ = provenance.nothing_of_the_sort


def test_importing_the_library_imports_nothing_else() -> None:
    line = "import provenance, sys; print(*(n for n in sys.modules if n.startswith('provenance.')))"
    done = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_page_lists_every_name_by_the_first_line_of_its_words() -> None:
    lines = {
        name: words(getattr(provenance, name)).partition("\n")[0] for name in provenance.__all__
    }
    assert dict(ROW.findall(manual.topics()["library"])) == lines
    assert all(line.endswith(".") for line in lines.values())


def block(file: Path, heading: str) -> str:
    """The first Python block under a heading."""
    text = file.read_text().partition(f"\n{heading}\n")[2]
    return text.partition("```python\n")[2].partition("```")[0]


def run(code: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "PYTHONPATH")}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_lines_of_the_readme_verify_lock_fetch_and_update(tmp_path: Path) -> None:
    code = block(TOP / "README.md", "## As a library")
    assert len(code.splitlines()) <= 16
    with Hub(tmp_path) as hub:
        hub.commit(REPO, signed(tmp_path / "m"))
        hub.commit(UNSIGNED, FILES)
        place = desk(tmp_path, hub)
        place.settings({"name": "support-bot", "repo": REPO}, {"repo": UNSIGNED})
        done = run(code, place.folder, HOME=str(place.home), HF_ENDPOINT=hub.url)
        assert done.returncode == 0, done.stderr
        assert "support-bot pass Acme signed all 3 files a loader reads" in done.stdout
        places = [Path(line) for line in done.stdout.splitlines() if line.startswith("/")]
        assert [(place / "model.safetensors").is_file() for place in places] == [True, True]
        assert place.lock.is_file()
        assert re.search(r"acme/bot.* \d+ of \d+$", done.stderr, re.MULTILINE)


def test_the_lines_of_the_page_judge_a_folder(tmp_path: Path) -> None:
    place = desk(tmp_path, Hub(tmp_path / "hub"))
    signed(place.folder / "model")
    code = manual.topics()["library"].partition("```python\n")[2].partition("```")[0]
    done = run(f"{code}\nprint(verdict.result)", place.folder, HOME=str(place.home))
    assert (done.returncode, done.stdout) == (0, "pass\n"), done.stderr


def test_a_hub_that_is_given_as_a_value_is_the_one_that_is_asked(tmp_path: Path) -> None:
    with Hub(tmp_path) as hub:
        hub.commit(REPO, signed(tmp_path / "m"))
        place = desk(tmp_path, hub)
        place.settings({"name": "support-bot", "repo": REPO})
        environment = {"HOME": str(place.home), "HF_ENDPOINT": hub.url}
        workspace = provenance.Workspace.open(place.folder, environment=environment)
        (verdict,) = workspace.verify().verdicts
    assert verdict.result is Result.PASS
