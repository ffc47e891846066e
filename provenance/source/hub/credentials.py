"""Which token this machine has for a Hub, and where it is from; never the token itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from huggingface_hub import constants, get_token

NAMES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
WITHHELD = "HF_HUB_DISABLE_IMPLICIT_TOKEN"


def origin(given: str | None, variables: Mapping[str, str]) -> str | None:
    """Where the token is from that would be sent, None where there is none.

    `given` is one that the caller typed; `variables` are those of this process.
    """
    if given:
        return "--token"
    if constants.HF_HUB_DISABLE_IMPLICIT_TOKEN or not get_token():
        return None
    named = next((name for name in NAMES if variables.get(name, "").strip()), None)
    file = Path(constants.HF_TOKEN_PATH)
    return named or (str(file) if file.is_file() else "huggingface_hub")


def endpoint() -> str:
    """The address of the Hub that is asked."""
    return constants.ENDPOINT
