"""format: the check, and sets of weight files."""
