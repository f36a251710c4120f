"""Training: one run, its loop and its callbacks."""
