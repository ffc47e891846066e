"""Tests of what the weights themselves say."""
