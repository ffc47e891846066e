"""Tiny models of each kind, as the libraries themselves write them."""
