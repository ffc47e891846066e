"""ancestry: the check, and where the places that speak of parents conflict."""
