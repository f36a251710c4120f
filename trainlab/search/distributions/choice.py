"""One of some options."""

from collections.abc import Sequence
from typing import Any

from trainlab.core.component import setting
from trainlab.search.distribution import Distribution


class Choice(Distribution, name="choice"):
    """One of the options, each as often as any other: numbers, names, lists or whole components.

    >>> Choice(options=[[64], [128], [128, 64]]).at(0.99)
    [128, 64]
    """

    options: list[Any] = setting("what to choose from", min_length=1)

    def at(self, u: float) -> Any:
        """The option in whose share of [0, 1) u lies."""
        return self.options[int(u * len(self.options))]

    def share(self, value: Any) -> float:
        """The middle of the option's share; of one that is none, 0."""
        return (self.options.index(value) + 0.5) / len(self.options) if value in self.options else 0.0

    def ends(self) -> list[Any]:
        """All of them: options have no order."""
        return list(self.options)

    def position(self, value: Any) -> None:
        """None: options have no order."""

    def beyond(self, *, high: bool) -> None:
        """None: there is no end to go beyond."""

    def around(self, values: Sequence[Any], *, grow: bool) -> "Choice":
        """The options that are among the values, in their order; all of them if none is."""
        left = [option for option in self.options if option in values]
        return Choice(options=left or self.options, when=self.when)

    def count(self) -> int:
        """The number of options."""
        return len(self.options)
