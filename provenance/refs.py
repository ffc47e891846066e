"""What people write for a model on a Hub: `org/name@revision`, an hf:// name, a pasted URL."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

from provenance.errors import ConfigError
from provenance.model import LONG, NAMES_A_REPOSITORY, SCHEMES, Ref
from provenance.names import DIGEST, PREFIXES, STORES, is_repo

MAIN = "main"
HOSTS = frozenset({"huggingface.co", "www.huggingface.co", "hf.co"})
PAGES = frozenset(
    {"blame", "blob", "commit", "commits", "edit", "raw", "resolve", "revision", "tree"}
)
OF_TWO_PARTS = re.compile(r"refs/(?:pr|convert)/[^/]+")
API = "api/models/"
COMMIT = re.compile("[0-9a-f]{40}")
REGISTRY = r"oci://[A-Za-z0-9.-]+(?::[0-9]{1,5})?/[a-z0-9._/-]*[a-z0-9]"
"""A repository of a registry of artifacts (OCI distribution specification)."""
_PART = r"[A-Za-z0-9_][A-Za-z0-9._-]*"
PULLED = rf"ollama://(?:{_PART}(?::[0-9]{{1,5}})?/)?(?:{_PART}/)?{_PART}"
"""A model of Ollama's: its name, with a namespace and a host where these are not the usual ones."""

PLACE = re.compile(
    rf"{REGISTRY}|{PULLED}|(?:s3|gs|az)://[^/@\s]+(?:/[^\s\x00-\x1f]*)?|file:///[^\s\x00-\x1f]*"
)
OF_A_REGISTRY = re.compile(r":[0-9]{1,5}$|registry|cr\.io$")
"""What the hosts of registries of artifacts have in their names, or a port."""
FORMS = "oci://host/repository, s3://bucket/prefix or file:///folder"
"""What places look like, for whoever typed something else."""
FORMED = {
    "oci": "oci://host/repository, the repository in lower case, then :TAG or @sha256: and 64 hex "
    "digits if any",
    "ollama": "ollama://name:tag, as `ollama list` has it",
}
TAGGED = ("oci", "ollama")
"""The schemes of places whose revisions have names."""
COMMIT_LIKE = re.compile("[0-9a-f]{7,40}")
# git check-ref-format, and nothing that a URL or a terminal reads differently.
REVISION = re.compile(r"(?!.*(?:\.\.|//|@\{|\.lock(?:/|$)))[A-Za-z0-9_][A-Za-z0-9_.+/-]{0,254}")


def parse(text: str, *, revision: str | None = None, endpoint: str = "") -> Ref:
    """The ref of `org/name[@revision]`, `hf://…` or the URL of a page of a Hub.

    Raises ConfigError for what names no repository, or more than one revision.
    `revision` is one that was given apart; two of them are an error. A page must be one of the Hub
    at `endpoint` or of huggingface.co, and one of a repository or of a revision of it.
    """
    repo, stated = _split(text, endpoint)
    if not is_repo(repo):
        raise ConfigError(_reason(text, repo), path=text[:200])
    if stated is not None and revision is not None:
        raise ConfigError("a revision stands in the name and in --revision", path=text[:200])
    chosen = stated if stated is not None else revision
    if chosen is not None and not is_revision(chosen):
        raise ConfigError(f"expected a branch, tag or commit, found {chosen[:200]!r}", path=text)
    commit = chosen if chosen and COMMIT.fullmatch(chosen) else None
    return Ref(text=text, repo=repo, revision=chosen, commit=commit)


def in_store(text: str, *, repo: str | None = None, revision: str | None = None) -> Ref:
    """The ref of a place in a store: `oci://host/repository[:tag][@sha256:…]`, `s3://bucket/prefix`.

    Raises ConfigError for what names none, or more than one revision. `repo` is what the model
    claims to be, `revision` one that was given apart.
    """
    source, stated = _divided(text)
    if not PLACE.fullmatch(source):
        expected = _expected(source)
        raise ConfigError(f"{expected}, found {text[:LONG]!r}", path=text[:LONG])
    if stated is not None and revision not in (None, stated):
        raise ConfigError("a revision stands in the name and in --revision", path=text[:LONG])
    chosen = stated if stated is not None else revision
    commit = chosen if chosen and DIGEST.fullmatch(chosen) else None
    tagged = source.startswith(TAGGED)
    if chosen is not None and commit is None and not (tagged and is_revision(chosen)):
        what = "a tag" if tagged else "no revision (nothing has a tag there)"
        expected = f"expected {what}, or sha256: and 64 hex digits"
        raise ConfigError(f"{expected}, found {chosen[:LONG]!r}", path=text[:LONG])
    return Ref(text=text, repo=repo, revision=chosen, commit=commit, source=source.rstrip("/"))


