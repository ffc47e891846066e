"""What the manual says of one name, and what names it has."""

from __future__ import annotations

from provenance import manual
from provenance.errors import ConfigError
from provenance.formats.near import near
from provenance.report import formats, loaders, places

TABLES = {loaders.PAGE: loaders.table, places.PAGE: places.table}
"""What a page ends with: the table that it speaks of."""


def explained(name: str) -> str:
    """The page of a topic or check, or what a rule means; ConfigError for any other name."""
    rules = manual.rules()
    if page := manual.page(name) or (formats.page() if name == formats.PAGE else None):
        table = TABLES.get(name)
        return f"{page}\n\n{table()}" if table else page
    if name in rules:
        whole = f"The whole page: provenance explain {name.partition('/')[0]}"
        return f"{name}\n\n{rules[name]}\n\n{whole}"
    known = (*rules, *manual.names(), formats.PAGE)
    hint = near(name, known, 3) or "; `provenance explain` lists them"
    raise ConfigError(f"there is no page or rule {name!r}{hint}")


def overview() -> str:
    """Every page on a line, then every rule."""
    names = manual.names()
    width = max(map(len, names))
    pages = (f"{name:{width}}  {manual.title(name)}" for name in names)
    return "\n".join((*pages, "", *sorted(manual.rules())))
