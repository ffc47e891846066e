"""What the variables of this machine say, and whether they can be used at all."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from provenance.errors import ConfigError

TRUE, FALSE = frozenset({"1", "on", "yes", "true"}), frozenset({"", "0", "off", "no", "false"})
SWITCHES = (
    "HF_HUB_OFFLINE",
    "TRANSFORMERS_OFFLINE",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN",
    "HF_HUB_DISABLE_PROGRESS_BARS",
    "HF_HUB_DISABLE_XET",
    "HF_HUB_DISABLE_SYMLINKS",
    "HF_HUB_DISABLE_SHARED_BLOBS",
)
SECONDS = ("HF_HUB_DOWNLOAD_TIMEOUT", "HF_HUB_ETAG_TIMEOUT")
LONGEST = 86_400
FOLDERS = ("HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE")
ENDPOINT, TOKEN, TOKEN_FILE = "HF_ENDPOINT", "HF_TOKEN", "HF_TOKEN_PATH"
PASSWORD = "PROVENANCE_KEY_PASSWORD"  # the name of a variable, not a password
AUTHORITIES, AUTHORITIES_FOLDER = "SSL_CERT_FILE", "SSL_CERT_DIR"

# Users of images and services, whose names tell nothing.
ANYBODY = frozenset(
    {"root", "user", "ubuntu", "debian", "admin", "runner", "jovyan", "app", "home"}
    | {"training", "trainer", "train", "model", "models", "data", "tokenizer", "config", "adapter"}
)
SHORT = 2

# Who runs builds says so in one of these; a container has one of the files.
BUILDS = (
    "CI",
    "CONTINUOUS_INTEGRATION",
    "BUILD_ID",
    "BUILD_NUMBER",
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "JENKINS_URL",
    "TF_BUILD",
    "BUILDKITE",
    "CIRCLECI",
    "TRAVIS",
    "TEAMCITY_VERSION",
    "BITBUCKET_BUILD_NUMBER",
    "CODEBUILD_BUILD_ID",
    "DRONE",
    "SEMAPHORE",
    "APPVEYOR",
    "CIRRUS_CI",
    "WOODPECKER",
    "GITEA_ACTIONS",
    "FORGEJO_ACTIONS",
    "PROW_JOB_ID",
    "TEKTON_PIPELINE_RUN",
    "HUDSON_URL",
    "bamboo_buildKey",
)
CONTAINERS = ("KUBERNETES_SERVICE_HOST", "container", "AWS_EXECUTION_ENV", "K_SERVICE")
CONTAINER_FILES = (Path("/.dockerenv"), Path("/run/.containerenv"))


@dataclass(frozen=True, slots=True)
class Environment:
    """The variables of whoever calls, read once at the door; none of them where none are given.

    `ask` puts a question to whoever sits at the terminal, and does not show what is typed; None
    where nobody sits there.
    """

    variables: Mapping[str, str] = field(default_factory=dict)
    ask: Callable[[str], str] | None = field(default=None, compare=False)

    def secret(self, question: str) -> str:
        """The password or PIN of a key, by PROVENANCE_KEY_PASSWORD or by asking; ConfigError where
        there is neither."""
        found = self.variables.get(PASSWORD)
        if found:
            return found
        if self.ask is None:
            message = f"is not set, and nobody sits at a terminal who could be asked: {question}"
            raise ConfigError(message, path=PASSWORD)
        return self.ask(question)

    @property
    def home(self) -> Path | None:
        """The caller's home, if there is one."""
        home = self.variables.get("HOME")
        return Path(home) if home else None

    @property
    def own_cache(self) -> Path | None:
        """Where this program keeps what it can make again, or None for a user without a home."""
        base = self.variables.get("XDG_CACHE_HOME")
        if not base and self.home:
            base = str(self.home / ".cache")
        return Path(base, "provenance") if base and os.path.isabs(base) else None

    @property
    def cache(self) -> Path | None:
        """Where what was verified is kept, or None for a user without a home."""
        own = self.own_cache
        return own / "registries" if own else None

    @property
    def private_names(self) -> frozenset[str]:
        """What the user and the host are called, if that tells one from another."""
        folder = self.home.name if self.home else ""
        found = {self.variables.get(name, "") for name in ("USER", "LOGNAME", "HOSTNAME")}
        return frozenset(
            name for name in {folder, *found} if len(name) > SHORT and name.lower() not in ANYBODY
        )

    @property
    def endpoint(self) -> str:
        """The address of the Hub, if not the public one."""
        return self.variables.get(ENDPOINT, "")

    @property
    def authorities(self) -> str | None:
        """Where those lie who may vouch for a server, if the caller says: a PEM file or folder."""
        found = self.variables.get(AUTHORITIES) or self.variables.get(AUTHORITIES_FOLDER)
        return found or None

    @property
    def forgets(self) -> str:
        """Why nothing that is kept here is here the next time, or nothing.

        That the machine looks like a container is no news to who says `CI=false`.
        """
        for name in (*BUILDS, *CONTAINERS):
            if self.variables.get(name, "").strip().lower() not in FALSE:
                return f"this is a build or a container ({name} is set)"
        for file in CONTAINER_FILES if "CI" not in self.variables else ():
            if file.exists():
                return f"this is a container ({file} is there; CI=false if it keeps what it sees)"
        return ""

    def check(self) -> None:
        """Every variable that a Hub or a registry is asked by can be used, or ConfigError."""
        for name in SWITCHES:
            value = self.variables.get(name, "")
            if value.strip().lower() not in TRUE | FALSE:
                raise ConfigError(f"expected 1 or 0, found {value[:80]!r}", path=name)
        for name in SECONDS:
            _check_seconds(name, self.variables.get(name))
        for name in FOLDERS:
            place = self.variables.get(name)
            if place and os.path.lexists(place) and not os.path.isdir(place):
                raise ConfigError(f"expected a folder, found a file: {place[:200]!r}", path=name)
        _check_endpoint(self.variables.get(ENDPOINT))
        _check_token(self.variables)
        _check_authorities(self.variables)


