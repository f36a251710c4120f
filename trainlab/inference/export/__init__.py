"""Trained networks in a form that other programs run."""
