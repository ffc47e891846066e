"""How long a Hub asks to wait, in whichever form it states it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# draft-ietf-httpapi-ratelimit-headers-09: `"api";r=0;t=55`, a list of these.
MEMBER = re.compile(r'"[^"]{0,100}"((?:\s*;\s*[a-z]+\s*=\s*[0-9]{1,12})+)')
WORD = re.compile(r"([a-z]+)\s*=\s*([0-9]+)")
LONGEST = 10**8


def asked_to_wait(headers: Mapping[str, str], now: datetime | None = None) -> float:
    """Seconds until the Hub wants to be asked again, none if it does not say.

    `headers` have lower-case names. `Retry-After` (RFC 9110, section 10.2.3) in seconds or as a
    date, and `RateLimit`, where nothing remains of a quota; the longest of them.
    """
    return max(_retry_after(headers.get("retry-after", ""), now), _limit(headers))


def _retry_after(stated: str, now: datetime | None) -> float:
    text = stated.strip()
    if text.isascii() and text.isdigit():
        return float(min(int(text[:12]), LONGEST))
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return 0.0
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (zoned - (now or datetime.now(UTC))).total_seconds())


def _limit(headers: Mapping[str, str]) -> float:
    waits = [0.0]
    for member in MEMBER.finditer(headers.get("ratelimit", "")[:2000]):
        words = {name: int(value) for name, value in WORD.findall(member[1])}
        if words.get("r", 0) == 0:
            waits.append(float(min(words.get("t", 0), LONGEST)))
    reset = headers.get("ratelimit-reset", "").strip()
    if reset.isascii() and reset.isdigit() and headers.get("ratelimit-remaining", "0") == "0":
        waits.append(float(min(int(reset[:12]), LONGEST)))
    return max(waits)
