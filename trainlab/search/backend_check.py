"""Checks that all trials of a sweep used one backend: compiled kernels of one kind, or NumPy.

A sweep may be resumed on another machine, or after the kernels were built; a cluster may have different machines. Then
the last digits of its trials come from different sums. This changes no decision of the search, but users should know.
"""

from collections.abc import Mapping
from typing import Any


class BackendCheck:
    """Compares the backend of each trial with that of the first one."""

    def __init__(self) -> None:
        self._first: tuple[int, Mapping[str, Any]] | None = None
        self._reported = False

    def differs(self, trial: int, environment: Mapping[str, Any]) -> str:
        """A message if the trial with this environment.json used another backend; empty else, and after one message.

        >>> check, compiled = BackendCheck(), {"engine": {"name": "compiled", "level": "v4"}}
        >>> check.differs(1, compiled), check.differs(2, compiled)
        ('', '')
        >>> check.differs(41, {"engine": {"name": "numpy"}})
        'trials 1 and 41 used different backends (compiled v4, numpy); results may differ in the last digits'
        """
        engine: Mapping[str, Any] | None = environment.get("engine")
        if not engine or self._reported:
            return ""
        own = {key: engine[key] for key in ("name", "level", "kernels") if key in engine}
        if self._first is None:
            self._first = trial, own
        first, before = self._first
        if own == before:
            return ""
        self._reported = True
        names = [" ".join(str(one[key]) for key in ("name", "level") if key in one) for one in (before, own)]
        kinds = "different backends" if names[0] != names[1] else "different builds of the kernels"
        used = f"{kinds} ({', '.join(dict.fromkeys(names))})"
        return f"trials {first} and {trial} used {used}; results may differ in the last digits"
