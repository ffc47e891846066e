"""RFC 3161 timestamps, to the octet: what the signature of one does not cover is compared."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from provenance.errors import Malformed
from provenance.signature import timestamp
from provenance.signature.roots import Clock
from tests import clocks, forge
from tests.clocks import CLOCK, LONG, NOW, ROOT, Bent

OVER = b"a signature"
AGAIN = forge.certificate("stamps", "stamps-root", usages=("time",), san="x@y.example", **LONG)
STRANGER = forge.certificate("stranger", "stranger-root", usages=("time",), **LONG)
BETWEEN = forge.certificate("stamps-between", "stamps-root", ca=True, **LONG)
ITS_OWN = Clock(certificates=(CLOCK, ROOT))
FREE_TEXT = bytes.fromhex("020100") + bytes.fromhex("30060c044f6b6179")


def verified(response: bytes, clock: Clock = ITS_OWN) -> object:
    return timestamp.verified_times((response,), OVER, (clock,))


HONEST = {
    "as it comes": Bent(),
    "without certificates": Bent(carried=()),
    "with its whole chain": Bent(carried=(ROOT, CLOCK)),
    "with its chain in no order, as OpenSSL does": Bent(carried=(ROOT, CLOCK), backwards=True),
    "with a certificate that a registered one issued": Bent(carried=(CLOCK, BETWEEN)),
    "with words of the authority": Bent(status=FREE_TEXT),
}


@pytest.mark.parametrize("bent", HONEST.values(), ids=HONEST.keys())
def test_what_authorities_write_holds(bent: Bent) -> None:
    assert verified(clocks.stamp(OVER, NOW, bent)) == (NOW,)


HOSTILE = {
    "another authority in the TSTInfo": Bent(tsa=STRANGER),
    "another signer": Bent(signer=STRANGER),
    "the same issuer and another number": Bent(signer=AGAIN),
    "another certificate in the signed attributes": Bent(ess=AGAIN),
    "a certificate that nobody registered issued": Bent(carried=(CLOCK, STRANGER)),
    "refused by the authority": Bent(status=bytes.fromhex("020102")),
    "a status that is no text": Bent(status=FREE_TEXT[:3] + bytes.fromhex("30020400")),
    "bytes after the response": Bent(after=b"\0"),
    "a value after the response": Bent(after=bytes.fromhex("0500")),
    "a value after the signers": Bent(inside=bytes.fromhex("0500")),
    "unsigned attributes": Bent(attributes=bytes.fromhex("a100")),
    "another key": Bent(key="stranger"),
}


@pytest.mark.parametrize("bent", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_not_as_it_must_be_is_refused(bent: Bent) -> None:
    with pytest.raises(Malformed, match="timestamp: "):
        verified(clocks.stamp(OVER, NOW, bent))


def test_no_changed_bit_passes() -> None:
    response = clocks.stamp(OVER)
    for position in range(8 * len(response)):
        changed = bytearray(response)
        changed[position // 8] ^= 1 << position % 8
        with pytest.raises(Malformed):
            verified(bytes(changed))


SECOND = timedelta(seconds=1)
PERIODS: dict[str, tuple[dict[str, datetime], bool]] = {
    "from then on": ({"start": NOW}, True),
    "until then": ({"end": NOW}, True),
    "not yet": ({"start": NOW + SECOND}, False),
    "no more": ({"end": NOW - SECOND}, False),
}


@pytest.mark.parametrize(("period", "holds"), PERIODS.values(), ids=PERIODS.keys())
def test_a_clock_counts_while_it_serves(period: dict[str, datetime], holds: bool) -> None:
    clock = Clock(certificates=(CLOCK, ROOT), **period)
    if holds:
        assert verified(clocks.stamp(OVER), clock) == (NOW,)
    else:
        with pytest.raises(Malformed, match="the authority served"):
            verified(clocks.stamp(OVER), clock)


def test_an_authority_for_servers_makes_no_clocks() -> None:
    between = forge.certificate("tls-between", "stamps-root", ca=True, issues=("tls",), **LONG)
    own = forge.certificate("stamps", "tls-between", usages=("time",), **LONG)
    bent = Bent(tsa=own, signer=own, ess=own, carried=(own,))
    with pytest.raises(Malformed, match="do not issue any for timestamps"):
        verified(clocks.stamp(OVER, NOW, bent), Clock(certificates=(own, between, ROOT)))
