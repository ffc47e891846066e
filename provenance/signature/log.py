"""Transparency log entries: that a log has the entry, and says so itself.

The entry's inclusion proof (RFC 9162, section 2.1.3.2), the signed checkpoint it leads to
(C2SP signed notes and checkpoints), and the inclusion promise (Rekor v1) are all checked.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime

from provenance.errors import Malformed
from provenance.signature.roots import Log
from provenance.wire.bundle import InclusionProof, LogEntry

SIGNATURE_LINE = re.compile("— (\\S+) (\\S+)")


def verify(
    entry: LogEntry, logs: Sequence[Log], stamped: Sequence[datetime] = ()
) -> datetime | None:
    """When a known log promised to include `entry`; None if it has, but says not when.

    `stamped` are the verified timestamps of the same bundle, in order: a log that says not when
    must have been in service then. Raises Malformed with slug `log`, or `stale-root` if no trusted
    root has the log.
    """
    log = next((log for log in logs if log.log_id == entry.log_id), None)
    if log is None:
        raise unknown_service(f"the transparency log {entry.log_id.hex()[:16]}…")
    if entry.proof is None:
        raise _bad("the entry has no inclusion proof")
    _inclusion(entry.body, entry.proof)
    _checkpoint(entry.proof, log)
    if entry.promise is None or not entry.integrated:
        if stamped and not log.serves(min(stamped), max(stamped)):
            raise _bad(f"the log served {log.service}; signed by {min(stamped):%Y-%m-%d %H:%M} UTC")
        if log.start is None:
            raise _bad(f"the log served {log.service}")
        return None
    return _promise(entry, entry.promise, log)


def _inclusion(body: bytes, proof: InclusionProof) -> None:
    index, last = proof.index, proof.size - 1
    if index > last:
        raise _bad(f"entry {index} of a log of {proof.size}")
    root = hashlib.sha256(b"\0" + body).digest()
    for sibling in proof.hashes:
        if not last:
            raise _bad("the inclusion proof is too long")
        if index & 1 or index == last:
            root = hashlib.sha256(b"\1" + sibling + root).digest()
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            root = hashlib.sha256(b"\1" + root + sibling).digest()
        index, last = index >> 1, last >> 1
    if last or root != proof.root:
        raise _bad("the inclusion proof does not lead to its root")


def _checkpoint(proof: InclusionProof, log: Log) -> None:
    """The log's own signature over exactly this size and root; witnesses may stand beside it."""
    note, gap, rest = proof.checkpoint.partition("\n\n")
    lines = note.split("\n")
    signatures = rest.split("\n")
    if not gap or len(lines) < 3 or signatures.pop():
        raise _bad("the checkpoint is not a signed note")
    if lines[1:3] != [str(proof.size), base64.b64encode(proof.root).decode()]:
        raise _bad("the checkpoint is of another size or root than the proof")
    if not any(_signed_by(log, line, lines[0], f"{note}\n".encode()) for line in signatures):
        raise _bad("the checkpoint is not signed by the log")


def _signed_by(log: Log, line: str, origin: str, note: bytes) -> bool:
    match = SIGNATURE_LINE.fullmatch(line)
    if not match:
        raise _bad("the checkpoint has a line that is not a signature")
    try:
        data = base64.b64decode(match[2], validate=True)
    except ValueError:
        raise _bad("a signature of the checkpoint is not base64") from None
    named = origin == match[1] or origin.startswith(f"{match[1]} - ")
    return named and data[:4] == log.log_id[:4] and log.key.verifies(data[4:], note)


def _promise(entry: LogEntry, promise: bytes, log: Log) -> datetime:
    payload = {
        "body": base64.b64encode(entry.body).decode(),
        "integratedTime": entry.integrated,
        "logID": entry.log_id.hex(),
        "logIndex": entry.index,
    }
    canonical = json.dumps(payload, sort_keys=True, separators=(",", ":")).encode()
    if not log.key.verifies(promise, canonical):
        raise _bad("the inclusion promise is not signed by the log")
    try:
        moment = datetime.fromtimestamp(entry.integrated, UTC)
    except (OverflowError, ValueError, OSError):
        raise _bad("the integrated time is out of range") from None
    if not log.serves(moment, moment):
        raise _bad(f"the log served {log.service}; the entry is of {moment:%Y-%m-%d %H:%M} UTC")
    return moment


def unknown_service(what: str) -> Malformed:
    """The error for a bundle that may be good, by a service newer than the roots."""
    return Malformed(
        f"{what} is in no trusted root that the registry knows: the roots are older than the "
        "signature. Fetch the instance's trusted_root.json anew into the file that trust.toml "
        "names; for public-good, type the command again with --refresh-roots",
        slug="stale-root",
    )


def _bad(message: str) -> Malformed:
    return Malformed(f"transparency log: {message}", slug="log")
