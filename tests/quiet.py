"""Servers on loopback that say nothing of what they are asked, and wait for no client to end."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class QuietServer(ThreadingHTTPServer):
    """Ends without waiting for slow clients."""

    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class Quiet(BaseHTTPRequestHandler):
    """Writes no line for a request."""

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""
