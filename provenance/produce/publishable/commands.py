"""Command lines, which are read strictly: what is handed to a program may be a secret."""

from __future__ import annotations

import re
from collections.abc import Iterator

from provenance.produce.publishable import secrets

NAMES = frozenset({"command", "commands", "cmd", "args", "argv", "env", "entrypoint", "cmdline"})
"""A name of one of these words is that of command lines."""
LIKE = re.compile(
    r"\s*(?:(?:export|env)\s+)?[A-Z][A-Z0-9_]{2,60}=\S|\s*--?[A-Za-z][\w-]{0,60}[ =]\S"
)
"""How a text begins that is a command line wherever it stands."""
VALUE = r"(\$\{[^{}]*\}|\"[^\"]*\"|'[^']*'|[^\s\"',;}\]]+)"
NAME = r"(?<![\w.-])[-+]*([A-Za-z_][\w.-]{0,100})"
PAIRS = (
    re.compile(NAME + r"=" + VALUE),
    re.compile(NAME + r"[\\\"']{0,4}\s{0,8}:(?!//)\s{0,8}\\?" + VALUE),
    re.compile(r"(?<![\w.-])--?([A-Za-z][\w.-]{0,100})[ \t]{1,8}(?!-)" + VALUE),
)
ANYWHERE = frozenset(
    [
        "token", "tokens", "secret", "secrets", "pass", "passwd", "password", "passwords",
        "passphrase", "passcode", "pwd", "pw", "pat", "auth", "authorization", "credential",
        "credentials", "creds", "bearer", "sas", "cookie", "cookies", "session", "apikey",
    ]
)  # fmt: skip
ENDINGS = ("token", "secret", "password", "passwd", "passphrase", "pass", "key", "pwd")
ORDINARY = ("bypass", "compass", "monkey", "hotkey", "turkey")
"""Words that end as a secret's do and name none."""
HARMLESS = re.compile(
    r"(?:.*_)?(?:pad|bos|eos|unk|sep|cls|mask|image|video|audio|stop|start|end|special|additional"
    r"|extra|decoder|forced|prompt|response|think|bot|eot|boi|eoi|prefix|suffix|middle|fim)_tokens?"
    r"(?:_ids?)?|(?:.*_)?(?:max|min|num|n|new|per|total|seen|target|train|eval|budget|ignore|batch)"
    r"_(?:.*_)?tokens?(?:_.*)?|(?:.*_)?token_(?:ids?|type|types|level|count|length|len|dropout"
    r"|weights?|classification|merging|limit|budget|bucket).*|pass_(?:at_)?k|loss_per_token"
    r"|(?:.*_)?tokens_(?:per|in|seen|to)_.*|(?:skip|add|strip|remove|resize)_.*tokens?(?:_.*)?"
    r"|(?:.*_)?(?:prompt|text|images?|video|audio|data|dataset|label|input|output|fn|sort|messages?"
    r"|response|answer|question|column|content|role|chosen|rejected|tools|group|cache)_key"
)
"""Names with a word of secrets that trainers give to numbers, switches and parts of texts."""
TRACKERS = frozenset({"wandb", "hf", "huggingface", "comet", "neptune"})
KEY = re.compile(r"[\w-]{32,}")
LOGIN = "login"


def is_secret(name: str, value: str) -> bool:
    """Whether a value that is handed to a program under this name is a secret, or may be."""
    words, plain = secrets.words_of(name), value.strip("\"'\\ ")
    if secrets.opens_as_user(words, plain):
        return True
    if not _is_named(words):
        return bool(TRACKERS & set(words[-1:])) and bool(KEY.fullmatch(plain))
    is_count = words[-1] == "tokens" and plain.replace("_", "").isdecimal()
    return secrets.is_filled(plain) and not is_count


def follows(flag: str) -> str:
    """The name that the next word of a command line stands under, or nothing."""
    if flag.startswith("-") and "=" not in flag:
        return flag.lstrip("-")
    return "auth_token" if flag == LOGIN else ""


def pairs(text: str) -> Iterator[tuple[str, str]]:
    """Each name in a command line with the value that it gives to it."""
    for pattern in PAIRS:
        for found in pattern.finditer(text):
            yield found[1], found[2].strip("\"'\\ ")


def _is_named(words: tuple[str, ...]) -> bool:
    if HARMLESS.fullmatch("_".join(words)):
        return False
    last = words[-1] if words else ""
    ends = last.endswith(ENDINGS) and last not in ORDINARY
    return ends or not ANYWHERE.isdisjoint(words)
