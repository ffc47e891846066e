"""How it is to be loaded."""

from dataclasses import dataclass


@dataclass
class LoadConfig:
    """The words of the command."""

    load_format: str = "auto"
