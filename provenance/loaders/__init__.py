"""What each loader opens, runs and fetches by name: one table, as data."""
