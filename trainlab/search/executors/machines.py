"""Which machines train the trials of a sweep."""

from dataclasses import dataclass
from pathlib import Path

from trainlab.search.executors.cluster import Cluster
from trainlab.search.executors.execution import Execution
from trainlab.search.executors.forked import Forked
from trainlab.search.executors.fresh import Fresh
from trainlab.search.executors.here import Here
from trainlab.search.executors.launcher import can_fork, environment
from trainlab.search.executors.limits import Limits
from trainlab.search.executors.presence import Presence


@dataclass(frozen=True, slots=True)
class Machines:
    """This machine with so many processes at once (one by default), or the workers of a Dask cluster.

    `fresh`: start Python anew for each trial, also where a warm process could be copied.
    """

    workers: int | None = None
    scheduler: str | None = None
    fresh: bool = False

    def opened(self, folder: Path, limits: Limits) -> Execution:
        """What trains the trials of the sweep in this folder."""
        if self.scheduler is not None:
            return Cluster(folder, limits, self.scheduler, most=self.workers, fresh=self.fresh)
        kind = Fresh if self.fresh or not can_fork() else Forked
        presence = Presence(folder)
        return Here(kind(limits, environment(folder), presence.inherited), self.workers or 1, presence)
