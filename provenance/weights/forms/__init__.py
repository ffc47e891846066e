"""The forms in which files hold a weight: what stands beside it, and how its values come out."""
