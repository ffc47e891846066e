"""Tokens of registries: whom a credential is shown to, and what comes of it.

A registry's credential goes to the registry itself. The service that hands out its tokens (the
`realm` of WWW-Authenticate) is shown it where it is the registry's own host, or, over https, a
host below it, or one that is known to serve it (TOKENS); any other is shown only what this machine
knows for that host by its own name, else it is asked anonymously. Which other hosts are of one
owner nobody can tell by their names: two tenants of a cloud differ in one part.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from urllib.parse import urlencode, urlsplit

from provenance.errors import Malformed, SourceError
from provenance.formats import json
from provenance.formats.fields import Fields
from provenance.model import LONG
from provenance.source.oci.address import LOOPBACK, Address
from provenance.source.oci.credentials import Credential, Known, known
from provenance.source.oci.http import Answer, Http, Question
from provenance.source.reach import reach
from provenance.source.remote.budget import Beyond

SCHEMES = tuple(
    (scheme, re.compile(rf"(?:^|,)\s*{scheme}(?:\s+(.*)|\s*\Z)", re.IGNORECASE | re.DOTALL))
    for scheme in ("bearer", "basic")
)
"""What a registry may ask for, what we would rather give first."""
WORD = re.compile(r'([a-zA-Z_]+)\s*=\s*(?:"([^"]*)"|([^\s,"]+))')
MOST = 1 << 20
CLIENT = "hf-provenance"
NAMED = re.compile(r".*\.[a-z][a-z0-9-]*")
"""A host that has a domain: no address of digits."""
TOKENS: Mapping[str, str] = {
    "registry-1.docker.io": "auth.docker.io",
    "registry.gitlab.com": "gitlab.com",
    "registry.digitalocean.com": "api.digitalocean.com",
}
"""By the host of a registry that of its token service, where it is no part of it by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """How a registry wants to be asked: the scheme in lower case, and where tokens are had."""

    scheme: str
    realm: str = ""
    service: str = ""


def challenge(header: str) -> Challenge | None:
    """What a WWW-Authenticate says, None where it is neither Basic nor Bearer."""
    for scheme, pattern in SCHEMES:
        if found := pattern.search(header[:8192]):
            pairs = WORD.findall(found[1] or "")
            words = {name.lower(): quoted or plain for name, quoted, plain in reversed(pairs)}
            realm, service = words.get("realm", ""), words.get("service", "")
            return Challenge(scheme=scheme, realm=realm, service=service)
    return None


def may_be_told(registry: str, realm: str) -> bool:
    """Whether the credential for a registry's URL may go to the URL of its token service."""
    asked, led = urlsplit(registry), urlsplit(realm)
    if led.scheme == "http":
        return asked.scheme == "http" and asked.hostname == led.hostname
    if led.scheme != "https":
        return False
    own, other = _host(asked.hostname), _host(led.hostname)
    below = NAMED.fullmatch(own) is not None and other.endswith(f".{own}")
    return own == other or below or TOKENS.get(own) == other


def _host(name: str | None) -> str:
    """A host as it is compared: in lower case, without the dot of the root."""
    return (name or "").lower().removesuffix(".")


def may_be_asked(registry: str, realm: str) -> bool:
    """Whether a URL may be asked for a token of a registry at all: https, or this machine; and no
    further inwards than the registry lies."""
    parts = urlsplit(realm)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        return False
    return reach(parts.hostname or "") >= reach(urlsplit(registry).hostname or "")


@dataclass(kw_only=True)
class Keeper:
    """What one repository is asked with, once it was learnt; safe for threads.

    `untold` is the host of a token service that was not shown the registry's credential.
    """

    address: Address
    http: Http
    actions: str = "pull"
    header: str = field(default="", repr=False)
    untold: str = ""
    lock: Lock = field(default_factory=Lock, repr=False)

    @property
    def found(self) -> Known:
        """What this machine's files have for the registry."""
        return known(self.http.options.variables, self.address.host, self.address.name)

    @property
    def words(self) -> str:
        """Why nothing was shown, and what would change that."""
        if not self.untold:
            return self.found.words
        own = self.address.host
        return (
            f"what is known for {own} was not shown to {self.untold[:LONG]!r}, which its name does "
            f"not tell to be of one owner: if it is, copy the entry of {own} in "
            f"{', '.join(self.found.files)} to that name"
        )

    def answer(self, refused: Answer, sent: str) -> bool:
        """Whether there is now something else to ask with than what was `sent` and refused."""
        with self.lock:
            if self.header != sent:
                return True
            asked = challenge(refused.headers.get("www-authenticate", ""))
            if asked is None or refused.led:
                return False
            credential = self.found.credential or Credential()
            if asked.scheme == "basic":
                header = credential.basic
            elif credential.bearer:
                header = f"Bearer {credential.bearer}"
            else:
                header = f"Bearer {self._token(asked, credential)}"
            self.header, changed = header, header not in ("", sent)
            return changed

    def _token(self, asked: Challenge, credential: Credential) -> str:
        """One for what is to be done in this repository, and nothing else."""
        if not may_be_asked(self.address.base, asked.realm):
            raise SourceError(
                f"{self.address.source}: tokens are said to come from {asked.realm[:LONG]!r}, "
                "expected an https URL that lies no further inwards: nothing was sent there"
            )
        if not may_be_told(self.address.base, asked.realm):
            host = urlsplit(asked.realm).netloc
            self.untold = "" if credential == Credential() else host
            credential = known(self.http.options.variables, host).credential or Credential()
            self.untold = self.untold if credential == Credential() else ""
        question = _question(asked, credential, f"repository:{self.address.name}:{self.actions}")
        try:
            answer = self.http.whole(question, MOST)
        except Beyond as error:
            raise SourceError(str(error)) from None
        if answer.status != 200:
            raise SourceError(
                f"{self.address.source}: no token from {asked.realm[:LONG]} (status "
                f"{answer.status}): {self.words if not credential.basic else 'log in again'}"
            )
        return _read(answer.body, asked.realm)


def _question(asked: Challenge, credential: Credential, scope: str) -> Question:
    """A GET with basic authentication or none, or with an identity token a POST (OAuth 2.0)."""
    words: Mapping[str, str] = {"service": asked.service, "scope": scope}
    if credential.identity:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": credential.identity,
            "client_id": CLIENT,
            **words,
        }
        return Question(url=asked.realm, form=form)
    query = urlencode({name: word for name, word in words.items() if word})
    mark = "&" if urlsplit(asked.realm).query else "?"
    return Question(url=f"{asked.realm}{mark}{query}", secret=credential.basic)


def _read(body: bytes, realm: str) -> str:
    try:
        fields = Fields(json.loads(body))
        token = fields.text("token", "") or fields.text("access_token", "")
    except Malformed as error:
        raise SourceError(f"{realm[:LONG]} answers with no token: {error}") from None
    if not re.fullmatch("[!-~]{1,65536}", token):
        raise SourceError(f"{realm[:LONG]} answers with no token")
    return token
