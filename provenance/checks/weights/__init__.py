"""weights: the check, what it compares with, and what exceeds a declaration."""
