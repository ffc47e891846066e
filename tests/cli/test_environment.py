"""Variables that a Hub and a registry are asked by: they work, or exit 2 names them."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from provenance.errors import ConfigError
from provenance.workspace.environment import BUILDS, CONTAINERS, Environment
from tests.cli.conftest import Run
from tests.quiet import Quiet
from tests.registry.house import House

ODD: Mapping[str, tuple[str, ...]] = {
    "HF_HUB_OFFLINE": ("maybe", "2", "ja", "enabled"),
    "TRANSFORMERS_OFFLINE": ("maybe",),
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": ("please",),
    "HF_HUB_DOWNLOAD_TIMEOUT": ("abc", "", "1.5", "-1", "0", "9" * 5000, "٣"),
    "HF_HUB_ETAG_TIMEOUT": ("abc", "10s"),
    "HF_ENDPOINT": (
        "hub.example",
        "hub.example:8080",
        "",
        "ftp://hub.example",
        "https://",
        "https://hub.example:port",
        "https://hub.example:99999",
        "https://[::1",
        "https://hub .example",
        "https://hub.example?x=1",
    ),
    "HF_HOME": (__file__,),
    "HF_HUB_CACHE": (__file__,),
    "HF_TOKEN": ("hf_\u00fc", "hf_a b", "hf_a\nX: y"),
    "HF_TOKEN_PATH": ("/",),
    "SSL_CERT_FILE": ("/nowhere/ca.pem", "/", __file__),
    "SSL_CERT_DIR": ("/nowhere",),
}
USABLE: Mapping[str, tuple[str, ...]] = {
    "HF_HUB_OFFLINE": ("1", "0", "", "True", "no", "OFF"),
    "HF_HUB_DOWNLOAD_TIMEOUT": ("30",),
    "HF_ENDPOINT": ("https://hub.example", "http://127.0.0.1:8080/", "https://hub.example/hf"),
    "HF_TOKEN": ("hf_abc-DEF", " hf_abc\n", ""),
    "HF_TOKEN_PATH": ("/nowhere",),
    "HF_HOME": ("/nowhere", ""),
}


def cases(table: Mapping[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    return [(name, value) for name, values in table.items() for value in values]


@pytest.mark.parametrize(("name", "value"), cases(ODD))
def test_what_cannot_be_used_is_named(name: str, value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Environment({name: value}).check()
    assert caught.value.path == name


@pytest.mark.parametrize(("name", "value"), cases(USABLE))
def test_what_can_be_used_is_no_matter(name: str, value: str) -> None:
    Environment({name: value}).check()


def test_the_program_says_so_and_exits_2(run: Run) -> None:
    ended = run("verify", "acme/bot", HF_HUB_DOWNLOAD_TIMEOUT="abc")
    assert ended.returncode == 2
    assert "HF_HUB_DOWNLOAD_TIMEOUT" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("name", [*BUILDS, *CONTAINERS])
def test_a_build_of_any_make_keeps_nothing(name: str) -> None:
    assert name in Environment({name: "true"}).forgets
    assert Environment({name: "false", "CI": "false"}).forgets == ""


@pytest.fixture
def behind_private_ca(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A server that nobody but one private authority vouches for, and the file of that."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "private CA")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2049, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    chain, authority = tmp_path / "server.pem", tmp_path / "ca.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    chain.write_bytes(private + made)
    authority.write_bytes(made)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)

    class Nothing(Quiet):
        def do_GET(self) -> None:
            self.send_error(404)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Nothing)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"https://127.0.0.1:{server.server_port}", authority
    server.shutdown()
    server.server_close()


def test_one_variable_names_a_private_authority(
    behind_private_ca: tuple[str, Path], run: Run, tmp_path: Path
) -> None:
    url, authority = behind_private_ca
    house = House(root=tmp_path / "house")
    house.publish({"version": 1, "name": "tests"})
    (tmp_path / "work" / "root.json").write_bytes(house.pinned())
    settings = f'policy.registry = ["{url}"]\npolicy.registry_root = "root.json"\n'
    hub = ("verify", "acme/bot", "--registry", "builtin")
    for words, text in ((hub, ""), (("verify", "acme/bot"), settings)):
        (tmp_path / "work" / "provenance.toml").write_text(text)
        refused = run(*words, HF_ENDPOINT=url)
        assert refused.returncode == 5
        assert "SSL_CERT_FILE" in refused.stderr
        known = run(*words, HF_ENDPOINT=url, SSL_CERT_FILE=str(authority))
        assert known.returncode == 5
        assert "SSL_CERT_FILE" not in known.stderr
