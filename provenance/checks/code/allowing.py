"""Which code the caller lets run, and how a finding says what has to be written for that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from provenance.case.case import Case
from provenance.claims.claim import CodeClaim
from provenance.formats import toml
from provenance.model import Basis, File

ELSEWHERE = frozenset({"kernel", "remote-code"})
"""What is fetched from another repository: no digest or commit of this one says what it is."""
UNREAD = frozenset({"template-unclear", "template-unparsed", "unreadable"})
NOTE = "library-class"
NEVER = ELSEWHERE | UNREAD | {"template", NOTE}


@dataclass(frozen=True, kw_only=True)
class Allowed:
    """What `[[policy.code]]` allows of one model: files by their very bytes, or a whole commit."""

    case: Case

    @cached_property
    def commit(self) -> str:
        """The commit whose code is allowed, if these files are known to be of it.

        A Hub or the lockfile has to say so: the name of a folder, or the caller's own, proves no
        bytes.
        """
        evidence, locked = self.case.evidence, self.case.locked
        if locked and self.case.is_locked:
            commit = locked.commit
        else:
            told = evidence.judged_as is not Basis.MEASURED and evidence.facts is not None
            commit = evidence.ref.commit if told else None
        entries = self.case.policy.code
        wanted = {entry.commit for entry in entries if entry.repo == evidence.ref.repo}
        return commit if commit and commit in wanted else ""

    @cached_property
    def files(self) -> tuple[str, ...]:
        """The paths whose very bytes are allowed, in the order of the policy."""
        files = self.case.evidence.manifest.by_path
        return tuple(
            entry.path
            for entry in self.case.policy.code
            if entry.repo == self.case.evidence.ref.repo
            and entry.path in files
            and files[entry.path].sha256 == entry.sha256
        )

    def covers(self, claim: CodeClaim) -> bool:
        """Whether what is claimed may run: never what lies elsewhere, and never what is unknown."""
        if claim.code in NEVER:
            return False
        if self.commit:
            return True
        return not self._is_left_out(claim) and self.file(claim).path in self.files

    def file(self, claim: CodeClaim) -> File:
        """The file whose bytes settle what runs: the code, else the one that commands it."""
        files = self.case.evidence.manifest.by_path
        return files.get(claim.target) or files[claim.path]

    def _is_left_out(self, claim: CodeClaim) -> bool:
        """Whether the code is a file of the repository that was not selected, and not judged."""
        here = claim.target in self.case.evidence.listing.by_path
        return here and claim.target not in self.case.evidence.manifest.by_path

    def line(self, claim: CodeClaim) -> str:
        """Which bytes these are, who signed them, and what allows them."""
        if self._is_left_out(claim):
            return f"{claim.target!r} is not selected: select it, or use a model that needs none"
        file, repo = self.file(claim), self.case.evidence.ref.repo
        signer = self._signers.get(file.path)
        signed = f"signed by {signer}" if signer else "not signed"
        said = f"{file.path!r} is sha256:{file.sha256}, {signed}" if file.sha256 else signed
        if not file.sha256:
            return f"{said}, and its sha256 is not known: lock it with --measure"
        if repo is None:
            return f"{said}: read it, then name its repository with --as to allow it"
        path = toml.pair("path", file.path)
        lines = f'[[policy.code]]\nrepo = "{repo}"\n{path}sha256 = "{file.sha256}"'
        return f"{said}: read it, then allow it, or exclude it\n{lines}"

    @cached_property
    def _signers(self) -> dict[str, str]:
        """Each file that a holding signature of the publisher covers, and whose that is."""
        return dict(self._signed())

    def _signed(self) -> Iterator[tuple[str, str]]:
        for signature in self.case.publisher_signatures:
            if signature.comparison.holds:
                names = ", ".join(sorted({party.org.name for party in signature.parties}))
                yield from ((path, names) for path in signature.comparison.equal)

    def __str__(self) -> str:
        """What is allowed, as a pass tells it."""
        if self.commit:
            return f"all that {self.case.evidence.ref.repo} holds at {self.commit}"
        return ", ".join(self.files)
