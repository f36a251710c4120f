"""tune.jsonl: what a tune has done, a line for each step that is over. It is the only state of a tune.

A session goes through all steps from the first. A step that is recorded is not done again: its line is the result.
Every decision is a function of earlier lines, so a resumed tune takes the same ones.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, Self

from trainlab.store.appending import Appender
from trainlab.store.steps import CLOCK, FILE, line_of, read_steps
from trainlab.store.strict_json import dumps, loads

Step = Mapping[str, Any]


class Journal:
    """The journal in a folder; `seconds`: of all sessions so far, as far as they were recorded, and of this one."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self.steps: dict[str, Step] = {}
        self._before = 0.0
        if self.path.exists():
            for line in read_steps(self.path):
                self._before = max(self._before, float(line["seconds"]))
                self.steps[line["step"]] = line
            self.steps.pop(CLOCK, None)
        self._began = monotonic()
        self._file = Appender(self.path)

    def __enter__(self) -> Self:
        self._file.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.__exit__(kind, error, at)

    @property
    def seconds(self) -> float:
        """How long the tune has run, the time between two sessions left out."""
        return self._before + monotonic() - self._began

    @property
    def last(self) -> float:
        """The seconds at which the last step was over."""
        return max((float(step["seconds"]) for step in self.steps.values()), default=0.0)

    def once(self, name: str, do: Callable[[], Mapping[str, Any]], tell: Callable[[Step], None]) -> Step:
        """The result of a step: as recorded, or done now and recorded."""
        if name not in self.steps:
            self.steps[name] = self._write(name, do())
            tell(self.steps[name])
        return self.steps[name]

    def tick(self) -> None:
        """Record how much time has passed, within a step."""
        self._write(CLOCK, {})

    def _write(self, name: str, found: Mapping[str, Any]) -> Step:
        step = {"step": name, **found, "seconds": round(self.seconds, 3)}  # baselines have seconds of their own
        self._file.append(line_of(step).encode())
        return loads(dumps(step))  # as a later session reads it
