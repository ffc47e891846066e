"""integrity: are these the bytes that somebody stands for, and nothing else?

Passes when every selected file was measured and equals what a publisher signed, what a root of
the registry states, or what an exemption of yours names. A checksum alone proves nothing: without
such a reference the answer is unknown. What a signature leaves uncovered is the signature check's
matter; what it contradicts is this one's.

Findings:

integrity/mismatch
    A file is not what its publisher signed. Somebody changed it, or the download was cut. Fetch
    the model again; if it stays, do not deploy it, and tell the publisher. Never waived.

integrity/missing
    A signed file is not here. Fetch the model again, or leave the file out on purpose with
    `include` or `exclude`.

integrity/no-reference
    Nothing says what these bytes should be: no signature that holds, no root, no exemption. Ask
    the publisher to sign, or exempt exactly these bytes in provenance.toml.

integrity/unread
    A signed digest could not be compared, because this machine cannot compute its algorithm
    (`pip install hf-provenance[blake3]`) or the file could not be read.

integrity/lfs-pointer
    The file is a git-lfs pointer: the model's bytes were never downloaded. Run `git lfs pull`.

integrity/symlink
    A link leads out of the model, or to nothing. Only the links of a Hub cache into its own blobs
    are followed. Replace it by the file.

integrity/special-file
    A device, pipe or socket lies in the model. Remove it.

integrity/unreadable
    A file or folder could not be read, so nothing can be said of it. Mend its permissions.

integrity/changed
    A file changed while it was being measured. Verify a copy that nobody writes to.

integrity/name
    A file name that programs or people read differently: control or invisible characters,
    backslashes, device names, trailing dots. Rename or remove it.

integrity/name-collision
    Two names that some file systems take for one. Which of them a loader reads is chance.

integrity/special-name
    A name that differs by case from one with a meaning (`.GIT`, `Model.SIG`). Rename it.

integrity/reserved-name
    The model brings a file that would configure its own judge (provenance.toml, trust.toml, a
    lock, attestations/, [tool.provenance]). It was not read. Remove it or exclude it.

integrity/unreadable-bundle
    A file is named like a signature and is none. It was taken for an ordinary file of the model.

integrity/limit
    The model holds more than was looked at: too many small files, signatures or digests.
"""

from __future__ import annotations

from collections.abc import Iterator

from provenance.checks.case import Case
from provenance.checks.vouching import Vouch
from provenance.verdict import Finding, failed, passed, unknown

UNKNOWN = frozenset({"limit", "unreadable"})
FAILED = frozenset(
    {
        "changed",
        "lfs-pointer",
        "name",
        "name-collision",
        "reserved-name",
        "special-file",
        "special-name",
        "symlink",
        "unreadable-bundle",
    }
)


def check(case: Case) -> Iterator[Finding]:
    """Whether the measured bytes are the ones a reference names, and the tree holds no tricks."""
    odd = list(_tree(case))
    yield from odd
    given = case.vouches
    contradicted = list(_contradicted(given))
    yield from contradicted
    if contradicted:
        return
    reference = _reference(case, given)
    if not reference:
        yield unknown(
            "integrity/no-reference",
            "nothing says what these bytes should be: no signature of a known publisher, no root "
            f"in the registry, no exemption of {case.evidence.manifest.digest}",
            case.subject,
        )
    elif not odd:
        yield passed("integrity/pass", reference)


def _tree(case: Case) -> Iterator[Finding]:
    for seen in case.evidence.observations:
        if seen.code in UNKNOWN:
            yield unknown(f"integrity/{seen.code}", seen.detail, seen.path)
        elif seen.code in FAILED:
            yield failed(f"integrity/{seen.code}", seen.detail, seen.path)


def _contradicted(given: tuple[Vouch, ...]) -> Iterator[Finding]:
    """What a publisher's signature denies and no other bears out, each file once."""
    holding = [vouch for vouch in given if vouch.comparison.holds]
    settled = {path for vouch in given for path in vouch.comparison.equal} if holding else set()
    for vouch in given:
        outdone = any(other.manifest.paths >= vouch.manifest.paths for other in holding)
        for finding in () if outdone else _denied(vouch):
            if finding.where not in settled:
                settled.add(finding.where)
                yield finding


def _denied(vouch: Vouch) -> Iterator[Finding]:
    signer = vouch.parties[0].org.name
    for difference in vouch.comparison.different:
        yield failed(
            "integrity/mismatch",
            f"expected {difference.expected} as {signer} signed it, found {difference.actual}: "
            "fetch the model again, and do not deploy it if this stays",
            difference.path,
        )
    for path in vouch.comparison.absent:
        yield failed(
            "integrity/missing",
            f"{signer} signed it and it is not here: fetch it, or exclude it on purpose",
            path,
        )
    for path in vouch.comparison.unread:
        yield unknown(
            "integrity/unread", f"{signer} signed a digest that could not be computed here", path
        )


def _reference(case: Case, given: tuple[Vouch, ...]) -> str:
    """What the measured bytes are equal to, as a sentence; empty if to nothing."""
    manifest = case.evidence.manifest
    holding = [vouch for vouch in given if vouch.comparison.holds]
    if holding:
        paths = {path for vouch in holding for path in vouch.comparison.equal}
        names = sorted({party.org.name for vouch in holding for party in vouch.parties})
        return f"{len(paths)} of {len(manifest.files)} files are what {', '.join(names)} signed"
    repo = case.evidence.ref.repo
    owner = case.registry.owner(repo) if repo else None
    for root in owner.roots if owner else ():
        if root.repo == repo and root.manifest == manifest.digest:
            return f"the files are those of the registry's root {repo}"
    if exemption := case.exemption:
        return f"the files are those you exempted: {exemption.reason}"
    return ""
