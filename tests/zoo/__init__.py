"""Models made for calibration: opt-in, needs torch."""
