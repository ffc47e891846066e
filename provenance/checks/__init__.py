"""The checks: one file each, whose docstring is its manual page, and none of which does I/O."""
