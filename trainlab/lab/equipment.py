"""What a run needs before it has a folder: who trains, and who watches. So it can be made while another run trains."""

from trainlab.core.config import Document
from trainlab.engine.blas import pinned
from trainlab.engine.inspection import gauge
from trainlab.lab.babysitter import Babysitter
from trainlab.lab.building import Built, build
from trainlab.lab.cadence import Cadence
from trainlab.lab.course import Course
from trainlab.lab.experiment import Experiment
from trainlab.lab.observer import Observer


class Equipment:
    """The network with its trainer, and the monitors with all that they measure by."""

    def __init__(self, built: Built) -> None:
        monitoring = built.experiment.monitors
        self.built = built
        self.course = Course(built)
        self.trainer = self.course.trainer
        self.babysitter = Babysitter(monitoring.active(), monitoring.stop_on)
        self.cadence = Cadence(monitoring.every, built.net.work * built.recipe.batch_size)
        self.observer = Observer(built, self.course.curves, self.trainer)
        self.gauge = gauge(built.net, self.trainer.work, self.trainer.motion.step)


def equip(document: Document[Experiment]) -> Equipment:
    """Read the data, make the network and all that trains and watches it. Raises ConfigError or DataError."""
    with pinned(document.value.train.threads):
        return Equipment(build(document))
