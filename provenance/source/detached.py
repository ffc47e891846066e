"""Attestations that the caller keeps: `attestations/<org>/<name>/` beside provenance.toml."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from provenance.errors import SourceError
from provenance.model import Document, Evidence
from provenance.source.evidence_files import is_evidence_name, read, split
from provenance.source.limits import DEFAULT, Limits
from provenance.trust.names import is_repo

FOLDER = "attestations"


def with_detached(evidence: Evidence, folder: Path | None, limits: Limits = DEFAULT) -> Evidence:
    """The evidence, and that on its ancestors, with the bundles that `folder` has for each.

    SourceError for one that cannot be read, or is none.
    """
    if folder is None or not folder.is_dir():
        return evidence
    ancestors = tuple(
        replace(ancestor, evidence=_with_own(ancestor.evidence, folder, limits))
        if ancestor.evidence
        else ancestor
        for ancestor in evidence.ancestors
    )
    return _with_own(replace(evidence, ancestors=ancestors), folder, limits)


def _with_own(evidence: Evidence, folder: Path, limits: Limits) -> Evidence:
    present = {document.path for document in evidence.bundles}
    found = _documents(folder, evidence.ref.repo, limits)
    new = tuple(document for document in found if document.path not in present)
    return replace(evidence, bundles=(*evidence.bundles, *new))


def _documents(folder: Path, repo: str | None, limits: Limits) -> Iterator[Document]:
    if repo is None or not is_repo(repo) or not (folder / repo).is_dir():
        return
    names = sorted(place.name for place in (folder / repo).iterdir())
    for name in filter(is_evidence_name, names):
        place = folder / repo / name
        documents = split(name, read(str(place), limits.bundle))
        if not documents:
            raise SourceError(f"{place}: holds no bundle: remove it")
        for document in documents:
            yield replace(document, path=f"{FOLDER}/{repo}/{document.path}")
