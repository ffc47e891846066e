"""The policy: what `provenance.toml` may say, what it may not, and what a profile makes of it."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime

import pytest

from provenance.errors import ConfigError
from provenance.policy import (
    CHECKS,
    CodeAllowance,
    Demand,
    Exemption,
    Model,
    Policy,
    Settings,
    TrainingDemands,
    Waiver,
    may_lower,
)
from provenance.policy.required import TEST_RESULT, VSA
from provenance.verdict import Level
from tests import hostile

DIGEST = "sha256:" + "a" * 64
COMMIT = "c" * 40


def example() -> dict[str, object]:
    """The file of DESIGN.md, section 7, without what asks for a later version."""
    return tomllib.loads(f"""
[policy]
profile = "signed"
registry = ["trust.toml", "builtin"]
min_age = 0
token_namespaces = ["acme"]
once_signed_must_stay_signed = true
[policy.rules]
"code/pickle-by-product" = "require"
format = "warn"
"format/trailing-bytes" = "require"
[[policy.code]]
repo = "acme/support-bot"
path = "modeling/acme.py"
sha256 = "{"b" * 64}"
[[policy.code]]
repo = "acme/support-bot"
commit = "{COMMIT}"
[[policy.exempt]]
repo = "someone/llama-ft"
manifest = "{DIGEST}"
reason = "in use before adoption"
expires = 2027-02-01
[[policy.waivers]]
rule = "ancestry/unknown-ancestor"
repo = "acme/support-bot"
subject = "oldorg/base"
any_revision = true
reason = '''our own pre-2026 base,
  being re-signed (SEC-142)'''
