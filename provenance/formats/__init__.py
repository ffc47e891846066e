"""Bytes to values: one strict reader per format, none of which loads or runs anything."""
