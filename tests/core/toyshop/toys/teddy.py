"""Teddy."""

from toybox import Toy


class Teddy(Toy, name="teddy"):
    """Is there."""
