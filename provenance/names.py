"""Names of namespaces and repositories, and patterns over them.

The rules are those of `huggingface_hub.utils.validate_repo_id`, ASCII only; a `*` stands at the end
of a pattern's last part and does not cross `/`.
"""

from __future__ import annotations

import re

LONGEST = 96
# What the Hub puts before `org/name` for other kinds of repository: nobody's namespace.
PREFIXES = frozenset({"datasets", "models", "spaces", "kernels", "buckets"})

STORES = ("oci", "s3", "gs", "az", "file", "ollama")
"""The schemes of the places beside a Hub where models lie."""
KEEPERS = {
    "oci": "the OCI registry",
    "s3": "the bucket",
    "gs": "the bucket",
    "az": "the container",
    "file": "the folder",
    "ollama": "Ollama's store",
}
"""By the scheme of a place what messages call who keeps a model there."""
DIGEST = re.compile("sha256:[0-9a-f]{64}")
IMMUTABLE = re.compile(f"[0-9a-f]{{40}}|{DIGEST.pattern}")
"""A revision that does not change: of a Hub, of another store."""

_SEGMENT = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?")
_BEGINNING = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


def is_segment(text: str) -> bool:
    """Whether `text` can be one part of a repository's name."""
    return bool(_SEGMENT.fullmatch(text)) and _plausible(text) and not text.endswith(".git")


def is_namespace(text: str) -> bool:
    """Whether `text` can be the name of an organisation or user on the Hub."""
    return is_segment(text) and text.lower() not in PREFIXES


def is_repo(text: str) -> bool:
    """Whether `text` has the form `org/name`."""
    namespace, _, name = text.partition("/")
    return is_namespace(namespace) and is_segment(name)


def is_in_store(text: str) -> bool:
    """Whether `text` names a place in a store that is no Hub: `oci://…`, `s3://…`."""
    scheme, mark, _ = text.partition("://")
    return bool(mark) and scheme in STORES


def keeper(source: str | None) -> str:
    """What messages call who keeps the models of a place, `oci://…` or `s3://…`; None is a Hub."""
    return KEEPERS.get((source or "").partition("://")[0], "the Hub")


def is_pattern(text: str) -> bool:
    """Whether `text` has one of the forms `org/*`, `org/prefix*` and `org/name`."""
    namespace, slash, name = text.partition("/")
    if not name.endswith("*"):
        return is_repo(text)
    return is_namespace(namespace) and bool(slash) and _is_beginning(name[:-1])


def covers(pattern: str, repo: str) -> bool:
    """Whether `repo`, case-exact, is one that `pattern` stands for."""
    if not is_repo(repo):
        return False
    return repo.startswith(pattern[:-1]) if pattern.endswith("*") else repo == pattern


def namespace_of(repo: str) -> str:
    """What stands before the `/` of a repository or a pattern."""
    return repo.partition("/")[0]


def _is_beginning(text: str) -> bool:
    return not text or (bool(_BEGINNING.fullmatch(text)) and _plausible(text))


def _plausible(text: str) -> bool:
    return len(text) <= LONGEST and "--" not in text and ".." not in text
