"""Who says that a model is a copy, of which model, and whether its files bear that out.

An import statement makes a copy a mirror of its origin where somebody signed it whom the registry
has as an importer of that origin, and every file that a loader reads is one that it names. Without
that it is a note; what it says can still convict: an origin that was revoked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from provenance.claims.files import ModelFiles
from provenance.errors import Malformed
from provenance.formats.names import BOOKKEEPING
from provenance.model import Evidence
from provenance.selection import matches
from provenance.signature import Attestation, Invalid, UnknownSigner, distrust, weigh
from provenance.trust import Registry, Role
from provenance.wire.bundle import Opened
from provenance.wire.imported import Imported, imported, is_import


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """An import statement beside a model: whose word it is, or in `doubt` why it is nobody's.

    Of the model's files, `equal` are as it says; `different` are not, are missing here, or are not
    named in it and read by a loader; `others` are not as it says, and no loader reads them. Of
    `silent` ones no SHA-256 is known.
    """

    bundle: str
    said: Imported | None = None
    speaker: str = ""
    doubt: str = ""
    equal: frozenset[str] = frozenset()
    different: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether somebody who may speaks of just these files."""
        return bool(self.speaker and self.equal) and not (self.different or self.silent)

    @property
    def is_here(self) -> bool:
        """Whether it lies with the files, and not with the caller or a registry."""
        return "/" not in self.bundle

    def may_be(self, repo: str | None) -> bool:
        """Whether a model of this name may be what it speaks of: the origin itself, or the place
        that the files were put in."""
        said = self.said
        return bool(said) and repo in (None, said and said.origin.repo, said and said.destination)


def imports_of(files: ModelFiles, registry: Registry) -> tuple[Import, ...]:
    """Every import statement beside a model, in the order of its bundles."""
    return tuple(_import(files, registry, opened) for opened in files.bundles if _is_one(opened))


def _is_one(opened: Opened) -> bool:
    statement = opened.statement
    return not isinstance(statement, Malformed) and is_import(statement)


def without_imports(bundles: tuple[Opened, ...]) -> tuple[Opened, ...]:
    """The bundles that mean to be something else."""
    return tuple(opened for opened in bundles if not _is_one(opened))


def said_of_origin(files: ModelFiles) -> Iterator[Imported]:
    """What the import statements beside a model say, whoever signed them."""
    for opened in files.bundles:
        try:
            if not isinstance(opened.statement, Malformed) and is_import(opened.statement):
                yield imported(opened.statement)
        except Malformed:
            continue


def _import(files: ModelFiles, registry: Registry, opened: Opened) -> Import:
    bundle = opened.document.path
    try:
        statement = opened.statement
        if isinstance(statement, Malformed):
            raise statement
        said = imported(statement)
    except Malformed as error:
        return Import(bundle=bundle, doubt=f"it cannot be read: {error}")
    speaker, doubt = speaker_of(opened, registry, files.evidence.today, said.origin.repo)
    return _compared(files, Import(bundle=bundle, said=said, speaker=speaker, doubt=doubt))


def speaker_of(opened: Opened, registry: Registry, now: datetime, origin: str) -> tuple[str, str]:
    """Who of its signers may import the origin as of `now`, or nobody and why."""
    found = weigh(opened, registry, now, origin or None)
    match found:
        case Attestation():
            pass
        case UnknownSigner():
            return "", f"it is signed by {found.identity}, whom the registry does not know"
        case Invalid():
            unknown = ", which the registry does not know" if found.foreign else ""
            return "", f"{found.message}{unknown}"
    who = ""
    for party in found.parties:
        who = f"{party.org.name} ({party.signer.name})"
        if origin and party.signer.may(Role.IMPORTER, origin):
            slug = distrust(registry, found, party, now)
            return ("", f"it is signed by {who}, {slug}") if slug else (who, "")
    if not origin:
        return "", f"{who} signed it"
    return "", f"it is signed by {who}, which is not an importer of {origin}"


def _compared(files: ModelFiles, found: Import) -> Import:
    """The statement beside the files."""
    evidence, subjects = files.evidence, found.said.subjects if found.said else {}
    own = evidence.manifest.by_path
    needed = files.read or frozenset(own)
    silent = {path for path in own.keys() & subjects.keys() if not own[path].sha256}
    equal = {
        path for path, digest in subjects.items() if path in own and own[path].sha256 == digest
    }
    unlike = own.keys() - equal - silent
    absent = {path for path in subjects if _is_missed(path, evidence)}
    return Import(
        bundle=found.bundle,
        said=found.said,
        speaker=found.speaker,
        doubt=found.doubt,
        equal=frozenset(equal),
        different=tuple(sorted((unlike & needed) | absent)),
        others=tuple(sorted(unlike - needed)),
        silent=tuple(sorted(silent & needed)),
    )


def _is_missed(path: str, evidence: Evidence) -> bool:
    """Whether a file that is not here would be if it were the selection of the origin."""
    if path in evidence.listing.by_path or path.startswith(BOOKKEEPING):
        return False
    return matches(path, evidence.include, evidence.exclude)
