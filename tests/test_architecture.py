"""The shape: a module imports only from rows above it, and each neighbour has one door."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "provenance"

# Each row may import from the rows before it, and from itself.
ROWS: tuple[tuple[str, ...], ...] = (
    ("errors",),
    ("model",),
    ("verdict", "selection", "names"),
    ("formats",),
    ("wire", "loaders", "weights"),
    ("claims", "evaluations"),
    ("keys",),
    ("trust",),
    ("policy", "lock", "refs"),
    ("references",),
    ("signature",),
    ("lineage", "closure", "drift"),
    ("case",),
    ("checks",),
    ("manual", "judgement"),
    ("adoption", "affected", "entries", "loading", "proposal", "review", "revoking"),
    ("inventory", "status"),
    ("replay", "report", "source", "registry", "keystore"),
    ("gate", "produce"),
    ("workspace",),
    ("recording", "fleet", "probe"),
    ("cli",),
    ("train", "vllm"),
    ("__init__",),
    ("__main__",),
)
DOORS = {
    "backports": ("formats",),
    "compression": ("formats",),
    "click": ("cli",),
    "cyclonedx": ("produce",),
    "packageurl": ("produce",),
    "pkcs11": ("keystore",),
    "cryptography": ("keys",),
    "numpy": ("weights",),
    "jinja2": ("formats", "report"),
    "huggingface_hub": ("source",),
    "httpx2": ("probe",),
    "inotify_simple": ("recording",),
    "inspect_ai": ("probe",),
    "openai": ("probe",),
    "rfc3161_client": ("signature",),
    "rich": ("cli",),
    "sigstore": ("signature",),
    "transformers": ("train",),
    "vllm": ("vllm",),
    "requests": ("registry", "source"),
    "securesystemslib": ("keystore", "registry"),
    "tuf": ("registry",),
    "blake3": ("source",),
    "obstore": ("source",),
    "distributed": ("fleet",),
    "duckdb": ("fleet",),
    "pyarrow": ("fleet",),
    "tomli_w": ("formats", "cli"),
    "yaml": ("formats",),
}
# What must be said to huggingface_hub before it is imported, and can be said in no other way.
TELEMETRY = 'os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"'
MODULES = sorted(PACKAGE.rglob("*.py"))
COMMAND_LINE = sorted((PACKAGE / "cli").rglob("*.py"))
LONGEST_COMMAND = 25
MOST_PER_COMMAND = 70
"""Lines: of what one command does, and of the whole room above which nothing is built, shared out
among its commands: what the application does stands below."""


def room(path: Path) -> str:
    """The row's name for a module: its package below provenance, or itself."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return parts[0]


def row(name: str) -> int:
    return next(number for number, rooms in enumerate(ROWS) if name in rooms)


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "provenance":
            yield from (f"provenance.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_only_downwards_and_through_doors(path: Path) -> None:
    own = row(room(path))
    for name in imports(path):
        top, *inner = name.split(".")
        if top == "provenance":
            assert not inner or row(inner[0]) <= own, f"{name} is above {room(path)}"
            assert not any(part.startswith("_") for part in inner)
        elif top not in sys.stdlib_module_names and top != "_typeshed":
            assert room(path) in DOORS[top], f"{top} has its door in {DOORS[top]}"
            assert not any(part.startswith("_") for part in inner), f"{name} is a neighbour's own"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_command_line_prints_exits_and_reads_the_environment(path: Path) -> None:
    if room(path) in ("cli", "__main__"):
        return
    for node in ast.walk(ast.parse(path.read_text().replace(TELEMETRY, ""))):
        called = node.func if isinstance(node, ast.Call) else None
        assert not (isinstance(called, ast.Name) and called.id in ("print", "input", "exit"))
        assert not (isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv"))


def commands(path: Path) -> Iterator[ast.FunctionDef]:
    """The functions of a module that click calls: those decorated as a command or group."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef) and any(
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and call.func.attr in ("command", "group")
            for call in node.decorator_list
        ):
            yield node


def lines_of_body(function: ast.FunctionDef) -> int:
    """The lines of a body without its docstring."""
    body = function.body[ast.get_docstring(function) is not None :]
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("path", COMMAND_LINE, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_command_parses_makes_one_call_and_renders(path: Path) -> None:
    for function in commands(path):
        assert lines_of_body(function) <= LONGEST_COMMAND, f"{path}: {function.name}"


def test_every_command_is_counted() -> None:
    named = {path for path in COMMAND_LINE if "\ndef command(" in path.read_text()}
    assert named
    assert named <= {path for path in COMMAND_LINE if any(commands(path))}


def test_the_command_line_holds_only_what_a_terminal_needs() -> None:
    every = sum(len(list(commands(path))) for path in COMMAND_LINE)
    lines = sum(len(path.read_text().splitlines()) for path in COMMAND_LINE)
    assert lines < MOST_PER_COMMAND * every, f"{lines} lines for {every} commands"
