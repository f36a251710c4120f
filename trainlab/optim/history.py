"""The past of a metric, for rules that look at all of it: early stopping and the schedule `plateau`."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

S = TypeVar("S")


class History(list[float]):
    """A metric after each finished epoch. It only grows, so `fold` takes in each value once."""

    folded: tuple[Any, int, Any] = (None, 0, None)  # a step, how many values it has taken in, and the state after them


def fold(step: Callable[[S, float], S], start: S, history: Sequence[float], count: int | None = None) -> S:
    """The state after the first `count` values (all by default): step(... step(step(start, h[0]), h[1]) ...).

    Of a `History` the last state is kept. A rule that is asked after every epoch then costs the same in each.

    >>> fold(lambda a, b: 10 * a + b, 0, [1, 2, 3], 2)
    12
    """
    end = len(history) if count is None else min(count, len(history))
    if not isinstance(history, History):
        return _after(step, start, history[:end])
    known, taken, state = history.folded
    if known != step or taken > end:
        taken, state = 0, start
    state = _after(step, cast("S", state), history[taken:end])
    history.folded = step, end, state
    return state


def _after(step: Callable[[S, float], S], state: S, values: Sequence[float]) -> S:
    for value in values:
        state = step(state, value)
    return state
