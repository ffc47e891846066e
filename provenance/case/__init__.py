"""What a check is given: the case, who vouches for what, what changed, what was evaluated."""
