"""integrity: are these the bytes that somebody stands for, and nothing else?

Passes when every selected file was measured and equals what a publisher signed, what a root of the
registry states, what your lockfile pins, what it is a proved mirror of, or what an exemption of
yours names. A checksum alone proves nothing: without such a reference the answer is unknown. Before
a download, the digests that a Hub or store declares for a revision are such a reference, and only
`fetch` proves that the bytes have them. What a signature leaves uncovered is the signature check's
matter; what it contradicts is this one's.

Findings:

integrity/mismatch
    A file is not what its publisher signed. Somebody changed it, or the download was cut. Fetch
    the model again; if it stays, do not deploy it, and tell the publisher. Never waived.

integrity/missing
    A signed or locked file is not here. Fetch the model again, or leave the file out on purpose
    with `include` or `exclude`, and lock again.

integrity/extra
    A file is here that the lockfile does not name. Somebody put it there: remove it.

integrity/not-locked
    The lockfile has no entry for these bytes. The message names the nearest one and what differs.
    Fetch what is locked, or lock what you mean to use.

integrity/contradiction
    The Hub or store says two things of one file: the listing, the bytes and the answers by range
    disagree. Do not use this Hub, store or mirror before somebody has found out why.

integrity/undeclared
    The Hub, mirror or store states no digest of the file. `provenance lock --measure` downloads the
    file and pins what was measured.

integrity/import-mismatch
    An importer of the registry attested from where these files were copied, and some are others
    now: changed, missing, or put there since. Promote the model again; do not deploy it, and find
    out who wrote there. Never waived.

integrity/import-unverified
    A statement says from where the model was copied, and nobody signed it whom the registry has as
    an importer of that origin, or it cannot be read; or the origin is a store, where nobody
    has a name. It proves nothing. A note.

integrity/no-reference
    Nothing says what these bytes should be: no signature that holds, no root, no exemption. Ask
    the publisher to sign, or exempt exactly these bytes in provenance.toml.

integrity/unread
    A signed digest could not be compared, because this machine cannot compute its algorithm
    (`pip install hf-provenance[blake3]`) or the file could not be read.

integrity/lfs-pointer
    The file is a git-lfs pointer: the model's bytes were never downloaded. Run `git lfs pull`.

integrity/symlink
    A link lies in the model. Only the links of a Hub cache into its own blobs are followed, no
    others, wherever they lead. Put the file itself in its place; where the link leads to nothing,
    download the model again.

integrity/special-file
    A device, pipe or socket lies in the model. Remove it.

integrity/unreadable
    A file or folder could not be read, so nothing can be said of it. Mend its permissions.

integrity/changed
    A file changed while it was being measured. Verify a copy that nobody writes to.

integrity/name
    A file name that programs or people read differently: control or invisible characters, bytes
    that are not UTF-8, backslashes, device names, trailing dots. Rename or remove it.

integrity/unusual-space
    A file that no loader reads has a space in its name that is not the one on the keyboard, as
    the screenshots of some systems have. A note; in the name of any other file it is
    `integrity/name`. Rename the file if you can.

integrity/name-collision
    Two names that some file systems take for one. Which of them a loader reads is chance.

integrity/special-name
    A name that differs by case from one with a meaning (`.GIT`, `Model.SIG`). Rename it.

integrity/reserved-name
    The model brings a file that would configure its own judge (provenance.toml, trust.toml, a
    lock, attestations/, [tool.provenance]). It was not read. Remove it or exclude it.

integrity/unreadable-bundle
    A file is named like a signature and is none. It was taken for an ordinary file of the model.

integrity/foreign-signature
    A signature of another tool (GPG, SSH, minisign, a raw one) lies in the model. It is a file like
    any other and proves nothing here; verify it with that tool. A warning.

integrity/limit
    The model holds more than was looked at: too many small files, signatures or digests.

integrity/pass
    What the bytes are equal to: what somebody signed, the lockfile, a root, the model that it is a
    mirror of, what a Hub or store states, or what you exempted.
"""

from __future__ import annotations

