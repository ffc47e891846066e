"""What a model may be a mirror of, by who signed its files: advice, and no proof of anything."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from provenance.case.case import Case
from provenance.case.mirror import Mirror
from provenance.case.publisher import compare
from provenance.errors import Malformed
from provenance.names import is_repo
from provenance.signature import Attestation, Party
from provenance.trust import Role


def mirror_advice(case: Case) -> str:
    """What to write where the lockfile has it as a mirror and nobody says so any more, or another
    organisation's publisher signed just these files; else empty."""
    repo = case.evidence.ref.repo
    if repo is None or isinstance(case.mirror, Mirror):
        return ""
    if case.locked and case.locked.mirror_of and case.evidence.origin is None:
        origin, _, commit = case.locked.mirror_of.partition("@")
        return f"the lockfile has it as a mirror: to say so again, {said_of(repo, origin, commit)}"
    for attestation, party in _others(case, repo):
        origin = _likely(attestation, party, repo)
        return f"if it is a mirror of what {party.org.name} signed, {said_of(repo, origin)}"
    return ""


def said_of(repo: str, origin: str, commit: str | None = None) -> str:
    """How to say that `repo` is a mirror of `origin`."""
    named = f"{origin}@{commit or '<commit>'}"
    command = shlex.join(["provenance", "add", repo, "--mirror-of"])
    return (
        f'put mirror_of = "{named}" under its [[models]] in provenance.toml, '
        f"as `{command} {named}` does"
    )


def _others(case: Case, repo: str) -> Iterator[tuple[Attestation, Party]]:
    """The signatures that hold over these files by publishers who may not speak for them."""
    for verification in case.verifications:
        if not isinstance(verification, Attestation):
            continue
        manifest = verification.manifest
        if isinstance(manifest, Malformed) or not compare(manifest, case.evidence).holds:
            continue
        for party in verification.parties:
            if Role.PUBLISHER in party.signer.roles and not party.signer.may(Role.PUBLISHER, repo):
                yield verification, party


def _likely(attestation: Attestation, party: Party, repo: str) -> str:
    """The model that the signature names, else the one of the signer's with the same name."""
    manifest = attestation.manifest
    called = "" if isinstance(manifest, Malformed) else manifest.name
    same = (f"{space}/{repo.partition('/')[2]}" for space in party.org.namespaces)
    known = (one for one in (called, *same) if is_repo(one))
    return next((one for one in known if party.signer.may(Role.PUBLISHER, one)), "org/name")
