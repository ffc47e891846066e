"""Timestamp authorities on loopback: one of `tests/clocks.py`, one of OpenSSL's, and odd ones."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

from provenance.formats.der import child, children
from tests import clocks, forge
from tests.clocks import CLOCK, ROOT, Bent
from tests.quiet import Quiet, QuietServer

REPLY = "application/timestamp-reply"
CHAIN = (CLOCK, ROOT)
WHOLE = Bent(carried=CHAIN)
NONE = timedelta()
CONFIGURATION = """
[tsa]
default_tsa = it
[it]
serial = {folder}/serial
default_policy = 1.2.3.4.1
digests = sha256
signer_digest = sha256
ess_cert_id_alg = sha256
certs = {folder}/root.pem
"""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a server answers to one question."""

    body: bytes
    kind: str = REPLY
    status: int = 200
    location: str = ""


Asked = Callable[[bytes], Answer]
"""From a request in DER to an answer."""


def honest(bent: Bent = WHOLE, *, off: timedelta = NONE, over: bytes = b"") -> Asked:
    """The authority of `tests/clocks.py`: bent, `off` by so much, or over other bytes."""

    def answer(request: bytes) -> Answer:
        imprint, nonce = asked(request)
        own = replace(bent, imprint=over or imprint, nonce=bent.nonce or nonce)
        moment = (datetime.now(UTC) + off).replace(microsecond=0)
        return Answer(body=clocks.stamp(b"", moment, own))

    return answer


def asked(request: bytes) -> tuple[bytes, bytes]:
    """The digest and the nonce of a TimeStampReq (RFC 3161, section 2.4.1)."""
    fields = children(child(request, 0))
    (nonce,) = (value for tag, value in fields[1:] if tag == 0x02)
    return children(fields[1][1])[1][1], nonce


def fixed(body: bytes, kind: str = REPLY, status: int = 200, location: str = "") -> Asked:
    """An answer that does not heed the question."""
    return lambda _: Answer(body=body, kind=kind, status=status, location=location)


def late(seconds: float) -> Asked:
    """No answer for so long."""

    def answer(request: bytes) -> Answer:
        time.sleep(seconds)
        return honest()(request)

    return answer


def openssl(folder: Path) -> Asked:
    """OpenSSL's own authority, whose files lie in `folder`."""
    folder.mkdir(exist_ok=True)
    (folder / "serial").write_text("01")
    (folder / "tsa.cnf").write_text(CONFIGURATION.format(folder=folder))
    (folder / "clock.pem").write_text(forge.certificate_pem(CLOCK))
    (folder / "root.pem").write_text(forge.certificate_pem(ROOT))
    (folder / "key.pem").write_bytes(forge.pem(forge.key("stamps")))

    def answer(request: bytes) -> Answer:
        (folder / "query").write_bytes(request)
        signer = ["-signer", "clock.pem", "-inkey", "key.pem", "-config", "tsa.cnf"]
        words = ["openssl", "ts", "-reply", "-queryfile", "query", *signer, "-out", "reply"]
        subprocess.run(words, cwd=folder, check=True, capture_output=True)
        return Answer(body=(folder / "reply").read_bytes())

    return answer


@contextmanager
def serving(answer: Asked) -> Iterator[str]:
    """The address at which an authority answers so."""

    class Handler(Quiet):
        def do_POST(self) -> None:
            request = self.rfile.read(int(self.headers["Content-Length"]))
            found = answer(request)
            self.send_response(found.status)
            self.send_header("Content-Type", found.kind)
            self.send_header("Content-Length", str(len(found.body)))
            if found.location:
                self.send_header("Location", found.location)
            self.end_headers()
            self.wfile.write(found.body)

    with QuietServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/tsr"
        finally:
            server.shutdown()
