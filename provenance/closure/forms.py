"""How a text names a repository, in each of the ways that loaders read one.

What no loader would ask a Hub for (a path, a class, a word with a blank) names none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from provenance.claims.reference import HOSTS, REVISION, address, is_name

URL = "://"
OLLAMA = "it is fetched from Ollama's own library, which is not judged"
ELSEWHERE = "it is fetched from an address, as it is that day"
BUILT = "its name is put together while the file is read"
ABSOLUTE = ("/", "~", ".", "$", "\\")


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A repository and the revision that stands in its name; or why it cannot be followed."""

    repo: str = ""
    revision: str | None = None
    reason: str = ""


Form = Callable[[str, Mapping[str, str]], Iterator[Name]]


def _repository(text: str, names: Mapping[str, str]) -> Iterator[Name]:
    """`org/name`, or the bare name of old; an address of the Hub is one, and any other unknown."""
    if URL in text:
        found = address(text)
        known = found.repo is not None
        yield Name(
            repo=found.repo or "", revision=found.revision, reason="" if known else ELSEWHERE
        )
    elif is_name(text.strip()):
        yield Name(repo=text.strip())


def _hyperpyyaml(text: str, names: Mapping[str, str]) -> Iterator[Name]:
    """As `repository`, where what `!ref` put together may not be known."""
    if "<" in text or "+" in text:
        yield Name(reason=BUILT)
    else:
        yield from _repository(text, names)


def _argument(text: str, names: Mapping[str, str]) -> Iterator[Name]:
    """As `hyperpyyaml`, of whatever may stand there: a word without `/` is none of a repository."""
    if "/" in text or "<" in text:
        yield from _hyperpyyaml(text, names)


def _repository_and_file(text: str, names: Mapping[str, str]) -> Iterator[Name]:
    """A file of a repository, `org/name/path`; an address of any host but a Hub's is unknown."""
    if URL in text or "<" in text:
        yield from _hyperpyyaml(text, names)
    elif not text.startswith(ABSOLUTE) and text.count("/") > 1:
        yield from _repository("/".join(text.split("/")[:2]), names)


def _prefixed(text: str, names: Mapping[str, str]) -> Iterator[Name]:
    """`hf-hub:org/name`, as timm writes it; any other name is one of its own."""
    for beginning in ("hf-hub:", "hf_hub:"):
        if text.startswith(beginning):
            yield from _repository_at(text.removeprefix(beginning), names)


def _repository_at(text: str, names: Mapping[str, str]) -> Iterator[Name]:
    """`org/name` or `org/name@revision`; a word without `/` is the name of something else."""
    name, _, revision = text.partition("@")
    if "/" in name or URL in text:
        for found in _repository(text if URL in text else name, names):
            stated = revision if REVISION.fullmatch(revision) else None
            yield Name(repo=found.repo, revision=found.revision or stated, reason=found.reason)


def _repository_and_tag(text: str, names: Mapping[str, str]) -> Iterator[Name]:
    """`org/name:Q4_K_M`, whose tag is a choice among its files."""
    if "/" in text:
        yield from _repository(text.partition(":")[0] if URL not in text else text, names)


def _code(text: str, names: Mapping[str, str]) -> Iterator[Name]:
    """`org/name--module.Class`; without `--` it is a file of the model's own."""
    name, elsewhere, _ = text.partition("--")
    if elsewhere:
        plain = is_name(name.strip())
        yield Name(repo=name.strip() if plain else "", reason="" if plain else "no name of a Hub")


def _kernel(text: str, names: Mapping[str, str]) -> Iterator[Name]:
    """`org/kernel@revision:function`, behind `paged|` perhaps; a word without `/` is built in."""
    name, _, revision = text.rpartition("|")[2].partition(":")[0].partition("@")
    if "/" in name:
        yield from _repository_at(f"{name}@{revision}" if revision else name, names)


def _named(text: str, names: Mapping[str, str]) -> Iterator[Name]:
    """A word for which the loader has a repository written in its code."""
    if text in names:
        yield Name(repo=names[text])


def _ollama(text: str, names: Mapping[str, str]) -> Iterator[Name]:
    """`hf.co/org/name:tag`; a path is a file here; any other name is one of Ollama's library."""
    host, _, rest = text.partition("/")
    if host.lower() in HOSTS:
        yield from _repository(rest.partition(":")[0], names)
    elif text and not text.startswith(ABSOLUTE) and not text.lower().endswith(".gguf"):
        yield Name(reason=OLLAMA)


FORMS: Mapping[str, Form] = {
    "argument": _argument,
    "code": _code,
    "hf-hub": _prefixed,
    "hyperpyyaml": _hyperpyyaml,
    "kernel": _kernel,
    "named": _named,
    "ollama": _ollama,
    "repository": _repository,
    "repository-and-tag": _repository_and_tag,
    "repository-and-file": _repository_and_file,
    "repository-at": _repository_at,
}
