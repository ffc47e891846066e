"""What each loader opens, runs and fetches by name: one table, as data, of what is known of them."""
