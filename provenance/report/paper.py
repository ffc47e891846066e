"""What the place that a report goes to can show: colour, links, more than ASCII."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

PLAINER = {
    "✓": "+",
    "✗": "x",
    "≈": "=",
    "·": "*",
    "→": "->",
    "←": "<-",
    "…": "...",
    "└": "`",
    "├": "|",
    "│": "|",
    "─": "-",
    "—": "-",
    "░": ":",
    "▒": "o",
    "▓": "O",
    "█": "#",
}
"""What stands for a character of ours where there is only ASCII."""
ASCII_LOCALES = frozenset({"C", "POSIX"})
LINKING = frozenset(
    {"iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper", "Tabby", "WarpTerminal", "rio"}
)
"""Values of TERM_PROGRAM whose terminals follow OSC 8 links."""
LINKING_TERMS = ("xterm-kitty", "xterm-ghostty", "alacritty", "foot", "wezterm", "contour")
LINKING_MARKS = ("WT_SESSION", "KONSOLE_VERSION", "DOMTERM")
OLDEST_VTE = 5000
OPEN, CLOSE = "\x1b]8;;{}\x1b\\", "\x1b]8;;\x1b\\"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """Whether there is colour, whether links can be followed, and which characters there are."""

    colour: bool = False
    links: bool = False
    encoding: str = "utf-8"

    @classmethod
    def of(cls, variables: Mapping[str, str], *, terminal: bool, encoding: str) -> Paper:
        """What somebody with these variables sees; no colour and no links without a terminal, for
        `TERM=dumb`, and where NO_COLOR asks for none (no-color.org)."""
        plain = variables.get("NO_COLOR") or variables.get("TERM") == "dumb"
        colour = terminal and not plain
        return cls(
            colour=colour,
            links=colour and _follows_links(variables),
            encoding="ascii" if _is_ascii_locale(variables) else encoding,
        )

    def fitting(self, text: str) -> str:
        """The text with what it cannot show said plainer, or as the number of the character."""
        try:
            text.encode(self.encoding)
        except UnicodeEncodeError:
            return "".join(map(self._character, text))
        return text

    def _character(self, character: str) -> str:
        try:
            character.encode(self.encoding)
        except UnicodeEncodeError:
            number = character.encode(self.encoding, "backslashreplace").decode(self.encoding)
            return PLAINER.get(character, number)
        return character

    def linked(self, text: str, link: str) -> str:
        """The text, leading to a URL, or to a file that is there, where links can be followed."""
        url = address(link) if self.links and link else ""
        return f"{OPEN.format(url)}{text}{CLOSE}" if url else text


def address(link: str) -> str:
    """The URL of a page or of a file that is there; nothing for what is neither, or hides more."""
    if urlsplit(link).scheme in ("http", "https", "file"):
        return link if link.isascii() and link.isprintable() and " " not in link else ""
    try:
        return Path(link).absolute().as_uri() if Path(link).exists() else ""
    except (OSError, ValueError):
        return ""


def _is_ascii_locale(variables: Mapping[str, str]) -> bool:
    """Whether the caller says that there is only ASCII, which Python takes for UTF-8 (PEP 540)."""
    if variables.get("PYTHONUTF8") or variables.get("PYTHONIOENCODING"):
        return False
    return (variables.get("LC_ALL") or variables.get("LC_CTYPE")) in ASCII_LOCALES


def _follows_links(variables: Mapping[str, str]) -> bool:
    """Whether this is a terminal that is known to follow links (OSC 8); others print the codes."""
    vte = variables.get("VTE_VERSION", "")
    return (
        variables.get("TERM_PROGRAM") in LINKING
        or variables.get("TERM", "").startswith(LINKING_TERMS)
        or any(name in variables for name in LINKING_MARKS)
        or (vte.isascii() and vte.isdigit() and int(vte[:9]) >= OLDEST_VTE)
    )