def _expected(source: str) -> str:
    """What a place of this scheme looks like."""
    scheme, _, _ = source.partition("://")
    if source.startswith("file:"):
        path = quote(source.removeprefix("file:").strip("/")[:LONG])
        if source.startswith("file:///"):
            return f"expected a path without a space: type file:///{path}"
        here = f'of a folder below this one "file://$PWD/{path}"'
        return f"expected file:// and an absolute path: type file:///{path}, {here}"
    form = FORMED.get(scheme, f"{scheme}://bucket/prefix, without a space")
    return f"expected {form if scheme in STORES else FORMS}"


def _divided(text: str) -> tuple[str, str | None]:
    """The place without its revision: a digest behind @, or where there are tags one behind a
    colon."""
    place, at, digest = text.rpartition("@")
    if at and DIGEST.fullmatch(digest):
        named, _ = _divided(place)
        return named, digest
    head, _, tag = text.rpartition(":")
    in_registry = head.startswith("oci://") and "/" in head.removeprefix("oci://")
    if "/" not in tag and (in_registry or head.startswith("ollama://")):
        return head, tag
    return text, None


def is_hub_name(text: str) -> bool:
    """Whether `text` is one that only a Hub could mean: it has a scheme, or a repository's form."""
    return text.startswith(SCHEMES) or is_repo(text.partition("@")[0])


def check_named(ref: Ref, place: Path | None = None) -> None:
    """The ref carries the repository that its text names, unless that is the path of `place`.

    ConfigError if not: what is judged without a repository is judged by the bytes alone.
    """
    is_place = place is not None and os.path.realpath(ref.text) == os.path.realpath(place)
    if ref.repo is None and is_hub_name(ref.text) and not is_place:
        raise ConfigError(NAMES_A_REPOSITORY, path=ref.text[:LONG])


def is_revision(text: str) -> bool:
    """Whether `text` can name a branch, tag, pull request or commit."""
    return REVISION.fullmatch(text) is not None and not text.endswith(("/", "."))


def may_be_commit(revision: str) -> bool:
    """Whether a revision may be a commit's id, whole or cut short, and not a name."""
    return COMMIT_LIKE.fullmatch(revision) is not None


def _split(text: str, endpoint: str) -> tuple[str, str | None]:
    if text.startswith(("https://", "http://")):
        return _page(text, endpoint)
    name, at, revision = text.removeprefix("hf://").partition("@")
    return name, revision if at else None


def _page(url: str, endpoint: str) -> tuple[str, str | None]:
    """Of a repository's page; `/tree/refs%2Fpr%2F1/sub` is revision `refs/pr/1`."""
    try:
        asked, own = urlsplit(url), urlsplit(endpoint)
    except ValueError:
        return url, None
    is_own = bool(own.netloc) and asked.netloc.lower() == own.netloc.lower()
    if not is_own and asked.netloc.lower() not in HOSTS:
        other = _in_registry(asked.netloc, asked.path)
        message = f"a page of {asked.netloc[:80]!r}, which is another host: write org/name{other}"
        raise ConfigError(message, path=url[:200])
    path = asked.path.removeprefix(own.path.rstrip("/")) if is_own else asked.path
    parts = path.strip("/").removeprefix(API).split("/")
    name, page = "/".join(parts[:2]).removesuffix(".git"), "/".join(parts[2:3])
    if asked.query and "revision" in parse_qs(asked.query, keep_blank_values=True):
        raise ConfigError(f"the URL has a revision of its own: write {name}@it", path=url[:200])
    if not page or not is_repo(name):
        return name, None
    if page not in PAGES or len(parts) < 4:
        message = f"the page {page[:40]!r} names no revision: write {name}[@revision]"
        raise ConfigError(message, path=url[:200])
    rest = "/".join(parts[3:])
    named = OF_TWO_PARTS.match(rest)
    return name, named[0] if named else unquote(parts[3])


def _in_registry(host: str, path: str) -> str:
    """What to write of an address that looks like a repository in a registry of artifacts."""
    place, tag = _divided(f"oci://{host}{path.rstrip('/')}")
    if not PLACE.fullmatch(place) or not (tag or OF_A_REGISTRY.search(host)):
        return ""
    return f", or of a registry of artifacts oci://{host}{path.rstrip('/')}"


def _reason(text: str, repo: str) -> str:
    if repo.partition("/")[0].lower() in PREFIXES:
        return "this version judges models only: write org/name of a model"
    return f"expected org/name[@revision], found {text[:200]!r}"
