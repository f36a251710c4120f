"""Lists of names in a sentence."""

from collections.abc import Sequence


def named(names: Sequence[str]) -> str:
    """The names, or the first one and the number of the others.

    >>> named(["relu1"]), named(["relu1", "relu2"]), named(["a", "b", "c", "d"])
    ('relu1', 'relu1 and relu2', 'a and 3 more')
    """
    if len(names) <= 2:
        return " and ".join(names)
    return f"{names[0]} and {len(names) - 1} more"
