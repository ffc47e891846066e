"""The registry: who speaks for which repositories, by whose instances, and what was revoked."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from provenance import names
from provenance.errors import Malformed
from provenance.formats import json
from provenance.formats.fields import Fields
from provenance.keys import Certificate
from provenance.model import check_aware
from provenance.trust import reading
from provenance.trust.material import PUBLIC_GOOD, read_certificates
from provenance.trust.parties import Org, Role, Root, Signer, read_org

VERSION = 1
DATED = ("signer", "key")
UNDATED = ("manifest", "repo", "commit")
FILE = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sigstore:
    """A private Sigstore instance; `trusted_root` is the JSON text of what it is trusted by."""

    name: str
    trusted_root: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimestampAuthority:
    """An RFC 3161 authority, by its certificates."""

    certificates: tuple[Certificate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """Something that must not be used: `kind` is manifest, file, repo, commit, signer or key.

    A file is named by its digest, `sha256:<hex>`, wherever it lies: a model that has it is refused.
    A signer or key is refused for what it signed from `compromised_since` on; the rest is refused
    whatever its date. A signer is named as in its organisation, as `organisation/name`, or by its
    identity; a key by the fingerprint of its SubjectPublicKeyInfo or of its certificate. `within`
    are the namespaces outside of which it says nothing, where an organisation, its `owner`, revoked
    for itself.
    """

    kind: str
    value: str
    reason: str
    compromised_since: datetime | None = None
    within: tuple[str, ...] | None = None
    owner: str = ""

    def reaches(self, namespaces: Collection[str] | None) -> bool:
        """Whether it counts for what lies in `namespaces`; None, which is unknown, counts too."""
        if self.within is None or namespaces is None:
            return True
        return not set(namespaces).isdisjoint(self.within)


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A registry, or a section of one, that took part: its name and version, if it has versions.

    Two are the same by what they cannot choose: their `url`, and the digest of the `root` by which
    they are trusted. `seen` is when its server last stated that this is the newest.
    """

    name: str
    version: int | None = None
    url: str = ""
    root: str = ""
    section: str = ""
    seen: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Registry:
    """Who may speak for which repositories, and what was revoked: one registry, or several as one.

    `sources` are the files it was read from, `releases` what was merged, in order. Of several,
    `parts` are each one as far as it reaches; instances and clocks stand there alone.
    `unusable` are those that were named and cannot be used, each with the reason.
    """

    version: int = VERSION
    name: str
    expires: datetime | None = None
    sigstores: tuple[Sigstore, ...] = ()
    timestamp_authorities: tuple[TimestampAuthority, ...] = ()
    orgs: tuple[Org, ...] = ()
    revoked: tuple[Revocation, ...] = ()
    sources: tuple[str, ...] = ()
    releases: tuple[Release, ...] = ()
    parts: tuple[Registry, ...] = ()
    unusable: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """Its end is a moment."""
        if self.expires:
            check_aware(self.expires, "expires")

    @classmethod
    def from_table(cls, table: object, *, source: str) -> Registry:
        """The registry of a parsed `trust.toml`, or ConfigError with the path of what is wrong.

        `trusted_root` of each `[[sigstore]]` is the JSON text, already read.
        """
        fields = Fields(table, raises=reading.errors_in(source))
        _check_version(fields)
        sigstores = _sigstores(fields)
        instances = frozenset({PUBLIC_GOOD, *(instance.name for instance in sigstores)})
        registry = cls(
            name=reading.line(fields, "name"),
            expires=reading.optional_day(fields, "expires"),
            sigstores=sigstores,
            timestamp_authorities=tuple(map(_authority, fields.tables("timestamp_authority"))),
            orgs=tuple(read_org(entry, instances) for entry in fields.tables("org")),
            revoked=read_revoked(fields),
            sources=(source,),
        )
        registry = replace(registry, releases=(Release(name=registry.name),))
        fields.end()
        _check_claims(fields, registry.orgs)
        return registry

    @cached_property
    def _owners(self) -> dict[str, Org]:
        return {namespace: org for org in self.orgs for namespace in org.namespaces}

    def owner(self, repo: str) -> Org | None:
        """The organisation in one of whose namespaces `repo` lies, case-exact, if there is one."""
        return self._owners.get(names.namespace_of(repo)) if names.is_repo(repo) else None

    def roots(self, repo: str | None) -> tuple[Root, ...]:
        """What the registry has of `repo` as a root, at each commit."""
        owner = self.owner(repo) if repo else None
        return tuple(root for root in owner.roots if root.repo == repo) if owner else ()

    def roots_with(self, manifest: str | None) -> tuple[Root, ...]:
        """What the registry has as roots with these very files, whatever they are called."""
        every = (root for org in self.orgs for root in org.roots)
        return tuple(root for root in every if root.manifest == manifest is not None)

    def fingerprinted(self, digest: str) -> Root | None:
        """The root whose fingerprint has this digest, `sha256:<hex>`; None for anybody else's."""
        return self._fingerprinted.get(digest)

    @cached_property
    def _fingerprinted(self) -> dict[str, Root]:
        every = (root for org in reversed(self.orgs) for root in reversed(org.roots))
        return {root.fingerprint: root for root in every if root.fingerprint}

    @cached_property
    def _mirrored(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, dict[str, None]] = {}
        for org in self.orgs:
            for mirror in org.mirrors:
                found.setdefault(mirror.namespace, {})[mirror.of] = None
        return {namespace: tuple(origins) for namespace, origins in found.items()}

    def mirrored(self, repo: str) -> tuple[str, ...]:
        """The repositories that `repo` may be a mirror of, each by the name that it has itself."""
        namespace, _, name = repo.partition("/")
        found = self._mirrored.get(namespace, ()) if names.is_repo(repo) else ()
        return tuple(f"{origin}/{name}" for origin in found)

    def imported(self, repo: str | None) -> tuple[str, ...]:
        """The repository, if anybody may attest that files are its own."""
        spoken = repo and any(s.may(Role.IMPORTER, repo) for _, s in self.signers())
        return (repo,) if repo and spoken else ()

    def publishers(self, repo: str) -> tuple[tuple[Org, Signer], ...]:
        """Who may publish `repo`; empty if nobody is known who does."""
        org = self.owner(repo)
        signers = org.signers if org else ()
        return tuple((org, s) for s in signers if org and s.may(Role.PUBLISHER, repo))

    def signers(self) -> Iterator[tuple[Org, Signer]]:
        """Every signer with its organisation, in the order of the file."""
        return ((org, signer) for org in self.orgs for signer in org.signers)

    @cached_property
    def _revoked(self) -> dict[tuple[str, str], tuple[Revocation, ...]]:
        found: dict[tuple[str, str], list[Revocation]] = {}
        for entry in self.revoked:
            found.setdefault((entry.kind, entry.value), []).append(entry)
        return {key: tuple(entries) for key, entries in found.items()}

    @property
    def each(self) -> tuple[Registry, ...]:
        """The registries that this is made of, itself if it is one."""
        return self.parts or (self,)

    def revocations(
        self, kind: str, value: str, namespaces: Collection[str] | None = None
    ) -> tuple[Revocation, ...]:
        """What was revoked of this kind under exactly this value, as far as it reaches."""
        found = self._revoked.get((kind, value), ())
        return tuple(entry for entry in found if entry.reaches(namespaces))

    def signer_revocations(
        self, org: Org, signer: Signer, names: Collection[str] = ()
    ) -> tuple[tuple[int, Revocation], ...]:
        """What was revoked of this signer, each with the place in `each` of who revokes it: by its
        name, with or without its organisation's, in its own registry; in every registry by what it
        is recognised by, or by one of the `names` that its certificate bears.

        An organisation revokes its own signers, wherever the registry has them speak.
        """
        known = {signer.material.label, *names}
        called = {signer.name, f"{org.name}/{signer.name}"}
        found: list[tuple[int, Revocation]] = []
        for rank, part in enumerate(self.each):
            home = rank == org.rank or not self.parts
            for value in sorted(known | called if home else known):
                entries = [e for kind in DATED for e in part._revoked.get((kind, value), ())]
                own = (e for e in entries if part._is_its_own(e, org if home else None))
                found += [(rank, entry) for entry in own]
        return tuple(found)

    def _is_its_own(self, entry: Revocation, org: Org | None) -> bool:
        """Whether who revoked this may: the registry itself, or an organisation for its signers."""
        if not entry.owner or (org and org.name == entry.owner):
            return True
        return any(
            owner.name == entry.owner and not signer.of_section
            for owner, signer in self.signers()
            if signer.material.label == entry.value
        )

    def with_sigstore(self, instance: Sigstore) -> Registry:
        """The same, with this instance in the place of any other of its name."""
        others = tuple(other for other in self.sigstores if other.name != instance.name)
        parts = tuple(part.with_sigstore(instance) for part in self.parts)
        return replace(self, sigstores=(instance, *others), parts=parts)

    def sigstore(self, name: str) -> Sigstore | None:
        """The private instance of this name; None for the public-good one and unknown ones."""
        return next((instance for instance in self.sigstores if instance.name == name), None)


