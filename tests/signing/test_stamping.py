"""A timestamp authority's answer is kept once it is verified, and nothing is written otherwise."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.errors import Malformed, SourceError
from provenance.keys import Certificate
from provenance.produce.sign import KeySigner
from provenance.produce.stamping import Stamping
from provenance.signature import timestamp
from provenance.signature.roots import Clock
from provenance.signature.stamping import checked, query
from provenance.source.progress import Silent
from provenance.trust import Registry
from tests import clocks, forge, tsa
from tests.clocks import Bent
from tests.tsa import CHAIN, Answer, Asked, honest, serving

STATEMENT = b'{"_type":"https://in-toto.io/Statement/v1"}'
STRANGER = forge.certificate("stranger", "stranger-root", usages=("time",), **clocks.LONG)
FOR_CODE = forge.certificate("stamps", "stamps-root", usages=("code",), **clocks.LONG)
OVER = forge.certificate("stamps", "stamps-root", usages=("time",), end=forge.NOW, start=forge.NOW)


class Heard(Silent):
    """Keeps the notes."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, words: str) -> None:
        self.lines.append(words)


def registry(*chain: Certificate) -> Registry:
    known = [{"certificates": forge.certificate_pem(*chain)}] if chain else []
    return Registry.from_table(forge.registry(timestamp_authority=known), source="trust.toml")


def signed(
    urls: Sequence[str], *, known: Sequence[Certificate] = (), seconds: float = 30
) -> tuple[dict[str, object], list[str]]:
    """The bundle of a key that asked these authorities, and what was noted."""
    heard = Heard()
    stamping = Stamping(
        urls=tuple(urls), registry=lambda: registry(*known), progress=heard, seconds=seconds
    )
    text = KeySigner(key=forge.key("release"), stamping=stamping).sign(STATEMENT)
    return json.loads(text), heard.lines


def stamps(bundle: dict[str, object]) -> list[bytes]:
    material = bundle["verificationMaterial"]
    assert isinstance(material, dict)
    items = material["timestampVerificationData"]["rfc3161Timestamps"]
    return [base64.b64decode(item["signedTimestamp"]) for item in items]


def signature(bundle: dict[str, object]) -> bytes:
    envelope = bundle["dsseEnvelope"]
    assert isinstance(envelope, dict)
    return base64.b64decode(envelope["signatures"][0]["sig"])


HONEST: dict[str, Asked] = {
    "with its whole chain": honest(),
    "with its own certificate": honest(Bent()),
    "some minutes off": honest(off=timedelta(minutes=4)),
}


@pytest.mark.parametrize("answer", HONEST.values(), ids=HONEST.keys())
@pytest.mark.parametrize("known", [CHAIN, ()], ids=["registered", "not registered"])
def test_what_is_kept_is_over_the_signature_and_verifies(
    answer: Asked, known: tuple[Certificate, ...]
) -> None:
    with serving(answer) as url:
        bundle, notes = signed([url], known=known)
    (stamp,) = stamps(bundle)
    clock = Clock(certificates=CHAIN)
    (moment,) = timestamp.verified_times((stamp,), signature(bundle), (clock,))
    assert f"{moment:%Y-%m-%d %H:%M:%S} UTC by CN=stamps" in notes[0]
    assert ("[[timestamp_authority]]" in notes[0]) is bool(known)
    assert any("registry add-clock" in note for note in notes) is not bool(known)


def test_several_authorities_are_all_asked_and_each_once() -> None:
    with serving(honest()) as one, serving(honest()) as other:
        bundle, _ = signed([one, other])
    assert len(set(stamps(bundle))) == 2


def test_one_that_fails_of_two_leaves_nothing_and_is_named() -> None:
    with serving(honest()) as good, serving(tsa.fixed(b"", status=503)) as bad:
        with pytest.raises(SourceError, match="nothing was written") as caught:
            signed([good, bad])
        assert bad in str(caught.value)
        assert good not in str(caught.value)


