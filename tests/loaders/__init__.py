"""The table of loaders, and who reads what."""
