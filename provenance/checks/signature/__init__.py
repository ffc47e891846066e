"""signature: the check."""
