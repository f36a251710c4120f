"""A choice among options."""

from collections.abc import Sequence
from typing import Any

from trainlab.core.component import setting
from trainlab.search.distribution import Distribution


class Choice(Distribution, name="choice"):
    """One of the options, each equally likely: numbers, names, lists or whole components.

    >>> Choice(options=[[64], [128], [128, 64]]).at(0.99)
    [128, 64]
    """

    options: list[Any] = setting("the options", min_length=1, max_length=1000)

    def at(self, u: float) -> Any:
        """The option whose part of [0, 1) contains u."""
        return self.options[int(u * len(self.options))]

    def share(self, value: Any) -> float:
        """The middle of the option's part of [0, 1); 0 if the value is no option."""
        return (self.options.index(value) + 0.5) / len(self.options) if value in self.options else 0.0

    def ends(self) -> list[Any]:
        """All options, because they have no order."""
        return list(self.options)

    def position(self, value: Any) -> None:
        """None: options have no order."""

    def beyond(self, *, high: bool) -> None:
        """None: options have no end."""

    def around(self, values: Sequence[Any], *, grow: bool) -> "Choice":
        """The options that occur among the values, in their order; all options if none occurs."""
        left = [option for option in self.options if option in values]
        return Choice(options=left or self.options, when=self.when)

    def count(self) -> int:
        """The number of options."""
        return len(self.options)
