"""How a PIN comes to be known."""

from __future__ import annotations

from collections.abc import Callable

Pin = Callable[[str], str]
"""From a question to what the caller answers; ConfigError where nobody can be asked."""