REFUSED: dict[str, tuple[Asked, str]] = {
    "over other bytes": (honest(over=b"\1" * 32), "over other bytes"),
    "with another nonce": (honest(Bent(nonce=b"\x11" * 8, carried=CHAIN)), "nonce"),
    "an hour behind": (honest(off=timedelta(hours=-1)), "5 minutes of difference"),
    "an hour ahead": (honest(off=timedelta(hours=1)), "5 minutes of difference"),
    "rejected": (tsa.fixed(bytes.fromhex("30053003020102")), "answered rejected"),
    "rejected, with words": (
        tsa.fixed(bytes.fromhex("300c300a0201023005" + "0c03" + "6e6f21")),
        "answered rejected: 'no!'",
    ),
    "granted, and nothing in it": (tsa.fixed(bytes.fromhex("30053003020100")), "RFC 3161"),
    "a page": (tsa.fixed(b"<html></html>", "text/html"), "found 'text/html'"),
    "a page that says it is a reply": (tsa.fixed(b"<html></html>"), "RFC 3161"),
    "nothing at all": (tsa.fixed(b""), "found 0 bytes"),
    "an error": (tsa.fixed(b"", status=500), "expected HTTP 200, found 500"),
    "elsewhere": (
        tsa.fixed(b"", status=307, location="file:///etc/passwd"),
        "found 307, which leads to 'file:///etc/passwd'",
    ),
    "much": (tsa.fixed(b"\0" * 10_000_000), "at most 32768 bytes"),
    "by another key": (honest(Bent(key="stranger", carried=CHAIN)), "signature is not by"),
    "by nobody who comes along": (honest(Bent(carried=())), "no certificate of the one who"),
    "by one whose certificate is for code": (
        honest(Bent(tsa=FOR_CODE, signer=FOR_CODE, ess=FOR_CODE, carried=(FOR_CODE,))),
        "not for timestamps alone",
    ),
    "by one whose certificate is over": (
        honest(Bent(tsa=OVER, signer=OVER, ess=OVER, carried=(OVER,))),
        "is valid 2026-06-01 to 2026-06-01",
    ),
    "in another's name": (honest(Bent(ess=STRANGER, carried=CHAIN)), "another certificate"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_an_authority_must_not_answer_is_refused(name: str) -> None:
    answer, said = REFUSED[name]
    with serving(answer) as url, pytest.raises(SourceError, match="nothing was written") as caught:
        signed([url])
    assert said in str(caught.value)
    assert url in str(caught.value)


@pytest.mark.parametrize("known", [CHAIN, ()], ids=["registered", "not registered"])
def test_no_changed_bit_of_an_answer_is_kept(known: tuple[Certificate, ...]) -> None:
    clock = Clock(certificates=CHAIN)
    kept = []

    def changed(position: int) -> Asked:
        def answer(request: bytes) -> Answer:
            body = bytearray(honest(Bent())(request).body)
            body[position % len(body)] ^= 1 << position % 8
            return Answer(body=bytes(body))

        return answer

    for position in range(0, 2000, 37):
        with serving(changed(position)) as url:
            try:
                bundle, _ = signed([url], known=known)
            except SourceError:
                continue
            kept.append((stamps(bundle)[0], signature(bundle)))
    for stamp, over in kept:
        assert timestamp.verified_times((stamp,), over, (clock,))


@given(data=st.binary(max_size=200), at=st.integers(0, 2000), cut=st.integers(0, 40))
def test_whatever_is_answered_is_a_timestamp_or_a_reason(data: bytes, at: int, cut: int) -> None:
    asked = query(b"a signature")
    whole = honest(Bent())(asked.request).body
    at %= len(whole)
    for answer in (data, whole[:at] + data + whole[at + cut :]):
        try:
            checked(asked, answer, (), datetime.now(UTC))
        except Malformed:
            continue
        assert answer == whole


def test_an_authority_that_says_nothing_is_given_up() -> None:
    with serving(tsa.late(5)) as url, pytest.raises(SourceError, match="no end after") as caught:
        signed([url], seconds=0.5)
    assert url in str(caught.value)


def test_nobody_there_is_said() -> None:
    with pytest.raises(SourceError, match="no server answers there"):
        signed(["http://127.0.0.1:9/"])


def test_a_probe_of_whose_the_key_is_asks_nobody(tmp_path: Path) -> None:
    from provenance.produce.sign import dates, unstamped

    asked: list[bytes] = []

    def answer(request: bytes) -> Answer:
        asked.append(request)
        return honest()(request)

    with serving(answer) as url:
        stamping = Stamping(urls=(url,), registry=registry)
        signer = KeySigner(key=forge.key("release"), stamping=stamping)
        assert "timestampVerificationData" not in unstamped(signer).sign(STATEMENT)
        assert (asked, dates(signer), dates(unstamped(signer))) == ([], True, False)