def _check_version(fields: Fields) -> None:
    version = fields.whole("version")
    if version != VERSION:
        raise fields.wrong("version", f"expected {VERSION}, found {version}")


def _sigstores(fields: Fields) -> tuple[Sigstore, ...]:
    instances: dict[str, Sigstore] = {}
    for entry in fields.tables("sigstore"):
        name = reading.line(entry, "name")
        if name == PUBLIC_GOOD:
            raise entry.wrong("name", f"{PUBLIC_GOOD} is built in and cannot be another instance")
        if name in instances:
            raise entry.wrong("name", f"{name!r} stands twice")
        instances[name] = Sigstore(name=name, trusted_root=_trusted_root(entry))
        entry.end()
    return tuple(instances.values())


def _trusted_root(fields: Fields) -> str:
    text = fields.filled("trusted_root")
    try:
        value = json.loads(text.encode("utf-8", "surrogatepass"))
    except Malformed as error:
        raise fields.wrong("trusted_root", str(error)) from None
    if not isinstance(value, dict):
        raise fields.wrong("trusted_root", "not a JSON object")
    return text


def _authority(fields: Fields) -> TimestampAuthority:
    authority = TimestampAuthority(certificates=read_certificates(fields, "certificates"))
    fields.end()
    return authority


def read_revoked(fields: Fields) -> tuple[Revocation, ...]:
    """What the entries of a `[[revoked]]` array refuse, in their order."""
    return tuple(entry for table in fields.tables("revoked") for entry in _revocations(table))


