"""What must not be published: a statement is for everybody, and what is signed stays public.

Whoever attests learns which value stands in the way and where, never the value itself.
"""

from provenance.produce.publishable.walk import (
    Refusal,
    in_file_name,
    published,
    refusals,
    without,
)

__all__ = ["Refusal", "in_file_name", "published", "refusals", "without"]
