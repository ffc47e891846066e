"""Where models come from: every effect that gathering evidence needs."""