expires = 2026-12-31
[[policy.waivers]]
rule = "signature/unsigned"
repo = "acme/support-bot"
subject = "config.json"
manifest = "{DIGEST}"
reason = "SEC-143"
expires = 2026-12-31T12:00:00+02:00
[[models]]
name = "support-bot"
repo = "acme/support-bot"
revision = "v1.2"
include = ["*.safetensors", "*.json", "sub/"]
exclude = ["**/*.md"]
parents = ["meta-llama/Llama-3.1-8B@{COMMIT}", "acme/base"]
profile = "baseline"
[[models]]
path = "models/x"
""")


def read(table: object) -> Settings:
    return Settings.from_table(table, source="provenance.toml")


def test_the_documented_file_says_what_it_says() -> None:
    settings = read(example())
    assert settings == Settings(
        source="provenance.toml",
        profile="signed",
        registry=("trust.toml", "builtin"),
        token_namespaces=("acme",),
        once_signed_must_stay_signed=True,
        levels=(
            ("code/pickle-by-product", Level.REQUIRE),
            ("format", Level.WARN),
            ("format/trailing-bytes", Level.REQUIRE),
        ),
        code=(
            CodeAllowance(repo="acme/support-bot", path="modeling/acme.py", sha256="b" * 64),
            CodeAllowance(repo="acme/support-bot", commit=COMMIT),
        ),
        exemptions=(
            Exemption(
                repo="someone/llama-ft",
                manifest=DIGEST,
                reason="in use before adoption",
                expires=datetime(2027, 2, 1, tzinfo=UTC),
            ),
        ),
        waivers=(
            Waiver(
                rule="ancestry/unknown-ancestor",
                repo="acme/support-bot",
                subject="oldorg/base",
                manifest=None,
                reason="our own pre-2026 base, being re-signed (SEC-142)",
                expires=datetime(2026, 12, 31, tzinfo=UTC),
            ),
            Waiver(
                rule="signature/unsigned",
                repo="acme/support-bot",
                subject="config.json",
                manifest=DIGEST,
                reason="SEC-143",
                expires=datetime(2026, 12, 31, 10, tzinfo=UTC),
            ),
        ),
        models=(
            Model(
                name="support-bot",
                repo="acme/support-bot",
                revision="v1.2",
                include=("*.safetensors", "*.json", "sub/"),
                exclude=("**/*.md",),
                parents=(f"meta-llama/Llama-3.1-8B@{COMMIT}", "acme/base"),
                profile="baseline",
            ),
            Model(name="models/x", path="models/x"),
        ),
    )


@pytest.mark.parametrize("table", [{}, {"policy": {}}, {"models": []}])
def test_an_empty_file_says_what_holds_without_one(table: object) -> None:
    assert read(table) == Settings(source="provenance.toml")
    assert Settings().registry == ("builtin",)


# What each profile asks for, as the manual says it.
OF_FILES = ("integrity", "format", "code", "signature")
OF_MODELS = (
    "integrity",
    "format",
    "code",
    "identity",
    "signature",
    "ancestry",
    "closure",
    "weights",
    "drift",
)
OF_LINEAGES = (*OF_MODELS, "lineage")
POLICY = ("policy",)
WAIVER = ("policy", "waivers", 0)
EXEMPT = ("policy", "exempt", 0)
CODE = ("policy", "code", 0)
COMMITTED = ("policy", "code", 1)
MODEL = ("models", 0)
RULES = ("policy", "rules")
EVERYTHING_WARN = dict.fromkeys(CHECKS, "warn")

# Where, what stands there, the path of the error, and what it says.
REFUSED: list[tuple[hostile.Path, object, str, str]] = [
    (("surprise",), 1, "surprise", "unknown key"),
    (("models",), {}, "models", "a list"),
    ((*POLICY, "surprise"), 1, "policy.surprise", "unknown key"),
    ((*POLICY, "profile"), "strict", "policy.profile", "files, baseline, signed"),
    ((*POLICY, "profile"), "certified", "policy.profile", "attested"),
    ((*POLICY, "registry"), [], "policy.registry", "empty"),
    ((*POLICY, "registry"), "trust.toml", "policy.registry", "a list"),
    ((*POLICY, "registry"), ["a", " "], "policy.registry[1]", "path"),
    ((*POLICY, "registry"), ["http://a.org/x"], "policy.registry[0]", "https URL"),
    ((*POLICY, "registry"), ["ftp://a.org/x"], "policy.registry[0]", "https URL"),
    ((*POLICY, "registry_root"), 7, "policy.registry_root", "a table"),
    ((*POLICY, "registry_root"), {"b": "r"}, "policy.registry_root.b", "unknown"),
    ((*POLICY, "registry_max_age"), 30, "policy.registry_max_age", "comes from a URL"),
    ((*POLICY, "min_age"), -7, "policy.min_age", "0 or more"),
    (
        (*POLICY, "require_attestation"),
        [{"predicate": "test-result", "role": "evaluator"}],
        "policy.require_attestation[0].predicate",
        "https://in-toto.io/attestation/test-result/v0.1",
    ),
    (
        (*POLICY, "require_attestation"),
        [{"predicate": TEST_RESULT, "role": "verifier"}],
        "policy.require_attestation[0].role",
        "evaluators say",
    ),
    (
        (*POLICY, "require_attestation"),
        [{"predicate": TEST_RESULT, "role": "evaluator", "max_age": 0}],
        "policy.require_attestation[0].max_age",
        "1 or more",
    ),
    *(
        (
            (*POLICY, "require_attestation"),
            [{"predicate": TEST_RESULT, "role": "evaluator", "suite": suite}],
            "policy.require_attestation[0].suite",
            says,
        )
        for suite, says in (
            ("", "empty"),
            (7, "text"),
            ("sha256:abc", "64 lower-case hex digits"),
            (f"sha256:{'A' * 64}", "64 lower-case hex digits"),
        )
    ),
    (
        (*POLICY, "require_attestation"),
        [{"predicate": VSA, "role": "verifier", "suite": "dates"}],
        "policy.require_attestation[0].suite",
        "has no suites",
    ),
    ((*POLICY, "training"), True, "policy.training", "a table"),
    ((*POLICY, "training"), {"surprise": True}, "policy.training.surprise", "unknown key"),
    ((*POLICY, "training"), {"timestamp": "yes"}, "policy.training.timestamp", "true or false"),
    (
        POLICY,
        {"training": {"timestamp": True}, "rules": {"lineage": "off"}},
        "policy.training",
        "take that line out",
    ),
    ((*POLICY, "token_namespaces"), ["a/b"], "policy.token_namespaces[0]", "namespace"),
    ((*RULES, "format"), "ignore", "policy.rules.'format'", "require, warn, off"),
    ((*RULES, "format"), ["warn"], "policy.rules.'format'", "require, warn, off"),
    ((*RULES, "sigature"), "off", "policy.rules.'sigature'", "no check"),
    ((*RULES, "format/*"), "off", "policy.rules.'format/*'", "check/rule"),
    (RULES, EVERYTHING_WARN, "policy.rules", "no check is left"),
    ((*CODE, "sha256"), DIGEST, "policy.code[0].sha256", "64"),
    ((*CODE, "path"), "../x.py", "policy.code[0].path", "inside the model"),
    ((*CODE, "path"), "/x.py", "policy.code[0].path", "inside the model"),
    ((*CODE, "repo"), "support-bot", "policy.code[0].repo", "org/name"),
    ((*CODE, "commit"), COMMIT, "policy.code[0].path", "leave out commit"),
    ((*COMMITTED, "commit"), "main", "policy.code[1].commit", "40 lower-case"),
    ((*COMMITTED, "commit"), "C" * 40, "policy.code[1].commit", "40 lower-case"),
    ((*COMMITTED, "sha256"), "b" * 64, "policy.code[1].sha256", "leave out commit"),
    ((*COMMITTED, "path"), "modeling.py", "policy.code[1].path", "leave out commit"),
    ((*EXEMPT, "reason"), " ", "policy.exempt[0].reason", "empty"),
    ((*EXEMPT, "expires"), "2027-02-01", "policy.exempt[0].expires", "a date"),
    ((*EXEMPT, "manifest"), "a" * 64, "policy.exempt[0].manifest", "sha256:"),
    ((*EXEMPT, "ignore"), "*.md", "policy.exempt[0].ignore", "a list"),
    ((*EXEMPT, "ignore"), [], "policy.exempt[0].ignore", "must not be empty"),
    ((*EXEMPT, "ignore"), ["a", "../b"], "policy.exempt[0].ignore[1]", "a pattern of paths"),
    ((*EXEMPT, "ignore"), ["a", "[b"], "policy.exempt[0].ignore[1]", "without its"),
    ((*WAIVER, "ignore"), ["*.md"], "policy.waivers[0].ignore", "needs a manifest"),
    (
        ("policy", "waivers", 1, "ignore"),
        ["**/*.md", "*.json"],
        "policy.waivers[1].ignore",
        "matches the subject 'config.json'",
    ),
    ((*WAIVER, "manifest"), DIGEST, "policy.waivers[0]", "exactly one of"),
    ((*WAIVER, "any_revision"), False, "policy.waivers[0].any_revision", "expected true"),
    ((*WAIVER, "rule"), "signature", "policy.waivers[0].rule", "check/rule"),
    ((*WAIVER, "rule"), "signature/*", "policy.waivers[0].rule", "check/rule"),
    ((*WAIVER, "rule"), "*/unsigned", "policy.waivers[0].rule", "check/rule"),
    ((*WAIVER, "rule"), "sigature/unsigned", "policy.waivers[0].rule", "no check"),
    ((*WAIVER, "repo"), "acme/*", "policy.waivers[0].repo", "org/name"),
    ((*WAIVER, "subject"), "*", "policy.waivers[0].subject", "one subject"),
    ((*WAIVER, "subject"), "", "policy.waivers[0].subject", "empty"),
    ((*MODEL, "repo"), "support-bot", "models[0].repo", "org/name"),
    ((*MODEL, "profile"), "certified", "models[0].profile", "attested"),
    ((*MODEL, "include"), [], "models[0].include", "empty"),
    ((*MODEL, "include"), ["a", "../x"], "models[0].include[1]", "inside the model"),
    ((*MODEL, "exclude"), ["/x"], "models[0].exclude[0]", "inside the model"),
    ((*MODEL, "parents"), ["../base"], "models[0].parents[0]", "org/name"),
    ((*MODEL, "parents"), ["acme/base@main"], "models[0].parents[0]", "org/name@<commit>"),
    ((*MODEL, "name"), "models/x", "models[1].name", "two models"),
    ((*MODEL, "url"), "x", "models[0].url", "unknown key"),
]

PROTECTED = [
    "registry",
    "registry/expired",
    "registry/revoked",
    "policy",
    "policy/foreign",
    "identity/replaced",
    "identity/namespace-replaced",
    "integrity/contradiction",
    "integrity/extra",
    "integrity/mismatch",
    "integrity/missing",
    "integrity/not-locked",
    "signature/wrong-signer",
    "signature/wrong-namespace",
    "signature/revoked",
    "signature/compromised",
]


def refusal(table: object) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        read(table)
    return caught.value


@pytest.mark.parametrize(("path", "value", "where", "says"), REFUSED)
def test_what_is_wrong_is_refused_where_it_stands(
    path: hostile.Path, value: object, where: str, says: str
) -> None:
    error = refusal(hostile.replaced(example(), path, value))
    assert error.path == f"provenance.toml: {where}"
    assert says in str(error)


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ((*WAIVER, "rule"), "policy.waivers[0].rule"),
        ((*WAIVER, "repo"), "policy.waivers[0].repo"),
        ((*WAIVER, "subject"), "policy.waivers[0].subject"),
        ((*WAIVER, "any_revision"), "policy.waivers[0]"),
        ((*WAIVER, "reason"), "policy.waivers[0].reason"),
        ((*WAIVER, "expires"), "policy.waivers[0].expires"),
        ((*EXEMPT, "repo"), "policy.exempt[0].repo"),
        ((*EXEMPT, "manifest"), "policy.exempt[0].manifest"),
        ((*EXEMPT, "reason"), "policy.exempt[0].reason"),
        ((*EXEMPT, "expires"), "policy.exempt[0].expires"),
        ((*CODE, "sha256"), "policy.code[0].sha256"),
        ((*CODE, "path"), "policy.code[0].path"),
        ((*COMMITTED, "commit"), "policy.code[1]"),
        ((*COMMITTED, "repo"), "policy.code[1].repo"),
        (("models", 1, "path"), "models[1].repo"),
    ],
)
def test_what_is_missing_is_named(path: hostile.Path, where: str) -> None:
    assert refusal(hostile.without(example(), path)).path == f"provenance.toml: {where}"


def test_errors_lead_into_a_table_of_another_file() -> None:
    with pytest.raises(ConfigError) as caught:
        Settings.from_table({"models": [{}]}, source="pyproject.toml", path="tool.provenance")
    assert caught.value.path == "pyproject.toml: tool.provenance.models[0].repo"


@pytest.mark.parametrize("rule", PROTECTED)
def test_what_is_protected_is_never_lowered_or_waived(rule: str) -> None:
    assert not may_lower(rule)
    for level in ("warn", "off"):
        error = refusal(hostile.replaced(example(), (*RULES, rule), level))
        assert error.path == f"provenance.toml: policy.rules.{rule!r}"
    if "/" in rule:
        error = refusal(hostile.replaced(example(), (*WAIVER, "rule"), rule))
        assert error.path == "provenance.toml: policy.waivers[0].rule"


@pytest.mark.parametrize("rule", [*CHECKS, "policy/unused-waiver", "signature/unsigned"])
def test_what_is_not_protected_may_be_lowered(rule: str) -> None:
    assert may_lower(rule)


def test_lowering_a_check_does_not_reach_what_is_protected() -> None:
    table = {"policy": {"rules": {"integrity": "off", "signature": "warn"}}}
    policy = Policy.of(read(table))
    assert policy.level("integrity/no-reference") is Level.OFF
    assert policy.level("integrity/mismatch") is Level.REQUIRE
    assert policy.level("signature/unsigned") is Level.WARN
    assert policy.level("signature/wrong-signer") is Level.REQUIRE


@pytest.mark.parametrize(
    ("profile", "rule", "level"),
    [
        ("files", "code/pickle-by-product", Level.WARN),
        ("files", "signature/pieced-together", Level.WARN),
        ("files", "signature/unsigned-other", Level.WARN),
        ("files", "policy/unused-waiver", Level.WARN),
        ("files", "policy/foreign", Level.REQUIRE),
        ("files", "format/overlap", Level.REQUIRE),
        ("baseline", "format/pickle-beside-safetensors", Level.WARN),
        ("baseline", "signature/other-bundle", Level.WARN),
        ("signed", "format/pickle-beside-safetensors", Level.REQUIRE),
        ("signed", "code/pickle-by-product", Level.REQUIRE),
        ("signed", "signature/pieced-together", Level.REQUIRE),
        ("signed", "signature/unsigned-other", Level.WARN),
        ("signed", "signature/other-bundle", Level.WARN),
    ],
)
def test_levels_of_a_profile(profile: str, rule: str, level: Level) -> None:
    assert Policy.of(Settings(), profile=profile).level(rule) is level


@pytest.mark.parametrize(
    ("rules", "rule", "level"),
    [
        ({"format": "warn"}, "format/overlap", Level.WARN),
        ({"format": "warn"}, "format", Level.WARN),
        ({"format": "warn", "format/overlap": "require"}, "format/overlap", Level.REQUIRE),
        ({"format": "require", "format/overlap": "off"}, "format/overlap", Level.OFF),
        ({"code/pickle-by-product": "require"}, "code/pickle-by-product", Level.REQUIRE),
        ({"format": "warn"}, "code/remote", Level.REQUIRE),
        ({"format": "warn"}, "formats/overlap", Level.REQUIRE),
        ({"policy/unused-waiver": "require"}, "policy/unused-waiver", Level.REQUIRE),
    ],
)
def test_the_longer_key_wins(rules: dict[str, str], rule: str, level: Level) -> None:
    assert Policy.of(read({"policy": {"rules": rules}})).level(rule) is level


@pytest.mark.parametrize(
    ("file", "model", "flag", "profile", "demand"),
    [
        (None, None, None, "files", Demand.ASKED),
        (None, Model(name="x", path="x"), None, "files", Demand.ASKED),
        (None, Model(name="x", repo="a/x"), None, "baseline", Demand.REGISTERED),
        ("signed", Model(name="x", path="x"), None, "signed", Demand.ALWAYS),
        ("signed", Model(name="x", path="x", profile="files"), None, "files", Demand.ASKED),
        ("files", Model(name="x", profile="files"), "signed", "signed", Demand.ALWAYS),
        (None, Model(name="x", profile="attested"), None, "attested", Demand.ALWAYS),
    ],
)
def test_whose_profile_holds(
    file: str | None, model: Model | None, flag: str | None, profile: str, demand: Demand
) -> None:
    policy = Policy.of(Settings(profile=file), model, profile=flag)
    checks = {"files": OF_FILES, "attested": OF_LINEAGES}.get(profile, OF_MODELS)
    assert (policy.profile, policy.signature, policy.checks) == (profile, demand, checks)


@pytest.mark.parametrize("name", ["certified", "../x"])
def test_a_profile_that_is_not_there_is_an_error(name: str) -> None:
    with pytest.raises(ConfigError, match="files, baseline"):
        Policy.of(Settings(), profile=name)


def test_a_check_outside_the_profile_is_made_if_a_rule_asks_for_it() -> None:
    assert Policy.of(Settings(levels=(("lineage", Level.REQUIRE),))).checks == (
        *OF_FILES,
        "lineage",
    )


@pytest.mark.parametrize("profile", ["files", "baseline", "signed", "attested"])
@pytest.mark.parametrize("demand", TrainingDemands.__slots__)
def test_a_demand_upon_training_asks_for_the_check_that_judges_it(
    profile: str, demand: str
) -> None:
    policy = Policy.of(read({"policy": {"profile": profile, "training": {demand: True}}}))
    assert policy.training.names == {demand}
    assert policy.checks.count("lineage") == 1
    assert policy.for_member().training == policy.training
    none = Policy.of(read({"policy": {"profile": profile, "training": {demand: False}}}))
    assert none == Policy.of(read({"policy": {"profile": profile}}))


def test_a_policy_of_nothing_is_an_error() -> None:
    levels = tuple((check, Level.OFF) for check in CHECKS)
    with pytest.raises(ConfigError, match="no check is left"):
        Policy.of(Settings(levels=levels))


def test_what_the_caller_lets_pass_reaches_the_policy() -> None:
    settings = read(example())
    policy = Policy.of(settings, settings.models[0])
    assert (policy.code, policy.exemptions, policy.waivers) == (
        settings.code,
        settings.exemptions,
        settings.waivers,
    )
    assert [waiver.any_revision for waiver in policy.waivers] == [True, False]


def test_another_files_policy_replaces_the_whole_of_it() -> None:
    settings, other = read(example()), read({"policy": {"profile": "files"}})
    assert settings.under(other).models == settings.models
    assert settings.under(other).profile == "files"
    assert settings.under(other).waivers == ()


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("support-bot", ["support-bot"]),
        ("acme/support-bot", ["support-bot"]),
        ("models/x", ["models/x"]),
        ("Support-Bot", []),
    ],
)
def test_a_model_goes_by_name_or_repository(name: str, found: list[str]) -> None:
    assert [model.name for model in read(example()).named(name)] == found


def outcome(table: object) -> str | None:
    """The path of the error, or None where `table` was accepted."""
    try:
        settings = read(table)
        for model in settings.models:
            Policy.of(settings, model)
    except ConfigError as error:
        return error.path
    return None


def test_no_node_can_be_anything_but_right_or_refused() -> None:
    table = example()
    outcomes = [outcome(mutated) for _, mutated in hostile.mutations(table)]
    assert all(path is None or path.startswith("provenance.toml") for path in outcomes)
    assert sum(path is not None for path in outcomes) > 10 * len(list(hostile.nodes(table)))
