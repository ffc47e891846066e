"""A table walked through for what must not be published."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from provenance.errors import Malformed
from provenance.formats import json
from provenance.produce.publishable import commands, places, secrets

Key = str | int
Place = tuple[Key, ...]
SHOWN = 80
BY_NAME = "a secret by its name"


def written(place: Place) -> str:
    """The keys that lead to a place, as `trainer.args[2]`."""
    parts = (f"[{key}]" if isinstance(key, int) else f".{key[:SHOWN]}" for key in place)
    return "".join(parts).removeprefix(".")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A value that must not be published: where it stands, and what it looks like.

    The value itself is nowhere in its words. `is_name` says that the last of `keys` is the value.
    """

    keys: Place
    reason: str
    is_name: bool = False

    @property
    def where(self) -> str:
        """The keys that lead there, as `trainer.args[2]`, without one that is the value itself."""
        return written(self.keys[:-1] if self.is_name else self.keys)


def refusals(
    value: object, keys: Place = (), *, private: Collection[str] = ()
) -> Iterator[Refusal]:
    """What must not be published of whatever JSON can say, each with its place below `keys`.

    Secrets, paths of the machine that it was written on and hosts of private networks; `private`
    are names that no path may hold, as those of the user and of the host.
    """
    yield from _walk(value, keys, frozenset(private), (), False)


def in_file_name(path: str, private: Collection[str] = ()) -> str:
    """What must not be published in the path of a file, in words, or nothing.

    There a name of the user or the host counts wherever it stands.
    """
    found = next((one.reason for one in refusals(path, private=private)), "")
    return found or (places.OF_SOMEBODY if places.tells_of(path, private) else "")


def published(
    values: Mapping[str, object], *, private: Collection[str] = ()
) -> tuple[dict[str, object], tuple[str, ...]]:
    """The table without what must not be published, and the names of what was dropped.

    Of a list one of whose items must not be published nothing is kept.
    """
    dropped: dict[Place, str] = {}
    for found in refusals(values, private=private):
        place = found.keys
        while isinstance(place[-1], int):
            place = place[:-1]
        dropped[place] = written(place[:-1] if found.is_name else place) or "a name"
    return _table(values, (), frozenset(dropped)), tuple(dict.fromkeys(dropped.values()))


def without(
    values: Mapping[str, object], names: Collection[str]
) -> tuple[dict[str, object], tuple[str, ...]]:
    """The table without what stands under these names, and those under which nothing stands.

    A name is written as in a Refusal's `where`.
    """
    known = {written(place): place for place in _places(values, ())}
    found = frozenset(known[name] for name in names if name in known)
    return _table(values, (), found), tuple(name for name in names if name not in known)


def _walk(
    value: object, place: Place, private: frozenset[str], words: tuple[str, ...], secret: bool
) -> Iterator[Refusal]:
    """`words` are those of the two names above, `secret` whether one of them is a secret's."""
    if isinstance(value, Mapping):
        yield from _in_table(value, place, private, words, secret)
    elif isinstance(value, str):
        yield from (
            Refusal(keys=place, reason=said) for said in _said(value, words, secret, private)
        )
    elif isinstance(value, Sequence) and not isinstance(value, bytes):
        flag = ""
        for number, item in enumerate(value):
            is_flag = isinstance(item, str) and item.startswith("--")
            named = () if is_flag else secrets.words_of(flag)
            under = (*commands.NAMES.intersection(words), *named) if named else words
            yield from _walk(item, (*place, number), private, under, secret)
            flag = commands.follows(item) if isinstance(item, str) else ""
    elif isinstance(value, int) and not isinstance(value, bool) and secrets.is_password(words):
        yield Refusal(keys=place, reason=BY_NAME)


def _in_table(
    table: Mapping[object, object],
    place: Place,
    private: frozenset[str],
    words: tuple[str, ...],
    secret: bool,
) -> Iterator[Refusal]:
    called = table.get("name", table.get("key"))
    for key, value in table.items():
        name = str(key)
        own = secrets.words_of(called if key == "value" and isinstance(called, str) else name)
        inner = (*words[-1:], *own)
        for said in (*secrets.found(name), *places.found(name, (), private)):
            yield Refusal(keys=(*place, name), reason=said, is_name=True)
            break
        else:
            marked = secret or secrets.is_secret(inner)
            yield from _walk(value, (*place, name), private, inner, marked)


def _said(
    text: str, words: tuple[str, ...], secret: bool, private: frozenset[str]
) -> Iterator[str]:
    """The one thing to say of a text, if any."""
    named = secret or secrets.is_secret(words)
    if (named and secrets.is_filled(text)) or secrets.opens_as_user(words, text):
        yield BY_NAME
        return
    if words[-1:] == ("token",) and secrets.looks_random(text):
        yield BY_NAME
        return
    found = chain(
        secrets.found(text),
        places.found(text, words, private),
        _in_command(text, words, private),
        _in_json(text, words, secret, private),
    )
    yield from islice(found, 1)


def _in_command(text: str, words: tuple[str, ...], private: frozenset[str]) -> Iterator[str]:
    """What a command line hands to a program, and what stands in one under such a name."""
    above = commands.NAMES.intersection(words)
    if not above and not commands.LIKE.match(text):
        return
    name = "_".join(word for word in words if word not in above)
    if above and commands.is_secret(name, text):
        yield BY_NAME
    elif above and places.is_login(text):
        yield places.OF_A_HOST
    for name, value in commands.pairs(text):
        if commands.is_secret(name, value):
            yield "a secret that is given to a program"
        yield from places.found(value, secrets.words_of(name), private)


def _in_json(
    text: str, words: tuple[str, ...], secret: bool, private: frozenset[str]
) -> Iterator[str]:
    """What stands in a text that is a table or list of JSON itself."""
    begins = min((at for at in map(text.find, "{[") if at >= 0), default=-1)
    if begins < 0 or '"' not in text or not text.rstrip().endswith(("}", "]")):
        return
    try:
        value = json.loads(text[begins:].encode())
    except (Malformed, UnicodeEncodeError):
        return
    yield from (found.reason for found in _walk(value, (), private, words, secret))


def _places(value: object, place: Place) -> Iterator[Place]:
    """Every place in a value, without the value itself."""
    pairs: Iterable[tuple[Key, object]] = ()
    if isinstance(value, Mapping):
        pairs = ((str(key), item) for key, item in value.items())
    elif isinstance(value, list | tuple):
        pairs = enumerate(value)
    for key, item in pairs:
        yield (*place, key)
        yield from _places(item, (*place, key))


def _table(
    values: Mapping[str, object], place: Place, dropped: frozenset[Place]
) -> dict[str, object]:
    pairs = ((str(name), value) for name, value in values.items())
    return {
        name: _kept(value, (*place, name), dropped)
        for name, value in pairs
        if (*place, name) not in dropped
    }


def _kept(value: object, place: Place, dropped: frozenset[Place]) -> object:
    if isinstance(value, Mapping):
        return _table(value, place, dropped)
    if isinstance(value, list | tuple):
        items = [(*place, number) for number in range(len(value))]
        return [
            _kept(item, at, dropped)
            for item, at in zip(value, items, strict=True)
            if at not in dropped
        ]
    return value
