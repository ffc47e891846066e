"""Tests of the graph of ancestors."""
