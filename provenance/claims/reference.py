"""What a text that names a model means: a repository of a Hub, or why it is none."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from urllib.parse import unquote, urlsplit

from provenance.formats.unseen import shows

MAX_TEXT = 512
SEGMENT = r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?"
NAME = re.compile(rf"(?:{SEGMENT}/)?{SEGMENT}")
REVISION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+/-]{0,254}")
HOSTS = frozenset({"huggingface.co", "www.huggingface.co", "hf.co"})
MIRRORS = frozenset({"hf-mirror.com"})
"""Hosts that show the pages of the Hub: a claim may mean one, and no loader is led there."""
OTHER_PAGES = frozenset(
    [
        "api",
        "blog",
        "buckets",
        "chat",
        "collections",
        "datasets",
        "docs",
        "kernels",
        "learn",
        "models",
        "organizations",
        "papers",
        "posts",
        "settings",
        "spaces",
        "tasks",
        "transformers",
    ]
)
PAGES = frozenset({"tree", "blob", "resolve", "commit", "raw"})
COMMIT = re.compile(r"[0-9a-f]{40}")
LOCAL = re.compile(r"[/.~\\]|[A-Za-z]:[\\/]")
SHOWN_AT = "|".join(map(re.escape, sorted(HOSTS | MIRRORS)))
LINK = re.compile(rf"(?:https?://)?(?:{SHOWN_AT})(?:/([^?#]*)|(?=[?#])|$)", re.IGNORECASE)
SNAPSHOT = re.compile(r"snapshots/([0-9a-f]{40})(?:/|$)")
MASKED_DOT = "___"
"""What ModelScope writes for a dot in the names of its folders, and no name of a Hub has."""

OF_MODELSCOPE = re.compile(r"(?:^|/)modelscope/hub/(?:models/)?([^/]+/[^/]+)")
OF_SENTENCES = re.compile(r"(?:^|/)torch/sentence_transformers/([^/_]+)_([^/_]+)(?:/|$)")
FOLDERS = frozenset(
    [
        "adapters",
        "cache",
        "checkpoint",
        "checkpoints",
        "ckpt",
        "ckpts",
        "content",
        "data",
        "datasets",
        "downloads",
        "drive",
        "exp",
        "experiments",
        "finetuned",
        "finetuned_models",
        "home",
        "local",
        "logs",
        "media",
        "merged",
        "merged_models",
        "mnt",
        "model",
        "models",
        "my_models",
        "opt",
        "out",
        "output",
        "outputs",
        "pretrained",
        "pretrained_model",
        "pretrained_models",
        "results",
        "root",
        "run",
        "runs",
        "saved_models",
        "saves",
        "scratch",
        "src",
        "storage",
        "tmp",
        "trained_models",
        "user",
        "users",
        "usr",
        "volume",
        "weights",
        "work",
        "working",
        "workspace",
    ]
)
"""Names of folders that relative paths begin with, and that nobody means as an organisation."""

WEIGHTS = (".bin", ".ckpt", ".gguf", ".pt", ".pth", ".safetensors")
LOCAL_PATH = "a local path"
UNREADABLE = "no name that can be read"
UNNAMED = "a model that it does not name"
NO_MODEL = "a page of the Hub, but not a model's"
ANSWERABLE = frozenset({LOCAL_PATH, NO_MODEL, UNNAMED})
"""What the caller's `parents` explain, or a training statement, which names parents by digest:
whatever else is named stays what it is."""

NOBODY = frozenset({"", "n/a", "none", "null", "unknown"})
"""What programs write where they know no name, in any letter case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A repository and perhaps a revision; or a reason why it is none, with a likely name."""

    repo: str | None = None
    revision: str | None = None
    reason: str = ""
    likely: str = ""


def reference(text: str) -> Reference:
    """What `text` names. A bare name of old (`gpt2`) counts as a repository: a Hub knows it."""
    stripped = text.strip()
    if stripped.lower() in NOBODY:
        return Reference(reason=UNNAMED)
    if not _is_readable(stripped):
        return Reference(reason=UNREADABLE)
    if LOCAL.match(stripped):
        return _local(stripped)
    if link := LINK.match(stripped):
        return _linked(stripped, unquote(link[1] or ""))
    if "://" in stripped:
        return address(stripped)
    return _named(stripped)


def on_hub(text: str) -> bool:
    """Whether a text is an address of the Hub, as claims write one."""
    return text.startswith("hf://") or LINK.match(text) is not None


def address(text: str, hosts: frozenset[str] = HOSTS) -> Reference:
    """What a loader asks a Hub for by an address: that of a model's page, or an `hf://` name."""
    if not _is_readable(text := text.strip()):
        return Reference(reason=UNREADABLE)
    if text.startswith("hf://"):
        name = text.removeprefix("hf://").removeprefix("models/")
        return _repository(name) or Reference(reason=NO_MODEL)
    try:
        url = urlsplit(text if "://" in text else f"https://{text}")
    except ValueError:
        return Reference(reason="a URL that cannot be read")
    if (url.hostname or "") not in hosts or url.scheme not in ("http", "https"):
        return Reference(reason="a URL of another host")
    return _page([unquote(part) for part in url.path.strip("/").split("/")])


