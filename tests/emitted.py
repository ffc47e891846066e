"""Which rules the package's code can find, read off its syntax: none goes unseen."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from provenance.checks import integrity
from provenance.checks.signature.check import KNOWN

PACKAGE = Path(__file__).parent.parent / "provenance"
MAKERS = frozenset({"failed", "unknown", "passed", "skipped", "exempt", "Finding"})
Scope = ast.FunctionDef | ast.Module


class Unresolved(AssertionError):
    """A rule is put together in a way that this reader does not follow: say it more plainly, or
    say in `FAMILIES` where its last part comes from."""


@dataclass(frozen=True, kw_only=True)
class File:
    """One module of the package, and what stands in it."""

    path: Path
    tree: ast.Module

    @classmethod
    def read(cls, path: Path) -> File:
        return cls(path=path, tree=ast.parse(path.read_text()))

    def scopes(self) -> Iterator[ast.FunctionDef]:
        yield from (node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef))

    def calls(self, *names: str) -> Iterator[tuple[ast.Call, Scope]]:
        """Every call of a function or class of these names, with the function it stands in."""
        inside = {id(node): scope for scope in self.scopes() for node in ast.walk(scope)}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and _name(node.func) in names:
                yield node, inside.get(id(node), self.tree)

    def texts(self, value: ast.expr, scope: Scope) -> set[str]:
        """Every text that an expression can be, or Unresolved."""
        match value:
            case ast.Constant(value=str(text)):
                return {text}
            case ast.IfExp(body=body, orelse=other):
                return self.texts(body, scope) | self.texts(other, scope)
            case ast.Name(id=name):
                return self._named(name, scope)
            case ast.Subscript(value=ast.Name(id=table)):
                return self._table(table)
            case ast.JoinedStr(
                values=[ast.Constant(value=str(check)), ast.FormattedValue() as last]
            ):
                return {check + slug for slug in self._slugs(check, last.value, scope)}
            case ast.Call(func=ast.Attribute(value=ast.Name(id=table), attr="get")):
                return self._table(table)
        raise Unresolved(f"{self.path.name}: {ast.unparse(value)}")

    def _slugs(self, check: str, value: ast.expr, scope: Scope) -> set[str]:
        where = getattr(scope, "name", "")
        if (check, where) in FAMILIES:
            return FAMILIES[check, where]
        return self.texts(value, scope)

    def _named(self, name: str, scope: Scope) -> set[str]:
        """What a name was given: in its function, by the callers of it, or in the module."""
        for within in (scope, self.tree):
            given = list(_assigned(name, within))
            if given:
                return set().union(*(self.texts(value, scope) for value in given))
        if isinstance(scope, ast.FunctionDef):
            names = [argument.arg for argument in scope.args.args if argument.arg != "self"]
            if name in names:
                return self._passed(scope.name, names.index(name), name)
        return _imported(self.tree, name)

    def _passed(self, function: str, position: int, name: str) -> set[str]:
        found: set[str] = set()
        for call, scope in self.calls(function):
            found |= self.texts(argument(call, position, name), scope)
        return found

    def _table(self, name: str) -> set[str]:
        for value in _assigned(name, self.tree):
            if isinstance(value, ast.Dict):
                return set().union(*(self.texts(item, self.tree) for item in value.values))
        raise Unresolved(f"{self.path.name}: {name}[…]")


def argument(call: ast.Call, position: int, name: str) -> ast.expr:
    """What a call gives for a parameter."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    return call.args[position]


def rules() -> set[str]:
    """Every rule that the package can find."""
    found: set[str] = set()
    for file in FILES:
        if file.path == PACKAGE / "verdict.py":
            continue
        for call, scope in file.calls(*MAKERS):
            found |= file.texts(argument(call, 0, "rule"), scope)
        for call, scope in file.calls("replace"):
            if any(keyword.arg == "rule" for keyword in call.keywords):
                found |= file.texts(argument(call, 1, "rule"), scope)
    return found


def given(folder: str, *makers: str, position: int, name: str) -> set[str]:
    """Every text that calls of `makers` in a folder of the package give for one parameter."""
    found: set[str] = set()
    for file in FILES:
        if file.path.is_relative_to(PACKAGE / folder):
            for call, scope in file.calls(*makers):
                if isinstance(value := argument(call, position, name), ast.Name) and _is_passed_on(
                    value.id, scope, makers
                ):
                    continue
                found |= file.texts(value, scope)
    return found


def returned(path: str, function: str) -> set[str]:
    """Every text but none that a function returns."""
    file = File.read(PACKAGE / path)
    (scope,) = (scope for scope in file.scopes() if scope.name == function)
    values = [node.value for node in ast.walk(scope) if isinstance(node, ast.Return) and node.value]
    return set().union(*(file.texts(value, scope) for value in values)) - {""}


def _is_passed_on(name: str, scope: Scope, makers: tuple[str, ...]) -> bool:
    """Whether one maker calls another with what it was given itself."""
    return (
        isinstance(scope, ast.FunctionDef)
        and scope.name in makers
        and any(argument.arg == name for argument in scope.args.args)
    )


def _name(function: ast.expr) -> str:
    return getattr(function, "attr", "") or getattr(function, "id", "")


def _assigned(name: str, scope: Scope) -> Iterator[ast.expr]:
    body = ast.walk(scope) if isinstance(scope, ast.FunctionDef) else iter(scope.body)
    for node in body:
        match node:
            case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
                yield value
            case ast.AnnAssign(target=ast.Name(id=target), value=value) if target == name and value:
                yield value


def _imported(tree: ast.Module, name: str) -> set[str]:
    """A constant of another module of the package."""
    for node in tree.body:
        if (
            isinstance(node, ast.ImportFrom)
            and node.module
            and node.module.startswith("provenance")
        ):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return _constant(node.module, alias.name)
    raise Unresolved(name)


def _constant(module: str, name: str) -> set[str]:
    path = PACKAGE.parent.joinpath(*module.split("."))
    file = File.read(path / "__init__.py" if path.is_dir() else path.with_suffix(".py"))
    for value in _assigned(name, file.tree):
        return file.texts(value, file.tree)
    return _imported(file.tree, name)


FILES = tuple(map(File.read, sorted(PACKAGE.rglob("*.py"))))
FAMILIES: Mapping[tuple[str, str], set[str]] = {
    ("integrity/", "_tree"): set(integrity.FAILED | integrity.UNKNOWN),
    ("signature/", "_refused"): {*KNOWN, "malformed"},
    ("signature/", "_uncounted"): returned("signature/distrust.py", "distrust"),
    ("lineage/", "check"): given("lineage", "Problem", "_problem", position=0, name="slug"),
    ("code/", "_finding"): given("claims", "CodeClaim", position=1, name="code"),
}
"""Where the last part of a rule comes from that a check takes from what it is given."""