def _revocations(fields: Fields) -> tuple[Revocation, ...]:
    """What one entry refuses: the one thing that it names, and each of its `files`."""
    files = reading.digests(fields, "files") if "files" in fields else ()
    known = (*UNDATED, *DATED)
    kind = None if files and not any(name in fields for name in known) else fields.one_of(known)
    if kind in DATED:
        if files:
            raise fields.wrong("files", f"stand in an entry of their own, not beside a {kind}")
        since = reading.day(fields, "compromised_since")
    elif "compromised_since" in fields:
        raise fields.wrong("compromised_since", f"a {kind or FILE} is revoked whatever its date")
    else:
        since = None
    own = [(kind, _revoked_value(fields, kind))] if kind else []
    named = [*own, *((FILE, digest) for digest in files)]
    reason = reading.prose(fields, "reason")
    fields.end()
    return tuple(
        Revocation(kind=each, value=value, reason=reason, compromised_since=since)
        for each, value in named
    )


def _revoked_value(fields: Fields, kind: str) -> str:
    match kind:
        case "manifest" | "key":
            return reading.manifest(fields, kind)
        case "repo":
            return reading.repo(fields, kind)
        case "commit":
            return fields.hexadecimal(kind, 40)
    return reading.line(fields, kind)


def _check_claims(fields: Fields, orgs: tuple[Org, ...]) -> None:
    called: set[str] = set()
    claimed: dict[str, str] = {}
    sections: set[str] = set()
    for position, org in enumerate(orgs):
        if org.name in called:
            raise fields.wrong(f"org[{position}].name", f"{org.name!r} stands twice")
        called.add(org.name)
        if org.section and org.section.name in sections:
            where = f"org[{position}].section.name"
            raise fields.wrong(where, f"{org.section.name!r} stands twice")
        sections |= {org.section.name} if org.section else set()
        for place, namespace in enumerate(org.namespaces):
            other = claimed.setdefault(namespace.lower(), org.name)
            if other != org.name:
                raise fields.wrong(
                    f"org[{position}].namespaces[{place}]",
                    f"{namespace!r} is claimed by both {other!r} and {org.name!r}",
                )
