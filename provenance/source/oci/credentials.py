"""What this machine knows to show to a registry, from the files that docker and podman write.

Credential helpers are programs, and are not run: whoever has one is told so where it matters.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from provenance.errors import ConfigError, Malformed
from provenance.formats import json
from provenance.formats.fields import Fields, config_error
from provenance.source.oci.address import SERVED_AT

MOST = 1 << 20
INDEX = "https://index.docker.io/v1/"
"""How docker calls the Docker Hub in its own file."""
DOCKER_HUB = frozenset({*SERVED_AT, *SERVED_AT.values()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What one file has for one host; none of it is ever shown."""

    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    identity: str = field(default="", repr=False)
    bearer: str = field(default="", repr=False)

    @property
    def basic(self) -> str:
        """The words of an `Authorization: Basic` header, or nothing."""
        pair = f"{self.user}:{self.password}".encode()
        return f"Basic {base64.b64encode(pair).decode()}" if self.user else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What was found for a `host`, and what was not looked for: `helper` is a program, `files` are
    those that were looked into."""

    host: str
    credential: Credential | None = None
    helper: str = ""
    files: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """Why nothing was sent, and what would change that."""
        if self.helper:
            return (
                f"{self.helper}, and programs are not run here: write the credential itself into a "
                f"file that $REGISTRY_AUTH_FILE names: podman login --authfile FILE {self.host}"
            )
        said = ", ".join(self.files) or "no file of docker or podman is here"
        return f"nothing is known for this host ({said}): docker login {self.host}"


def places(variables: Mapping[str, str]) -> Iterator[Path]:
    """The files in their order: what the caller named, podman's, docker's."""
    if named := variables.get("REGISTRY_AUTH_FILE"):
        yield Path(named)
    if runtime := variables.get("XDG_RUNTIME_DIR"):
        yield Path(runtime, "containers", "auth.json")
    home = variables.get("HOME")
    own = variables.get("XDG_CONFIG_HOME") or (home and str(Path(home, ".config")))
    if own:
        yield Path(own, "containers", "auth.json")
    folder = variables.get("DOCKER_CONFIG") or (home and str(Path(home, ".docker")))
    if folder:
        yield Path(folder, "config.json")


def known(variables: Mapping[str, str], host: str, name: str = "") -> Known:
    """What the first file that speaks of the host has for it, and for a repository there.

    ConfigError for a file that is not what docker writes.
    """
    looked: list[str] = []
    helper = ""
    for place in places(variables):
        try:
            data = place.read_bytes() if place.is_file() else None
        except OSError as error:
            raise ConfigError(f"cannot be read: {error.strerror}", path=str(place)) from None
        if data is None:
            continue
        looked.append(str(place))
        fields = _table(place, data)
        if found := _held(fields.optional_table("auths"), host, name):
            return Known(host=host, credential=found, files=tuple(looked))
        helper = helper or _helper(fields, place, host)
    return Known(host=host, helper=helper, files=tuple(looked))


def _table(place: Path, data: bytes) -> Fields:
    if len(data) > MOST:
        raise ConfigError(f"expected {MOST} bytes or fewer", path=str(place))
    try:
        return Fields(json.loads(data), str(place), raises=config_error)
    except Malformed as error:
        raise ConfigError(f"{error}: log in again", path=str(place)) from None


def _names(host: str, name: str) -> Iterator[str]:
    """How a file may call a repository's host, the nearest first (containers-auth.json(5))."""
    parts = name.split("/") if name else []
    for count in range(len(parts), 0, -1):
        yield f"{host}/{'/'.join(parts[:count])}"
    for form in ("{}", "https://{}", "http://{}", "{}/", "https://{}/", "https://{}/v1/"):
        yield form.format(host)
    yield f"https://{host}/v2/"
    if host in DOCKER_HUB:
        yield from (INDEX, "docker.io")


def _held(auths: Fields, host: str, name: str) -> Credential | None:
    for one in _names(host, name):
        if one in auths:
            entry = auths.table(one)
            user, password = _pair(entry)
            found = Credential(
                user=entry.text("username", user),
                password=entry.text("password", password),
                identity=entry.text("identitytoken", ""),
                bearer=entry.text("registrytoken", ""),
            )
            if found != Credential():
                return found
    return None


def _pair(entry: Fields) -> tuple[str, str]:
    """Name and password out of `auth`."""
    text = entry.text("auth", "")
    try:
        plain = base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        raise entry.wrong("auth", "expected base64 of name:password: log in again") from None
    user, _, password = plain.partition(":")
    return user, password.strip("\0")


def _helper(fields: Fields, place: Path, host: str) -> str:
    """The program that would have it, in words."""
    own = fields.optional_table("credHelpers").text(host, "")
    program = own or fields.text("credsStore", "")
    return f"{place} leaves it to the program docker-credential-{program}" if program else ""
