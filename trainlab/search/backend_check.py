"""Whether all trials of a sweep were made by one arithmetic: kernels of one kind, or NumPy.

A trial that goes on after a kill keeps to its own. But a sweep may be resumed on another machine, or after the kernels
were built or lost, and a cluster may have machines of several kinds; then the last digits of its trials come from
different sums. That changes no rule of the search, but it is told.
"""

from collections.abc import Mapping
from typing import Any


class BackendCheck:
    """What the trials so far were made with."""

    def __init__(self) -> None:
        self._first: tuple[int, Mapping[str, Any]] | None = None
        self._told = False

    def differs(self, trial: int, environment: Mapping[str, Any]) -> str:
        """What is to be said of a trial whose environment.json this is, once for a sweep; mostly nothing.

        >>> check, compiled = BackendCheck(), {"engine": {"name": "compiled", "level": "v4"}}
        >>> [check.differs(n, made) for n, made in enumerate([compiled, compiled, {"engine": {"name": "numpy"}}])]
        ['', '', 'trial 2 was made by numpy, trial 0 by compiled v4: their last digits come from other sums']
        """
        engine: Mapping[str, Any] | None = environment.get("engine")
        if not engine or self._told:
            return ""
        own = {key: engine[key] for key in ("name", "level", "kernels") if key in engine}
        if self._first is None:
            self._first = trial, own
        first, before = self._first
        if own == before:
            return ""
        self._told = True
        one, other = _called(own), _called(before)
        made = f"{one}, trial {first} by {other}" if one != other else f"other kernels than trial {first}"
        return f"trial {trial} was made by {made}: their last digits come from other sums"


def _called(engine: Mapping[str, Any]) -> str:
    return " ".join(str(engine[key]) for key in ("name", "level") if key in engine)
