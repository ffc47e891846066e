"""The names of a Python module: what each is bound to, and which are constants.

Read from the syntax tree; nothing is imported or executed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

DEEPEST = 8
SHOWN = 60
Scoped = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True, slots=True)
class Imported:
    """A name that an import binds, and the whole name of what it stands for."""

    origin: str


@dataclass(frozen=True, slots=True)
class Runtime:
    """A value that only a run of the program could tell; `reason` says what it comes from."""

    reason: str


Bound = ast.expr | Imported | None
"""What a name is bound to; None where it is bound by a loop, an argument and the like."""


@dataclass(slots=True, kw_only=True, eq=False)
class Scope:
    """The names that a module, class or function binds, each as often as it does; `function` is the
    name of one."""

    outer: Scope | None = None
    function: str = ""
    is_class: bool = False
    bound: dict[str, list[Bound]] = field(default_factory=dict)

    def bind(self, name: str, value: Bound = None) -> None:
        """One more binding of a name."""
        self.bound.setdefault(name, []).append(value)

    @property
    def module(self) -> Scope:
        """The outermost one."""
        return self.outer.module if self.outer else self

    def find(self, name: str) -> tuple[Scope, list[Bound]]:
        """The scope that binds a name as it is seen from here, and its bindings; maybe none."""
        scope: Scope | None = self
        while scope:
            if name in scope.bound and (scope is self or not scope.is_class):
                return scope, scope.bound[name]
            scope = scope.outer
        return self, []


class Module(ast.NodeVisitor):
    """The calls of a module, each with the scope in which it stands.

    `handed` are the functions of these names that are handed on without being called.
    """

    def __init__(self, tree: ast.Module, names: frozenset[str] = frozenset()) -> None:
        self.scope = Scope()
        self.names = names
        self.called: set[int] = set()
        self.handed: list[tuple[ast.Name | ast.Attribute, Scope]] = []
        self.calls: list[tuple[ast.Call, Scope]] = []
        self.visit(tree)

    def visit_Call(self, node: ast.Call) -> None:
        """A call, in the scope that is being read."""
        self.calls.append((node, self.scope))
        self.called.add(id(node.func))
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """A method that is not called where it stands."""
        if node.attr in self.names and id(node) not in self.called:
            self.handed.append((node, self.scope))
        self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        """`import a.b` binds a, `import a.b as c` binds c to a.b."""
        for alias in node.names:
            top = alias.name.partition(".")[0]
            self.scope.bind(alias.asname or top, Imported(alias.name if alias.asname else top))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """`from a import b as c` binds c to a.b; a relative one keeps its dots."""
        module = "." * node.level + (node.module or "")
        for alias in node.names:
            self.scope.bind(alias.asname or alias.name, Imported(f"{module}.{alias.name}"))
            if alias.asname and alias.name in self.names:
                self.names |= {alias.asname}

    def visit_Assign(self, node: ast.Assign) -> None:
        """`a = b = value` binds both to it."""
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.scope.bind(target.id, node.value)
            else:
                self.visit(target)
        self.visit(node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """`a: str = value`; without a value nothing is bound."""
        if node.value is None:
            return
        if isinstance(node.target, ast.Name):
            self.scope.bind(node.target.id, node.value)
        else:
            self.visit(node.target)
        self.visit(node.value)

    def visit_Name(self, node: ast.Name) -> None:
        """Every other way in which a name is bound or deleted."""
        if not isinstance(node.ctx, ast.Load):
            self.scope.bind(node.id)
        elif node.id in self.names and id(node) not in self.called:
            self.handed.append((node, self.scope))

    def visit_Global(self, node: ast.Global | ast.Nonlocal) -> None:
        """Whoever says `global` may bind the name again."""
        for name in node.names:
            self.scope.module.bind(name)
            self.scope.find(name)[0].bind(name)

    visit_Nonlocal = visit_Global

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        """`except E as name`."""
        if node.name:
            self.scope.bind(node.name)
        self.generic_visit(node)

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        """`case pattern as name`."""
        if node.name:
            self.scope.bind(node.name)
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """A function: its name here, its arguments and body in a scope of their own."""
        self.scope.bind(node.name)
        for outside in (*node.decorator_list, node.returns):
            if outside:
                self.visit(outside)
        self._function(node, node.body)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """A function without a name."""
        self._function(node, [node.body])

    def _function(self, node: Scoped, body: list[ast.stmt] | list[ast.expr]) -> None:
        words = node.args
        for default in (*words.defaults, *words.kw_defaults):
            if default:
                self.visit(default)
        with_stars = filter(None, (words.vararg, words.kwarg))
        name = "" if isinstance(node, ast.Lambda) else node.name
        own = Scope(outer=self.scope, function=name)
        for word in (*words.posonlyargs, *words.args, *words.kwonlyargs, *with_stars):
            own.bind(word.arg)
        self._inside(own, body)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """A class: its name here, its body in a scope that functions in it do not see."""
        self.scope.bind(node.name)
        for outside in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(outside)
        self._inside(Scope(outer=self.scope, is_class=True), node.body)

    def _comprehension(self, node: ast.AST) -> None:
        self._inside(Scope(outer=self.scope), list(ast.iter_child_nodes(node)))

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def _inside(self, scope: Scope, nodes: list[ast.stmt] | list[ast.expr] | list[ast.AST]) -> None:
        outer, self.scope = self.scope, scope
        for node in nodes:
            self.visit(node)
        self.scope = outer


def evaluate(node: ast.expr, scope: Scope, depth: int = 0) -> str | Runtime | None:
    """The text or None that an expression is in every run, as far as the module alone tells."""
    match node:
        case ast.Constant(value=str() | None as value):
            return value
        case ast.Name(id=name):
            home, values = scope.find(name)
            if len(values) == 1 and isinstance(values[0], ast.expr) and depth < DEEPEST:
                found = evaluate(values[0], home, depth + 1)
                return found if not isinstance(found, Runtime) else Runtime(_shown(node))
        case ast.BinOp(op=ast.Add(), left=left, right=right) if depth < DEEPEST:
            return _joined(node, [left, right], scope, depth)
        case ast.JoinedStr(values=values) if depth < DEEPEST:
            return _joined(node, list(_parts(values)), scope, depth)
    return Runtime(_shown(node))


def _parts(values: list[ast.expr]) -> Iterator[ast.expr]:
    for value in values:
        plain = isinstance(value, ast.FormattedValue) and value.conversion == -1
        if isinstance(value, ast.FormattedValue) and plain and value.format_spec is None:
            yield value.value
        else:
            yield value


def _joined(node: ast.expr, parts: list[ast.expr], scope: Scope, depth: int) -> str | Runtime:
    found = [evaluate(part, scope, depth + 1) for part in parts]
    texts = [text for text in found if isinstance(text, str)]
    return "".join(texts) if len(texts) == len(found) else Runtime(_shown(node))


def _shown(node: ast.expr) -> str:
    return " ".join(ast.unparse(node).split())[:SHOWN]
