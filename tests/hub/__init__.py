"""A Hugging Face Hub on loopback, over real git repositories; an attack on it is three lines."""

from tests.hub.attacks import (
    add_entry,
    cut,
    drop_hashes,
    endless,
    half_range,
    hang,
    ignore_range,
    lie_sha256,
    lie_size,
    many,
    redirect_loop,
    status,
    swap,
)
from tests.hub.objects import Content, Sparse
from tests.hub.server import Hub
from tests.hub.values import Answer, Hook, Request, Stream

__all__ = [
    "Answer",
    "Content",
    "Hook",
    "Hub",
    "Request",
    "Sparse",
    "Stream",
    "add_entry",
    "cut",
    "drop_hashes",
    "endless",
    "half_range",
    "hang",
    "ignore_range",
    "lie_sha256",
    "lie_size",
    "many",
    "redirect_loop",
    "status",
    "swap",
]
