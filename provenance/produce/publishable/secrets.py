"""Texts and names that give a secret away, by the forms that services give their tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

KNOWN = re.compile(
    "|".join(
        (
            r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY",
            r"(?<![A-Za-z0-9])(?:"
            r"hf_[A-Za-z0-9]{30,}|api_org_[A-Za-z0-9]{30,}"
            r"|gh[opsur]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,}|gl[a-z]{2,5}-[\w-]{20,}"
            r"|sk-(?:ant|proj|svcacct|admin|or)-[\w-]{20,}|sk-[A-Za-z0-9]{20,}|gsk_[A-Za-z0-9]{40,}"
            r"|[rs]k_(?:live|test)_[A-Za-z0-9]{16,}|nvapi-[\w-]{40,}|r8_[A-Za-z0-9]{30,}"
            r"|(?:AKIA|ASIA)[0-9A-Z]{16}(?![A-Za-z0-9])|AIza[\w-]{35}|ya29\.[\w-]{20,}"
            r"|xox[abceoprs]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{20,}"
            r"|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.|eyJhcGlf[A-Za-z0-9+/=]{20,}"
            r"|npm_[A-Za-z0-9]{36}|pypi-AgE[\w-]{40,}|dckr_pat_[\w-]{20,}|dapi[0-9a-f]{32}"
            r"|wandb_v\d_\w{20,}|lsv2_[a-z]{2}_\w{20,}|SG\.[\w-]{16,}\.[\w-]{16,}"
            r"|\d{8,10}:AA[\w-]{30,}|SK[0-9a-f]{32}|LS0tLS1CRUdJTi[A-Za-z0-9+/=]{8,}"
            r"|ssh-(?:rsa|dss|ed25519) AAAA[A-Za-z0-9+/=]{8,}"
            r"|AccountKey=[A-Za-z0-9+/=]{20,}|(?i:bearer) (?=[^ ]{0,200}\d)[\w.~+/-]{20,}"
            r")",
        )
    )
)
HOOK = re.compile(
    r"https://(?:hooks\.slack\.com/\w|(?:\w+\.)?discord(?:app)?\.com/api/webhooks/\d"
    r"|[\w.-]{1,100}\.webhook\.office\.com/\w|api\.telegram\.org/bot\d)",
    re.IGNORECASE,
)
"""Addresses that whoever knows them may write to."""
URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s\"'<>`]+")
SHELLS = frozenset({"ssh", "git+ssh", "ssh+git", "sftp"})
ASSIGNED = re.compile(r"(?<![\w-])(?:--?)?([A-Za-z][\w-]{2,60})=([^\s\"',;]+)")
FLAG = re.compile(r"(?<![\w-])--([A-Za-z][\w-]{2,60})[ \t]+([^\s\"',;-][^\s\"',;]*)")
WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
PLACEHOLDER = re.compile(
    r"|none|null|true|false|auto|\*+|x{3,}|\.{3}|changeme"
    r"|<[^<>]*>|\$\w+|\$?\{+[^{}]*\}+|%\w+%|\[?redacted\]?|env:\w+|os\.environ.*",
    re.IGNORECASE,
)
TOKEN_LIKE = re.compile(r"(?=[^\d]*\d)(?=[^A-Za-z]*[A-Za-z])[\w.+/=-]{16,}")

PASSWORDS = frozenset({"password", "passwd", "passphrase", "pwd", "passcode"})
LAST = PASSWORDS | {
    "secret",
    "secrets",
    "credential",
    "credentials",
    "apikey",
    "authorization",
    "pass",
    "pw",
    "auth",
    "bearer",
    "cookie",
    "cookies",
    "authtoken",
    "accesstoken",
}
LAST_TWO = frozenset(
    {("api", "token"), ("account", "key"), ("secret", "value"), ("netrc", "entry")}
    | {
        (first, "key")
        for first in [
            "api",
            "access",
            "secret",
            "private",
            "signing",
            "wandb",
            "service",
            "auth",
            "sas",
            "storage",
            "openai",
            "anthropic",
            "ssh",
            "license",
            "master",
            "encryption",
        ]
    }
    | {
        (first, "token")
        for first in [
            "access",
            "auth",
            "bearer",
            "bot",
            "csrf",
            "github",
            "gitlab",
            "hf",
            "hub",
            "huggingface",
            "id",
            "identity",
            "login",
            "private",
            "push",
            "refresh",
            "secret",
            "security",
            "session",
            "slack",
            "upload",
            "user",
            "wandb",
            "write",
            "read",
            "kaggle",
            "neptune",
            "comet",
            "mlflow",
            "clearml",
            "swanlab",
            "modelscope",
        ]
    }
)
USERS = frozenset((name,) for name in ["basic", "auth", "user", "login", "u", "userpwd"])
WITH_PASSWORD = re.compile(r"(?!\d+:\d+$)[\w.@+-]{1,100}:(?!//)\S+")
QUERIES = frozenset(
    [
        "access_token",
        "api_key",
        "apikey",
        "auth",
        "awsaccesskeyid",
        "key",
        "password",
        "sig",
        "signature",
        "token",
    ]
)


def words_of(name: str) -> tuple[str, ...]:
    """The words of a name in lower case: `hub_token`, `hub-token` and `hubToken` have the same."""
    return tuple(word.lower() for word in WORDS.findall(name))


def is_secret(words: tuple[str, ...]) -> bool:
    """Whether what stands under a name of these words is a secret by its name."""
    return bool(words) and (words[-1] in LAST or words[-2:] in LAST_TWO)


def is_password(words: tuple[str, ...]) -> bool:
    """Whether even a number there is one."""
    return bool(words) and words[-1] in PASSWORDS


def opens_as_user(words: tuple[str, ...], text: str) -> bool:
    """Whether a text is `user:password`, by the name that it stands under."""
    return words[-1:] in USERS and bool(WITH_PASSWORD.fullmatch(text.strip()))


def is_filled(text: str) -> bool:
    """Whether a text is more than a place for a secret, as `$HF_TOKEN` and `<HUB_TOKEN>` are."""
    return not PLACEHOLDER.fullmatch(text.strip())


def looks_random(text: str) -> bool:
    """Whether a text that is called a token is one of a service, and none of a tokenizer."""
    return bool(TOKEN_LIKE.fullmatch(text)) and is_filled(text)


def found(text: str) -> Iterator[str]:
    """What gives a secret away in a text, in words."""
    if KNOWN.search(text):
        yield "a key or token in the form that its service gives it"
    if HOOK.search(text):
        yield "an address that lets whoever knows it write there"
    if "://" in text and any(map(_opens, set(URL.findall(text)))):
        yield "a URL with a password, token or signature in it"
    pairs = {*ASSIGNED.findall(text), *FLAG.findall(text)}
    if any(is_secret(words_of(name)) and is_filled(value) for name, value in pairs):
        yield "a secret that is given to a program"


def _opens(url: str) -> bool:
    """Whether a URL lets somebody in: by its user, or by what it asks with."""
    scheme, _, rest = url.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    user, at, behind = authority.rpartition("@")
    name, colon, password = user.partition(":")
    if at and not behind.startswith("sha256:") and is_filled(password if colon else name):
        return bool(colon) or scheme.lower() not in SHELLS
    try:
        query = urlsplit(url).query
    except ValueError:
        return False
    return any(
        (name.lower() in QUERIES or name.lower().startswith(("x-amz-s", "x-goog-s", "x-amz-c")))
        and is_filled(value)
        for name, value in parse_qsl(query, max_num_fields=None)
    )
