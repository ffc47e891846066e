"""What changes when a model is bumped: two sides, and what a reviewer needs to see. Pure."""

from provenance.review.review import Bump, Section, bump, bumps_of_locks
from provenance.review.side import Side, models_of, of_entry, of_trial
from provenance.review.texts import Patch

__all__ = [
    "Bump",
    "Patch",
    "Section",
    "Side",
    "bump",
    "bumps_of_locks",
    "models_of",
    "of_entry",
    "of_trial",
]
