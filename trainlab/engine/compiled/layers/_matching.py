"""Which layers follow one another in a chain, for lowerings that take several layers at once."""

from collections.abc import Sequence

from trainlab.engine.compiled.builder import Link


def follows(chain: Sequence[Link], at: int, name: str) -> bool:
    """Whether the layer after place `at` has this name."""
    return at + 1 < len(chain) and chain[at + 1].layer.name == name
