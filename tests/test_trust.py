"""The registry: what it accepts, what it refuses and where, and how several become one."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta, timezone
from functools import cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from provenance import names, trust
from provenance.errors import ConfigError
from provenance.trust import Registry, Role
from tests import hostile

DIGEST = "sha256:" + "a" * 64
COMMIT = "c" * 40
WORKFLOW = "https://github.com/acme/train/.github/workflows/release.yml@refs/tags/*"


@cache
def private_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def key_pem() -> str:
    return (
        private_key()
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


@cache
def certificate_pem(*, authority: bool) -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Acme")])
    start = datetime(2025, 1, 1, tzinfo=UTC)
    usage = dict.fromkeys(
        (
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private_key().public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(digital_signature=not authority, key_cert_sign=authority, **usage),
            critical=True,
        )
        .sign(private_key(), hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def example() -> dict[str, object]:
    """The registry of DESIGN.md, section 7, with one signer of each kind."""
    return tomllib.loads(f"""
version = 1
name = "acme-security"
expires = 2027-05-01
[[sigstore]]
name = "acme"
trusted_root = '{{"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1"}}'
[[timestamp_authority]]
certificates = '''{certificate_pem(authority=True)}'''
[[org]]
name = "Acme AI"
namespaces = ["acme"]
namespace_id = {{ acme = "60a1{"0" * 20}" }}
originates = true
threshold = 1
once_signed_must_stay_signed = true
[[org.signer]]
name = "release workflow"
identity = "{WORKFLOW}"
issuer = "https://token.actions.githubusercontent.com"
sigstore = "public-good"
source_repository = "https://github.com/acme/train"
source_repository_id = "1234"
owner_id = "99"
roles = ["publisher", "trainer"]
repos = ["acme/*"]
valid_from = 2025-01-01
[[org.signer]]
name = "release key"
key = '''{key_pem()}'''
roles = ["publisher"]
repos = ["acme/base-*", "acme/one"]
[[org.signer]]
name = "release certificate"
certificate_authority = '''{certificate_pem(authority=True)}'''
subject = "CN=Acme"
roles = ["trainer"]
[[org.root]]
repo = "acme/base-7b"
repo_id = "64f0{"0" * 20}"
commit = "{COMMIT}"
manifest = "{DIGEST}"
[[org]]
name = "Auditors"
namespaces = []
[[org.signer]]
name = "lab"
identity = "lab@example.org"
issuer = "https://accounts.example.org/login"
sigstore = "acme"
roles = ["evaluator", "verifier"]
repos = ["acme/*", "other/one"]
[[revoked]]
manifest = "{DIGEST}"
reason = "temporal backdoor, advisory ACME-2026-3"
[[revoked]]
signer = "Acme AI/release key"
reason = "left on a laptop"
compromised_since = 2026-01-02T03:04:05Z
""")


def read(table: object) -> Registry:
    return Registry.from_table(table, source="trust.toml")


def test_the_documented_registry_says_what_it_says() -> None:
    registry = read(example())
    acme, auditors = registry.orgs
    workflow, key, authority = acme.signers
    assert (registry.name, registry.version, registry.sources) == (
        "acme-security",
        1,
        ("trust.toml",),
    )
    assert registry.expires == datetime(2027, 5, 1, tzinfo=UTC)
    assert acme.namespace_ids == (("acme", "60a1" + "0" * 20),)
    assert (acme.originates, acme.threshold, acme.once_signed_must_stay_signed) == (True, 1, True)
    assert workflow.roles == {Role.PUBLISHER, Role.TRAINER}
    assert workflow.valid_from == datetime(2025, 1, 1, tzinfo=UTC)
    assert workflow.material == trust.Identity(
        identity=WORKFLOW,
        issuer="https://token.actions.githubusercontent.com",
        source_repository="https://github.com/acme/train",
        source_repository_id="1234",
        owner_id="99",
    )
    assert isinstance(key.material, trust.Key)
    assert key.material.key.pem == key_pem()
    assert isinstance(authority.material, trust.Authority)
    assert authority.material.subject == "CN=Acme"
    assert authority.repos == ("acme/*",)
    assert acme.roots == (
        trust.Root(repo="acme/base-7b", repo_id="64f0" + "0" * 20, commit=COMMIT, manifest=DIGEST),
    )
    assert auditors.namespaces == ()
    assert len(registry.timestamp_authorities[0].certificates) == 1
    assert registry.sigstore("acme") is not None
    assert registry.sigstore("public-good") is None
    assert [(org.name, signer.name) for org, signer in registry.signers()] == [
        ("Acme AI", "release workflow"),
        ("Acme AI", "release key"),
        ("Acme AI", "release certificate"),
        ("Auditors", "lab"),
    ]


@pytest.mark.parametrize(
    ("repo", "owner", "publishers"),
    [
        ("acme/base-7b", "Acme AI", ["release workflow", "release key"]),
        ("acme/one", "Acme AI", ["release workflow", "release key"]),
        ("acme/one-more", "Acme AI", ["release workflow"]),
        ("acme/Base-7b", "Acme AI", ["release workflow"]),
        ("Acme/base-7b", None, []),
        ("acme/base-7b/x", None, []),
        ("acme/", None, []),
        ("acme", None, []),
        ("acme/../x", None, []),
        ("datasets/acme/base-7b", None, []),
        ("other/one", None, []),
        ("", None, []),
    ],
)
def test_who_owns_and_publishes(repo: str, owner: str | None, publishers: list[str]) -> None:
    registry = read(example())
    found = registry.owner(repo)
    assert (found.name if found else None) == owner
    assert [signer.name for _, signer in registry.publishers(repo)] == publishers


@pytest.mark.parametrize(
    "repo",
    [
        "acme",
        "acme/",
        "/x",
        "acme/a/b",
        "acme/a--b",
        "acme/a..b",
        "acme/-x",
        "acme/x.",
        "acme/x.git",
        "acme/é",
        "acme/x\n",
        "acme/x y",
        "acme/*",
        "acme/" + "x" * 97,
        "Datasets/x",
        "-acme/x",
    ],
)
def test_no_pattern_covers_what_is_no_repository(repo: str) -> None:
    assert not names.is_repo(repo)
    assert not names.covers("acme/*", repo)
    assert not read(example()).orgs[0].signers[0].may(Role.PUBLISHER, repo)


@pytest.mark.parametrize("repo", ["01-ai/Yi-6B", "Qwen/Qwen2.5_x", "a/b", "acme/" + "x" * 96])
def test_real_names_are_names(repo: str) -> None:
    assert names.is_repo(repo)


def test_revocations_are_found_by_kind_and_value() -> None:
    registry = read(example())
    acme, auditors = registry.orgs
    assert [entry.reason for entry in registry.revocations("manifest", DIGEST)] == [
        "temporal backdoor, advisory ACME-2026-3"
    ]
    assert registry.revocations("key", DIGEST) == ()
    assert [
        entry.compromised_since for _, entry in registry.signer_revocations(acme, acme.signers[1])
    ] == [datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)]
    assert registry.signer_revocations(acme, acme.signers[0]) == ()
    assert registry.signer_revocations(auditors, auditors.signers[0]) == ()


@pytest.mark.parametrize("name", ["lab", "Auditors/lab", "lab@example.org"])
def test_a_signer_is_revoked_by_any_of_its_names(name: str) -> None:
    table = example() | {
        "revoked": [{"signer": name, "reason": "x", "compromised_since": datetime(2026, 1, 1)}]
    }
    registry = read(table)
    auditors = registry.orgs[1]
    assert len(registry.signer_revocations(auditors, auditors.signers[0])) == 1


def test_files_are_revoked_one_by_one_alone_or_beside_what_they_are_of() -> None:
    one, two = (f"sha256:{digit * 64}" for digit in "12")
    alone = {"files": [one, two, one], "reason": "x"}
    beside = {"repo": "acme/bot", "files": [two], "reason": "y"}
    registry = read(example() | {"revoked": [alone, beside]})
    found = [(entry.kind, entry.value, entry.reason) for entry in registry.revoked]
    assert found == [
        ("file", one, "x"),
        ("file", two, "x"),
        ("repo", "acme/bot", "y"),
        ("file", two, "y"),
    ]


def test_a_key_is_revoked_by_its_fingerprint() -> None:
    fingerprint = read(example()).orgs[0].signers[1].material.label
    entry = {"key": fingerprint, "reason": "x", "compromised_since": datetime(2026, 1, 1)}
    registry = read(example() | {"revoked": [entry]})
    acme = registry.orgs[0]
    assert [len(registry.signer_revocations(acme, signer)) for signer in acme.signers] == [0, 1, 0]


@pytest.mark.parametrize(
    ("name", "covered"),
    [
        (WORKFLOW.removesuffix("*") + "v1.0", True),
        (WORKFLOW.removesuffix("*") + "releases/v1", True),
        (WORKFLOW.removesuffix("*"), False),
        (WORKFLOW.replace("tags/*", "heads/main"), False),
        ("x" + WORKFLOW.removesuffix("*") + "v1", False),
    ],
)
def test_a_workflow_stands_for_its_tags_only(name: str, covered: bool) -> None:
    material = read(example()).orgs[0].signers[0].material
    assert isinstance(material, trust.Identity)
    assert material.covers(name) is covered


def test_a_person_is_exact() -> None:
    material = read(example()).orgs[1].signers[0].material
    assert isinstance(material, trust.Identity)
    assert material.covers("lab@example.org")
    assert not material.covers("Lab@example.org")
    assert not material.covers("lab@example.org.evil.net")


ORG = ("org", 0)
WORKFLOW_SIGNER = (*ORG, "signer", 0)
KEY_SIGNER = (*ORG, "signer", 1)
AUTHORITY_SIGNER = (*ORG, "signer", 2)
LAB = ("org", 1, "signer", 0)

# Where, what stands there, the path of the error, and what it says.
REFUSED: list[tuple[hostile.Path, object, str, str]] = [
    (("version",), 2, "version", "expected 1"),
    (("name",), " ", "name", "empty"),
    (("name",), "a\x1b[2J", "name", "printable"),
    (("surprise",), 1, "surprise", "unknown key"),
    (("expires",), "2027-05-01", "expires", "a date"),
    (
        ("expires",),
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))),
        "expires",
        "no such moment",
    ),
    (("sigstore", 0, "name"), "public-good", "sigstore[0].name", "built in"),
    (("sigstore", 0, "trusted_root"), "[]", "sigstore[0].trusted_root", "not a JSON object"),
    (("sigstore", 0, "trusted_root"), "{", "sigstore[0].trusted_root", "not JSON"),
    ((*KEY_SIGNER, "role"), ["publisher"], "org[0].signer[1].role", "did you mean roles?"),
    (("sigstore", 0, "url"), "x", "sigstore[0].url", "unknown key"),
    (
        ("timestamp_authority", 0, "certificates"),
        "x",
        "timestamp_authority[0].certificates",
        "PEM",
    ),
    ((*ORG, "namespaces"), ["acme", "ACME"], "org[0].namespaces[1]", "twice"),
    ((*ORG, "namespaces"), ["acme", "a/b"], "org[0].namespaces[1]", "namespace"),
    ((*ORG, "namespaces"), ["acme", "*"], "org[0].namespaces[1]", "namespace"),
    ((*ORG, "namespaces"), ["acme", "datasets"], "org[0].namespaces[1]", "namespace"),
    ((*ORG, "namespaces"), ["acme", ".."], "org[0].namespaces[1]", "namespace"),
    (("org", 1, "namespaces"), ["Acme"], "org[1].namespaces[0]", "'Acme AI' and 'Auditors'"),
    (("org", 1, "name"), "Acme AI", "org[1].name", "twice"),
    ((*ORG, "namespace_id"), {"other": "a" * 24}, "org[0].namespace_id.other", "unknown key"),
    ((*ORG, "namespace_id"), {"acme": "A" * 24}, "org[0].namespace_id.acme", "24 lower-case"),
    ((*ORG, "originates"), 1, "org[0].originates", "true or false"),
    ((*ORG, "threshold"), 0, "org[0].threshold", "1 or more"),
    ((*ORG, "threshold"), 3, "org[0].threshold", "3 of 2 publishers"),
    ((*ORG, "threshold"), True, "org[0].threshold", "whole number"),
    ((*WORKFLOW_SIGNER, "key"), "x", "org[0].signer[0]", "exactly one of"),
    ((*WORKFLOW_SIGNER, "name"), "release key", "org[0].signer[1].name", "twice"),
    ((*WORKFLOW_SIGNER, "issuer"), "http://example.org", "org[0].signer[0].issuer", "https"),
    ((*WORKFLOW_SIGNER, "issuer"), "https://a b", "org[0].signer[0].issuer", "https"),
    ((*WORKFLOW_SIGNER, "identity"), "*", "org[0].signer[0].identity", "exact"),
    ((*WORKFLOW_SIGNER, "identity"), "*@acme.org", "org[0].signer[0].identity", "exact"),
    ((*WORKFLOW_SIGNER, "identity"), "@refs/tags/*", "org[0].signer[0].identity", "exact"),
    ((*WORKFLOW_SIGNER, "identity"), "https://@refs/tags/*", "org[0].signer[0].identity", "exact"),
    (
        (*WORKFLOW_SIGNER, "identity"),
        "https://github.com/*/x@refs/tags/*",
        "org[0].signer[0].identity",
        "exact",
    ),
    (
        (*WORKFLOW_SIGNER, "identity"),
        WORKFLOW.replace("tags/*", "heads/*"),
        "org[0].signer[0].identity",
        "exact",
    ),
    ((*WORKFLOW_SIGNER, "sigstore"), "elsewhere", "org[0].signer[0].sigstore", "elsewhere"),
    (
        (*WORKFLOW_SIGNER, "source_repository"),
        "acme/train",
        "org[0].signer[0].source_repository",
        "https",
    ),
    ((*WORKFLOW_SIGNER, "roles"), [], "org[0].signer[0].roles", "empty"),
    ((*WORKFLOW_SIGNER, "roles"), ["owner"], "org[0].signer[0].roles[0]", "publisher"),
    ((*WORKFLOW_SIGNER, "repos"), [], "org[0].signer[0].repos", "no repository"),
    ((*WORKFLOW_SIGNER, "repos"), ["*/x"], "org[0].signer[0].repos[0]", "expected org/"),
    ((*WORKFLOW_SIGNER, "repos"), ["*"], "org[0].signer[0].repos[0]", "expected org/"),
    ((*WORKFLOW_SIGNER, "repos"), ["acme"], "org[0].signer[0].repos[0]", "expected org/"),
    ((*WORKFLOW_SIGNER, "repos"), ["acme/a*b"], "org[0].signer[0].repos[0]", "expected org/"),
    ((*WORKFLOW_SIGNER, "repos"), ["acme/x/*"], "org[0].signer[0].repos[0]", "expected org/"),
    ((*WORKFLOW_SIGNER, "repos"), ["ac*/x"], "org[0].signer[0].repos[0]", "expected org/"),
    (
        (*WORKFLOW_SIGNER, "repos"),
        ["acme/*", "acme2/*"],
        "org[0].signer[0].repos[1]",
        "outside",
    ),
    ((*WORKFLOW_SIGNER, "repos"), ["Acme/*"], "org[0].signer[0].repos[0]", "outside"),
    ((*LAB, "roles"), ["evaluator", "publisher"], "org[1].signer[0].repos[0]", "outside"),
    ((*WORKFLOW_SIGNER, "valid_from"), "2025", "org[0].signer[0].valid_from", "a date"),
    ((*KEY_SIGNER, "key"), "-----BEGIN PUBLIC KEY-----", "org[0].signer[1].key", "PEM"),
    ((*KEY_SIGNER, "issuer"), "https://a.org", "org[0].signer[1].issuer", "unknown key"),
    ((*AUTHORITY_SIGNER, "san"), "a@acme.org", "org[0].signer[2]", "exactly one of"),
    (
        (*AUTHORITY_SIGNER, "certificate_authority"),
        certificate_pem(authority=False),
        "org[0].signer[2].certificate_authority",
        "certificate 0 may not issue",
    ),
    (
        (*AUTHORITY_SIGNER, "certificate_authority"),
        certificate_pem(authority=True) + certificate_pem(authority=False),
        "org[0].signer[2].certificate_authority",
        "certificate 1 may not issue",
    ),
    ((*ORG, "mirror"), [{"of": "a", "namespace": "b"}], "org[0].mirror[0].of", "neither"),
    (
        (*ORG, "mirror"),
        [{"of": "acme", "namespace": "acme"}],
        "org[0].mirror[0].namespace",
        "another",
    ),
    (
        (*ORG, "mirror"),
        [{"of": "acme", "namespace": "a/b"}],
        "org[0].mirror[0].namespace",
        "name of",
    ),
    ((*ORG, "mirror"), [{"of": "acme", "namespace": "b", "x": 1}], "org[0].mirror[0].x", "unknown"),
    ((*ORG, "root", 0, "repo"), "other/base", "org[0].root[0].repo", "outside"),
    ((*ORG, "root", 0, "repo"), "acme", "org[0].root[0].repo", "org/name"),
    ((*ORG, "root", 0, "repo_id"), "64f0", "org[0].root[0].repo_id", "24"),
    ((*ORG, "root", 0, "commit"), "main", "org[0].root[0].commit", "40"),
    ((*ORG, "root", 0, "manifest"), "a" * 64, "org[0].root[0].manifest", "sha256:"),
    (("revoked", 0, "reason"), "", "revoked[0].reason", "empty"),
    (("revoked", 0, "manifest"), "sha256:", "revoked[0].manifest", "64"),
    (("revoked", 0, "repo"), "a/b", "revoked[0]", "exactly one of"),
    (("revoked", 0, "files"), [], "revoked[0].files", "empty"),
    (("revoked", 0, "files"), [f"sha256:{'a' * 64}", "a" * 64], "revoked[0].files[1]", "sha256:"),
    (("revoked", 0, "files"), f"sha256:{'a' * 64}", "revoked[0].files", "a list"),
    (("revoked", 1, "files"), [f"sha256:{'a' * 64}"], "revoked[1].files", "entry of their own"),
    (
        ("revoked", 0, "compromised_since"),
        datetime(2026, 1, 1, tzinfo=UTC),
        "revoked[0].compromised_since",
        "whatever its date",
    ),
]

REQUIRED: list[tuple[hostile.Path, str]] = [
    (("version",), "version"),
    (("name",), "name"),
    ((*ORG, "name"), "org[0].name"),
    ((*WORKFLOW_SIGNER, "name"), "org[0].signer[0].name"),
    ((*WORKFLOW_SIGNER, "identity"), "org[0].signer[0]"),
    ((*WORKFLOW_SIGNER, "issuer"), "org[0].signer[0].issuer"),
    ((*WORKFLOW_SIGNER, "source_repository"), "org[0].signer[0].source_repository"),
    ((*WORKFLOW_SIGNER, "roles"), "org[0].signer[0].roles"),
    ((*AUTHORITY_SIGNER, "subject"), "org[0].signer[2]"),
    ((*ORG, "root", 0, "repo"), "org[0].root[0].repo"),
    (("sigstore", 0, "trusted_root"), "sigstore[0].trusted_root"),
    (("revoked", 0, "reason"), "revoked[0].reason"),
    (("revoked", 0, "manifest"), "revoked[0]"),
    (("revoked", 1, "compromised_since"), "revoked[1].compromised_since"),
]


@pytest.mark.parametrize(
    ("path", "value", "where", "says"), REFUSED, ids=[f"{row[2]} {row[3]}" for row in REFUSED]
)
def test_what_is_wrong_is_refused_where_it_stands(
    path: hostile.Path, value: object, where: str, says: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        read(hostile.replaced(example(), path, value))
    assert caught.value.path == f"trust.toml: {where}"
    assert says in str(caught.value)


@pytest.mark.parametrize(("path", "where"), REQUIRED)
def test_what_is_missing_is_named(path: hostile.Path, where: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(hostile.without(example(), path))
    assert caught.value.path == f"trust.toml: {where}"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((*WORKFLOW_SIGNER, "issuer"), "http://localhost:8765"),
        ((*WORKFLOW_SIGNER, "identity"), WORKFLOW.replace("tags/*", "heads/main")),
        ((*WORKFLOW_SIGNER, "identity"), "Granite-sign@ibm.com"),
        (("org",), []),
        ((*AUTHORITY_SIGNER, "subject"), "CN=Ünï, O=Acme"),
    ],
)
def test_what_is_unusual_is_accepted(path: hostile.Path, value: object) -> None:
    assert read(hostile.replaced(example(), path, value)).name == "acme-security"


def test_no_node_can_be_anything_but_right_or_refused() -> None:
    table = example()
    outcomes = [outcome(mutated) for _, mutated in hostile.mutations(table)]
    assert all(path is None or path.startswith("trust.toml") for path in outcomes)
    assert sum(path is not None for path in outcomes) > 10 * len(list(hostile.nodes(table)))


def outcome(table: object) -> str | None:
    """The path of the error, or None where `table` was accepted."""
    try:
        read(table)
    except ConfigError as error:
        return error.path
    return None


def overlay(**changes: object) -> Registry:
    table = {"version": 1, "name": "overlay", **changes}
    return Registry.from_table(table, source="overlay.toml")


def claim(name: str, *namespaces: str, **changes: object) -> dict[str, object]:
    signer = {"name": "s", "key": key_pem(), "roles": ["publisher"]}
    return {"name": name, "namespaces": list(namespaces), "signer": [signer], **changes}


def test_the_first_registry_wins_on_a_namespace() -> None:
    root = {"repo": "acme/base-7b"}
    stranger = claim("Strangers", "ACME", "theirs", root=[{"repo": "theirs/x"}])
    second = overlay(org=[stranger])
    third = overlay(org=[claim("Squatters", "acme", root=[root], originates=True)])
    merged = trust.merge([read(example()), second, third])
    assert [org.name for org in merged.orgs] == ["Acme AI", "Auditors", "Strangers"]
    assert [org.name for org, _ in merged.publishers("acme/base-7b")] == ["Acme AI"] * 2
    assert merged.owner("ACME/base-7b") is None
    assert [org.name for org, _ in merged.publishers("theirs/x")] == ["Strangers"]
    strangers = merged.orgs[2]
    assert strangers.namespaces == ("theirs",)
    assert strangers.signers[0].repos == ("theirs/*",)
    assert [root.repo for root in strangers.roots] == ["theirs/x"]


BANK = {"of": "acme", "namespace": "bank-ml"}


@pytest.mark.parametrize(
    ("mirrors", "later", "found"),
    [
        ([BANK], [], ("acme/bot",)),
        ([], [claim("Bank", "bank-ml", mirror=[BANK])], ("acme/bot",)),
        ([BANK], [claim("Bank", "bank-ml", mirror=[BANK])], ("acme/bot",)),
        (
            [BANK],
            [claim("Bank", "bank-ml", mirror=[{**BANK, "of": "theirs"}])],
            ("acme/bot", "theirs/bot"),
        ),
        ([], [claim("Acme", "acme", mirror=[BANK])], ()),
        ([], [claim("Acme", "acme", "more", mirror=[BANK])], ()),
        ([], [claim("More", "more", mirror=[{"of": "more", "namespace": "acme"}])], ()),
    ],
)
def test_a_namespace_mirrors_another_by_the_same_names(
    mirrors: list[object], later: list[object], found: tuple[str, ...]
) -> None:
    """Nobody of a later registry says so of a namespace that an earlier one gives to somebody."""
    first = hostile.replaced(example(), (*ORG, "mirror"), mirrors)
    merged = trust.merge([read(first), overlay(org=later)])
    assert merged.mirrored("bank-ml/bot") == found
    assert merged.mirrored("acme/bot") == merged.mirrored("bank-ml/../bot") == ()


@pytest.mark.parametrize(
    ("mine_first", "speaks"), [(True, {"theirs/x"}), (False, {"acme/base-7b", "theirs/x"})]
)
def test_an_evaluator_of_a_later_registry_reaches_nothing_of_an_earlier(
    mine_first: bool, speaks: set[str]
) -> None:
    repos = ["acme/*", "theirs/*"]
    signer = {"name": "s", "key": key_pem(), "roles": ["evaluator"], "repos": repos}
    own, lab = read(example()), overlay(org=[claim("Lab", signer=[signer])])
    merged = trust.merge([own, lab] if mine_first else [lab, own])
    found = [signer for org, signer in merged.signers() if org.name == "Lab"]
    both = {"acme/base-7b", "theirs/x"}
    assert {repo for repo in both for s in found if s.may(Role.EVALUATOR, repo)} == speaks


def test_revocations_of_every_registry_hold() -> None:
    second = overlay(revoked=[{"repo": "acme/base-7b", "reason": "x"}])
    merged = trust.merge([read(example()), second])
    assert len(merged.revocations("repo", "acme/base-7b")) == 1
    assert len(merged.revocations("manifest", DIGEST)) == 1


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (None, None, None),
        (datetime(2027, 1, 1), None, datetime(2027, 1, 1, tzinfo=UTC)),
        (datetime(2027, 1, 1), datetime(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC)),
    ],
)
def test_the_first_to_expire_decides(
    first: datetime | None, second: datetime | None, expected: datetime | None
) -> None:
    registries = [overlay(**({"expires": moment} if moment else {})) for moment in (first, second)]
    merged = trust.merge(registries)
    assert merged.expires == expected
    assert merged.sources == ("overlay.toml", "overlay.toml")


def test_instances_and_clocks_stay_with_their_registry() -> None:
    other = overlay(sigstore=[{"name": "acme", "trusted_root": "{}"}])
    merged = trust.merge([read(example()), other])
    assert (merged.sigstores, merged.timestamp_authorities) == ((), ())
    first, second = merged.parts
    assert (first.sigstore("acme"), second.sigstore("acme")) == (
        read(example()).sigstore("acme"),
        other.sigstore("acme"),
    )
    assert (len(first.timestamp_authorities), second.timestamp_authorities) == (1, ())


def test_a_later_registry_cannot_use_an_earlier_ones_instance_unnamed() -> None:
    lab = {"name": "s", "identity": "a@b.org", "issuer": "https://b.org", "sigstore": "acme"}
    with pytest.raises(ConfigError) as caught:
        overlay(org=[claim("Lab", "lab", signer=[lab | {"roles": ["publisher"]}])])
    assert caught.value.path == "overlay.toml: org[0].signer[0].sigstore"


def test_merging_nothing_is_an_error() -> None:
    with pytest.raises(ConfigError, match="no registry"):
        trust.merge([])
