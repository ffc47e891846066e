"""Who vouches for these bytes, and is everything accounted for."""
