"""What was changed from a base's weights to a derivative's: where, how, of what rank, how much."""
