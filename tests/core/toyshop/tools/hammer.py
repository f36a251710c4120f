"""Hammer."""

from toybox import Tool

from trainlab.core.component import setting


class Hammer(Tool, name="hammer"):
    """Drives nails."""

    weight: float = setting(0.5, "in kilograms", gt=0)