def renamed(name: str) -> str:
    """The name under which the Hub has what was once called `name`; itself where it was not moved.

    For use where no Hub can be asked: where one can, its own answer decides.
    """
    return renames().get(name, name)


@cache
def renames() -> Mapping[str, str]:
    """Of every repository that the Hub moved in 2024 the new name by the old one."""
    text = resources.files(__package__).joinpath("renames.toml").read_text("utf-8")
    return {old: f"{home}/{old}" for home, olds in tomllib.loads(text).items() for old in olds}


def _is_readable(text: str) -> bool:
    return 0 < len(text) <= MAX_TEXT and shows(text)


def _named(text: str) -> Reference:
    found = _repository(text)
    if not found or not found.repo or "/" not in found.repo:
        return found or _local(text)
    if _is_in_folder(found.repo):
        return _local(text)
    if MASKED_DOT in found.repo:
        return Reference(reason=LOCAL_PATH, likely=_unmasked(found.repo))
    return found


def _repository(text: str) -> Reference | None:
    """What `name` or `name@revision` names, None if no Hub could know such a name."""
    name, at, revision = text.partition("@")
    name = name.rstrip("/").removesuffix(".git")
    if not is_name(name) or (at and not REVISION.fullmatch(revision)):
        return None
    if "/" not in name and name.endswith(WEIGHTS):
        return Reference(reason="a file of weights")
    return Reference(repo=name, revision=revision or None)


def is_name(text: str) -> bool:
    """Whether a Hub could know a repository by this name."""
    parts = text.split("/")
    plausible = all(len(part) <= 96 and "--" not in part and ".." not in part for part in parts)
    return plausible and NAME.fullmatch(text) is not None


def _is_in_folder(path: str) -> bool:
    return path.partition("/")[0].lower() in FOLDERS


def _linked(text: str, path: str) -> Reference:
    """What a link to `path` of the Hub means: a Trainer links a folder too, and even no name."""
    first = path.partition("/")[0]
    if path.strip("/ ").lower() in NOBODY:
        return Reference(reason=UNNAMED)
    folder = first not in OTHER_PAGES and "/" in path and _is_in_folder(path)
    if folder or _cached(first) or LOCAL.match(path) or "\\" in path:
        return _local(path)
    return address(text, HOSTS | MIRRORS)


def _page(parts: list[str]) -> Reference:
    """Whose page it is. One word is an organisation, unless a model was called so of old."""
    first = parts[0].removesuffix(".git")
    bare = first in renames() and (len(parts) == 1 or parts[1] in PAGES)
    size = 1 if bare else 2
    name, page = "/".join(parts[:size]).removesuffix(".git"), parts[size:]
    if len(parts) < size or not is_name(name) or first in OTHER_PAGES:
        return Reference(reason=NO_MODEL)
    paged = len(page) > 1 and page[0] in PAGES and REVISION.fullmatch(page[1])
    return Reference(repo=name, revision=page[1] if paged else None)


def _local(text: str) -> Reference:
    """A path on somebody's machine; in a Hub's cache it is a repository, perhaps at a commit."""
    parts = [part for part in text.replace("\\", "/").split("/") if part]
    for at, part in enumerate(parts):
        below = parts[at + 1 :]
        if (name := _cached(part)) and ".." not in below:
            commit = SNAPSHOT.match("/".join(below))
            return Reference(repo=name, revision=commit[1] if commit else None)
    return Reference(reason=LOCAL_PATH, likely=_likely("/".join(parts)))


def _cached(folder: str) -> str:
    """The repository that has a folder of this name in a Hub's cache, if any has."""
    kind, _, name = folder.partition("--")
    name = name.replace("--", "/")
    return name if kind == "models" and is_name(name) else ""


def _likely(path: str) -> str:
    """The name of which another program's cache has made this path, where only one can be meant."""
    if found := OF_MODELSCOPE.search(path):
        return _unmasked(found[1])
    found = OF_SENTENCES.search(path)
    return f"{found[1]}/{found[2]}" if found and is_name(f"{found[1]}/{found[2]}") else ""


def _unmasked(name: str) -> str:
    """What ModelScope calls a model whose folder has this name."""
    whole = name.replace(MASKED_DOT, ".")
    return whole if is_name(whole) and not _is_in_folder(whole) else ""
