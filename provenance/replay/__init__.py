"""Evidence as JSON: written by `inspect`, judged again by `verify --evidence`.

What is read back has the basis `replayed`, whatever it had before, and proves nothing about any
bytes on this machine. Bundles are kept raw, so that every signature is checked again.
"""

from provenance.replay.reading import loads
from provenance.replay.writing import dumps

__all__ = ["dumps", "loads"]
