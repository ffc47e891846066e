"""What the manual says of one name, and what names it has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from provenance import manual
from provenance.errors import ConfigError
from provenance.formats.near import near
from provenance.report import crosswalk, formats, loaders, places

TABLES = {loaders.PAGE: loaders.table, places.PAGE: places.table}
"""What a page ends with: the table that it speaks of."""
MADE: Mapping[str, Callable[[], str]] = {
    formats.PAGE: formats.page,
    crosswalk.PAGE: crosswalk.page,
}
"""The pages that are made of tables alone."""


def names() -> tuple[str, ...]:
    """Every name that `explained` takes: rules, topics, checks and what is made of tables."""
    return (*manual.rules(), *manual.names(), *MADE)


def explained(name: str) -> str:
    """The page of a topic or check, or what a rule means; ConfigError for any other name.

    A check and a rule end with the requirements of standards that ask for it.
    """
    if parts := list(_parts(name)):
        return "\n\n".join(filter(None, (*parts, crosswalk.block(name))))
    hint = near(name, names(), 3) or "; `provenance explain` lists them"
    raise ConfigError(f"there is no page or rule {name!r}{hint}")


def _parts(name: str) -> Iterator[str]:
    """What is said of the name itself; nothing where it is not known."""
    rules = manual.rules()
    if page := manual.page(name) or (MADE[name]() if name in MADE else None):
        yield page
        if name in TABLES:
            yield TABLES[name]()
    elif name in rules:
        yield from (name, rules[name])
        yield f"The whole page: provenance explain {name.partition('/')[0]}"


def overview() -> str:
    """Every page on a line, then every rule."""
    titles = {name: manual.title(name) for name in manual.names()}
    titles |= {name: _title(page()) for name, page in MADE.items()}
    width = max(map(len, titles))
    pages = (f"{name:{width}}  {title}" for name, title in titles.items())
    return "\n".join((*pages, "", *sorted(manual.rules())))


def _title(page: str) -> str:
    return page.partition("\n")[0].partition(": ")[2]
