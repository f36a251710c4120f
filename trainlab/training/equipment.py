"""What a run needs before it has a folder: who trains, and who watches. So it can be made while another run trains."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from trainlab.core.config import Document
from trainlab.data.cache import SplitsCache
from trainlab.diagnose.finding import Finding
from trainlab.diagnose.monitor import When
from trainlab.engine.blas import pinned
from trainlab.training.epochs import Course
from trainlab.training.experiment import Experiment
from trainlab.training.inspection_schedule import InspectionSchedule
from trainlab.training.inspector import Inspector
from trainlab.training.monitoring import MonitorRunner
from trainlab.training.setup import TrainingSetup, build


class Equipment:
    """The network with its trainer, and the monitors with all that they measure by."""

    def __init__(self, setup: TrainingSetup) -> None:
        monitoring = setup.experiment.monitors
        self.setup = setup
        self.course = Course(setup)
        self.trainer = self.course.trainer
        self.babysitter = MonitorRunner(monitoring.active(), monitoring.stop_on)
        self.cadence = InspectionSchedule(monitoring.every, setup.net.work * setup.config.batch_size)
        self.observer = Inspector(setup, self.course.curves, self.trainer)
        self.gauge = self.trainer.layer_statistics

    @cached_property
    def first_row(self) -> dict[str, Any]:
        """The row of epoch 0."""
        return self.course.before()

    @cached_property
    def first_findings(self) -> Sequence[Finding]:
        """What the monitors find before the first step."""
        self.first_row  # noqa: B018 - the curves begin with it
        return self.look("start")

    def look(self, when: When, *, broken: bool = False) -> Sequence[Finding]:
        """What the monitors newly find at this moment; `broken`: the last step's numbers are not finite."""
        if not self.babysitter.watches(when):
            return ()
        view = self.observer.view(when)
        if broken:
            with np.errstate(all="ignore"):
                view.broken = self.trainer.first_non_finite()
        found = self.babysitter.look(when, view)
        view.data = None  # its samples are large
        return found


def equip(document: Document[Experiment], cache: SplitsCache | None = None, *, look: bool = False) -> Equipment:
    """Read the data, make the network and all that trains and watches it; `look`: all that comes before the first step.

    Raises ConfigError or DataError.
    """
    with pinned(document.value.train.threads):
        made = Equipment(build(document, cache=cache))
        if look:
            made.first_findings  # noqa: B018 - it is kept
        return made
