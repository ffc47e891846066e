"""What a chat template (Jinja, https://jinja.palletsprojects.com/templates/) does beyond formatting.

A template is judged by an allow-list over its syntax tree and is never rendered: some loaders
render it without a sandbox, and sandboxes have had holes. Attributes that begin with an underscore
lead from any value to the interpreter, so every way to reach one is refused: written out, as a
subscript, put together from pieces, or as an argument of a filter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from jinja2 import Environment, TemplateError, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

from provenance.formats.template_flow import Flow, assembles, descendants, flow_of, key_of, sources
from provenance.formats.template_triggers import triggers

MAX_SOURCE = 1 << 20
MAX_PHRASES = 50
MAX_NUMBER = 100_000
UNPARSED = "does not parse"

PLAIN = frozenset(
    "Add And Assign AssignBlock Break CallBlock Compare Concat CondExpr Const Continue Dict Div"
    " ExprStmt FilterBlock FloorDiv For If Keyword List Macro Mod Mul NSRef Name Neg Not Operand Or"
    " Output Pair Pos Slice Sub Template TemplateData Tuple With Call Filter Getattr Getitem"
    " Test".split()
)
"""The constructs a template may use; a few of them are looked at more closely."""

FILTERS = frozenset(
    "abs batch capitalize center count d default dictsort e escape filesizeformat first float"
    " forceescape format groupby indent int items join last length list lower map max min reject"
    " rejectattr replace reverse round safe select selectattr slice sort string striptags sum title"
    " tojson trim truncate unique upper urlencode wordcount wordwrap".split()
)
"""The filters that only format data; `tojson` is transformers' own."""

ATTRIBUTE_AT = {
    "groupby": 0,
    "join": 1,
    "max": 1,
    "min": 1,
    "rejectattr": 0,
    "selectattr": 0,
    "sort": 2,
    "sum": 0,
    "unique": 1,
}
"""The filters that look up attributes, and which positional argument names them."""

TESTS = frozenset(
    "!= < <= == > >= boolean defined divisibleby eq equalto escaped even false float ge greaterthan"
    " gt in integer iterable le lessthan lower lt mapping ne none number odd sameas sequence string"
    " true undefined upper".split()
)

METHODS = frozenset(
    "append capitalize casefold center clear copy count endswith extend find get index insert"
    " isalnum isalpha isascii isdecimal isdigit isidentifier islower isnumeric isprintable isspace"
    " istitle isupper items join keys ljust lower lstrip partition pop popitem remove removeprefix"
    " removesuffix replace reverse rfind rindex rjust rpartition rsplit rstrip setdefault sort split"
    " splitlines startswith strip swapcase title update upper values zfill".split()
)
"""Methods of text, lists and tables that only yield data; `format` reaches attributes."""

FUNCTIONS = frozenset({"raise_exception", "strftime_now", "range", "namespace", "dict"})
MACRO_FUNCTIONS = frozenset({"caller", "loop"})
ESCAPES = frozenset(
    "self cycler joiner lipsum config request session url_for get_flashed_messages".split()
)
"""Objects whose attributes are the usual way out of a template."""

INNARDS = frozenset(
    "mro func_code func_globals func_defaults func_closure im_class im_func im_self gi_frame"
    " gi_code cr_frame cr_code ag_frame ag_code f_globals f_builtins f_locals f_back tb_frame"
    " tb_next os sys subprocess popen Popen builtins environ importlib load_module eval"
    " exec".split()
)
"""Attributes that lead to the interpreter without an underscore in front."""

CODE = re.compile(
    r"__|\bos\.(?:system|popen|environ|exec|spawn)|\bsubprocess\b|\bbuiltins\b|\bpopen\b"
    r"|\bimportlib\b|\beval\s*\(|\bexec\s*\(|%\d*c",
    re.IGNORECASE,
)
PLAIN_FORMAT = re.compile(r"(?:[^{}]|\{\{|\}\}|\{[A-Za-z0-9]*\})*")


class Generation(Extension):
    """Accepts transformers' `{% generation %}…{% endgeneration %}`, which marks what is trained on."""

    tags = frozenset({"generation"})

    def parse(self, parser: Parser) -> nodes.Node | list[nodes.Node]:
        """The statements between the tags stand where the tags stood."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def unsafe(source: str) -> tuple[str, ...]:
    """What `source` does beyond formatting messages, each as a phrase with its line; never raises.

    One phrase that begins with UNPARSED stands for a template that is not Jinja, is longer than
    1 MiB or nests too deep: what a loader would make of it is not known.
    """
    if len(source) > MAX_SOURCE:
        return (f"{UNPARSED}: {len(source)} characters, more than {MAX_SOURCE}",)
    try:
        tree = _environment().parse(source)
    except TemplateError as error:
        return (f"{UNPARSED}: {_cut(error.message or 'syntax error')}",)
    except (RecursionError, ValueError, OverflowError) as error:
        return (f"{UNPARSED}: {_cut(str(error))}",)
    every = list(descendants(tree))
    flow = flow_of(every)
    found = {(node.lineno, phrase) for node in every for phrase in _beyond(node, flow)}
    return tuple(f"line {line}: {phrase}" for line, phrase in sorted(found)[:MAX_PHRASES])


def _environment() -> Environment:
    return Environment(
        extensions=["jinja2.ext.loopcontrols", "jinja2.ext.do", Generation]
    )


def _cut(text: str) -> str:
    return repr(text[:80])[1:-1]
