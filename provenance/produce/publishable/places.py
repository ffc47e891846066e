"""Texts that tell of the machine they were written on: its paths, its user, its network."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterator

from provenance.names import is_repo
from provenance.produce.publishable.secrets import URL

ABSOLUTE = re.compile(r"/(?!/)(?:[\w.@+=,-]+/)*[\w.@+=, -]+/?")
ROOTS = [
    "home",
    "root",
    "Users",
    "mnt",
    "data",
    "datasets",
    "models",
    "workspace",
    "workspaces",
    "tmp",
    "var",
    "opt",
    "srv",
    "scratch",
    "media",
    "etc",
    "content",
    "kaggle",
    "gpfs",
    "lustre",
    "nfs",
    "fsx",
    "efs",
    "private",
    "Volumes",
    "cluster",
    "storage",
    "work",
    "projects",
    "project",
    "shared",
    "share",
    "ssd",
    "disk",
    "disks",
    "raid",
    "net",
    "nvme",
    "app",
    "dbfs",
    "ceph",
    "export",
    "local_scratch",
    "lscratch",
    "checkpoints",
    "output",
    "outputs",
]
ROOTED = re.compile(rf"(?:^|[\s\"'=,(\[|])/(?:{'|'.join(ROOTS)})(?:/[\w.@+-]|/?$)", re.MULTILINE)
PUBLIC = re.compile(r"/(?:usr|bin|sbin|lib|lib64|dev|proc|sys|v\d+|api)(?:/.*)?|/[\w-]+")
HOME = re.compile(r"(?:^|[\s\"'=,(\[:])~[\w.-]{0,32}/[\w.]")
FILE = re.compile(r"(?<![A-Za-z0-9])file:/", re.IGNORECASE)
DRIVE = re.compile(r"[A-Za-z]:[\\/](?:[\w.@+ -]+[\\/])*[\w.@+ -]*|.*[A-Za-z]:[\\/]+Users[\\/].*")
SHARE = re.compile(r"\\\\[\w.-]+\\[\w.$-].*")
HOST = re.compile(r"[A-Za-z0-9][\w-]*(?:\.[\w-]+)*")
WITH_PORT = re.compile(r"(?<![\w.@/-])([A-Za-z0-9][\w.-]{0,253}):\d{2,5}(?![\w.])")
AT = re.compile(r"(?<=@)[A-Za-z0-9][\w.-]{0,253}")
INSIDE = re.compile(
    r".+\.(?:local|internal|corp|lan|intranet|localdomain|private|home\.arpa|svc|consul)",
    re.IGNORECASE,
)
HOSTS = frozenset(
    [
        "host",
        "hosts",
        "hostname",
        "server",
        "servers",
        "addr",
        "address",
        "url",
        "uri",
        "endpoint",
        "node",
        "nodes",
        "nodelist",
        "master",
        "ip",
        "proxy",
    ]
)


NAMED = HOSTS - {"url", "uri", "proxy", "node", "master"}
"""Names under which a single word is that of a host."""
ENDS = ("host", "hostname", "addr", "endpoint", "server")
LABEL = re.compile(r"(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9][\w-]{0,62}(?::\d{1,5})?")
OPEN = frozenset({"localhost", "auto", "none", "null", "true", "false", "default", "colocate"})
LOGIN = re.compile(r"[\w.+-]{1,64}@(?!sha256:)[A-Za-z][\w-]{0,62}(:\S*)?")
SERVED = re.compile(
    r"(?:[\w.-]*\+)?(?:https?|ssh|git|ray|tcp|grpcs?|s?ftps?|rediss?|postgres(?:ql)?|mysql|mongodb"
    r"|wss?|svn|rsync|nfs|smb|amqps?|kafka)",
    re.IGNORECASE,
)
"""The schemes of URLs that name a host; those of others name a bucket or an image."""
OF_SOMEBODY = "a path with the name of the user or the host"
PUBLISHED_AS_URI = frozenset({"uri", "invocation", "builder"})
OF_A_HOST = "the name or address of a host of a private network"


def found(text: str, words: tuple[str, ...], private: Collection[str]) -> Iterator[str]:
    """What a text under a name of these words tells of the machine, in words.

    `private` are names that no path may hold: the user's, and the host's.
    """
    as_uri = not PUBLISHED_AS_URI.isdisjoint(words[-1:])
    if _is_path(text):
        yield "a path of this machine"
    elif _holds(text, private) or (as_uri and text.startswith("urn:") and tells_of(text, private)):
        yield OF_SOMEBODY
    if any(map(_is_inside, set(_hosts(text, words)))) or _is_alone(text, words, as_uri):
        yield OF_A_HOST


def tells_of(name: str, private: Collection[str]) -> bool:
    """Whether one of the private names is a part of a name, between other signs than letters."""
    return any(
        re.search(rf"(?<![A-Za-z0-9]){re.escape(one)}(?![A-Za-z0-9])", name, re.IGNORECASE)
        for one in private
    )


def is_login(text: str) -> bool:
    """Whether a word is `user@host` for a host that goes by one name."""
    return bool(LOGIN.fullmatch(text.strip()))


def _is_alone(text: str, words: tuple[str, ...], as_uri: bool) -> bool:
    """Whether a text names a host by one name, which is known inside of a network alone.

    `localhost` tells nothing of one, but leads nowhere in a statement's own URIs.
    """
    kept = frozenset() if as_uri else OPEN
    for url in set(URL.findall(text)):
        scheme, _, rest = url.partition("://")
        host, _, port = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2].partition(":")
        named = LABEL.fullmatch(host) and host.lower() not in kept
        if named and (port.isdecimal() or SERVED.fullmatch(scheme)):
            return True
    scp = LOGIN.fullmatch(text.strip())
    if scp and scp[1]:
        return True
    if not words or not (words[-1] in NAMED or words[-1].endswith(ENDS)):
        return False
    names = [one for one in re.split(r"[\s,;]+", text.strip()) if one]
    return any(LABEL.fullmatch(one) and one.partition(":")[0].lower() not in OPEN for one in names)


def _is_path(text: str) -> bool:
    whole = text.strip()
    if (
        ABSOLUTE.fullmatch(whole)
        and not whole.endswith("=")
        and (ROOTED.match(whole) or not PUBLIC.fullmatch(whole))
    ):
        return True
    if DRIVE.fullmatch(whole) or SHARE.fullmatch(whole):
        return True
    return any(pattern.search(text) for pattern in (ROOTED, HOME, FILE))


def _holds(text: str, private: Collection[str]) -> bool:
    """Whether a part of a path is one of the private names; that of a repository may be."""
    if is_repo(text) or "://" in text:
        return False
    parts = re.split(r"[\\/]", text)
    return len(parts) > 1 and any(part in private for part in parts)


def _hosts(text: str, words: tuple[str, ...]) -> Iterator[str]:
    """What may be the name of a host, as far as a text says so."""
    for url in set(URL.findall(text)):
        authority = re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0]
        yield authority.rpartition("@")[2].partition("]")[0].lstrip("[").partition(":")[0]
        yield authority.rpartition("@")[2].partition("]")[0].lstrip("[")
    yield from WITH_PORT.findall(text)
    yield from AT.findall(text)
    whole = text.strip()
    named = bool(HOSTS & set(words))
    if named or (HOST.fullmatch(whole) and INSIDE.fullmatch(whole)):
        yield from re.split(r"[\s,;]+", whole)


def _is_inside(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return bool(HOST.fullmatch(host) and INSIDE.fullmatch(host))
    return address.is_private and not (address.is_loopback or address.is_unspecified)
