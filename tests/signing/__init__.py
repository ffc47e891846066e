"""Signing: with keys wherever they lie, and with the word of a clock on when."""
