"""code: the check, and what of it the caller allows."""
