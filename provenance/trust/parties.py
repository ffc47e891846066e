"""Who may speak for which repositories: organisations, their signers, their roots."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from provenance import names
from provenance.errors import Malformed
from provenance.formats.fields import Fields
from provenance.keys import PublicKey
from provenance.trust import reading
from provenance.trust.material import Material, read_material

MOST_KEYS = 16


class Role(StrEnum):
    """What a signer's statements count for; no role stands in for another."""

    PUBLISHER = "publisher"
    TRAINER = "trainer"
    EVALUATOR = "evaluator"
    VERIFIER = "verifier"
    IMPORTER = "importer"


OWN_ROLES = frozenset({Role.PUBLISHER, Role.TRAINER})
"""The roles that reach only their own organisation's namespaces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A party, what it is recognised by, and what it may say about which repositories.

    `of_section` says that its organisation named it itself.
    """

    name: str
    material: Material
    roles: frozenset[Role]
    repos: tuple[str, ...]
    valid_from: datetime | None = None
    of_section: bool = False

    def may(self, role: Role, repo: str) -> bool:
        """Whether it speaks in `role` for `repo`."""
        return role in self.roles and any(names.covers(pattern, repo) for pattern in self.repos)


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """A model at which an ancestry ends; ends it only if every part that is given agrees.

    `fingerprint` is the digest of the file that tells whether weights are kin of its own. `section`
    is the section that names the root, empty where the registry does so itself.
    """

    repo: str
    repo_id: str | None = None
    commit: str | None = None
    manifest: str | None = None
    fingerprint: str | None = None
    section: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MirroredNamespace:
    """That repositories of `namespace` may be mirrors of those of `of` by the same names; each is
    one only where its bytes prove it."""

    of: str
    namespace: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """That an organisation keeps its own part of the registry: `threshold` of `keys` sign it."""

    name: str
    keys: tuple[PublicKey, ...]
    threshold: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Org:
    """An organisation: the namespaces that are its own, and who speaks for it.

    `threshold` publishers must have signed; `namespace_ids` pairs a namespace with its Hub id.
    `unknown` says why the part that it keeps itself cannot be used; then nobody knows who speaks.
    `rank` is the place of its registry among several.
    """

    name: str
    namespaces: tuple[str, ...]
    namespace_ids: tuple[tuple[str, str], ...] = ()
    originates: bool = False
    threshold: int = 1
    signers: tuple[Signer, ...] = ()
    roots: tuple[Root, ...] = ()
    mirrors: tuple[MirroredNamespace, ...] = ()
    once_signed_must_stay_signed: bool | None = None
    section: Section | None = None
    unknown: str = ""
    rank: int = 0

    @property
    def key(self) -> tuple[int, str]:
        """What no other organisation has, of whichever registry."""
        return self.rank, self.name


def read_org(fields: Fields, sigstores: frozenset[str]) -> Org:
    """The organisation of one `[[org]]`."""
    namespaces = reading.namespaces(fields, "namespaces")
    org = Org(
        name=reading.line(fields, "name"),
        namespaces=namespaces,
        namespace_ids=_namespace_ids(fields, namespaces),
        originates=fields.flag("originates", False),
        signers=read_signers(fields, namespaces, sigstores),
        threshold=fields.whole("threshold", 1, least=1),
        roots=read_roots(fields, namespaces),
        mirrors=tuple(_mirrored(entry, namespaces) for entry in fields.tables("mirror")),
        once_signed_must_stay_signed=_optional_flag(fields, "once_signed_must_stay_signed"),
        section=_section(fields.table("section")) if "section" in fields else None,
    )
    if org.section is None:
        check_threshold(fields, org)
    fields.end()
    return org


def check_threshold(fields: Fields, org: Org) -> None:
    """As many publishers are known as must sign, or ConfigError."""
    publishers = sum(Role.PUBLISHER in signer.roles for signer in org.signers)
    if publishers and org.threshold > publishers:
        raise fields.wrong("threshold", f"{org.threshold} of {publishers} publishers cannot be met")


def _mirrored(fields: Fields, namespaces: tuple[str, ...]) -> MirroredNamespace:
    found = MirroredNamespace(
        of=reading.namespace(fields, "of"), namespace=reading.namespace(fields, "namespace")
    )
    if found.of == found.namespace:
        raise fields.wrong("namespace", f"expected another namespace than {found.of!r} in `of`")
    if not {found.of, found.namespace} & set(namespaces):
        own = ", ".join(namespaces) or "none"
        message = f"neither {found.of!r} nor {found.namespace!r} is the organisation's ({own})"
        raise fields.wrong("of", message)
    fields.end()
    return found


