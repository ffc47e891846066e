"""Whether a signature over these files is known as another repository's: copied with its manifest.

An OMS signature names no repository, so that it holds wherever its files are. Which model it is
of can be known by the bundle, the registry or the lockfile; the rule is on the signature check's
page. A file that was added, and no signature covers, makes no other model of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from provenance.case.case import Case
from provenance.case.likely import said_of
from provenance.case.publisher import PublisherSignature
from provenance.formats.names import is_weight_name
from provenance.lock import Entry
from provenance.model import Manifest
from provenance.names import is_repo
from provenance.verdict import Finding, failed

MOST_ADDED = 16
Known = tuple[str, str, str | None]
"""Who knows the files, as which repository, and at which commit if that is known."""


def elsewhere(case: Case, holding: Sequence[PublisherSignature]) -> Iterator[Finding]:
    """As which other repositories the signed files are known, each once."""
    repo = case.origin.ref.repo
    if not repo:
        return
    found: dict[str, tuple[str, str | None]] = {}
    for who, other, commit in (
        *_by_registry(case, holding),
        *_by_lock(case, holding),
        *_by_bundle(case, holding),
    ):
        if other != repo:
            found.setdefault(other, (who, commit))
    for other, (who, commit) in found.items():
        said = said_of(case.subject, other, commit)
        message = (
            f"{who} has these very files as {other}, and here they are called {repo}: if it is "
            f"meant as a mirror of that, {said}"
        )
        yield failed("signature/other-model", message, case.subject)


def _by_registry(case: Case, holding: Sequence[PublisherSignature]) -> Iterator[Known]:
    roots = [root for org in case.registry.orgs for root in org.roots if root.manifest]
    digests = _digests(case, holding) if roots else frozenset()
    known = (root for root in roots if root.manifest in digests)
    yield from (("the registry", root.repo, root.commit) for root in known)


def _digests(case: Case, holding: Sequence[PublisherSignature]) -> frozenset[str]:
    """The manifest of these files, of what each signature covers, and without what was added."""
    files = case.evidence.manifest.files
    covered = [vouch.comparison.equal for vouch in holding]
    added = [file for file in files if not any(file.path in paths for paths in covered)]
    several = [Manifest.of(f for f in files if f.path in paths) for paths in covered]
    if len(added) <= MOST_ADDED:
        several += [Manifest.of(f for f in files if f != one) for one in added]
    known = (case.evidence.manifest, case.evidence.listing, *several)
    return frozenset(manifest.digest for manifest in known)


def _by_lock(case: Case, holding: Sequence[PublisherSignature]) -> Iterator[Known]:
    """What the lockfile has, signed, as another repository of the same owner."""
    for entry in _of_the_owner(case):
        same = entry.selected == case.evidence.manifest.digest
        if entry.repo and entry.signers and (same or any(_is_in(case, v, entry) for v in holding)):
            yield "the lockfile", entry.repo, entry.commit


def _of_the_owner(case: Case) -> Iterator[Entry]:
    owner = case.registry.owner(case.origin.ref.repo or "")
    for entry in case.lock.models() if case.lock else ():
        if entry.repo and case.registry.owner(entry.repo) is owner:
            yield entry


def _is_in(case: Case, vouch: PublisherSignature, entry: Entry) -> bool:
    """Whether all that a signature covers here is among the files of an entry."""
    here, there = case.evidence.manifest.by_path, entry.files.by_path
    return all(
        path in there and there[path].sha256 == here[path].sha256 != ""
        for path in vouch.comparison.equal
    )


def _by_bundle(case: Case, holding: Sequence[PublisherSignature]) -> Iterator[Known]:
    """What a signer called it: a repository, or the name of one of the owner's that is known."""
    own = (case.origin.ref.repo or "").partition("/")[2]
    for vouch in holding:
        called = vouch.manifest.name
        if is_repo(called):
            yield "its signature", called, None
        elif called and called != own:
            yield from (
                ("its signature", other, None)
                for other in _known(case)
                if other.partition("/")[2] == called
            )


def _known(case: Case) -> Iterator[str]:
    """The owner's repositories that the registry or the lockfile has, unless with other weights."""
    owner = case.registry.owner(case.origin.ref.repo or "")
    entries = {entry.repo: entry for entry in _of_the_owner(case) if entry.repo}
    roots = [root.repo for root in owner.roots] if owner else []
    for repo in dict.fromkeys((*roots, *entries)):
        if repo not in entries or _shares_weights(case, entries[repo]):
            yield repo


def _shares_weights(case: Case, entry: Entry) -> bool:
    theirs = {file.sha256 for file in entry.files.files if is_weight_name(file.path)}
    return any(
        file.sha256 in theirs for file in case.evidence.manifest.files if is_weight_name(file.path)
    )
