"""What this tool writes about a model: signatures."""
