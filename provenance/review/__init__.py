"""What changes when a model is bumped: two sides, and what a reviewer needs to see. Pure."""

from provenance.review.review import Review, Section, review_of, reviews_of_locks
from provenance.review.side import Side, models_of, of_entry, of_trial
from provenance.review.texts import Patch

__all__ = [
    "Patch",
    "Review",
    "Section",
    "Side",
    "models_of",
    "of_entry",
    "of_trial",
    "review_of",
    "reviews_of_locks",
]
