"""`trainlab tune`: from a config to the best network that a budget allows."""
