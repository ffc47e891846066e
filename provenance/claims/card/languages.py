"""The phrases of authors who write in other languages than English: the rows of languages.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from importlib import resources

from provenance.claims.card.flat import OBJECT
from provenance.claims.card.phrases import Phrase


def _phrases() -> Iterator[Phrase]:
    text = resources.files(__package__).joinpath("languages.toml").read_text("utf-8")
    for row in tomllib.loads(text)["phrases"]:
        yield Phrase(
            key=row["key"],
            relation=row.get("relation"),
            first=row.get("first", ""),
            rest=row.get("rest", " "),
            behind=_led(row),
            label=row.get("label", False),
            linked=row.get("linked", False),
        )


def _led(row: Mapping[str, list[str]]) -> str:
    """What stands behind the name, and of `led` phrases the words directly before it."""
    behind = f"{row.get('behind', '')}"
    if "led" not in row:
        return behind
    before = [f"(?<={word}{space}{OBJECT})" for word in row["led"] for space in ("", " ")]
    return f"(?:{'|'.join(before)}){behind}"


OTHERS: tuple[Phrase, ...] = tuple(_phrases())
LED_TO = tuple(one for one in OTHERS if one.first)
FOLLOWED_BY = tuple(one for one in OTHERS if not one.first)
