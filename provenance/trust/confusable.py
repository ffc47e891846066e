"""Names that people would take for a publisher's: alike to the eye, decorated, or one letter off.

Names are the ASCII namespaces of `trust.names`; they are compared with those of a registry alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache

from provenance import names

SEPARATORS = "-_."
# What looks alike is one, as in Unicode TR39 but over ASCII. Separators and case carry no weight;
# 1/i/l and 0/o are one in many fonts, and so are rn/m, vv/w, cl/d. 3 4 5 7 8 are read as letters:
# that costs little, as few honest names differ by a digit in the place of the letter it resembles.
# 2/z, 6/b, 9/g, g/q, u/v and nn/m only resemble each other: one of them is a near miss.
ALIKE = str.maketrans("01i34578", "olleastb", SEPARATORS)
PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))

# Words that say "we are them" and change nothing in whose name it is. Others say whose it is not
# (`openai-community`, `google-bert`) and are left alone. The plural is a decoration too.
AFTER = tuple(
    "s ai corp hf hq inc lab llm lm ml model official org research team".translate(ALIKE).split()
)
BEFORE = tuple("hf official real team the".translate(ALIKE).split())
DEEPEST = 4
"""How many decorations are looked behind: `the-google-ai-labs` has as many."""

LEAST = 5
"""One letter makes a shorter name another's: xAI and Z.ai are both honest."""

LEAST_ALONE = 3
"""What is left of a shorter name is nobody's in particular."""


def skeleton(name: str) -> str:
    """What is left of `name` when everything that looks alike is one; its own skeleton."""
    return _paired(_letters(name))


def lookalikes(name: str, registered: tuple[str, ...]) -> tuple[str, ...]:
    """The names of a registry that `name` can be taken for, other than itself.

    Those of the same skeleton, else those that differ by decorations: the closest reading counts,
    so that no registered name is another in disguise.
    """
    if not names.is_namespace(name):
        return ()
    whole = skeleton(name)
    same = [o for o in _index(_stems, registered).get(whole, ()) if skeleton(o) == whole]
    found = dict.fromkeys(same) if same else _decorated(name, registered)
    return tuple(other for other in found if other != name)


def doubles(name: str, registered: tuple[str, ...]) -> tuple[str, ...]:
    """The other names of a registry that the registered `name` can be taken for."""
    return tuple(other for other in _decorated(name, registered) if other != name)


def _decorated(name: str, registered: tuple[str, ...]) -> dict[str, None]:
    """The registered names that differ from `name` by decorations at most, each once."""
    index, whole = _index(_stems, registered), skeleton(name)
    return dict.fromkeys(
        other
        for stem in sorted(_stems(name))
        for other in index.get(stem, ())
        if _is_enough(stem, whole, other)
    )


def near_misses(name: str, registered: tuple[str, ...]) -> tuple[str, ...]:
    """The names of a registry that are one letter away from `name`.

    One letter inserted, left out or replaced, or two neighbours exchanged; `LEAST` letters or more
    in the registered name, without a last word such as `-org`.
    """
    if not names.is_namespace(name):
        return ()
    index = _index(_shortened, registered)
    candidates = (other for key in sorted(_shortened(name)) for other in index.get(key, ()))
    return tuple(other for other in dict.fromkeys(candidates) if _is_near(name, other))


@lru_cache(maxsize=16)
def _index(
    keys: Callable[[str], Iterable[str]], registered: tuple[str, ...]
) -> Mapping[str, tuple[str, ...]]:
    """The registered names by each of their keys; made once for a registry."""
    found: dict[str, tuple[str, ...]] = {}
    for name in registered:
        for key in keys(name):
            found[key] = (*found[key], name) if key in found else (name,)
    return found


def _letters(name: str) -> str:
    return name.casefold().translate(ALIKE)


def _paired(letters: str) -> str:
    for pair, one in PAIRS:
        letters = letters.replace(pair, one)
    return letters


def _stems(name: str) -> frozenset[str]:
    """The skeletons of `name` and of what is left of it without decorations, one after another."""
    found = last = {_letters(name)}
    for _ in range(DEEPEST):
        last = {shorter for text in last for shorter in _undecorated(text)}
        found = found | last
    return frozenset(map(_paired, found))


def _undecorated(text: str) -> Iterator[str]:
    """`text` without each decoration that it ends or begins with and does not consist of."""
    if text.endswith(AFTER):
        yield from (text[: -len(word)] for word in AFTER if text.endswith(word) and text != word)
    if text.startswith(BEFORE):
        yield from (text[len(word) :] for word in BEFORE if text.startswith(word) and text != word)


def _is_enough(stem: str, whole: str, registered: str) -> bool:
    """Whether `stem`, which is left of two names, takes one for the other; `whole` is the first.

    A short one does if it is all of the first, or the brand of the registered one: `openlm` is not
    `openai` because `open` is left of both.
    """
    if len(stem) >= LEAST or stem == skeleton(registered):
        return True
    return len(stem) >= LEAST_ALONE and stem in (whole, _paired(_brand(registered)))


def _brand(name: str) -> str:
    """The letters of `name` without the decorations that it sets apart by a separator."""
    first, *words = map(_letters, re.split(f"[{SEPARATORS}]+", name))
    while words and words[-1] in AFTER:
        words.pop()
    return "".join((first, *words))


def _forms(name: str) -> tuple[str, str]:
    """As written but for case and separators, and as it looks."""
    return re.sub(f"[{SEPARATORS}]", "", name.casefold()), skeleton(name)


def _shortened(name: str) -> frozenset[str]:
    """Each form whole and without each of its letters: names one edit apart share one of these."""
    return frozenset(
        form[:cut] + form[cut + 1 :] for form in _forms(name) for cut in range(len(form) + 1)
    )


def _is_near(name: str, registered: str) -> bool:
    if len(_brand(registered)) < LEAST:
        return False
    return any(map(_one_edit, _forms(name), _forms(registered)))


def _one_edit(a: str, b: str) -> bool:
    """Whether one letter inserted, left out or replaced, or two exchanged, makes `a` into `b`."""
    while a and b and a[0] == b[0]:
        a, b = a[1:], b[1:]
    while a and b and a[-1] == b[-1]:
        a, b = a[:-1], b[:-1]
    exchanged = len(a) == 2 and a == b[::-1]
    return exchanged or max(len(a), len(b)) == 1
