"""What a chat template may use: the constructs, functions and names that only format data."""

from __future__ import annotations

import re


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


CONSTRUCTS = words(
    "Add And Assign AssignBlock Break CallBlock Compare Concat CondExpr Const Continue Dict Div"
    " ExprStmt FilterBlock FloorDiv For If Keyword List Macro Mod Mul NSRef Name Neg Not Operand Or"
    " Output Pair Pos Slice Sub Template TemplateData Tuple With Call Filter Getattr Getitem"
    " Test"
)
"""The constructs a template may use; a few of them are looked at more closely."""

FILTERS = words(
    "abs batch capitalize center count d default dictsort e escape filesizeformat first float"
    " forceescape format groupby indent int items join last length list lower map max min reject"
    " rejectattr replace reverse round safe select selectattr slice sort string striptags sum title"
    " tojson trim truncate unique upper urlencode wordcount wordwrap"
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

TESTS = words(
    "!= < <= == > >= boolean defined divisibleby eq equalto escaped even false float ge greaterthan"
    " gt in integer iterable le lessthan lower lt mapping ne none number odd sameas sequence string"
    " true undefined upper"
)

METHODS = words(
    "append capitalize casefold center clear count endswith extend find get index insert"
    " isalnum isalpha isascii isdecimal isdigit isidentifier islower isnumeric isprintable isspace"
    " istitle isupper items join keys ljust lower lstrip partition pop popitem removeprefix"
    " removesuffix replace reverse rfind rindex rjust rpartition rsplit rstrip setdefault sort"
    " split splitlines startswith strip swapcase title update upper values zfill"
)
"""Methods of text, lists and tables that only yield data; `format` reaches attributes.

`copy` and `remove` are those of modules for files too, and no template needs them.
"""

FUNCTIONS = words("raise_exception strftime_now range namespace dict caller loop")
"""What a loader or Jinja offers by name and may be called; macros of the template are too."""

OF_LOOP = words("depth depth0 first index index0 last length nextitem previtem revindex revindex0")
"""What `loop` tells. It has functions beside, whose attributes lead to the interpreter."""

MADE = words("range dict namespace")
"""The functions that make data and no text."""

ESCAPES = words(
    "self cycler joiner lipsum environment config request session url_for get_flashed_messages"
)
"""Objects whose attributes are the usual way out of a template."""

INNARDS = words(
    "environment mro func_code func_globals func_defaults func_closure im_class im_func im_self"
    " gi_frame gi_code cr_frame cr_code ag_frame ag_code f_globals f_builtins f_locals f_back"
    " tb_frame tb_next os sys subprocess popen Popen builtins environ importlib load_module eval"
    " exec modules"
)
"""Attributes that lead to the interpreter without an underscore in front."""

MAPPED = FILTERS - ATTRIBUTE_AT.keys() - {"map", "reject", "select"}
"""The filters that `map` may apply."""

CODE = re.compile(
    r"__|\bos\.(?:system|popen|environ|exec|spawn)|\bsubprocess\b|\bbuiltins\b|\bpopen\b"
    r"|\bimportlib\b|\beval\s*\(|\bexec\s*\(",
    re.IGNORECASE,
)
"""Text that names a way to the interpreter."""

PLAIN_FORMAT = re.compile(r"(?:[^{}]|\{\{|\}\}|\{[A-Za-z0-9]*\})*")
"""A text whose `format` looks up no attribute and no item."""

UNPARSED = "does not parse"
"""How a phrase begins that stands for a template nobody could read."""

UNFOLLOWED = "cannot be followed"
"""How a phrase begins that stands for what this reader could not make out."""
