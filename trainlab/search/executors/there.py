"""What runs inside a cluster's workers: one launcher for each sweep that they work for."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition, Thread

from trainlab.search.executors.forked import Forked, once_more
from trainlab.search.executors.fresh import Fresh
from trainlab.search.executors.job import End, Job
from trainlab.search.executors.launcher import Launcher, can_fork, environment
from trainlab.search.executors.limits import Limits
from trainlab.search.executors.session import follow, heard


@dataclass(frozen=True, slots=True)
class Task:
    """A job with all that a worker needs to know of its sweep."""

    job: Job
    sweep: Path
    token: str
    limits: Limits
    fresh: bool
    variables: Mapping[str, str]
    cwd: str


@dataclass(slots=True)
class _Place:
    """The launcher of one sweep in this worker, and how many of its trials run."""

    launcher: Launcher
    running: int = 0


@dataclass(slots=True)
class _Worker:
    """All places of this process."""

    places: dict[str, _Place] = field(default_factory=dict[str, _Place])
    changed: Condition = field(default_factory=Condition)

    def run(self, task: Task) -> End:
        """Train the trial, or what another worker that died has left of it."""
        place = self._entered(task)
        if place is None:
            return End(-15)
        try:
            left = once_more(task.job)
            return left if isinstance(left, End) else place.launcher.run(left)
        finally:
            with self.changed:
                place.running -= 1
                self.changed.notify_all()

    def _entered(self, task: Task) -> _Place | None:
        """The sweep's place with one trial more; None if the sweep is over."""
        with self.changed:
            place = self.places.get(task.token)
            if place is None:
                word = heard(task.sweep)
                if word is None or word.token != task.token:
                    return None
                variables = environment(task.sweep) | dict(task.variables)
                cwd = task.cwd if os.path.isdir(task.cwd) else None
                kind = Fresh if task.fresh or not can_fork() else Forked
                place = self.places[task.token] = _Place(kind(task.limits, variables, cwd=cwd))
                Thread(target=self._follow, args=(task, place), name="sweep", daemon=True).start()
            place.running += 1
            return place

    def _follow(self, task: Task, place: _Place) -> None:
        """Do what the sweep asks for, and clear up when it is over."""
        follow(task.sweep, task.token, lambda kill: place.launcher.stop(kill=kill))
        with self.changed:
            del self.places[task.token]
            self.changed.wait_for(lambda: place.running == 0)
        place.launcher.close()


_worker = _Worker()


def train_there(task: Task) -> End:
    """Called in a worker of the cluster."""
    return _worker.run(task)


def sees(sweep: Path, token: str) -> bool:
    """Called in a worker of the cluster: whether it sees the sweep's folder as it is now."""
    word = heard(sweep)
    return word is not None and word.token == token
