"""What the signatures that hold leave out, and whether enough parties signed all of the rest.

The second half of the signature check; its rules are on that check's page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from provenance.case.case import Case
from provenance.case.elsewhere import elsewhere
from provenance.case.leaving import lines_without_files
from provenance.case.publisher import PublisherSignature
from provenance.case.splits import set_of
from provenance.trust import Identity, Org, Signer
from provenance.verdict import Finding, failed, passed

SHOWN = 20


def coverage(case: Case, holding: Sequence[PublisherSignature]) -> Iterator[Finding]:
    """Which files the signatures that hold leave out, and whether enough parties signed."""
    yield from elsewhere(case, holding)
    covered = frozenset().union(*(vouch.comparison.equal for vouch in holding))
    read = case.files.read
    needed = read or covered
    yield from _unsigned(case, sorted(needed - covered), holding)
    for path in sorted(case.evidence.manifest.by_path.keys() - needed - covered)[:SHOWN]:
        message = "a document, picture or log by its name; it is not signed"
        yield failed("signature/unsigned-other", message, path)
    if needed - covered:
        return
    if not any(vouch.comparison.equal >= needed for vouch in holding) and not _one_each(holding):
        yield failed(
            "signature/pieced-together",
            f"{len(holding)} bundles cover the files, and none of them all",
            case.subject,
        )
    which = "a loader reads" if read else "its signature names"
    yield _enough(case, holding, needed, f"all {len(needed)} files {which}")


def _unsigned(
    case: Case, paths: Sequence[str], holding: Sequence[PublisherSignature]
) -> Iterator[Finding]:
    """Each file that is read and not signed; the first has the lines that leave out all of them."""
    leave_out = lines_without_files(case.evidence, paths) if paths else ""
    for number, path in enumerate(paths[:SHOWN]):
        message = _why_unsigned(path, case, holding)
        if leave_out and not number:
            those = "" if len(paths) == 1 else f", as all {len(paths)} files that are unsigned"
            message += f"{those}, by one of these lines\n{leave_out}"
        yield failed("signature/unsigned-file", message, path)


def _why_unsigned(path: str, case: Case, holding: Sequence[PublisherSignature]) -> str:
    """Shards are pieces of at least one byte: a signature over shards cannot name an empty file.

    Anybody can add one, and its name alone may matter: an empty chat_template.jinja replaces the
    template, an empty preset.ini is taken before the GGUF beside it.
    """
    reading = case.files.why_read(path)
    changes = "".join(f"; {one.said}" for one in case.files.choices if path in one.paths)
    by_shards = any(vouch.manifest.need.shard_size for vouch in holding)
    if by_shards and not case.evidence.manifest.by_path[path].size:
        return (
            f"an empty file, which a signature over shards cannot name: {reading}{changes}. "
            "Ask the publisher to sign whole files, or leave it out"
        )
    return (
        f"{reading}, and the signature leaves it out{changes}: "
        "ask the publisher to sign it, or leave it out"
    )


def _one_each(holding: Sequence[PublisherSignature]) -> bool:
    """One bundle a .gguf, all parts of a split in one, by one signer: how GGUF are signed."""
    signers = {vouch.attestation.identity for vouch in holding}
    return len(signers) == 1 and all(
        _is_one_gguf(vouch.manifest.paths, vouch.comparison.equal) for vouch in holding
    )


def _is_one_gguf(signed: frozenset[str], equal: frozenset[str]) -> bool:
    """Whether a bundle is about one GGUF: parts that are signed apart may be of two releases."""
    first = set_of(next(iter(equal)))
    together = all(set_of(path) == first for path in signed)
    parts = first[1] if first else 1
    return together and len(signed) == parts and all(path.endswith(".gguf") for path in equal)


def _enough(
    case: Case, holding: Sequence[PublisherSignature], needed: frozenset[str], what: str
) -> Finding:
    """Whether one organisation's signers, as many as it requires, each signed every file."""
    orgs = {party.org.key: party.org for vouch in holding for party in vouch.parties}
    for org in orgs.values():
        if min(_count(path, org, holding) for path in needed) >= org.threshold:
            return passed("signature/pass", f"{org.name} signed {what}")
    org = next(iter(orgs.values()))
    message = f"{org.name} requires {org.threshold} distinct signers, found fewer"
    return failed("signature/threshold", message, case.subject)


def _count(path: str, org: Org, holding: Sequence[PublisherSignature]) -> int:
    """How many distinct signers signed a file: as the registry has them, and as they signed.

    One key that the registry has under two names, or one repository with two workflows, is one.
    """
    found = [
        (_distinct(party.signer), vouch.attestation.identity)
        for vouch in holding
        for party in vouch.parties
        if party.org is org and path in vouch.comparison.equal
    ]
    return min(len({pair[0] for pair in found}), len({pair[1] for pair in found}))


def _distinct(signer: Signer) -> str:
    """What makes two signers two: the key, or the source repository, or who they are."""
    material = signer.material
    if isinstance(material, Identity) and material.source_repository:
        return material.source_repository
    return material.label
