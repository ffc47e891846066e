"""Who does the work: this process, more of them, or a Dask scheduler; each by the standard
`Executor`."""

from __future__ import annotations

import logging
import os
import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import connection, get_context, parent_process
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

from provenance.errors import ConfigError, SourceError
from provenance.fleet.judging import Done, Task, done
from provenance.fleet.rules import Rules

PROCESSES, DASK = "processes", "dask="
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
RETRIES = 2
TALKING = (
    "asyncio",
    "distributed",
    "distributed.client",
    "distributed.core",
    "tornado",
    "tornado.application",
)
"""Loggers that tell of a lost connection in tracebacks, where we say it in a sentence."""
PATIENCE = 30
"""Seconds in which a scheduler has to answer."""


class Lost(Exception):
    """Whoever did the work has gone: what it had not done is left to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """The files by which a scheduler and this side know each other."""

    tls_ca: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None

    def check(self) -> None:
        """All three are there and are what they are to be, or ConfigError; nobody is asked yet."""
        if not (self.tls_ca and self.tls_cert and self.tls_key):
            raise ConfigError("needs --tls-ca, --tls-cert and --tls-key", path="--engine")
        try:
            context = ssl.create_default_context(cafile=self.tls_ca)
        except OSError as error:
            raise _unusable("--tls-ca", self.tls_ca, "certificates in PEM", error) from None
        try:
            # Without a password here, OpenSSL asks for one on the terminal.
            context.load_cert_chain(self.tls_cert, self.tls_key, password="")
        except OSError as error:
            what = f"a certificate in PEM, and in {self.tls_key} (--tls-key) its key, unencrypted"
            raise _unusable("--tls-cert", self.tls_cert, what, error) from None


def _unusable(option: str, file: Path, expected: str, error: OSError) -> ConfigError:
    said = getattr(error, "reason", None) or error.strerror or str(error)
    return ConfigError(f"{file}: expected {expected}; OpenSSL says {said!r}", path=option)


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """Takes tasks; `alive` says whether anybody still works on them."""

    submit: Callable[[Task], Future[Done]]
    alive: Callable[[], bool] = lambda: True

    @staticmethod
    def result(future: Future[Done]) -> Done:
        """What became of a task, or Lost; what a task itself raises is raised."""
        try:
            return future.result()
        except (BrokenExecutor, CancelledError, OSError) as error:
            raise Lost(type(error).__name__) from None
        except Exception as error:
            if type(error).__module__.partition(".")[0] == "distributed":
                raise Lost(type(error).__name__) from None
            raise


def check(engine: str, certificates: Certificates) -> None:
    """The words mean an engine, which is spoken to by TLS or on this machine; else ConfigError."""
    if engine == PROCESSES:
        return
    parts = urlsplit(engine.removeprefix(DASK))
    if not engine.startswith(DASK):
        expected = "expected processes or dask=tls://host:port"
        raise ConfigError(f"{expected}, found {engine[:80]!r}", path="--engine")
    if parts.scheme == "tcp" and parts.hostname in LOOPBACK:
        return
    if parts.scheme != "tls":
        expected = "expected dask=tls://host:port (tcp:// on this machine alone)"
        raise ConfigError(f"{expected}, found {engine[:80]!r}", path="--engine")
    certificates.check()


@contextmanager
def here(rules: Rules) -> Iterator[Engine]:
    """This very process, one task after the other."""

    def submit(task: Task) -> Future[Done]:
        future: Future[Done] = Future()
        future.set_result(done(task, rules))
        return future

    yield Engine(submit=submit)


@contextmanager
def processes(rules: Rules, workers: int) -> Iterator[Engine]:
    """So many processes of this machine, which end with this one."""
    pool = ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_begin, initargs=(rules,)
    )
    try:
        yield Engine(submit=lambda task: pool.submit(_work, task))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_given: list[Rules] = []


def _begin(rules: Rules) -> None:
    """A worker has its rules, once, and ends with whoever started it."""
    _given[:] = [rules]
    parent = parent_process()
    if parent is not None:
        Thread(target=_ends_with, args=(parent.sentinel,), daemon=True).start()


def _ends_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)


def _work(task: Task) -> Done:
    return done(task, _given[0])


@contextmanager
def dask(rules: Rules, address: str, certificates: Certificates) -> Iterator[Engine]:
    """The workers of a Dask scheduler, which see the store at the same path.

    ConfigError as of `check`, SourceError for a scheduler that does not answer.
    """
    try:
        from distributed import Client
    except ImportError:
        step = "pip install 'hf-provenance[fleet]'"
        raise ConfigError(f"needs the package distributed: {step}", path="--engine") from None
    for name in TALKING:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    check(DASK + address, certificates)
    security = _security(address, certificates)
    try:
        client = Client(address, security=security, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        said = str(error).partition("\n")[0][:200]
        raise SourceError(f"{address}: no scheduler answers: {said}") from None
    with client:
        executor = client.get_executor(retries=RETRIES, pure=False)
        given = client.scatter(rules, broadcast=True, hash=False)
        yield Engine(
            submit=lambda task: executor.submit(done, task, given),
            alive=lambda: client.status == "running",
        )


def _security(address: str, certificates: Certificates) -> object:
    """How the scheduler is spoken to: by TLS, or on loopback without."""
    from distributed import Security

    if urlsplit(address).scheme == "tcp":
        return None
    return Security(
        tls_ca_file=str(certificates.tls_ca),
        tls_client_cert=str(certificates.tls_cert),
        tls_client_key=str(certificates.tls_key),
        require_encryption=True,
    )
