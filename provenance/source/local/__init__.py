"""What lies on this machine, wherever programs keep models: found, and never written to."""
