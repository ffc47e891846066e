"""Keys in PKCS#11 tokens (OASIS PKCS #11 3.0): the one door to python-pkcs11.

A session is opened for each signature and closed behind it, so that a long run keeps no login. A
PIN is tried once: tokens lock after some wrong ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from provenance.errors import SourceError
from provenance.keys import PublicKey
from provenance.keystore.asking import Pin
from provenance.keystore.own import own
from provenance.keystore.token_public import public_key
from provenance.keystore.uri import TokenUri

if TYPE_CHECKING:
    import pkcs11

EXTRA = "needs python-pkcs11: pip install 'hf-provenance[pkcs11]'"
SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
"""What stands before a SHA-256 digest in a PKCS #1 v1.5 signature (RFC 8017, section 9.2)."""


def token_key(text: str, variables: Mapping[str, str], pin: Pin) -> TokenKey:
    """The key that a PKCS#11 URI names, on the only token that it names.

    `pin` is asked where neither the URI has one nor the token has a way of its own. Raises
    ConfigError, and SourceError for a token that fails.
    """
    uri = TokenUri.of(text)
    try:
        import pkcs11
    except ImportError:
        raise uri.wrong(EXTRA) from None
    module = uri.module(variables)
    token = _token(uri, module)
    secret = uri.pin
    if secret is None and not token.flags & pkcs11.TokenFlag.PROTECTED_AUTHENTICATION_PATH:
        secret = pin(f"PIN of the token {token.label}")
    with _session(uri, module, secret) as session:
        public = public_key(session, _private(uri, session), uri)
    return TokenKey(uri=uri, module=module, pin=secret, public=public)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenKey:
    """A private key that never leaves its token."""

    uri: TokenUri
    module: str
    pin: str | None = field(repr=False)
    public: PublicKey

    def sign(self, message: bytes) -> bytes:
        """A signature over `message`, by the hash that belongs to the key. Raises ConfigError,
        SourceError."""
        import pkcs11

        with _session(self.uri, self.module, self.pin) as session:
            key = _private(self.uri, session)
            if not isinstance(key, pkcs11.SignMixin):
                raise self.uri.wrong("this key may not sign (CKA_SIGN): name another")
            made = self._made(key, message)
        return own(self.public, made, message, self.uri.text)

    def _made(self, key: pkcs11.SignMixin, message: bytes) -> bytes:
        import pkcs11
        from pkcs11.util.ec import encode_ecdsa_signature

        match key.key_type:
            case pkcs11.KeyType.EC:
                digest = hashlib.new(self.public.algorithm, message).digest()
                return encode_ecdsa_signature(key.sign(digest, mechanism=pkcs11.Mechanism.ECDSA))
            case pkcs11.KeyType.RSA:
                digest = SHA256_INFO + hashlib.sha256(message).digest()
                return key.sign(digest, mechanism=pkcs11.Mechanism.RSA_PKCS)
        return key.sign(message, mechanism=pkcs11.Mechanism.EDDSA)


@contextmanager
def _session(uri: TokenUri, module: str, pin: str | None) -> Iterator[pkcs11.Session]:
    """A session with the token, logged in; what goes wrong in it is in words."""
    import pkcs11
    from pkcs11.types import PROTECTED_AUTH

    token = _token(uri, module)
    try:
        with token.open(user_pin=PROTECTED_AUTH if pin is None else pin) as session:
            yield session
    except (pkcs11.PinIncorrect, pkcs11.PinLenRange, pkcs11.PinInvalid):
        raise uri.wrong(
            f"wrong PIN for the token {token.label}: it was tried once, and {_left(uri, module)}"
        ) from None
    except pkcs11.PinLocked:
        raise uri.wrong(
            f"the PIN of the token {token.label} is locked after too many wrong ones: its security "
            "officer unlocks it"
        ) from None
    except pkcs11.PKCS11Error as error:
        raise SourceError(f"{uri.text}: the token answers {_answer(error)}") from None


def _left(uri: TokenUri, module: str) -> str:
    """How many tries the token leaves, as far as it tells (CK_TOKEN_INFO)."""
    import pkcs11

    flags = _token(uri, module).flags
    if flags & pkcs11.TokenFlag.USER_PIN_LOCKED:
        return "the token is locked now: its security officer unlocks it"
    if flags & pkcs11.TokenFlag.USER_PIN_FINAL_TRY:
        return "one try is left before the token locks"
    if flags & pkcs11.TokenFlag.USER_PIN_COUNT_LOW:
        return "the token says that few tries are left before it locks"
    return "the token does not say how many tries are left"


def _token(uri: TokenUri, module: str) -> pkcs11.Token:
    """The only token that the URI means, or ConfigError with those that there are."""
    import pkcs11

    try:
        slots = pkcs11.lib(module).get_slots(token_present=True)
        tokens = [slot.get_token() for slot in slots]
        usable = [one for one in tokens if one.flags & pkcs11.TokenFlag.TOKEN_INITIALIZED]
        found = [one for one in usable if _is_meant(uri, one)]
    except (pkcs11.PKCS11Error, RuntimeError, OSError) as error:
        raise uri.wrong(f"the module {module[:200]!r} cannot be used: {_answer(error)}") from None
    if len(found) != 1:
        names = ", ".join(f"token={one.label}" for one in usable) or "none"
        raise uri.wrong(f"expected one token, found {len(found)} that it means; there are: {names}")
    return found[0]


def _is_meant(uri: TokenUri, token: pkcs11.Token) -> bool:
    own = {
        "token": token.label.encode(),
        "manufacturer": token.manufacturer_id.encode(),
        "model": token.model.encode(),
        "serial": token.serial.rstrip(b" \0"),
        "slot-id": str(token.slot.slot_id).encode(),
    }
    return all(uri.attributes.get(name, value) == value for name, value in own.items())


def _private(uri: TokenUri, session: pkcs11.Session) -> pkcs11.PrivateKey:
    """The only private key that the URI means, or ConfigError with those that there are."""
    import pkcs11

    every = list(session.get_objects({pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY}))
    keys = [one for one in every if isinstance(one, pkcs11.PrivateKey)]
    label, wanted = uri.word("object"), uri.attributes.get("id")
    found = [
        one
        for one in keys
        if (label is None or one.label == label) and (wanted is None or one.id == wanted)
    ]
    if len(found) == 1:
        return found[0]
    names = ", ".join(f"object={one.label};id={_escaped(one.id)}" for one in keys) or "none"
    raise uri.wrong(f"expected one private key, found {len(found)}; the token has: {names}")


def _escaped(data: bytes) -> str:
    return "".join(f"%{octet:02x}" for octet in data)


def _answer(error: Exception) -> str:
    """What a token or its module answers: the name of its return value, where it has no words."""
    return str(error).partition("\n")[0][:200] or type(error).__name__
