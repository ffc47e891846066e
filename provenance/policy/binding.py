"""The bytes that an exemption or a waiver means: all files but those that it ignores. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from provenance.claims.loader import loader_reads
from provenance.model import Evidence, Manifest
from provenance.policy.allowances import Exemption, Waiver
from provenance.policy.policy import Policy
from provenance.selection import matches


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """What is left of a model without its ignored files: the digest of their manifest, or nothing.

    `ignored` is how many were left out, and `read` are those of them that a loader reads: what
    leaves those out means no bytes.
    """

    digest: str
    ignored: int = 0
    read: tuple[str, ...] = ()

    def is_meant_by(self, manifest: str) -> bool:
        """Whether these are the bytes of which `manifest` is the digest."""
        return not self.read and self.digest == manifest


Rests = Mapping[tuple[str, ...], Rest]


def rest_of(evidence: Evidence, ignore: tuple[str, ...]) -> Rest:
    """The selected files that no pattern of `ignore` matches, and the others that are read."""
    if not ignore:
        return Rest(digest=evidence.manifest.digest)
    kept = [file for file in evidence.manifest.files if matches(file.path, [], ignore)]
    left_out = evidence.manifest.by_path.keys() - {file.path for file in kept}
    read = sorted(left_out & loader_reads(evidence))
    digest = Manifest.of(kept).digest if kept else ""
    return Rest(digest=digest, ignored=len(left_out), read=tuple(read))


def is_bound_to(entry: Exemption | Waiver, files: Manifest) -> bool:
    """Whether an entry means these files, of which nothing but names and digests is known."""
    kept = Manifest.of(file for file in files.files if matches(file.path, [], entry.ignore))
    return entry.manifest in (None, kept.digest)


def rests_of(evidence: Evidence, policy: Policy) -> Rests:
    """By each list of `ignore` that the policy has for this repository, what is left."""
    repo = evidence.ref.repo
    own = [entry.ignore for entry in policy.exemptions if entry.repo == repo]
    own += [entry.ignore for entry in policy.waivers if entry.repo == repo]
    return {ignore: rest_of(evidence, ignore) for ignore in dict.fromkeys(own)}
