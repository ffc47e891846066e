"""What a repository is signed with, as a proposal for a registry. Pure, and trusts nobody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from provenance import signature
from provenance.case.publisher import compare
from provenance.errors import Malformed
from provenance.formats.toml import block
from provenance.keys import Certificate
from provenance.model import Document, Evidence
from provenance.names import namespace_of
from provenance.signature import Attestation, Invalid, UnknownSigner
from provenance.signature.keyless import person
from provenance.signature.result import UNKNOWN_KEY, Signed
from provenance.trust import Registry
from provenance.trust.entering import with_key
from provenance.trust.material import is_workflow
from provenance.wire import bundle as bundles
from provenance.wire.bundle import Bundle, Chain, Fulcio, KeyHint

TAG = "@refs/tags/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """One bundle: what is to be said of it, and the signer that it suggests, if it does."""

    bundle: str
    note: str
    signer: dict[str, object] | None = None


def proposal(evidence: Evidence, registry: Registry) -> str:
    """An `[[org]]` for the repository of `evidence`, with a comment for each thing to review."""
    learnt = [_learnt(document, evidence, registry) for document in evidence.bundles]
    lines = [f"# {line}" for line in (*_head(evidence), *(f"{x.bundle}: {x.note}" for x in learnt))]
    return "\n".join((*lines, "", _org(evidence, learnt), *_root(evidence)))


def _head(evidence: Evidence) -> Iterator[str]:
    facts = evidence.facts
    yield f"proposed from {evidence.ref.text}, for review: nothing is trusted and nothing written"
    if facts:
        yield f"the Hub says: _id {facts.repo_id}, owner {facts.owner} ({facts.owner_id})"
    if not evidence.bundles:
        yield "it is not signed: only the name would be registered"


def _org(evidence: Evidence, learnt: list[Learnt]) -> str:
    namespace = namespace_of(evidence.ref.repo or "")
    table: dict[str, object] = {"name": namespace, "namespaces": [namespace]}
    if evidence.facts and evidence.facts.owner_id:
        table["namespace_id"] = {namespace: evidence.facts.owner_id}
    signers: list[dict[str, object]] = []
    for one in learnt:
        if one.signer and one.signer not in signers:
            signers.append(one.signer)
    if signers:
        named = ({"name": f"signer {n}", **signer} for n, signer in enumerate(signers, 1))
        table["signer"] = [{**signer, "roles": ["publisher"]} for signer in named]
    return block("org", table)


def _root(evidence: Evidence) -> Iterator[str]:
    words = {
        "repo": evidence.ref.repo,
        "repo_id": evidence.facts.repo_id if evidence.facts else None,
        "commit": evidence.ref.commit,
        "manifest": evidence.listing.digest,
    }
    table = {name: value for name, value in words.items() if value}
    yield "# if ancestries may end at this model:"
    yield from (f"# {line}" for line in block("org.root", table).splitlines())


def _learnt(document: Document, evidence: Evidence, registry: Registry) -> Learnt:
    verification = signature.verify(document, registry, evidence.at)
    match verification:
        case Invalid(foreign=False):
            return Learnt(bundle=document.path, note=f"proves nothing: {verification.message}")
        case Attestation():
            known = ", ".join(
                f"{party.org.name}/{party.signer.name}" for party in verification.parties
            )
            note = f"by {known}, who is in the registry; {_scope(verification, evidence)}"
            return Learnt(bundle=document.path, note=note)
        case UnknownSigner():
            note = f"holds, by {verification.identity}; {_scope(verification, evidence)}"
            return Learnt(bundle=document.path, note=note, signer=_signer(document))
    step = f": have its public key in a file, then `{with_key(registry, evidence.ref.repo)}`"
    step *= verification.slug == UNKNOWN_KEY
    return Learnt(bundle=document.path, note=f"not checked: {verification.message}{step}")


def _scope(signed: Signed, evidence: Evidence) -> str:
    if isinstance(signed.manifest, Malformed):
        return "it signs no files"
    found = compare(signed.manifest, evidence)
    count = f"{len(found.equal)} of {len(evidence.manifest.files)} files"
    return f"it signs {count}" if found.holds else f"it signs {count}, and OTHERS DIFFER"


def _signer(document: Document) -> dict[str, object] | None:
    """The signer that a bundle whose signature holds names, as a registry has it."""
    bundle: Bundle = bundles.parse(document.data)
    match bundle.material:
        case Fulcio(certificate=data):
            return _person(Certificate.from_der(data))
        case Chain(certificates=(first, *rest)) if rest:
            leaf, top = Certificate.from_der(first), Certificate.from_der(rest[-1])
            return {"certificate_authority": top.pem, "subject": leaf.subject}
        case KeyHint(pem=pem) if pem:
            return {"key": pem}
    return None


def _person(leaf: Certificate) -> dict[str, object]:
    who = person(leaf)
    tag = who.identity.find(TAG)
    identity = who.identity[:tag] + f"{TAG}*" if tag >= 0 else who.identity
    words: dict[str, object] = {"identity": identity, "issuer": who.issuer}
    if is_workflow(identity):
        words["source_repository"] = who.source_repository
        words["source_repository_id"] = who.source_repository_id
        words["owner_id"] = who.owner_id
    return {name: value for name, value in words.items() if value}