def _check_seconds(name: str, value: str | None) -> None:
    if value is None:
        return
    text = value.strip()
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) <= LONGEST and len(text) < 9):
        raise ConfigError(f"expected seconds, 1 to {LONGEST}, found {value[:80]!r}", path=name)


def _check_endpoint(value: str | None) -> None:
    if value is None:
        return
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("https", "http") and parts.hostname and (parts.port or 1)
    except ValueError:
        usable = False
    if not usable or not value.isprintable() or " " in value or parts.query or parts.fragment:
        message = f"expected a URL as https://hub.example, found {value[:80]!r}"
        raise ConfigError(message, path=ENDPOINT)


def _check_token(environment: Mapping[str, str]) -> None:
    value = environment.get(TOKEN, "").strip()
    if not (value.isascii() and value.isprintable()) or " " in value:
        raise ConfigError("a token has only letters, digits, _ and -", path=TOKEN)
    file = environment.get(TOKEN_FILE)
    if file and os.path.lexists(file) and not (os.path.isfile(file) and os.access(file, os.R_OK)):
        raise ConfigError(f"is not a file that can be read: {file[:200]!r}", path=TOKEN_FILE)


def _check_authorities(environment: Mapping[str, str]) -> None:
    file = environment.get(AUTHORITIES)
    if file:
        try:
            ssl.create_default_context(cafile=file)
        except (OSError, ValueError) as error:
            said = getattr(error, "strerror", None) or error
            message = f"expected a PEM file of certificates, found {file[:200]!r}: {said}"
            raise ConfigError(message, path=AUTHORITIES) from None
    folder = environment.get(AUTHORITIES_FOLDER)
    if folder and not file and not os.path.isdir(folder):
        raise ConfigError(f"expected a folder, found {folder[:200]!r}", path=AUTHORITIES_FOLDER)
