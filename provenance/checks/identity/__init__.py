"""identity: the check, and the age of a release."""