from collections.abc import Iterator

from provenance import lock
from provenance.case.case import Case
from provenance.case.mirror import Mirror
from provenance.case.publisher import PublisherSignature
from provenance.formats.names import is_weight_name
from provenance.model import Basis, Manifest
from provenance.names import keeper
from provenance.verdict import Finding, exempt, failed, passed, unknown

UNKNOWN = frozenset({"limit", "unreadable", "undeclared"})
NOTES = {
    "foreign-signature": "integrity/foreign-signature",
    "name-space": "integrity/unusual-space",
}
"""Observations that tell of no trick by themselves, and what is said of them."""
FAILED = frozenset(
    {
        "changed",
        "contradiction",
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


IMPORTER = "`provenance registry add-signer ORG NAME --role importer` names who may"
NO_NAME = (
    "that is a store, where nobody has a name: the copy is judged by its own files and signatures"
)
SLUGS = {"changed": "mismatch", "missing": "missing", "extra": "extra"}


def check(case: Case) -> Iterator[Finding]:
    """Whether the measured bytes are the ones a reference names, and the tree holds no tricks."""
    yield from (odd := list(_tree(case)))
    yield from (noted := list(_notes(case)))
    odd += (finding for finding in noted if finding.rule == "integrity/name")
    given = case.publisher_signatures
    yield from _nobodys(case)
    contradicted = [*_contradicted(given), *_other_than_imported(case), *_unlocked(case)]
    yield from contradicted
    if contradicted:
        return
    reference, exemption = _reference(case, given), case.exemption
    if not reference and exemption and case.evidence.manifest.files and not odd:
        said = f"you exempted {case.meant_by(exemption)}: {exemption.reason}"
        yield exempt("integrity/pass", said, exemption.reason)
    elif not reference:
        yield unknown(
            "integrity/no-reference",
            f"{_no_model(case)}nothing says what these bytes should be: no signature of a known "
            "publisher, no root in the registry, no exemption of "
            f"{case.evidence.manifest.digest}",
            case.subject,
        )
    elif not odd:
        yield passed("integrity/pass", reference)


def _no_model(case: Case) -> str:
    """That what was named does not look like a model, where it has no weights."""
    paths = case.evidence.listing.by_path
    if not paths:
        return "no model lies here, and no file: name the folder of a model; "
    if any(map(is_weight_name, paths)):
        return ""
    return f"no model lies here ({len(paths)} files, none of weights): name the folder of a model; "


def _tree(case: Case) -> Iterator[Finding]:
    for seen in case.evidence.observations:
        if seen.code in UNKNOWN:
            yield unknown(f"integrity/{seen.code}", seen.detail, seen.path)
        elif seen.code in FAILED:
            yield failed(f"integrity/{seen.code}", seen.detail, seen.path)


def _notes(case: Case) -> Iterator[Finding]:
    """Signatures of other kinds, and names with another space than that of ASCII.

    Such a space is a note where no loader reads the file.
    """
    seen = [seen for seen in case.evidence.observations if seen.code in NOTES]
    read = case.files.read if seen else frozenset()
    for one in seen:
        tricks = one.code == "name-space" and one.path in read
        yield failed("integrity/name" if tricks else NOTES[one.code], one.detail, one.path)


def _contradicted(given: tuple[PublisherSignature, ...]) -> Iterator[Finding]:
    """What a publisher's signature denies and no other bears out, each file once."""
    holding = [vouch for vouch in given if vouch.comparison.holds]
    settled = {path for vouch in given for path in vouch.comparison.equal} if holding else set()
    for vouch in given:
        outdone = any(other.manifest.paths >= vouch.manifest.paths for other in holding)
        for finding in () if outdone else _denied(vouch):
            if finding.where not in settled:
                settled.add(finding.where)
                yield finding


def _nobodys(case: Case) -> Iterator[Finding]:
    """Each import statement that is nobody's word."""
    for found in case.imports:
        if found.doubt:
            said = f" ({found.said.origin.named})" if found.said else ""
            message = f"it says where the model was copied from{said}, and {found.doubt}"
            step = IMPORTER if found.said is None or found.said.origin.repo else NO_NAME
            yield unknown("integrity/import-unverified", f"{message}: {step}", found.bundle)


def _other_than_imported(case: Case) -> Iterator[Finding]:
    """What the importers attested otherwise, where none of them attested just these files and no
    publisher signed them."""
    spoken = [found for found in case.imports if found.speaker and found.is_here]
    if any(found.holds for found in case.imports):
        return
    signed = [vouch.comparison for vouch in case.publisher_signatures if vouch.comparison.holds]
    settled = {path for comparison in signed for path in comparison.equal}
    for found in spoken:
        origin = found.said.origin.named if found.said else ""
        for path in found.different:
            if path not in settled:
                settled.add(path)
                message = (
                    f"it is not the file that {found.speaker} attested as that of {origin}: "
                    "promote the model again, and do not deploy this copy"
                )
                yield failed("integrity/import-mismatch", message, path)


def _denied(vouch: PublisherSignature) -> Iterator[Finding]:
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


def _unlocked(case: Case) -> Iterator[Finding]:
    """How the files differ from those of the lockfile, where just those are meant."""
    if not case.exact or case.is_locked:
        return
    listing = case.evidence.listing
    meant = case.locked or (lock.nearest(case.lock, listing) if case.lock else None)
    if case.locked is None:
        near = f": nearest is {meant.name} ({meant.selected})" if meant else ""
        yield failed(
            "integrity/not-locked",
            f"the lockfile has no entry for {case.evidence.manifest.digest}{near}; fetch what is "
            "locked, or lock what you mean",
            case.subject,
        )
    for change in lock.file_differences(meant, _compared(case)) if meant else ():
        yield failed(f"integrity/{SLUGS[change.what]}", _differs(change), change.name)


def _compared(case: Case) -> Manifest:
    """The files that should be the locked ones: of a directory all, of a Hub's those selected."""
    evidence = case.evidence
    return evidence.listing if evidence.judged_as is Basis.MEASURED else evidence.manifest


def _differs(change: lock.Change) -> str:
    match change.what:
        case "missing":
            return f"the lockfile has it as {change.old}, and it is not here: fetch the model again"
        case "extra":
            return f"it is not in the lockfile: remove it (it is {change.new})"
    return f"expected {change.old} as it is locked, found {change.new}: fetch the model again"


def _reference(case: Case, given: tuple[PublisherSignature, ...]) -> str:
    """What the measured bytes are equal to, as a sentence; empty if to nothing."""
    manifest = case.evidence.manifest
    if not manifest.files:
        return ""
    holding = [vouch for vouch in given if vouch.comparison.holds]
    if holding:
        paths = {path for vouch in holding for path in vouch.comparison.equal}
        names = sorted({party.org.name for vouch in holding for party in vouch.parties})
        return f"{len(paths)} of {len(manifest.files)} files are what {', '.join(names)} signed"
    repo = case.origin.ref.repo
    if any(root.manifest == manifest.digest for root in case.registry.roots(repo)):
        return f"the files are those of the registry's root {repo}"
    if isinstance(case.mirror, Mirror):
        return f"the files are those of {case.mirror.named}: {case.mirror.proof}"
    if case.exact and case.is_locked:
        return f"all {len(manifest.files)} files are those of the lockfile"
    return _stated(case)


def _stated(case: Case) -> str:
    """What a Hub or store states of the files, as a sentence; empty of files that lie here."""
    manifest = case.evidence.manifest
    source, kept = case.evidence.ref.source, keeper(case.evidence.ref.source)
    if case.evidence.judged_as is Basis.MEASURED and (case.evidence.facts or source):
        return f"all {len(manifest.files)} files were measured as {kept} served them"
    if case.evidence.judged_as is Basis.LOCKED:
        return f"the lockfile or {kept} states a digest for each of {len(manifest.files)} files"
    if case.evidence.judged_as is Basis.DECLARED:
        return f"{kept} declares a digest for each of {len(manifest.files)} files"
    return ""
