"""References in Python: calls of loaders, by syntax tree. Nothing is imported or executed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from provenance.errors import Malformed
from provenance.references.constants import Imported, Module, Runtime, Scope, evaluate
from provenance.references.loaders import FUNCTIONS, Loader, loader_of
from provenance.references.naming import Named, named
from provenance.references.reference import COMMIT, Reference, Splice
from provenance.references.tree import Places, parse

MAKES_OBJECTS = re.compile(r"from_pretrained|from_quantized|from_config|peft|to\b", re.IGNORECASE)
BUILT = "the name is built at run time"
CALLED = "the loader is handed on, and what it is called with is not known"
HANDED = "the arguments are handed on from elsewhere"


def references(text: str) -> tuple[Reference, ...]:
    """What the calls of a module load by name, in the order of its lines; Malformed."""
    tree = parse(text)
    try:
        module = Module(tree, FUNCTIONS)
        places = Places.of(text)
        found = [
            reference
            for node, scope in module.calls
            if (loader := _loader(node, scope))
            for reference in Call(node=node, scope=scope, loader=loader, places=places).read()
        ]
        found += [
            Reference(line=node.lineno, by=".".join(_dotted(node)[-2:]), unknown=CALLED)
            for node, scope in module.handed
            if _is_loader(node, scope)
        ]
    except RecursionError:
        raise Malformed("nested too deep") from None
    return tuple(sorted(found, key=lambda one: one.line))


def _dotted(node: ast.expr) -> list[str]:
    """The names of `a.b.c`; whatever else a method is called on is a part without a name."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    parts.append(node.id if isinstance(node, ast.Name) else "")
    return parts[::-1]


def _loader(node: ast.Call, scope: Scope) -> Loader | None:
    origin, parts, seen = _origin(node.func, scope)
    return loader_of(".".join(parts), origin, seen=seen)


def _is_loader(node: ast.expr, scope: Scope) -> bool:
    """Whether what is handed on is a loader; a function that the module itself defines is none."""
    origin, parts, seen = _origin(node, scope)
    defined = seen and not origin and len(parts) == 1
    return not defined and loader_of(".".join(parts), origin, seen=seen) is not None