def _section(fields: Fields) -> Section:
    keys = tuple(_key(fields, n, pem) for n, pem in enumerate(fields.texts("keys")))
    if not 0 < len({key.fingerprint for key in keys}) == len(keys) <= MOST_KEYS:
        raise fields.wrong("keys", f"expected 1 to {MOST_KEYS} keys, none of them twice")
    section = Section(
        name=reading.slug(fields, "name"),
        keys=keys,
        threshold=fields.whole("threshold", 1, least=1),
    )
    if section.threshold > len(keys):
        raise fields.wrong("threshold", f"{section.threshold} of {len(keys)} keys cannot be met")
    fields.end()
    return section


def _key(fields: Fields, position: int, pem: str) -> PublicKey:
    try:
        return PublicKey.from_pem(pem)
    except Malformed as error:
        raise fields.wrong(f"keys[{position}]", str(error)) from None


def _optional_flag(fields: Fields, name: str) -> bool | None:
    return fields.flag(name) if name in fields else None


def _namespace_ids(fields: Fields, namespaces: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    if "namespace_id" not in fields:
        return ()
    table = fields.table("namespace_id")
    present = [namespace for namespace in namespaces if namespace in table]
    pairs = tuple((namespace, table.hexadecimal(namespace, 24)) for namespace in present)
    table.end()
    return pairs


def read_signers(
    fields: Fields, namespaces: tuple[str, ...], sigstores: frozenset[str]
) -> tuple[Signer, ...]:
    """The signers of a `[[signer]]` array, none of them called like another."""
    signers: dict[str, Signer] = {}
    for entry in fields.tables("signer"):
        signer = _signer(entry, namespaces, sigstores)
        if signer.name in signers:
            raise entry.wrong("name", f"{signer.name!r} stands twice in this organisation")
        signers[signer.name] = signer
    return tuple(signers.values())


def _signer(fields: Fields, namespaces: tuple[str, ...], sigstores: frozenset[str]) -> Signer:
    roles = _roles(fields)
    signer = Signer(
        name=reading.line(fields, "name"),
        material=read_material(fields, sigstores),
        roles=roles,
        repos=_repos(fields, namespaces, own=bool(roles & OWN_ROLES)),
        valid_from=reading.optional_day(fields, "valid_from"),
    )
    fields.end()
    return signer


def _roles(fields: Fields) -> frozenset[Role]:
    words = fields.texts("roles")
    if not words:
        raise fields.wrong("roles", "must not be empty")
    known = frozenset(Role)
    for position, word in enumerate(words):
        if word not in known:
            raise fields.wrong(
                f"roles[{position}]", f"expected one of {', '.join(Role)}; found {word[:80]!r}"
            )
    return frozenset(Role(word) for word in words)


def _repos(fields: Fields, namespaces: tuple[str, ...], *, own: bool) -> tuple[str, ...]:
    patterns = fields.texts("repos", [f"{namespace}/*" for namespace in namespaces])
    if not patterns:
        raise fields.wrong("repos", "names no repository to speak for")
    for position, pattern in enumerate(patterns):
        where = f"repos[{position}]"
        if not names.is_pattern(pattern):
            raise fields.wrong(
                where, f"expected org/*, org/prefix* or org/name, found {pattern[:200]!r}"
            )
        if own and names.namespace_of(pattern) not in namespaces:
            raise fields.wrong(
                where,
                f"{pattern!r} lies outside the organisation's namespaces "
                f"({', '.join(namespaces) or 'none'}), which a publisher or trainer may not",
            )
    return patterns


def read_roots(fields: Fields, namespaces: tuple[str, ...]) -> tuple[Root, ...]:
    """The roots of a `[[root]]` array."""
    return tuple(_root(entry, namespaces) for entry in fields.tables("root"))


def _root(fields: Fields, namespaces: tuple[str, ...]) -> Root:
    repo = reading.repo(fields, "repo")
    if names.namespace_of(repo) not in namespaces:
        raise fields.wrong("repo", f"{repo!r} lies outside the organisation's namespaces")
    root = Root(
        repo=repo,
        repo_id=reading.optional_hexadecimal(fields, "repo_id", 24),
        commit=reading.optional_hexadecimal(fields, "commit", 40),
        manifest=reading.optional_hexadecimal(fields, "manifest", 64, "sha256:"),
        fingerprint=reading.optional_hexadecimal(fields, "fingerprint", 64, "sha256:"),
    )
    if root.fingerprint and not root.manifest:
        raise fields.wrong("manifest", "missing: a fingerprint is that of the files it names")
    fields.end()
    return root
