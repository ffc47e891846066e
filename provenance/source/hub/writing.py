"""A repository of a Hub as the place that a model is put into: one commit, or none.

The caller has to name the Hub: nobody publishes on huggingface.co because a setting was missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError
from huggingface_hub.hf_api import RepoFile

from provenance.errors import ConfigError, SourceError
from provenance.formats.signatures import is_evidence_name
from provenance.source.exchange import reason
from provenance.source.progress import Progress, Step
from provenance.source.remote.listed import SMALL, blob_id
from provenance.source.remote.writer import Delivered, Item, Parcel, earlier, foreign, said_in
from provenance.trust.reading import is_url

OWN = ".gitattributes"
"""What a Hub puts into a new repository itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A file of the repository, by its SHA-256 or else its git blob id."""

    path: str
    size: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HubWriter:
    """A repository of the Hub at `endpoint`; the token goes nowhere else."""

    repo: str
    api: HfApi
    progress: Progress

    @classmethod
    def of(
        cls, repo: str, *, endpoint: str | None, token: str | None, progress: Progress
    ) -> HubWriter:
        """The repository, or ConfigError where no Hub was named."""
        if not endpoint or not is_url(endpoint):
            message = (
                "name the Hub to write to: HF_ENDPOINT=https://hub.example provenance promote …"
            )
            raise ConfigError(message, path=repo)
        return cls(repo=repo, api=HfApi(endpoint=endpoint, token=token), progress=progress)

    def deliver(self, parcel: Parcel) -> Delivered:
        """The parcel is the head of the repository, by one commit."""
        try:
            return self._delivered(parcel)
        except (HfHubHTTPError, OSError, ValueError) as error:
            raise SourceError(f"{self.repo}: {reason(error)}") from None

    def _delivered(self, parcel: Parcel) -> Delivered:
        head, there = self._there()
        same = self._lies(parcel, there)
        if same and not parcel.replacing and self._is_attested(parcel, head):
            return Delivered(place=self.repo, revision=head, already=True)
        self._check(parcel, there, head, same=same)
        if not head:
            self.api.create_repo(self.repo, private=True, exist_ok=True)
            head = self._there()[0]
        gone = there.keys() - self._paths(parcel) - {OWN}
        step = self.progress.step(f"{parcel.name}: uploading", parcel.size)
        try:
            made = self.api.create_commit(
                self.repo,
                [
                    *self._added(parcel, step),
                    *(CommitOperationDelete(path) for path in sorted(gone)),
                ],
                commit_message=f"Import {parcel.said.origin.named}",
                parent_commit=head or None,
            )
        finally:
            step.end()
        self._check_sent(parcel, str(made.oid))
        return Delivered(place=self.repo, revision=str(made.oid))

    def _there(self) -> tuple[str, Mapping[str, Held]]:
        """The head, and what it holds; nothing where there is no such repository."""
        try:
            head = self.api.model_info(self.repo).sha or ""
        except RepositoryNotFoundError:
            return "", {}
        return head, self._tree(head)

    def _tree(self, commit: str) -> Mapping[str, Held]:
        tree = self.api.list_repo_tree(self.repo, recursive=True, revision=commit)
        files = [one for one in tree if isinstance(one, RepoFile)]
        rows = (
            Held(path=f.path, size=f.size, digest=f.lfs.sha256 if f.lfs else f.blob_id)
            for f in files
        )
        return {row.path: row for row in rows}

    def _lies(self, parcel: Parcel, there: Mapping[str, Held]) -> bool:
        if there.keys() - {OWN} != self._paths(parcel) - {OWN}:
            return False
        large = [item for item in parcel.files if item.path != OWN]
        if any(not _is(item, there[item.path]) for item in large):
            return False
        beside = parcel.beside.items()
        return all(there[name].digest == blob_id(data) for name, data in beside)

    def _is_attested(self, parcel: Parcel, head: str) -> bool:
        return parcel.is_attested_in(self._read(parcel.import_name, head))

    def _paths(self, parcel: Parcel) -> set[str]:
        return {*(item.path for item in parcel.files), *parcel.beside, parcel.import_name}

    def _check(self, parcel: Parcel, there: Mapping[str, Held], head: str, *, same: bool) -> None:
        """ConfigError where something lies there that may not give way."""
        signed = {path for path in there if is_evidence_name(path)}
        known = {OWN}
        for path in signed:
            for said in said_in(path, self._read(path, head)):
                if said.destination == self.repo:
                    known |= {*signed, *said.subjects}
        if others := there.keys() - known:
            raise foreign(self.repo, others)
        if there.keys() - {OWN} and not (parcel.replacing or same):
            raise earlier(self.repo)

    def _read(self, path: str, head: str) -> bytes:
        with TemporaryDirectory() as folder:
            place = self.api.hf_hub_download(self.repo, path, revision=head, local_dir=folder)
            return Path(place).read_bytes()

    def _added(self, parcel: Parcel, step: Step) -> Iterator[CommitOperationAdd]:
        """Each file as huggingface_hub takes it, hashed here before: small ones by their bytes."""
        for item in parcel.files:
            if item.size <= SMALL:
                yield CommitOperationAdd(item.path, b"".join(item.chunks(step)))
                continue
            for _ in item.chunks(step):
                pass
            yield CommitOperationAdd(item.path, str(item.place))
        for name, data in parcel.beside.items():
            yield CommitOperationAdd(name, data)
        yield CommitOperationAdd(parcel.import_name, parcel.attested())

    def _check_sent(self, parcel: Parcel, commit: str) -> None:
        """The Hub has every file as it was admitted, whatever happened to it on the way."""
        there = self._tree(commit)
        for item in parcel.files:
            held = there.get(item.path)
            if held is None or not _is(item, held):
                found = f"{held.digest}, {held.size} bytes" if held else "nothing"
                raise SourceError(
                    f"{self.repo}@{commit}: {item.path}: expected {item.sha256}, {item.size} "
                    f"bytes; the Hub has {found}. Do not use this commit: run promote again"
                )


def _is(item: Item, held: Held) -> bool:
    if len(held.digest) == 64:
        return held.digest == item.sha256
    return held.size == item.size and held.digest == blob_id(item.place.read_bytes())
