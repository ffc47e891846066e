"""Attestations that lie elsewhere than in the model: with the caller, or with a registry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from provenance.errors import SourceError
from provenance.formats.signatures import is_evidence_name
from provenance.model import Document, Evidence
from provenance.names import is_repo
from provenance.source.evidence_files import read, split
from provenance.source.limits import DEFAULT, Limits

FOLDER = "attestations"

Documents = Callable[[str], Iterable[Document]]
"""The bundles that there are elsewhere for a repository."""


def nothing(repo: str) -> Iterable[Document]:
    """No bundle at all."""
    return ()


def with_detached(evidence: Evidence, documents: Documents) -> Evidence:
    """The evidence, and that on its ancestors, with the bundles that `documents` has for each."""
    ancestors = tuple(
        replace(ancestor, evidence=_with_own(ancestor.evidence, documents))
        if ancestor.evidence
        else ancestor
        for ancestor in evidence.ancestors
    )
    return _with_own(replace(evidence, ancestors=ancestors), documents)


def _with_own(evidence: Evidence, documents: Documents) -> Evidence:
    repo = evidence.ref.repo
    if repo is None or not is_repo(repo):
        return evidence
    present = {document.path for document in evidence.bundles}
    new = tuple(document for document in documents(repo) if document.path not in present)
    return replace(evidence, bundles=(*evidence.bundles, *new))


def in_folder(folder: Path | None, repo: str, limits: Limits = DEFAULT) -> Iterator[Document]:
    """The bundles that a folder has for a repository, in `<org>/<name>/`.

    SourceError for one that cannot be read, or is none.
    """
    if folder is None or not (folder / repo).is_dir():
        return
    names = sorted(place.name for place in (folder / repo).iterdir())
    for name in filter(is_evidence_name, names):
        place = folder / repo / name
        documents = split(name, read(str(place), limits.bundle))
        if not documents:
            raise SourceError(f"{place}: holds no bundle: remove it")
        for document in documents:
            yield replace(document, path=f"{FOLDER}/{repo}/{document.path}")
