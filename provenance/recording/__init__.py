"""A training run recorded while it happens: what it began with is pinned then, what came of it is
attested at its end. No training library is imported here; their objects are looked at as they are.
"""

from provenance.recording.recording import Recording
from provenance.recording.terms import Terms, Words

__all__ = ["Recording", "Terms", "Words"]
