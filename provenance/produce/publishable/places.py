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


def found(text: str, words: tuple[str, ...], private: Collection[str]) -> Iterator[str]:
    """What a text under a name of these words tells of the machine, in words.

    `private` are names that no path may hold: the user's, and the host's.
    """
    if _is_path(text):
        yield "a path of this machine"
    elif private and not is_repo(text) and "://" not in text and _holds(text, private):
        yield "a path with the name of the user or the host"
    if any(map(_is_inside, set(_hosts(text, words)))):
        yield "the name or address of a host of a private network"


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
    """Whether a part of a path is one of the private names."""
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
