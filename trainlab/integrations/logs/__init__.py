"""Training logs that other tools wrote."""
