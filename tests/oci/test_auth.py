"""Who is told a credential, and who is not."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from provenance.errors import Absent, ConfigError, SourceError
from provenance.source.oci.auth import challenge, may_be_asked, may_be_told
from provenance.source.oci.credentials import known
from tests.hubs import FILES
from tests.oci import artifacts
from tests.oci.asked import files, gathered, store
from tests.oci.server import Answer, Registry, Request

USER, PASSWORD, TOKEN = "bot", "s3cret:with colon", "token-of-today"
PAIR = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
BASIC = f"Basic {PAIR}"


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry() as made:
        artifacts.raw(made, FILES)
        yield made


def asks(registry: Registry, header: str, accepted: str) -> None:
    """The registry answers those alone who send the `accepted` header, and says how to others."""

    def bend(request: Request, answer: Answer) -> Answer:
        if request.headers.get("authorization") == accepted:
            return answer
        return Answer(status=401, headers={"WWW-Authenticate": header})

    registry.bend = bend


def hands_out(service: Registry, accepted: str | None, token: str = TOKEN) -> None:
    """The service gives a token to whoever sends this; to everybody for None."""

    def bend(request: Request, answer: Answer) -> Answer:
        if accepted not in (None, request.headers.get("authorization")):
            return Answer(status=401)
        return Answer(body=json.dumps({"token": token}).encode())

    service.bend = bend


def config(folder: Path, host: str, **entry: Any) -> dict[str, str]:
    """A docker configuration that knows the host, and the variables that name it."""
    file = folder / "config.json"
    file.write_text(json.dumps({"auths": {host: entry or {"auth": PAIR}}}))
    return {"DOCKER_CONFIG": str(folder)}


def sent(registry: Registry) -> set[str | None]:
    """The Authorization headers that arrived."""
    return {request.headers.get("authorization") for request in registry.requests}


PLACES = {
    "REGISTRY_AUTH_FILE": ("auth.json", "{}/auth.json"),
    "XDG_RUNTIME_DIR": ("containers/auth.json", "{}"),
    "XDG_CONFIG_HOME": ("containers/auth.json", "{}"),
    "DOCKER_CONFIG": ("config.json", "{}"),
    "HOME": (".docker/config.json", "{}"),
}


@pytest.mark.parametrize("name", PLACES)
def test_the_ordinary_files(registry: Registry, tmp_path: Path, name: str) -> None:
    place, value = PLACES[name]
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).write_text(json.dumps({"auths": {registry.host: {"auth": PAIR}}}))
    asks(registry, 'Basic realm="here"', BASIC)
    found = gathered(registry, variables={name: value.format(tmp_path)})
    assert set(files(found)) == set(FILES)


ENTRIES: dict[str, Mapping[str, str]] = {
    "in two words": {"username": USER, "password": PASSWORD},
    "both ways": {"auth": PAIR, "email": "x"},
}


@pytest.mark.parametrize("name", ENTRIES)
def test_how_it_is_written(registry: Registry, tmp_path: Path, name: str) -> None:
    asks(registry, "Basic", BASIC)
    gathered(registry, variables=config(tmp_path, registry.host, **ENTRIES[name]))
    assert sent(registry) == {None, BASIC}


def test_of_several_the_one_for_the_repository(registry: Registry, tmp_path: Path) -> None:
    other = base64.b64encode(b"other:one").decode()
    auths = {registry.host: {"auth": other}, f"{registry.host}/models": {"auth": PAIR}}
    (tmp_path / "config.json").write_text(json.dumps({"auths": auths}))
    asks(registry, "Basic", BASIC)
    gathered(registry, variables={"DOCKER_CONFIG": str(tmp_path)})


def test_a_token_for_pulling_this_repository_alone(registry: Registry, tmp_path: Path) -> None:
    with Registry() as service:
        realm = f"http://{service.host}/token"
        scope = 'scope="repository:other/one:pull,push"'
        asks(registry, f'Bearer realm="{realm}",service="acme",{scope}', f"Bearer {TOKEN}")
        hands_out(service, BASIC)
        found = gathered(registry, variables=config(tmp_path, registry.host))
        (asked,) = service.requests
    assert set(files(found)) == set(FILES)
    query = parse_qs(urlsplit(asked.path).query)
    assert query == {"service": ["acme"], "scope": ["repository:models/bot:pull"]}
    assert sent(registry) == {None, f"Bearer {TOKEN}"}


def test_anonymously_where_nothing_is_known(registry: Registry) -> None:
    with Registry() as service:
        asks(registry, f'Bearer realm="http://{service.host}/t"', f"Bearer {TOKEN}")
        hands_out(service, None)
        gathered(registry)
        assert sent(service) == {None}


def test_an_identity_token_is_exchanged(registry: Registry, tmp_path: Path) -> None:
    with Registry() as service:
        asks(registry, f'Bearer realm="http://{service.host}/t",service="a"', f"Bearer {TOKEN}")
        hands_out(service, None)
        entry = {"auth": PAIR, "identitytoken": "identity"}
        gathered(registry, variables=config(tmp_path, registry.host, **entry))
        (asked,) = service.requests
    assert (asked.method, asked.headers.get("authorization")) == ("POST", None)
    assert parse_qs(asked.body.decode())["refresh_token"] == ["identity"]


def test_a_token_service_of_another_host_is_told_nothing(
    registry: Registry, tmp_path: Path
) -> None:
    with Registry() as service:
        realm = f"http://localhost:{service.host.rpartition(':')[2]}/token"
        asks(registry, f'Bearer realm="{realm}"', f"Bearer {TOKEN}")
        hands_out(service, None)
        gathered(registry, variables=config(tmp_path, registry.host))
        assert sent(service) == {None}


def test_who_is_not_told_is_named_where_that_was_not_enough(
    registry: Registry, tmp_path: Path
) -> None:
    with Registry() as service:
        other = f"localhost:{service.host.rpartition(':')[2]}"
        asks(registry, f'Bearer realm="http://{other}/token"', f"Bearer {TOKEN}")
        hands_out(service, BASIC)
        expected = f"for {registry.host} was not shown to '{other}'.*copy the entry"
        with pytest.raises(SourceError, match=expected):
            gathered(registry, variables=config(tmp_path, registry.host))
        service.bend = lambda request, answer: Answer(body=b'{"token": "anonymous"}')
        with pytest.raises(SourceError, match=expected):
            gathered(registry, variables=config(tmp_path, registry.host))
        hands_out(service, BASIC)
        auths = {host: {"auth": PAIR} for host in (registry.host, other)}
        (tmp_path / "config.json").write_text(json.dumps({"auths": auths}))
        gathered(registry, variables={"DOCKER_CONFIG": str(tmp_path)})


def test_a_token_service_without_https_is_not_asked(registry: Registry, tmp_path: Path) -> None:
    asks(registry, 'Bearer realm="http://evil.example/token"', "Bearer x")
    with pytest.raises(SourceError, match="expected an https URL that lies no further inwards"):
        gathered(registry, variables=config(tmp_path, registry.host))


def test_a_redirect_carries_nothing_to_another_host(registry: Registry, tmp_path: Path) -> None:
    with Registry() as cdn:
        cdn.blobs = registry.blobs
        asks(registry, "Basic", BASIC)
        guard = registry.bend

        def bend(request: Request, answer: Answer) -> Answer:
            found = guard(request, answer)
            if found.status == 401 or request.kind != "blobs":
                return found
            return Answer(status=307, headers={"Location": f"http://{cdn.host}{request.path}"})

        registry.bend = bend
        found = gathered(registry, variables=config(tmp_path, registry.host))
        assert set(files(found)) == set(FILES)
        assert sent(cdn) == {None}


def test_whoever_is_led_to_asks_in_vain(registry: Registry, tmp_path: Path) -> None:
    with Registry() as cdn:
        asks(cdn, "Basic", "never")
        location = f"http://{cdn.host}/x"
        registry.bend = lambda request, answer: replace(
            answer, status=307, headers={"Location": location}
        )
        with pytest.raises(Absent, match="asks who you are"):
            gathered(registry, variables=config(tmp_path, registry.host))
        assert sent(cdn) == sent(registry) == {None}


REFUSED = {
    "nothing known": ({}, "docker login 127.0.0.1:"),
    "another host": (
        {"auths": {"other.example": {"auth": PAIR}}},
        "nothing is known for this host",
    ),
    "a helper for all": (
        {"credsStore": "desktop"},
        "docker-credential-desktop, and programs are not",
    ),
    "a wrong one": ({"auths": {"HOST": {"username": "x", "password": "y"}}}, "is not enough"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_says_what_to_do(registry: Registry, tmp_path: Path, name: str) -> None:
    document, words = REFUSED[name]
    text = json.dumps(document).replace("HOST", registry.host)
    (tmp_path / "config.json").write_text(text)
    asks(registry, "Basic", BASIC)
    with pytest.raises(Absent) as raised:
        gathered(registry, variables={"DOCKER_CONFIG": str(tmp_path)})
    assert words in str(raised.value)
    assert PAIR not in str(raised.value)


UNUSABLE = {
    "no JSON": "{",
    "no base64": json.dumps({"auths": {"HOST": {"auth": "???"}}}),
    "no table": json.dumps({"auths": []}),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_file_that_cannot_be_used(registry: Registry, tmp_path: Path, name: str) -> None:
    (tmp_path / "config.json").write_text(UNUSABLE[name].replace("HOST", registry.host))
    asks(registry, "Basic", BASIC)
    with pytest.raises(ConfigError, match=r"config\.json"):
        gathered(registry, variables={"DOCKER_CONFIG": str(tmp_path)})


@pytest.mark.parametrize("body", [b"", b"[]", b'{"token": 1}', b'{"token": "a\\nb"}'])
def test_a_token_that_is_none(registry: Registry, body: bytes) -> None:
    with Registry() as service:
        asks(registry, f'Bearer realm="http://{service.host}/t"', f"Bearer {TOKEN}")
        service.bend = lambda request, answer: Answer(body=body)
        with pytest.raises(SourceError, match="answers with no token"):
            gathered(registry)


def test_a_token_that_ended_is_asked_for_again(registry: Registry) -> None:
    with Registry() as service:
        realm = f'Bearer realm="http://{service.host}/t"'
        asks(registry, realm, "Bearer 1")
        tokens = iter("12")
        service.bend = lambda request, answer: Answer(
            body=json.dumps({"access_token": next(tokens)}).encode()
        )
        asked = store(registry)
        first = asked.opened("v1").revision
        asks(registry, realm, "Bearer 2")
        assert asked.opened("v1").revision == first


TOLD = {
    ("https://registry-1.docker.io/v2/x", "https://auth.docker.io/token"): True,
    ("https://ghcr.io/v2/x", "https://ghcr.io/token"): True,
    ("https://ghcr.io/v2/x", "https://ghcr.io:444/token"): True,
    ("https://registry.gitlab.com/v2/x", "https://gitlab.com/jwt/auth"): True,
    ("https://registry.digitalocean.com/v2/x", "https://api.digitalocean.com/v2/registry"): True,
    ("https://acme.example/v2/x", "https://auth.acme.example/token"): True,
    ("https://ACME.example./v2/x", "https://acme.example/token"): True,
    ("https://acme.example/v2/x", "https://evilacme.example/token"): False,
    ("https://registry.acme.example/v2/x", "https://acme.example/token"): False,
    ("https://registry.acme.example/v2/x", "https://auth.acme.example/token"): False,
    ("https://models.bank.co.uk/v2/x", "https://evil.co.uk/token"): False,
    ("https://acme.azurecr.io/v2/x", "https://evil.azurecr.io/token"): False,
    ("https://1.dkr.ecr.eu-west-1.amazonaws.com/v2/x", "https://evil.s3.amazonaws.com/"): False,
    ("https://registry.gitlab.com/v2/x", "https://auth.docker.io/token"): False,
    ("https://10.0.0.1/v2/x", "https://1.10.0.0.1/token"): False,
    ("https://registry.acme.example/v2/x", "https://evil.example/token"): False,
    ("https://registry.acme.example/v2/x", "http://registry.acme.example/token"): False,
    ("https://10.0.0.1/v2/x", "https://9.0.0.1/token"): False,
    ("https://acme/v2/x", "https://evil/token"): False,
    ("https://acme.example/v2/x", "https://acme.example.evil.org/token"): False,
    ("http://localhost:5000/v2/x", "http://localhost:5001/token"): True,
    ("http://localhost:5000/v2/x", "http://127.0.0.1:5001/token"): False,
    ("http://localhost:5000/v2/x", "https://evil.example/token"): False,
    ("https://acme.example/v2/x", "ftp://acme.example/token"): False,
    ("https://acme.example/v2/x", ""): False,
}


@pytest.mark.parametrize(("registry_url", "realm"), TOLD)
def test_whom_a_credential_is_told(registry_url: str, realm: str) -> None:
    assert may_be_told(registry_url, realm) is TOLD[registry_url, realm]


ASKED = {
    ("https://93.184.215.14/v2/x", "https://93.184.215.15/token"): True,
    ("https://93.184.215.14/v2/x", "https://10.0.0.1/token"): False,
    ("https://93.184.215.14/v2/x", "https://169.254.169.254/latest"): False,
    ("https://93.184.215.14/v2/x", "http://93.184.215.14/token"): False,
    ("https://10.0.0.1/v2/x", "https://10.0.0.2/token"): True,
    ("https://10.0.0.1/v2/x", "http://127.0.0.1:1/token"): False,
    ("http://127.0.0.1/v2/x", "http://127.0.0.1:1/token"): True,
    ("http://127.0.0.1/v2/x", ""): False,
}


@pytest.mark.parametrize(("registry_url", "realm"), ASKED)
def test_who_may_be_asked_for_a_token(registry_url: str, realm: str) -> None:
    assert may_be_asked(registry_url, realm) is ASKED[registry_url, realm]


CHALLENGES = {
    'Bearer realm="https://a/t",service="s",scope="repository:x:pull,push"': (
        "bearer",
        "https://a/t",
    ),
    'Basic realm="r"': ("basic", "r"),
    "Basic": ("basic", ""),
    'Negotiate, Bearer realm="https://a/t"': ("bearer", "https://a/t"),
    'Basic realm="r", Bearer realm="https://a/t"': ("bearer", "https://a/t"),
    'bearer realm="https://a/t", Basic realm="r"': ("bearer", "https://a/t"),
}


@pytest.mark.parametrize("header", CHALLENGES)
def test_how_it_is_asked(header: str) -> None:
    found = challenge(header)
    assert found is not None
    assert (found.scheme, found.realm) == CHALLENGES[header]


@pytest.mark.parametrize("header", ["", "Negotiate", "Digest realm=x", "Bearerrealm=x"])
def test_no_challenge(header: str) -> None:
    assert challenge(header) is None


def test_docker_hub_by_the_name_that_docker_gives_it(tmp_path: Path) -> None:
    variables = config(tmp_path, "https://index.docker.io/v1/")
    found = known(variables, "docker.io").credential
    assert found is not None
    assert (found.user, found.password) == (USER, PASSWORD)
    assert PASSWORD not in repr(found)