def _origin(node: ast.expr, scope: Scope) -> tuple[str, list[str], bool]:
    """The package of a called name, its parts there, and whether the module binds the name."""
    first, *rest = _dotted(node)
    bound = scope.find(first)[1]
    origins = [one.origin for one in bound if isinstance(one, Imported)]
    if origins:
        parts = [*origins[0].split("."), *rest]
        return parts[0], parts, True
    return "", [first, *rest], bool(bound) or not first


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call of a loader, and what it says of revisions."""

    node: ast.Call
    scope: Scope
    loader: Loader
    places: Places
    keywords: dict[str, ast.expr] = field(init=False)

    def __post_init__(self) -> None:
        words = {word.arg: word.value for word in self.node.keywords if word.arg}
        object.__setattr__(self, "keywords", words)

    def read(self) -> Iterator[Reference]:
        """A reference for each repository that the call names, or may name."""
        base = Reference(line=self.node.lineno, by=self._by, aside=self._aside)
        argument = self._argument()
        if argument is not None:
            yield from self._main(base, argument)
        elif self._open:
            yield replace(base, unknown=HANDED)
        elif self.loader.objects and self.node.args:
            yield replace(base, unknown="no model is named: the library chooses one for the task")
        for word, pin in self.loader.others:
            yield from self._other(base, word, pin)

    @property
    def _by(self) -> str:
        return ".".join(_dotted(self.node.func)[-2:]).lstrip(".")

    @property
    def _aside(self) -> bool:
        kind = self.keywords.get("repo_type")
        found = evaluate(kind, self.scope) if kind else None
        return self.loader.dataset or (isinstance(found, str) and found != "model")

    @property
    def _open(self) -> bool:
        """Whether `*args` or `**kwargs` may hold arguments that are not seen."""
        starred = any(isinstance(one, ast.Starred) for one in self.node.args)
        return starred or any(word.arg is None for word in self.node.keywords)

    def _argument(self) -> ast.expr | None:
        for word in self.loader.words:
            if word in self.keywords:
                return self.keywords[word]
        place, given = self.loader.place, self.node.args
        if place is None or place >= len(given):
            return None
        seen = given[: place + 1]
        return None if any(isinstance(one, ast.Starred) for one in seen) else seen[-1]

    def _main(self, base: Reference, argument: ast.expr) -> Iterator[Reference]:
        text = evaluate(argument, self.scope)
        if isinstance(text, Runtime):
            handed = self.loader.objects and self._is_object(argument)
            if not handed and not self._is_passed_on(argument):
                built = " ".join(ast.unparse(argument).split())
                yield replace(base, unknown=f"{BUILT}: {text.reason}", built=built)
            return
        name = self._named(text) if text is not None else None
        if name is not None:
            yield self._pinned(replace(base, repo=name.repo), name, argument)

    def _named(self, text: str) -> Named | None:
        for beginning in self.loader.prefix:
            if text.startswith(beginning):
                return named(text.removeprefix(beginning))
        return None if self.loader.prefix else named(text)

    def _is_passed_on(self, argument: ast.expr) -> bool:
        """Whether a method of the loader's own name hands on what it was given: whoever calls it
        says which that is."""
        name = argument.id if isinstance(argument, ast.Name) else ""
        home, bound = self.scope.find(name)
        return home.function in self.loader.names and bound == [None]

    def _is_object(self, argument: ast.expr) -> bool:
        """Whether a model, and no name of one, is handed over: something loaded before."""
        if isinstance(argument, ast.Call):
            return True
        if not isinstance(argument, ast.Name):
            return False
        bound = self.scope.find(argument.id)[1]
        made = [one for one in bound if isinstance(one, ast.Call)]
        return bool(made) and all(MAKES_OBJECTS.search(ast.unparse(one.func)) for one in made)

    def _pinned(self, base: Reference, name: Named, argument: ast.expr) -> Reference:
        """The reference with its revision, and how it could be pinned."""
        hand = self.loader.hand
        pin = self.loader.revision
        value = self._nested() if self.loader.nested else self.keywords.get(pin)
        found = evaluate(value, self.scope) if value else None
        if isinstance(found, Runtime):
            reason = f"the revision is built at run time: {found.reason}"
            return replace(base, unknown=reason, hand=hand)
        if value is None and pin and self._open:
            return replace(base, unknown=f"{HANDED}, and may hold a revision", hand=hand)
        splice = self._splice(value, argument) if self._sure else None
        revision = found or name.revision
        return replace(base, revision=revision, splice=splice, hand=hand, code=self._code)

    @property
    def _code(self) -> str | None:
        """The revision that is given for code of another repository; None where none is run."""
        trusted, given = (self.keywords.get(w) for w in ("trust_remote_code", "code_revision"))
        if not isinstance(trusted, ast.Constant) or trusted.value is not True:
            return None
        found = evaluate(given, self.scope) if given else ""
        return found if isinstance(found, str) else ""

    @property
    def _sure(self) -> bool:
        origin, _, _ = _origin(self.node.func, self.scope)
        return origin in self.loader.packages

    def _nested(self) -> ast.expr | None:
        """The revision in `fetch_config=FetchConfig(revision=…)`, `model_kwargs={"revision": …}`,
        or given straight."""
        match self.keywords.get(self.loader.nested):
            case ast.Call(keywords=words):
                found = {word.arg: word.value for word in words}
                return found.get("revision")
            case ast.Dict(keys=keys, values=values):
                for key, value in zip(keys, values, strict=True):
                    if isinstance(key, ast.Constant) and key.value == "revision":
                        return value
        return self.keywords.get("revision")

    def _splice(self, value: ast.expr | None, argument: ast.expr) -> Splice | None:
        if self.loader.inside:
            return self._behind(argument)
        if not self.loader.revision or self.loader.nested:
            return None
        mark = self._mark(argument)
        if value is None:
            end = self.places.span(self._anchor(argument))[1]
            word = f", {self.loader.revision}={mark}"
            return Splice(start=end, end=end, before=word, after=mark)
        if not isinstance(value, ast.Constant):
            return None
        start, end = self.places.span(value)
        mark = self._mark(value) if value.value is not None else mark
        return Splice(start=start, end=end, before=mark, after=mark)

    def _anchor(self, argument: ast.expr) -> ast.expr | ast.keyword:
        """The last argument without a keyword, or that with the name where it has one."""
        own = [word for word in self.node.keywords if word.value is argument]
        return own[0] if own else self.node.args[-1]

    def _mark(self, node: ast.expr) -> str:
        start, _ = self.places.span(node)
        return "'" if self.places.text[start] == "'" else '"'

    def _behind(self, argument: ast.expr) -> Splice | None:
        """`@commit` at the end of a plain literal, in the place of a revision that stands there."""
        start, end = self.places.span(argument)
        source = self.places.text[start:end]
        value = argument.value if isinstance(argument, ast.Constant) else ""
        if not isinstance(value, str) or source not in (f'"{value}"', f"'{value}'"):
            return None
        name = value.partition("@")[0]
        return Splice(start=start + 1 + len(name), end=end - 1, before="@")

    def _other(self, base: Reference, word: str, pin: str) -> Iterator[Reference]:
        value = self.keywords.get(word)
        text = evaluate(value, self.scope) if value else None
        name = named(text) if isinstance(text, str) else None
        if name is None or value is None:
            return
        base = replace(base, repo=name.repo, by=f"{base.by} {word}")
        if not pin:
            hand = f'load it by itself with revision="{COMMIT}", and give {word} the object'
            yield replace(base, revision=name.revision, hand=hand)
            return
        loader = replace(self.loader, revision=pin, hand=f'{pin}="{COMMIT}"')
        yield replace(self, loader=loader)._pinned(base, name, value)
