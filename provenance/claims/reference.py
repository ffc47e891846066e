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
    ]
)
PAGES = frozenset({"tree", "blob", "resolve", "commit", "raw"})
CACHED = re.compile(rf"models--({SEGMENT})--({SEGMENT})(?:/snapshots/([0-9a-f]{{40}}))?")
LOCAL = re.compile(r"[/.~\\]|[A-Za-z]:[\\/]")
FOLDERS = frozenset(
    [
        "adapters",
        "ckpt",
        "cache",
        "checkpoint",
        "checkpoints",
        "content",
        "data",
        "datasets",
        "downloads",
        "drive",
        "experiments",
        "exp",
        "home",
        "huggingface",
        "hub",
        "kaggle",
        "llm",
        "local",
        "media",
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
        "scratch",
        "snapshots",
        "src",
        "storage",
        "tmp",
        "user",
        "users",
        "usr",
        "volume",
        "work",
        "working",
        "workspace",
    ]
)
"""Names of folders where models lie, and that nobody means as an organisation."""

WEIGHTS = (".bin", ".ckpt", ".gguf", ".pt", ".pth", ".safetensors")
LOCAL_PATH = "a local path"
UNNAMED = "a model that it does not name"


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
    if not stripped or len(stripped) > MAX_TEXT or not shows(stripped):
        return Reference(reason="no name that can be read")
    if "://" in stripped or stripped.partition("/")[0].lower() in HOSTS:
        return _url(stripped)
    if LOCAL.match(stripped) or "\\" in stripped:
        return _local(stripped)
    return _named(stripped)


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


def _named(text: str) -> Reference:
    name, at, revision = text.partition("@")
    name = name.rstrip("/").removesuffix(".git")
    if not is_name(name) or (at and not REVISION.fullmatch(revision)):
        return _local(text)
    bare = "/" not in name
    if name.partition("/")[0].lower() in FOLDERS and not bare:
        return _local(text)
    if bare and name.endswith(WEIGHTS):
        return Reference(reason="a file of weights")
    return Reference(repo=name, revision=revision or None)


def is_name(text: str) -> bool:
    """Whether a Hub could know a repository by this name."""
    parts = text.split("/")
    plausible = all(len(part) <= 96 and "--" not in part and ".." not in part for part in parts)
    return plausible and NAME.fullmatch(text) is not None


def _url(text: str) -> Reference:
    if text.startswith("hf://"):
        return _named(text.removeprefix("hf://").removeprefix("models/"))
    try:
        url = urlsplit(text if "://" in text else f"https://{text}")
    except ValueError:
        return Reference(reason="a URL that cannot be read")
    if (url.hostname or "") not in HOSTS or url.scheme not in ("http", "https"):
        return Reference(reason="a URL of another host")
    if LOCAL.match(url.path[1:]):
        # A Trainer makes a link of whatever it loaded, of a folder too.
        return _local(url.path[1:])
    parts = [unquote(part) for part in url.path.strip("/").split("/")]
    name = "/".join(parts[:2]).removesuffix(".git")
    if not is_name(name) or parts[0] in OTHER_PAGES:
        return Reference(reason="a page of the Hub, but not a model's")
    paged = len(parts) > 3 and parts[2] in PAGES and REVISION.fullmatch(parts[3])
    return Reference(repo=name, revision=parts[3] if paged else None)


def _local(text: str) -> Reference:
    """A path on somebody's machine, and what was probably meant by it."""
    path = text.replace("\\", "/").rstrip("/")
    if cached := CACHED.search(path):
        name = f"{cached[1]}/{cached[2]}"
        return Reference(reason=LOCAL_PATH, likely=f"{name}@{cached[3]}" if cached[3] else name)
    parts = [part for part in path.split("/") if part not in ("", ".", "..", "~")]
    return Reference(reason=LOCAL_PATH, likely=_likely(parts))


def _likely(parts: list[str]) -> str:
    """`org/name` out of the last two folders, where the first of them may be an organisation."""
    if not parts or not is_name(parts[-1]):
        return ""
    if len(parts) < 2 or parts[-2].lower() in FOLDERS or not is_name(parts[-2]):
        return ""
    return f"{parts[-2]}/{parts[-1]}"
